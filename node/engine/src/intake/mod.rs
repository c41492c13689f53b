//! From a source's cells to checked student years.
//!
//! ```text
//! header ──Mapping──▶ Layout ──cells of each row──▶ Intake ──▶ StudentYears, by school year
//!                                  └──▶ Problems: grouped, counted, ids masked
//! ```
//!
//! Pure: the shell reads the file. All errors are told at once, and nothing is
//! handed on while one of them is fatal.

pub mod calpads;
mod change;
mod header;
mod mapping;
pub mod oneroster;
mod problem;
mod reader;
mod schools;
pub mod table;
#[cfg(test)]
mod tests;
mod value;
mod years;

pub use change::{Change, ChangeLimits, Shape};
pub use header::Layout;
pub use mapping::{Derivation, Filter, Mapping, MappingError};
use problem::shown;
pub use problem::{Place, Problem, ProblemGroup, Problems, Severity, masked};
pub use reader::{Imported, Intake, Refused, Report};
pub use schools::Schools;
pub use value::{date, days_of};
pub use years::{Ids, StudentYears};
