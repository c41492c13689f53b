//! Where each record type keeps its fields, by school year: `layouts.toml`.

use std::{collections::BTreeMap, sync::LazyLock};

use peerlight_proto::units::SchoolYear;
use serde::Deserialize;

/// The shipped layouts.
static SHIPPED: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(include_str!("layouts.toml")).expect("a test reads the shipped layouts")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    layout: Vec<Layout>,
    ignored: Vec<Ignored>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignored {
    record: String,
}

/// One record type's fields; positions are from 1.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    pub(super) record: String,
    from: Option<u16>,
    until: Option<u16>,
    pub(super) school: usize,
    year: usize,
    pub(super) statewide: usize,
    pub(super) local: usize,
    pub(super) fields: BTreeMap<String, usize>,
}

/// What is known of a record type.
pub(super) enum Known {
    /// A layout for the row's year.
    Layout(&'static Layout),
    /// Nothing is read from it.
    Ignored,
    /// The row's academic year cannot be read, or has no layout.
    NoYear,
    /// Not a record type of CALPADS.
    Unknown,
}

/// The layout of a row, told by its first cell and its academic year.
pub(super) fn of_row(cells: &[&str]) -> Known {
    // Extracts of the state's own store mark the same layout with "-R".
    let record = cells.first().copied().unwrap_or("");
    let record = record.strip_suffix("-R").unwrap_or(record);
    let layouts = || SHIPPED.layout.iter().filter(|layout| layout.record == record);
    if layouts().next().is_none() {
        let is_ignored = SHIPPED.ignored.iter().any(|ignored| ignored.record == record);
        return if is_ignored { Known::Ignored } else { Known::Unknown };
    }
    let found = layouts().find(|layout| {
        layout.school_year(cells).is_some_and(|year| {
            let year = year.ending_year();
            layout.from.is_none_or(|from| year >= from)
                && layout.until.is_none_or(|until| year <= until)
        })
    });
    found.map_or(Known::NoYear, Known::Layout)
}

impl Layout {
    /// The academic year that a row says.
    pub(super) fn school_year(&self, cells: &[&str]) -> Option<SchoolYear> {
        cells.get(self.year - 1)?.parse().ok()
    }

    /// Fewest fields that a row must have.
    pub(super) fn width(&self) -> usize {
        let keys = [self.school, self.year, self.statewide, self.local];
        self.fields.values().copied().chain(keys).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_layouts_name_each_position_once() {
        for layout in &SHIPPED.layout {
            let mut positions: Vec<usize> = layout.fields.values().copied().collect();
            positions.extend([layout.school, layout.year, layout.statewide, layout.local]);
            positions.sort_unstable();
            let count = positions.len();
            positions.dedup();
            assert_eq!(positions.len(), count, "{}", layout.record);
            assert!(positions[0] > 1, "{}: the first field is the record type", layout.record);
        }
    }

    #[test]
    fn a_row_is_read_by_the_layout_of_its_year() {
        let row = |year: &'static str| {
            let mut cells = vec![""; 39];
            (cells[0], cells[6]) = ("SENR-R", year);
            match of_row(&cells) {
                Known::Layout(layout) => layout.fields.get("start").copied(),
                _ => None,
            }
        };
        assert_eq!(row("2018-2019"), Some(23));
        assert_eq!(row("2019-2020"), Some(22));
        assert_eq!(row("20192020"), None);
    }

    #[test]
    fn unknown_and_ignored_records_are_told_apart() {
        assert!(matches!(of_row(&["SOFF", ""]), Known::Ignored));
        assert!(matches!(of_row(&["SSID", "Grade"]), Known::Unknown));
        assert!(matches!(of_row(&[]), Known::Unknown));
    }
}
