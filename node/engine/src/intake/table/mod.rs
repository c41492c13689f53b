//! Student years from raw tables: enrolments, attendance, programs, language,
//! discipline, courses.
//!
//! ```text
//! rows of a format ──reader──▶ Fact ──Gather──▶ StudentYears, by school year
//! ```
//!
//! What a format means is its reader's to say; what a student's year is, is
//! decided here, once for all formats: the school of record, days summed over
//! spells, the history of English acquisition, the graduation cohort. Pure.

mod attendance;
mod cohort;
mod conduct;
mod day;
mod enrolment;
mod fact;
mod gather;
mod language;
mod met;
mod row;
mod student;
#[cfg(test)]
mod tests;

pub use day::Day;
pub use fact::{Absence, Exit, Fact, LanguageStatus, Removal, Spell, StudentIds, Subject};
pub use gather::{Gather, JoinId};
