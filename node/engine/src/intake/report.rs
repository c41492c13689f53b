//! What an import read, and everything that is wrong with it.

use std::collections::BTreeSet;

use super::{
    problem::Problems,
    unmapped::Unmapped,
    years::{Coverage, StudentYears},
};
use crate::student::ColumnSet;

/// Everything that an import read. Handed out only if nothing was fatal.
#[derive(Debug)]
pub struct Imported {
    /// By school year, earliest first; rows ordered by school, those without
    /// one last. Each row has a local or a statewide id.
    pub years: Vec<StudentYears>,
    /// What was read and noticed.
    pub report: Report,
}

/// What an import read, and everything that is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rows of all files.
    pub rows: u64,
    /// Rows that the mapping's filters left out.
    pub filtered: u64,
    /// Columns of the files that nothing uses.
    pub unknown_columns: BTreeSet<String>,
    /// Columns of ours that some file has.
    pub columns: ColumnSet,
    /// How much of each column the rows that could be read fill, by year.
    pub coverage: Vec<Coverage>,
    /// Values that no code stands for.
    pub unmapped: Unmapped,
    /// Everything that is wrong or worth knowing.
    pub problems: Problems,
}

/// An import that was refused: nothing of it is applied.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the files were refused, and nothing was applied: see the problems listed")]
pub struct Refused {
    /// What was read, and everything that is wrong with it.
    pub report: Box<Report>,
}
