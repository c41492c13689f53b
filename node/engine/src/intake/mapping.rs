//! How a district's own export becomes the columns of `student_years.csv`:
//! renames, value maps, constants, filters and derived levels.
//!
//! A mapping is data that a person reads and edits; the shell reads it from
//! TOML. It never guesses: what it does not name stays as it is.

use std::collections::BTreeMap;

use peerlight_proto::units::Grade;

use crate::student::Column;

/// A mapping; the empty one changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// From a column of the file to one or more of ours.
    pub rename: BTreeMap<String, Vec<Column>>,
    /// By our column: from a value of the file to one of ours, empty for
    /// missing. [`Mapping::ANY_OTHER`] stands for every value not listed.
    pub value: BTreeMap<Column, BTreeMap<String, String>>,
    /// Our columns that have the same value in every row.
    pub constant: BTreeMap<Column, String>,
    /// Rows that do not pass all of these are left out.
    pub filter: Vec<Filter>,
    /// Levels that are derived from a score where the file has none.
    pub derive: Vec<Derivation>,
}

/// Which rows are kept, by a column of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The column's name in the file.
    pub column: String,
    /// Values that are kept; all where the list is empty.
    pub keep: Vec<String>,
    /// Values that are left out.
    pub drop: Vec<String>,
}

/// A level from a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    /// The level's column.
    pub level: Column,
    /// The score's column.
    pub score: Column,
    /// Lowest scores of level 2, 3 and 4, by grade assessed (else grade
    /// level); grades without an entry get no level.
    pub cuts: BTreeMap<Grade, Vec<f64>>,
}

/// Why a mapping is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It names a column that Peerlight does not have.
    #[error("the mapping's {part} names {name}, which is not a column of student_years.csv")]
    Column {
        /// Which part of the mapping.
        part: &'static str,
        /// The name.
        name: String,
    },
    /// Two columns of the file become the same one.
    #[error("the mapping gives {0} a value twice: keep one rename or constant")]
    Twice(&'static str),
    /// The cut scores of a derivation do not ascend.
    #[error("the mapping's cut scores of {level} in grade {grade} must ascend, at most three")]
    Cuts {
        /// The level's column.
        level: &'static str,
        /// The grade.
        grade: Grade,
    },
    /// A filter has nothing to do.
    #[error("the mapping's filter on {0} needs a list of values to keep or to drop")]
    Filter(String),
}

impl Mapping {
    /// In a value map: every value that is not listed.
    pub const ANY_OTHER: &str = "*";

    /// Checks that its parts fit together.
    pub fn check(&self) -> Result<(), MappingError> {
        let mut seen: Vec<Column> = Vec::new();
        let renamed = self.rename.values().flatten();
        for column in renamed.chain(self.constant.keys()) {
            if seen.contains(column) {
                return Err(MappingError::Twice(column.name()));
            }
            seen.push(*column);
        }
        for derivation in &self.derive {
            for (grade, cuts) in &derivation.cuts {
                let ascends = cuts.is_sorted_by(|a, b| a < b) && cuts.len() <= 3;
                if !ascends || cuts.is_empty() {
                    let level = derivation.level.name();
                    return Err(MappingError::Cuts { level, grade: *grade });
                }
            }
        }
        let idle =
            self.filter.iter().find(|filter| filter.keep.is_empty() && filter.drop.is_empty());
        idle.map_or(Ok(()), |filter| Err(MappingError::Filter(filter.column.clone())))
    }

    /// The columns of ours that a column of the file fills.
    pub(super) fn targets(&self, header: &str) -> Vec<Column> {
        match self.rename.get(header) {
            Some(columns) => columns.clone(),
            None => Column::from_name(header).into_iter().collect(),
        }
    }

    /// A value as it is read after the value map, and whether only
    /// [`Self::ANY_OTHER`] stood for it.
    pub(super) fn value<'a>(&'a self, column: Column, text: &'a str) -> (&'a str, bool) {
        let Some(values) = self.value.get(&column) else { return (text, false) };
        match (values.get(text), values.get(Self::ANY_OTHER)) {
            (Some(value), _) => (value, false),
            (None, Some(value)) => (value, !text.is_empty()),
            (None, None) => (text, false),
        }
    }
}

impl Filter {
    /// Whether a row with this value is kept.
    pub(super) fn keeps(&self, value: &str) -> bool {
        let is_among = |list: &[String]| list.iter().any(|known| known == value);
        (self.keep.is_empty() || is_among(&self.keep)) && !is_among(&self.drop)
    }
}

impl Derivation {
    /// The level of a score; `None` where the grade has no cut scores.
    pub(super) fn level(&self, grade: Grade, score: f64) -> Option<u8> {
        let cuts = self.cuts.get(&grade)?;
        let reached = cuts.iter().filter(|cut| **cut <= score).count() as u8;
        score.is_finite().then_some(1 + reached)
    }
}
