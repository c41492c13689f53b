//! Finds a file's header and its columns by name: states rename and reorder
//! columns every year, so no position is ever assumed.

/// What a format wants to know of a row, under every name its column has had.
#[derive(Debug)]
pub(in crate::intake) struct Field {
    /// Names in the order of preference; capitals, spaces and signs do not
    /// matter.
    pub(in crate::intake) names: &'static [&'static str],
    /// Whether no row can be read without it.
    pub(in crate::intake) is_needed: bool,
}

/// Declares a format's fields: an enumeration, and the table of their names.
macro_rules! fields {
    ($($field:ident $(($needed:ident))? = [$($name:literal),+];)*) => {
        #[derive(Clone, Copy)]
        enum Of { $($field,)* }

        const FIELDS: &[Field] = &[
            $(Field {
                names: &[$($name),+],
                is_needed: fields!(@ $($needed)?),
            },)*
        ];

        impl From<Of> for usize {
            fn from(field: Of) -> Self {
                field as Self
            }
        }
    };
    (@) => { false };
    (@ needed) => { true };
}
pub(in crate::intake) use fields;

/// Needed columns that a row must name to be taken for the header.
const LEAST: usize = 2;

/// Where the fields are in one file.
#[derive(Clone, Debug)]
pub(in crate::intake) struct Layout {
    /// How many columns the file has.
    pub(in crate::intake) width: usize,
    positions: Vec<Option<usize>>,
}

impl Layout {
    /// The layout that a row gives, if it is a header of this format.
    pub(in crate::intake) fn of_header(fields: &[&Field], cells: &[&str]) -> Option<Self> {
        let names: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        let find = |name: &&str| names.iter().position(|known| *known == plain(name));
        let positions: Vec<Option<usize>> =
            fields.iter().map(|field| field.names.iter().find_map(find)).collect();
        let layout = Self { width: cells.len(), positions };
        let needed = fields.iter().filter(|field| field.is_needed).count();
        let found = needed - layout.missing(fields).len();
        (found >= LEAST.min(needed)).then_some(layout)
    }

    /// The needed columns that are not there.
    pub(in crate::intake) fn missing(&self, fields: &[&Field]) -> Vec<&'static str> {
        let pairs = fields.iter().zip(&self.positions);
        pairs
            .filter(|(field, position)| field.is_needed && position.is_none())
            .map(|(field, _)| field.names[0])
            .collect()
    }

    /// Whether the file has a field.
    pub(in crate::intake) fn has(&self, field: impl Into<usize>) -> bool {
        self.positions[field.into()].is_some()
    }
}

/// A name without what years and spreadsheets change about it.
pub(in crate::intake) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

/// One row of a file.
#[derive(Clone, Copy)]
pub(in crate::intake) struct Row<'a> {
    /// Its line, from 1.
    pub(in crate::intake) line: u64,
    cells: &'a [&'a str],
    layout: &'a Layout,
}

impl<'a> Row<'a> {
    /// A row of as many cells as the header has.
    pub(in crate::intake) const fn new(
        layout: &'a Layout,
        line: u64,
        cells: &'a [&'a str],
    ) -> Self {
        Self { line, cells, layout }
    }

    /// A field's text without spaces around it; empty where there is none.
    pub(in crate::intake) fn text(&self, field: impl Into<usize>) -> &'a str {
        let position = self.layout.positions[field.into()];
        position.and_then(|position| self.cells.get(position)).map_or("", |cell| cell.trim())
    }

    /// A number that the state gives; `None` where it is empty or one of the
    /// words for "no score".
    pub(in crate::intake) fn score(&self, field: impl Into<usize>) -> Option<&'a str> {
        const NONE: [&str; 8] = ["", "NS", "NA", "N/A", "NT", "*", "-", "--"];
        let text = self.text(field);
        (!NONE.iter().any(|word| word.eq_ignore_ascii_case(text))).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[&Field] = &[
        &Field { names: &["SSID"], is_needed: true },
        &Field { names: &["ScaleScore"], is_needed: true },
        &Field { names: &["CALPADSIDEAIndicator", "CALPADSSpecialEducation"], is_needed: false },
    ];

    #[test]
    fn a_header_is_found_whatever_its_spelling_and_order() {
        let layout =
            Layout::of_header(FIELDS, &["x", "calpads special education", "Scale_Score", "ssid "])
                .unwrap();
        let cells = ["1", " Yes ", "2500", "9"];
        let row = Row::new(&layout, 3, &cells);
        assert_eq!([0, 1, 2].map(|field: usize| row.text(field)), ["9", "2500", "Yes"]);
        assert_eq!(row.score(1_usize), Some("2500"));
    }

    #[test]
    fn a_title_and_a_row_of_students_are_no_header() {
        assert!(Layout::of_header(FIELDS, &["CAASPP Student Score Data File"]).is_none());
        assert!(Layout::of_header(FIELDS, &["1234567890", "2500", "SSID"]).is_none());
    }
}
