//! How rows are printed: aligned text, CSV, or JSON with a schema version.
//!
//! Text is for people and may change; CSV and JSON are for programs.

use std::io::{self, Write};

use clap::ValueEnum;
use peerlight_proto::units::SchoolYear;
use serde_json::{Map, Value, json};

use crate::spreadsheet::unformula;

/// Version of every JSON output of this program.
const SCHEMA_VERSION: u32 = 1;

/// How rows are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns for people.
    #[default]
    Text,
    /// One JSON object with `schema_version`.
    Json,
    /// A header and rows.
    Csv,
}

/// Says on standard error which student groups cannot be told from a year's
/// records.
pub fn say_absent_groups(year: SchoolYear, sentences: &[String]) {
    if !sentences.is_empty() {
        eprintln!("Student groups that the records of {year} cannot tell:");
    }
    for sentence in sentences {
        eprintln!("  {sentence}");
    }
}

/// Rows under named columns; a cell is what is printed.
pub struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; it has one cell a column.
    pub fn push(&mut self, row: Vec<String>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// Prints it as text or CSV.
    pub fn print(&self, output: Output) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match output {
            Output::Csv => self.write_csv(&mut out),
            Output::Text | Output::Json => self.write_text(&mut out),
        }
    }

    fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(&self.columns)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| unformula(cell)))?;
        }
        writer.flush()
    }

    fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let headings: Vec<String> =
            self.columns.iter().map(|column| column.replace('_', " ").to_uppercase()).collect();
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..headings.len()).map(width).collect();
        // Columns of numbers to the right, words to the left.
        let is_number = |column: usize| {
            let mut cells = self.rows.iter().map(|row| row[column].as_str());
            cells.all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok())
        };
        let numbers: Vec<bool> = (0..headings.len()).map(is_number).collect();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[column] - cell.chars().count());
                line += &if numbers[column] { padding + cell } else { cell.clone() + &padding };
                line += "  ";
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Prints `fields` as one JSON object, with the schema version first.
pub fn print_json(fields: Value) -> io::Result<()> {
    let mut object = Map::new();
    object.insert("schema_version".to_owned(), json!(SCHEMA_VERSION));
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &object)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["school_id", "value"]);
        table.push(vec!["=A1".to_owned(), "-2.5".to_owned()]);
        table.push(vec!["x, y".to_owned(), "10".to_owned()]);
        table
    }

    #[test]
    fn csv_is_quoted_and_holds_no_formula() {
        let mut out = Vec::new();
        table().write_csv(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "school_id,value\n'=A1,-2.5\n\"x, y\",10\n");
    }

    #[test]
    fn text_is_aligned_with_numbers_to_the_right() {
        let mut out = Vec::new();
        table().write_text(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "SCHOOL ID  VALUE\n=A1         -2.5\nx, y          10\n");
    }
}
