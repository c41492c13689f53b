//! One measured number, its bar, and the table of them.

use std::fmt;

use serde::Serialize;

/// What a number must reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Bar {
    /// It may be this or less.
    AtMost(f64),
    /// It must be this or more.
    AtLeast(f64),
}

impl Bar {
    /// Whether `value` reaches it; a value that is not a number never does.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "<= {most}"),
            Self::AtLeast(least) => write!(f, ">= {least}"),
        }
    }
}

/// One measured number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its unit, such as `s`, `x` or `releases/s`.
    pub unit: String,
    /// What it must reach, if anything.
    pub bar: Option<Bar>,
    /// Whether it does; true where there is no bar.
    pub holds: bool,
}

impl Row {
    /// A number for the record.
    pub fn note(name: impl Into<String>, value: f64, unit: impl Into<String>) -> Self {
        Self { name: name.into(), value, unit: unit.into(), bar: None, holds: true }
    }

    /// A number that may be `most` or less.
    pub fn at_most(
        name: impl Into<String>,
        value: f64,
        unit: impl Into<String>,
        most: f64,
    ) -> Self {
        Self::note(name, value, unit).against(Bar::AtMost(most))
    }

    /// A number that must be `least` or more.
    pub fn at_least(
        name: impl Into<String>,
        value: f64,
        unit: impl Into<String>,
        least: f64,
    ) -> Self {
        Self::note(name, value, unit).against(Bar::AtLeast(least))
    }

    fn against(self, bar: Bar) -> Self {
        Self { holds: bar.holds(self.value), bar: Some(bar), ..self }
    }
}

/// The rows as aligned text.
pub fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let bar = row.bar.map(|bar| bar.to_string()).unwrap_or_default();
            let verdict = match (row.bar, row.holds) {
                (None, _) => "",
                (Some(_), true) => "holds",
                (Some(_), false) => "DOES NOT HOLD",
            };
            let line = format!(
                "{:width$}  {:>12} {:<12} {bar:<12} {verdict}",
                row.name,
                significant(row.value),
                row.unit
            );
            line.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// Four significant digits, or the whole number where it is longer.
fn significant(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size >= 1000.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 10.0 => 2,
        _ if size >= 1.0 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_its_bar_holds_and_one_past_it_does_not() {
        assert!(Row::at_most("a", 1.0, "s", 1.0).holds);
        assert!(!Row::at_most("a", 1.01, "s", 1.0).holds);
        assert!(Row::at_least("a", 40.0, "/s", 40.0).holds);
        assert!(!Row::at_least("a", 39.0, "/s", 40.0).holds);
        assert!(!Row::at_most("a", f64::NAN, "s", 1.0).holds);
    }

    #[test]
    fn a_row_in_json_has_the_five_agreed_fields() {
        let row = serde_json::to_value(Row::at_most("a", 0.5, "s", 1.0)).unwrap();
        assert_eq!(
            row,
            serde_json::json!({"name": "a", "value": 0.5, "unit": "s", "bar": 1.0, "holds": true})
        );
        let note = serde_json::to_value(Row::note("a", 0.5, "s")).unwrap();
        assert!(note["bar"].is_null());
    }
}
