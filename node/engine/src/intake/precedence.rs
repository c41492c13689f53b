//! Which of a year's sources is believed, and which id they share.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::student::Column;

/// The id by which the rows of several sources are one student's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommonId {
    /// The district's own id.
    #[default]
    StudentId,
    /// The statewide id.
    StatewideId,
}

/// Sources in the order in which they are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceOrder(Vec<String>);

/// Columns that are believed in an order of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnOrders(BTreeMap<Column, SourceOrder>);

/// How the sources of a school year become one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precedence {
    /// The id that the sources share.
    pub common: CommonId,
    /// Earlier wins; a source that is not named comes after, by name.
    pub sources: SourceOrder,
    /// Columns that follow another order first.
    pub columns: ColumnOrders,
}

/// A setting that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrecedenceError {
    /// Not one of the two ids.
    #[error("is not student_id or statewide_id")]
    CommonId,
    /// A list with something empty in it.
    #[error("is not a list of sources: write names with commas between, such as \"calpads, csv\"")]
    Sources,
    /// A column's order is not written as one.
    #[error("has \"{0}\": write COLUMN=SOURCE>SOURCE, such as \"grade_level=calpads>csv\"")]
    Order(String),
    /// There is no such column, or it says which year a row is of.
    #[error("names {0}, which is not a column that sources can differ in")]
    Column(String),
    /// A column is there twice.
    #[error("names {0} twice: keep one")]
    Twice(&'static str),
}

impl CommonId {
    /// Its column.
    pub const fn column(self) -> Column {
        match self {
            Self::StudentId => Column::StudentId,
            Self::StatewideId => Column::StatewideId,
        }
    }

    /// The other id.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::StudentId => Self::StatewideId,
            Self::StatewideId => Self::StudentId,
        }
    }
}

impl FromStr for CommonId {
    type Err = PrecedenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::StudentId, Self::StatewideId];
        let found = all.into_iter().find(|id| id.column().name() == text.trim());
        found.ok_or(PrecedenceError::CommonId)
    }
}

impl SourceOrder {
    /// Splits at `separator`; empty text is an empty order.
    fn split(text: &str, separator: char) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        let names = text.split(separator).map(|name| name.trim().to_owned());
        let names: Vec<String> = names.collect();
        (!names.iter().any(String::is_empty)).then_some(Self(names))
    }

    fn rank(&self, source: &str) -> usize {
        self.0.iter().position(|name| name == source).unwrap_or(self.0.len())
    }
}

impl FromStr for SourceOrder {
    type Err = PrecedenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::split(text, ',').ok_or(PrecedenceError::Sources)
    }
}

impl FromStr for ColumnOrders {
    type Err = PrecedenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut orders = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = || PrecedenceError::Order(part.to_owned());
            let (name, order) = part.split_once('=').ok_or_else(wrong)?;
            let order = SourceOrder::split(order, '>').filter(|order| !order.0.is_empty());
            let order = order.ok_or_else(wrong)?;
            let known = Column::from_name(name.trim());
            let column = known.filter(|column| *column != Column::SchoolYear);
            let column = column.ok_or_else(|| PrecedenceError::Column(name.trim().to_owned()))?;
            if orders.insert(column, order).is_some() {
                return Err(PrecedenceError::Twice(column.name()));
            }
        }
        Ok(Self(orders))
    }
}

impl Precedence {
    /// Sorts by how much a source is believed about a column; the name decides
    /// between sources that no setting names.
    pub(super) fn rank<'a>(&self, column: Column, source: &'a str) -> (usize, usize, &'a str) {
        let own = self.columns.0.get(&column).map_or(0, |order| order.rank(source));
        (own, self.sources.rank(source), source)
    }

    /// Sorts by how much a source is believed where its column says nothing.
    pub(super) fn general_rank<'a>(&self, source: &'a str) -> (usize, &'a str) {
        (self.sources.rank(source), source)
    }
}

/// One line, the same for the same settings.
impl fmt::Display for Precedence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { common, sources, columns } = self;
        write!(f, "{}; {sources}; {columns}", common.column().name())
    }
}

impl fmt::Display for SourceOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl fmt::Display for ColumnOrders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (column, order)) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{}={}", column.name(), order.0.join(">"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_written_alike() {
        let precedence = Precedence {
            common: "statewide_id".parse().unwrap(),
            sources: " calpads ,csv".parse().unwrap(),
            columns: "gpa=sis>calpads, school_id = csv".parse().unwrap(),
        };
        let text = "statewide_id; calpads, csv; school_id=csv, gpa=sis>calpads";
        assert_eq!(precedence.to_string(), text);
        assert_eq!(Precedence::default().to_string(), "student_id; ; ");
    }

    #[test]
    fn a_setting_that_is_not_understood_says_what_to_write() {
        for (text, told) in [
            ("gpa", "COLUMN=SOURCE>SOURCE"),
            ("gpa=", "COLUMN=SOURCE>SOURCE"),
            ("gpa=csv>", "COLUMN=SOURCE>SOURCE"),
            ("shoe_size=csv", "names shoe_size"),
            ("school_year=csv", "names school_year"),
            ("gpa=csv, gpa=sis", "gpa twice"),
        ] {
            let error = text.parse::<ColumnOrders>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert_eq!("csv,,sis".parse::<SourceOrder>(), Err(PrecedenceError::Sources));
        assert_eq!("id".parse::<CommonId>(), Err(PrecedenceError::CommonId));
    }

    #[test]
    fn a_source_that_no_setting_names_comes_after_by_name() {
        let precedence = Precedence {
            sources: "sis".parse().unwrap(),
            columns: "gpa=lms".parse().unwrap(),
            ..Precedence::default()
        };
        let order = |column| {
            let mut sources = ["b", "a", "lms", "sis"];
            sources.sort_by_key(|source| precedence.rank(column, source));
            sources
        };
        assert_eq!(order(Column::Gpa), ["lms", "sis", "a", "b"]);
        assert_eq!(order(Column::DaysAbsent), ["sis", "a", "b", "lms"]);
    }
}
