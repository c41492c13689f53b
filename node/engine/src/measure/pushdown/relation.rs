//! A view of student years: which of its columns are ours, which of its rows
//! are meant, and how sound its cells are.

use peerlight_proto::units::SchoolYear;

use super::{cell, text_column};
use crate::student::Column;

/// Where the columns of student years are in a warehouse.
#[derive(Clone, Debug)]
pub struct Relation<'a> {
    /// The view, quoted.
    pub name: &'a str,
    /// A condition that its rows must meet, such as of their school year.
    pub condition: &'a str,
    /// Its columns, quoted, by ours; text, or what reads as such.
    pub columns: &'a [(Column, String)],
}

impl Relation<'_> {
    /// The condition that a row is of a school year, by the quoted column that
    /// says so.
    pub fn of_year(column: &str, year: SchoolYear) -> String {
        let spellings = spellings(year).map(|spelling| format!("'{spelling}'"));
        format!("{} = ANY(ARRAY[{}])", cell::text(column), spellings.join(", "))
    }

    /// Its columns of values: all but ids, schools, years, and names for people.
    pub fn values(&self) -> impl Iterator<Item = Column> {
        let columns = self.columns.iter().map(|(column, _)| *column);
        columns.filter(|column| column.is_countable())
    }

    /// How many rows there are; then of each column of [`Self::values`], in their
    /// order, how many rows have a value, and how many have one that the intake
    /// would refuse.
    pub fn quality(&self) -> String {
        let of = |column: Column| {
            let text = text_column(column);
            let refused = cell::refused(column.kind(), &text);
            format!("count({text}), count(*) FILTER (WHERE {refused})")
        };
        let rows = std::iter::once("count(*)".to_owned());
        let all: Vec<String> = rows.chain(self.values().map(of)).collect();
        let texts = self.texts(self.values());
        format!("SELECT ARRAY[{}]::bigint[] FROM ({texts}) AS read", all.join(", "))
    }

    /// The condition that a row of these has a value that the intake would
    /// refuse.
    pub fn refused(&self) -> String {
        let refused = |column: Column| {
            let text = cell::text(self.column(column).unwrap_or("NULL"));
            format!("({})", cell::refused(column.kind(), &text))
        };
        let all: Vec<String> = self.values().map(refused).collect();
        let any = if all.is_empty() { "false".to_owned() } else { all.join(" OR ") };
        format!("{} AND ({any})", self.condition)
    }

    pub(super) fn column(&self, wanted: Column) -> Option<&str> {
        let found = self.columns.iter().find(|(column, _)| *column == wanted);
        found.map(|(_, name)| name.as_str())
    }

    /// A row's [`row_key`](super::row_key), of its texts; none where the view has
    /// no ids.
    pub(super) fn row_key(&self) -> Option<String> {
        let keys: Vec<String> = [("d", Column::StudentId), ("s", Column::StatewideId)]
            .into_iter()
            .filter(|(_, column)| self.column(*column).is_some())
            .map(|(prefix, column)| format!("'{prefix}' || {}", text_column(column)))
            .collect();
        (!keys.is_empty()).then(|| format!("coalesce({})", keys.join(", ")))
    }

    /// The text of these columns.
    pub(super) fn texts(&self, columns: impl Iterator<Item = Column>) -> String {
        let text = |column: Column| {
            let name = self.column(column).unwrap_or("NULL");
            format!("{} AS {}", cell::text(name), text_column(column))
        };
        let all: Vec<String> = columns.map(text).collect();
        format!("SELECT {} FROM {} WHERE {}", all.join(", "), self.name, self.condition)
    }
}

/// A school year in every way in which the intake reads it.
pub fn spellings(year: SchoolYear) -> [String; 5] {
    let (end, start) = (year.ending_year(), year.ending_year() - 1);
    let short = end % 100;
    [
        end.to_string(),
        format!("{start}-{short:02}"),
        format!("{start}_{short:02}"),
        format!("{start}-{end}"),
        format!("{start}_{end}"),
    ]
}
