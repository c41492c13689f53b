//! The one writer of rows for the command line: text, JSON or CSV.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::error::Error;

/// Version of every JSON shape below.
pub const SCHEMA_VERSION: u32 = 1;

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Text,
    /// One object with a `schema_version`.
    Json,
    /// With a header row.
    Csv,
}

/// Rows of one kind of thing.
#[derive(Debug)]
pub struct Table {
    /// What the rows are, as JSON names the list.
    pub name: &'static str,
    /// Columns, as JSON and CSV name them.
    pub columns: &'static [&'static str],
    /// One value a column.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// Prints the rows on standard output.
    pub fn print(&self, format: Format) -> Result<(), Error> {
        let failed = |source| Error::File { path: "standard output".into(), source };
        let mut out = io::stdout().lock();
        self.write(format, &mut out).and_then(|()| out.flush()).map_err(failed)
    }

    fn write(&self, format: Format, out: &mut impl Write) -> io::Result<()> {
        match format {
            Format::Text => self.write_text(out),
            Format::Json => {
                let rows: Vec<Value> = self.rows.iter().map(|row| self.object(row)).collect();
                print_json(&json!({ "schema_version": SCHEMA_VERSION, self.name: rows }), out)
            }
            Format::Csv => self.write_csv(out),
        }
    }

    fn object(&self, row: &[Value]) -> Value {
        let named = self.columns.iter().zip(row);
        Value::Object(named.map(|(column, value)| ((*column).to_owned(), value.clone())).collect())
    }

    fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let header: Vec<String> =
            self.columns.iter().map(|column| column.replace('_', " ").to_uppercase()).collect();
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(text).collect()).collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([header[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        for row in std::iter::once(&header).chain(&rows) {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
            writeln!(out, "{}", cells.collect::<String>().trim_end())?;
        }
        Ok(())
    }

    fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(self.columns)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(text))?;
        }
        writer.flush()
    }
}

/// Prints one thing: `name: value` lines, a JSON object, or one CSV row.
pub fn print_one(fields: &[(&'static str, Value)], format: Format) -> Result<(), Error> {
    let failed = |source| Error::File { path: "standard output".into(), source };
    let mut out = io::stdout().lock();
    let written = match format {
        Format::Text => fields.iter().try_for_each(|(name, value)| {
            writeln!(out, "{:24} {}", format!("{}:", name.replace('_', " ")), text(value))
        }),
        Format::Json => {
            let mut object = Map::new();
            object.insert("schema_version".to_owned(), json!(SCHEMA_VERSION));
            object.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            print_json(&Value::Object(object), &mut out)
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut out);
            writer
                .write_record(fields.iter().map(|(name, _)| *name))
                .and_then(|()| writer.write_record(fields.iter().map(|(_, value)| text(value))))
                .map_err(io::Error::from)
                .and_then(|()| writer.flush())
        }
    };
    written.map_err(failed)
}

fn print_json(value: &Value, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format) -> String {
        let rows = vec![vec![json!("37"), json!(null)], vec![json!("a,b"), json!(2.5)]];
        let table = Table { name: "members", columns: &["member", "last_seen"], rows };
        let mut out = Vec::new();
        table.write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rows_are_the_same_in_every_format() {
        assert_eq!(written(Format::Text), "MEMBER  LAST SEEN\n37\na,b     2.5\n");
        assert_eq!(written(Format::Csv), "member,last_seen\n37,\n\"a,b\",2.5\n");
        let json: Value = serde_json::from_str(&written(Format::Json)).unwrap();
        assert_eq!(json["schema_version"], 1);
        assert_eq!(json["members"][1]["last_seen"], 2.5);
    }
}
