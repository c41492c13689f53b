//! From a source's cells to checked student years.
//!
//! ```text
//! header ──Mapping──▶ Layout ──cells of each row──▶ Intake ──▶ StudentYears, by school year
//!                                  └──▶ Problems: grouped, counted, ids masked
//! StudentYears of each source of a year ──combine──▶ the year's StudentYears
//! ```
//!
//! Pure: the shell reads the file. All errors are told at once, and nothing is
//! handed on while one of them is fatal.

pub mod assessment;
pub mod calpads;
mod change;
mod combine;
pub mod edfi;
mod headed;
mod header;
mod mapping;
pub mod oneroster;
mod precedence;
mod problem;
mod reader;
mod report;
mod schools;
pub mod survey;
pub mod table;
#[cfg(test)]
mod tests;
mod unmapped;
mod value;
mod years;

pub use change::{Change, ChangeLimits, Shape};
pub use combine::{Combined, Part, PartShare, combine};
pub use headed::Headed;
pub use header::Layout;
pub use mapping::{Derivation, Filter, Mapping, MappingError};
pub use precedence::{ColumnOrders, CommonId, Precedence, PrecedenceError, SourceOrder};
use problem::shown;
pub use problem::{Place, Problem, ProblemGroup, Problems, Severity, VIEW, masked};
pub use reader::Intake;
pub use report::{Imported, Refused, Report};
pub use schools::Schools;
pub use unmapped::{Unmapped, UnmappedValue};
pub use value::{cell_text, date, days_of};
pub use years::{Coverage, Ids, StudentYears};
