//! Writes every table that is shown, served or published, as CSV, JSON or
//! Parquet: the one place that does, so that the three cannot disagree and no
//! page can forget the guard against spreadsheet formulas.
//!
//! A number that may not be shown is an empty cell (null in JSON and Parquet),
//! and the table's `status` column says why: never 0, never -1.

mod parquet;

pub use parquet::ParquetError;
use serde_json::{Map, Value};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// Numbers, written with so many decimals.
    Number(usize),
    /// Whole numbers.
    Whole,
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A column of words.
pub const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

/// A column of numbers with so many decimals.
pub const fn number(name: &'static str, decimals: usize) -> Column {
    Column { name, kind: Kind::Number(decimals) }
}

/// A column of whole numbers.
pub const fn whole(name: &'static str) -> Column {
    Column { name, kind: Kind::Whole }
}

/// One cell; its kind is its column's.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(i64),
    /// A number that may not be shown or does not exist.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        if value.is_finite() { Self::Number(value) } else { Self::Empty }
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Whole(value)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Whole(value as i64)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Whole(i64::from(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its file name, without the ending.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table as CSV, RFC 4180.
    pub fn csv(&self) -> Vec<u8> {
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let written = "a Vec takes every record of the same length";
        writer.write_record(self.columns.iter().map(|column| column.name)).expect(written);
        for row in &self.rows {
            let cells =
                row.iter().zip(&self.columns).map(|(cell, column)| words(cell, column.kind));
            writer.write_record(cells).expect(written);
        }
        writer.into_inner().expect("a Vec is flushed without an error")
    }

    /// The rows as JSON objects, column by column in order of name.
    pub fn json_rows(&self) -> Value {
        let object = |row: &Vec<Cell>| {
            let fields = row.iter().zip(&self.columns);
            fields.map(|(cell, column)| (column.name.to_owned(), json(cell, column.kind))).collect()
        };
        Value::Array(self.rows.iter().map(|row| Value::Object(object(row))).collect())
    }

    /// The table as a JSON document of its own.
    pub fn json(&self) -> Vec<u8> {
        let mut document = Map::new();
        document.insert("schema_version".to_owned(), Value::from(1));
        document.insert("rows".to_owned(), self.json_rows());
        serde_json::to_vec_pretty(&document).expect("a JSON value has a text form")
    }

    /// The table as Parquet.
    pub fn parquet(&self) -> Result<Vec<u8>, ParquetError> {
        parquet::write(self)
    }
}

/// A number rounded as its column says, without "-0".
fn rounded(value: f64, decimals: usize) -> f64 {
    let unit = 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
    (value * unit).round() / unit + 0.0
}

fn words(cell: &Cell, kind: Kind) -> String {
    match (cell, kind) {
        (Cell::Empty, _) => String::new(),
        (Cell::Text(text), _) => guarded(text),
        (Cell::Whole(value), _) => value.to_string(),
        (Cell::Number(value), Kind::Number(decimals)) => {
            format!("{:.decimals$}", rounded(*value, decimals))
        }
        (Cell::Number(value), Kind::Text | Kind::Whole) => value.to_string(),
    }
}

/// Text that a spreadsheet would take for a formula is written behind an
/// apostrophe.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn json(cell: &Cell, kind: Kind) -> Value {
    match (cell, kind) {
        (Cell::Empty, _) => Value::Null,
        (Cell::Text(text), _) => Value::from(text.as_str()),
        (Cell::Whole(value), _) => Value::from(*value),
        (Cell::Number(value), Kind::Number(decimals)) => Value::from(rounded(*value, decimals)),
        (Cell::Number(value), Kind::Text | Kind::Whole) => Value::from(*value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            name: "t".to_owned(),
            columns: vec![text("name"), number("value", 1), text("status")],
            rows: vec![
                vec!["=HYPERLINK(\"x\")".into(), (-3.12).into(), "shown".into()],
                vec!["a, b".into(), Cell::Empty, "not_offered".into()],
                vec!["@x".into(), (-0.01).into(), "shown".into()],
            ],
        }
    }

    #[test]
    fn a_cell_that_looks_like_a_formula_is_disarmed_and_a_negative_number_is_not() {
        assert_eq!(
            String::from_utf8(table().csv()).unwrap(),
            "name,value,status\r\n\"'=HYPERLINK(\"\"x\"\")\",-3.1,shown\r\n\
             \"a, b\",,not_offered\r\n'@x,0.0,shown\r\n"
        );
    }

    #[test]
    fn json_has_the_same_numbers_and_null_where_there_is_none() {
        let rows = table().json_rows();
        assert_eq!(rows[0]["value"], Value::from(-3.1));
        assert_eq!(rows[0]["name"], "=HYPERLINK(\"x\")");
        assert_eq!(rows[1]["value"], Value::Null);
        assert_eq!(rows[2]["value"], Value::from(0.0));
    }

    #[test]
    fn a_number_that_is_none_is_an_empty_cell() {
        assert_eq!(Cell::from(f64::NAN), Cell::Empty);
        assert_eq!(Cell::from(None::<f64>), Cell::Empty);
        assert_eq!(Cell::from(Some(2_u32)), Cell::Whole(2));
    }
}
