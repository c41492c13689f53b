//! Whether an import differs from the last one more than real schools do: one
//! real system lost 1,052 students to a single misspelt value unnoticed.

use std::collections::BTreeMap;

use peerlight_proto::group::{Flag, Gender, Race};

use super::years::StudentYears;
use crate::student::{Column, Values};

/// How much may change without a person's word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeLimits {
    /// Of the number of rows, percent.
    pub rows_percent: f64,
    /// Of a group's share, percentage points.
    pub share_points: f64,
}

impl Default for ChangeLimits {
    fn default() -> Self {
        Self { rows_percent: 10.0, share_points: 10.0 }
    }
}

/// How many rows an import has, how they fall into groups and what they tell.
/// Exact: kept on the node beside the records, and compared with the next
/// import.
#[derive(Clone, PartialEq)]
pub struct Shape {
    rows: u64,
    /// Percent of the rows, by group.
    shares: BTreeMap<String, f64>,
    /// Percent of the rows that have a value, by column. Imports of before this
    /// was kept have none.
    filled: BTreeMap<String, f64>,
}

/// Percent of the rows from which on a column is missed when it is empty.
const RARE: f64 = 1.0;

/// Comes before a column's name where [`Shape::to_text`] says how many rows have
/// a value.
const FILLED: &str = "filled ";

/// Something that changed by more than its limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What changed, for people.
    pub what: String,
    /// Before, in `unit`.
    pub before: f64,
    /// Now, in `unit`.
    pub now: f64,
    /// `rows` or `%`.
    pub unit: &'static str,
}

impl Shape {
    /// The shape of what was read.
    pub fn of(years: &StudentYears) -> Self {
        let rows = years.rows() as f64;
        let mut shares = BTreeMap::new();
        let mut share = |column: Column, code: &str, byte: u8| {
            if let Some(Values::Bytes(bytes)) = years.values(column) {
                let held =
                    bytes.iter().map(|value| f64::from(u8::from(*value == byte))).sum::<f64>();
                shares.insert(format!("{} {code}", column.name()), 100.0 * held / rows.max(1.0));
            }
        };
        for race in Race::ALL.into_iter().filter(|race| *race != Race::Unknown) {
            share(Column::RaceEthnicity, race.code(), race.index() as u8);
        }
        for gender in Gender::ALL.into_iter().filter(|gender| *gender != Gender::Unknown) {
            share(Column::Gender, gender.code(), gender.index() as u8);
        }
        for (flag, column) in Flag::ALL.into_iter().zip(crate::measure::FLAG_COLUMNS) {
            share(column, flag.code(), 1);
        }
        let filled = years
            .coverage()
            .map(|it| (it.column.name().to_owned(), 100.0 * it.filled as f64 / rows.max(1.0)));
        Self { rows: years.rows() as u64, shares, filled: filled.collect() }
    }

    /// How many rows.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// What changed by more than the limits since `before`. Values may come at
    /// any time, as scores do; what went is asked about.
    pub fn changes_since(&self, before: &Self, limits: ChangeLimits) -> Vec<Change> {
        let mut changes = Vec::new();
        let (then, now) = (before.rows as f64, self.rows as f64);
        if (now - then).abs() * 100.0 > limits.rows_percent * then {
            let what = "number of rows".to_owned();
            changes.push(Change { what, before: then, now, unit: "rows" });
        }
        for (group, then) in &before.shares {
            let now = self.shares.get(group).copied().unwrap_or(0.0);
            if (now - then).abs() > limits.share_points {
                let what = format!("share of {group}");
                changes.push(Change { what, before: *then, now, unit: "%" });
            }
        }
        for (column, then) in &before.filled {
            let now = self.filled.get(column).copied().unwrap_or(0.0);
            if then - now > limits.share_points || (now == 0.0 && *then > RARE) {
                let what = format!("share of rows that have {column}");
                changes.push(Change { what, before: *then, now, unit: "%" });
            }
        }
        changes
    }

    /// As one line of text, to be stored on the node.
    pub fn to_text(&self) -> String {
        let shares = self.shares.iter().map(|(group, share)| format!(";{group}={share:.4}"));
        let filled = self.filled.iter().map(|(it, share)| format!(";{FILLED}{it}={share:.4}"));
        format!("rows={}{}", self.rows, shares.chain(filled).collect::<String>())
    }

    /// From a line that [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(|part| part.split_once('='));
        let rows = parts.next()??;
        let rows = (rows.0 == "rows").then(|| rows.1.parse().ok())??;
        let (mut shares, mut filled) = (BTreeMap::new(), BTreeMap::new());
        for part in parts {
            let (name, share) = part?;
            let share = share.parse().ok()?;
            match name.strip_prefix(FILLED) {
                Some(column) => filled.insert(column.to_owned(), share),
                None => shares.insert(name.to_owned(), share),
            };
        }
        Some(Self { rows, shares, filled })
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = usize::from(self.unit == "%");
        let Self { what, before, now, unit } = self;
        write!(f, "the {what} went from {before:.decimals$} to {now:.decimals$} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(filled: &[(&str, f64)]) -> Shape {
        let filled = filled.iter().map(|(column, share)| ((*column).to_owned(), *share));
        Shape { rows: 500, shares: BTreeMap::new(), filled: filled.collect() }
    }

    #[test]
    fn values_may_come_but_not_go_without_a_word() {
        let before = shape(&[("days_absent", 100.0), ("ela_level", 60.0), ("cohort_year", 8.0)]);
        let changes = |now: &[(&str, f64)]| {
            let changes = shape(now).changes_since(&before, ChangeLimits::default());
            changes.iter().map(Change::to_string).collect::<Vec<_>>()
        };
        let more = [("days_absent", 90.0), ("ela_level", 95.0), ("cohort_year", 0.1), ("gpa", 9.0)];
        assert_eq!(changes(&more), Vec::<String>::new());
        assert_eq!(
            changes(&[("days_absent", 100.0), ("ela_level", 49.0)]),
            [
                "the share of rows that have cohort_year went from 8.0 to 0.0 %",
                "the share of rows that have ela_level went from 60.0 to 49.0 %",
            ]
        );
        let kept = Shape::from_text(&before.to_text()).unwrap();
        assert_eq!(kept.filled, before.filled);
        let old = Shape::from_text("rows=500;gender F=51.0000").unwrap();
        assert!(shape(&[]).changes_since(&old, ChangeLimits::default()).len() == 1);
    }
}
