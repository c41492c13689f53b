//! The statements that a warehouse is asked, as text: pure.
//!
//! Nothing in them was written by a person but names, which are quoted.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    time::Duration,
};

use peerlight_node_engine::{intake::Layout, measure::spellings, student::Column};
use peerlight_proto::units::SchoolYear;

use super::{LONGEST, error::ViewNameError};

/// Longest name of PostgreSQL, bytes.
const LONGEST_NAME: usize = 63;

/// The columns of the relation that a quoted name is of.
pub(super) const COLUMNS: &str = "SELECT attname::text FROM pg_catalog.pg_attribute \
     WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0 AND NOT attisdropped \
     ORDER BY attnum";

/// Columns that tell rows apart, in the order in which rows come: the same rows
/// then have the same numbers and the same digest.
const ORDER: [Column; 3] = [Column::SchoolYear, Column::StudentId, Column::StatewideId];

/// A view, materialised view or table; its schema is `public` where it is not
/// named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    schema: String,
    name: String,
}

impl View {
    /// The name as it stands in a statement.
    pub(super) fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

impl FromStr for View {
    type Err = ViewNameError;

    fn from_str(text: &str) -> Result<Self, ViewNameError> {
        let (schema, name) = text.split_once('.').unwrap_or(("public", text));
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let is_plain = |byte: u8| is_letter(byte) || byte.is_ascii_digit() || byte == b'$';
        let is_name = |part: &str| {
            part.len() <= LONGEST_NAME
                && part.bytes().next().is_some_and(is_letter)
                && part.bytes().all(is_plain)
        };
        if !is_name(schema) || !is_name(name) {
            return Err(ViewNameError);
        }
        Ok(Self { schema: schema.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A name that no statement can mistake for anything else.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Begins a transaction that reads one state of the warehouse, cannot write,
/// ends itself, writes dates as `YYYY-MM-DD`, sends no notices, which could
/// quote values, and does not compile a statement of a thousand expressions
/// into machine code, which takes longer than counting.
pub(super) fn session(patience: Duration) -> String {
    format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
         SET LOCAL statement_timeout = '{}s'; \
         SET LOCAL DateStyle = 'ISO, YMD'; \
         SET LOCAL client_min_messages = error; \
         SELECT pg_catalog.set_config(name, 'off', true) FROM pg_catalog.pg_settings \
         WHERE name = 'jit'",
        patience.as_secs()
    )
}

/// Every row, one text a column, in the order of the header. Columns that
/// nothing uses are not fetched. With `except_years`, rows whose school year is
/// among those of the only argument stay where they are.
pub(super) fn rows(view: &View, layout: &Layout, header: &[String], except_years: bool) -> String {
    let mut text = format!("SELECT {} FROM {}", cells(layout, header), view.quoted());
    let name = |column| Some(quoted(&header[layout.position(column)?]));
    if let (true, Some(year)) = (except_years, name(Column::SchoolYear)) {
        // What is no year that anybody writes comes, and is refused.
        let _ = write!(text, " WHERE (pg_catalog.btrim({year}::text) = ANY($1)) IS NOT TRUE");
    }
    let order = ORDER.into_iter().filter_map(name);
    let order: Vec<String> = order.map(|name| format!("{name}::text COLLATE \"C\"")).collect();
    if !order.is_empty() {
        let _ = write!(text, " ORDER BY {}", order.join(", "));
    }
    text
}

/// The texts of a row's cells; none of a column that nothing uses.
fn cells(layout: &Layout, header: &[String]) -> String {
    let cell = |(position, name): (usize, &String)| {
        if layout.reads(position) {
            format!("pg_catalog.left({}::text, {LONGEST})", quoted(name))
        } else {
            "NULL::text".to_owned()
        }
    };
    let cells: Vec<String> = header.iter().enumerate().map(cell).collect();
    cells.join(", ")
}

/// Rows of which a person is shown what is wrong, most.
const SHOWN: usize = 100;

/// The first rows that meet a condition, one text a column, in the order of the
/// header.
pub(super) fn rows_where(
    view: &View,
    layout: &Layout,
    header: &[String],
    condition: &str,
) -> String {
    let cells = cells(layout, header);
    format!("SELECT {cells} FROM {} WHERE {condition} LIMIT {SHOWN}", view.quoted())
}

/// Every other school year, as people write them.
pub(super) fn other_years(year: SchoolYear) -> Vec<String> {
    let others = (1990..=2200).filter_map(|ending| SchoolYear::ending(ending).ok());
    others.filter(|other| *other != year).flat_map(spellings).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use peerlight_node_engine::intake::{Intake, Mapping, Schools};
    use peerlight_proto::{
        directory::Directory,
        names::{ConsortiumId, MemberId},
    };

    use super::*;

    fn layout(header: &[String], mapping: Mapping) -> Layout {
        let directory = Directory {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year: SchoolYear::ending(2026).unwrap(),
            features_source: String::new(),
            schools: Vec::new(),
        };
        let schools = Schools::new(&directory, &MemberId::new("A").unwrap());
        Intake::new(schools, mapping).begin("view a.b", header).unwrap()
    }

    #[test]
    fn names_of_views_are_names_and_nothing_else() {
        let view: View = "analytics.student_years".parse().unwrap();
        assert_eq!(view.quoted(), "\"analytics\".\"student_years\"");
        let view: View = "Student_Years".parse().unwrap();
        assert_eq!(view.quoted(), "\"public\".\"Student_Years\"");
        let long = "a".repeat(64);
        for text in [
            "",
            ".",
            "a.",
            ".a",
            "a.b.c",
            "a b",
            "a;DROP TABLE b",
            "\"a\"",
            "a--",
            "1a",
            "(SELECT 1)",
            "é",
            &long,
        ] {
            assert_eq!(text.parse::<View>(), Err(ViewNameError), "{text}");
        }
    }

    #[test]
    fn only_columns_that_are_used_are_fetched_and_every_name_is_quoted() {
        let header = ["id\"; DROP TABLE x; --", "school_year", "Name", "gpa"].map(str::to_owned);
        let rename = BTreeMap::from([(header[0].clone(), vec![Column::StudentId])]);
        let layout = layout(&header, Mapping { rename, ..Mapping::default() });
        let view = "a.b".parse().unwrap();
        let text = rows(&view, &layout, &header, true);
        assert_eq!(
            text,
            "SELECT pg_catalog.left(\"id\"\"; DROP TABLE x; --\"::text, 10000), \
             pg_catalog.left(\"school_year\"::text, 10000), NULL::text, \
             pg_catalog.left(\"gpa\"::text, 10000) FROM \"a\".\"b\" \
             WHERE (pg_catalog.btrim(\"school_year\"::text) = ANY($1)) IS NOT TRUE \
             ORDER BY \"school_year\"::text COLLATE \"C\", \
             \"id\"\"; DROP TABLE x; --\"::text COLLATE \"C\""
        );
    }

    #[test]
    fn no_spelling_of_the_wanted_year_stays_behind() {
        let year = SchoolYear::ending(2026).unwrap();
        let others = other_years(year);
        for text in ["2026", "2025-26", "2025_26", "2025-2026", "2025_2026"] {
            assert!(!others.contains(&text.to_owned()), "{text}");
        }
        for text in ["2025", "2024-25", "2026_2027"] {
            assert!(others.contains(&text.to_owned()), "{text}");
        }
        assert!(others.iter().all(|text| text.parse::<SchoolYear>().is_ok_and(|it| it != year)));
    }
}
