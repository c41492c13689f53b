//! What an import read, and everything that is wrong with it.

use std::collections::BTreeSet;

use super::{
    problem::Problems,
    unmapped::Unmapped,
    years::{Coverage, StudentYears},
};
use crate::{respondent::Responses, student::ColumnSet};

/// Everything that an import read. Handed out only if nothing was fatal.
#[derive(Debug)]
pub struct Imported {
    /// By school year, earliest first; rows ordered by school, those without
    /// one last. Each row has a local or a statewide id.
    pub years: Vec<StudentYears>,
    /// Answers that no student's id belongs to, by school year and kind of
    /// respondent.
    pub responses: Vec<Responses>,
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

impl Imported {
    /// What several readers of one import read; refused, with the problems of
    /// them all, where one of them refuses its files.
    pub fn together(
        parts: impl IntoIterator<Item = Result<Self, Refused>>,
    ) -> Result<Self, Refused> {
        let (years, responses) = (Vec::new(), Vec::new());
        let mut all = Self { years, responses, report: Report::default() };
        let mut is_refused = false;
        for part in parts {
            match part {
                Ok(part) => {
                    all.years.extend(part.years);
                    all.responses.extend(part.responses);
                    all.report.append(part.report);
                }
                Err(refused) => {
                    is_refused = true;
                    all.report.append(*refused.report);
                }
            }
        }
        if is_refused { Err(Refused { report: Box::new(all.report) }) } else { Ok(all) }
    }
}

impl Report {
    /// Adds what another reader of the same import read and noticed.
    fn append(&mut self, more: Self) {
        self.rows += more.rows;
        self.filtered += more.filtered;
        self.unknown_columns.extend(more.unknown_columns);
        self.columns = self.columns.union(more.columns);
        self.coverage.extend(more.coverage);
        self.unmapped.append(more.unmapped);
        more.problems.groups().for_each(|group| self.problems.add_group(group));
    }
}
