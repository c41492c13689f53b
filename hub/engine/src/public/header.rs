//! Finds a format's columns in a file's header, by name.

use std::collections::BTreeMap;

use super::{
    format::Format,
    layout::{Field, columns},
};

/// Delimiters that official files are published with.
pub const DELIMITERS: [u8; 4] = [b',', b'^', b'\t', b';'];

/// A column's name as it is compared: its letters and digits, lower case.
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Where each field is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    positions: BTreeMap<Field, usize>,
    names: Vec<String>,
}

impl Header {
    /// Finds the columns; each fault is a column and what is wrong with it.
    pub fn find(format: Format, names: &[&str]) -> Result<Self, Vec<(String, String)>> {
        let plain_names: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let mut positions = BTreeMap::new();
        let mut faults = Vec::new();
        for column in columns(format) {
            let found = column.names.iter().find_map(|name| {
                let name = plain(name);
                let mut at = plain_names.iter().enumerate().filter(|(_, known)| **known == name);
                at.next().map(|(first, _)| (first, at.next().is_some()))
            });
            let official = column.names[0];
            match found {
                Some((_, true)) => {
                    faults.push((official.to_owned(), "is there twice: remove one".to_owned()));
                }
                Some((position, false)) => {
                    positions.insert(column.field, position);
                }
                None if column.needed => faults.push((official.to_owned(), missing(format))),
                None => {}
            }
        }
        let header =
            Self { positions, names: names.iter().map(|name| name.trim().to_owned()).collect() };
        let code = "School Code";
        if !header.has_school() && !faults.iter().any(|(column, _)| column == code) {
            faults.push((code.to_owned(), missing(format)));
        }
        if faults.is_empty() { Ok(header) } else { Err(faults) }
    }

    /// How many of a format's columns a header line has when split at this
    /// delimiter: the right one finds most.
    pub fn matches(format: Format, line: &str, delimiter: u8) -> usize {
        let names: Vec<String> = line.split(char::from(delimiter)).map(plain).collect();
        let known = |names_of: &[&str]| names_of.iter().any(|name| names.contains(&plain(name)));
        columns(format).iter().filter(|column| known(column.names)).count()
    }

    fn has_school(&self) -> bool {
        let has = |field| self.positions.contains_key(&field);
        has(Field::Cds) || (has(Field::District) && has(Field::School))
    }

    /// Columns of the file.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// A row's cell of a field, without spaces around it; `None` where the
    /// file has no such column.
    pub fn cell<'a>(&self, field: Field, cells: &[&'a str]) -> Option<&'a str> {
        cells.get(*self.positions.get(&field)?).map(|cell| cell.trim())
    }

    /// A field's name in this file.
    pub fn name(&self, field: Field) -> &str {
        self.positions.get(&field).map_or("", |position| &self.names[*position])
    }

    /// The features that the file has columns of.
    pub fn features(&self) -> impl Iterator<Item = (Field, &'static str)> {
        self.positions.keys().filter_map(|field| match field {
            Field::Feature(name) => Some((*field, *name)),
            _ => None,
        })
    }
}

fn missing(format: Format) -> String {
    format!(
        "is missing: import the {} as it was published, with its header, or name its format",
        format.label()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_the_same_whatever_its_case_and_marks() {
        for name in ["Test Id", "test_id", " TEST ID ", "\u{feff}TestID"] {
            assert_eq!(plain(name), "testid");
        }
        assert_eq!(plain("Free & Reduced Meal Program"), plain("free_reduced_meal_program"));
    }

    #[test]
    fn the_delimiter_that_finds_most_columns_is_right() {
        let caret = "County Code^District Code^School Code^Type ID^Test Year^County Name";
        let comma = caret.replace('^', ",");
        for (line, right) in [(caret, b'^'), (comma.as_str(), b',')] {
            let best = DELIMITERS
                .into_iter()
                .max_by_key(|delimiter| Header::matches(Format::CaasppEntities, line, *delimiter));
            assert_eq!(best, Some(right));
        }
    }

    #[test]
    fn every_missing_column_is_named_at_once() {
        let faults = Header::find(Format::Cupc, &["Academic Year", "School Code"]).unwrap_err();
        let columns: Vec<&str> = faults.iter().map(|(column, _)| column.as_str()).collect();
        assert!(columns.contains(&"Total Enrollment") && columns.contains(&"County Code"));
        let twice = ["cds", "rtype", "currstatus", "reportingyear", "Reporting Year"];
        let faults = Header::find(Format::Dashboard, &twice).unwrap_err();
        assert_eq!(faults[0].1, "is there twice: remove one");
    }
}
