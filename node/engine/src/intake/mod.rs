//! From a source's cells to checked student years.
//!
//! ```text
//! header ──Mapping──▶ Layout ──cells of each row──▶ Intake ──▶ StudentYears, by school year
//!                                  └──▶ Problems: grouped, counted, ids masked
//! ```
//!
//! Pure: the shell reads the file. All errors are told at once, and nothing is
//! handed on while one of them is fatal.

mod mapping;
mod problem;
mod value;

pub use mapping::{Derivation, Filter, Mapping, MappingError};
pub use problem::{Place, Problem, ProblemGroup, Problems, Severity, masked};
pub use value::days_of;
