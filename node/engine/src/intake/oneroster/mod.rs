//! OneRoster 1.1 and 1.2 CSV: rosters, grades and demographics.
//!
//! ```text
//! manifest ▶ academicSessions ▶ orgs ▶ users, roles ▶ demographics ▶ enrollments ──Fact──▶ Gather
//! ```
//!
//! OneRoster has no attendance, no programs, no language status and no state
//! scores: it feeds the roster, and other sources the rest. A bundle of changes
//! (delta) is read over the rows that the shell holds of the bundles before.
//! Passwords, names and addresses are never looked at. Pure: the shell unpacks
//! the files and hands them over in the order of [`Table::ORDER`].

mod codes;
mod delta;
mod reader;
mod table;
#[cfg(test)]
mod tests;

pub use reader::OneRoster;
pub use table::{Mode, Table};
