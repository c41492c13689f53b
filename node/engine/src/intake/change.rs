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

/// How many rows an import has and how they fall into groups. Exact: kept on
/// the node beside the records, and compared with the next import.
#[derive(Clone, PartialEq)]
pub struct Shape {
    rows: u64,
    /// Percent of the rows, by group.
    shares: BTreeMap<String, f64>,
}

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
        Self { rows: years.rows() as u64, shares }
    }

    /// How many rows.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// What changed by more than the limits since `before`.
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
        changes
    }

    /// As one line of text, to be stored on the node.
    pub fn to_text(&self) -> String {
        let shares = self.shares.iter().map(|(group, share)| format!(";{group}={share:.4}"));
        format!("rows={}{}", self.rows, shares.collect::<String>())
    }

    /// From a line that [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(|part| part.split_once('='));
        let rows = parts.next()??;
        let rows = (rows.0 == "rows").then(|| rows.1.parse().ok())??;
        let shares = parts
            .map(|part| {
                part.and_then(|(group, share)| Some((group.to_owned(), share.parse().ok()?)))
            })
            .collect::<Option<_>>()?;
        Some(Self { rows, shares })
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = usize::from(self.unit == "%");
        let Self { what, before, now, unit } = self;
        write!(f, "the {what} went from {before:.decimals$} to {now:.decimals$} {unit}")
    }
}
