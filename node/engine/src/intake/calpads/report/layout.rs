//! Which report a file is, and where it has its columns: `reports.toml`.

use std::{collections::BTreeMap, sync::LazyLock};

use peerlight_proto::units::SchoolYear;
use serde::Deserialize;

use crate::intake::headed::{self, plain};

/// What is shipped.
pub(super) static SHIPPED: LazyLock<Shipped> = LazyLock::new(|| {
    toml::from_str(include_str!("reports.toml")).expect("a test reads the shipped reports")
});

/// Names of a report's column, in the order of preference.
type Names = Vec<String>;

/// What values mean: by meaning, every spelling.
pub(super) type Words = BTreeMap<String, Vec<String>>;

/// Reports, and what their words mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shipped {
    report: Vec<Report>,
    pub(super) race: Words,
    pub(super) gender: Words,
    pub(super) result: Words,
    pub(super) outcome: Words,
}

/// One report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    /// The state's number of it.
    pub(super) number: String,
    name: String,
    told_by: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
    columns: BTreeMap<String, Names>,
}

/// A report's columns in one file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) report: &'static Report,
    /// How many columns the file has.
    pub(super) width: usize,
    positions: BTreeMap<&'static str, usize>,
    /// Columns that repeat the titles in every row.
    titles: Vec<usize>,
}

/// The meaning of a text; `None` where nobody said.
pub(super) fn meaning<'a>(words: &'a Words, text: &str) -> Option<&'a str> {
    let text = plain(text);
    let has = |spellings: &[String]| spellings.iter().any(|spelling| plain(spelling) == text);
    words.iter().find(|(_, spellings)| has(spellings)).map(|(meaning, _)| meaning.as_str())
}

impl Shipped {
    /// The reports that are known, for people.
    pub(super) fn list(&self) -> String {
        let names = self.report.iter().map(|report| format!("{} {}", report.number, report.name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The layout of a header, if it is that of a report.
    pub(super) fn layout(&'static self, cells: &[&str]) -> Option<Layout> {
        let names: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        self.report.iter().find_map(|report| report.layout(&names))
    }
}

impl Report {
    fn layout(&'static self, names: &[String]) -> Option<Layout> {
        let find = |spellings: &Names| {
            spellings.iter().find_map(|spelling| {
                let spelling = plain(spelling);
                names.iter().position(|name| *name == spelling)
            })
        };
        let positions: BTreeMap<&'static str, usize> = self
            .columns
            .iter()
            .filter_map(|(field, spellings)| Some((field.as_str(), find(spellings)?)))
            .collect();
        let has = |field: &String| positions.contains_key(field.as_str());
        if !self.told_by.iter().all(has) || self.without.iter().any(has) {
            return None;
        }
        let is_title = |name: &String| {
            name.starts_with("textbox")
                || name.contains("academicyear")
                || name.contains("schoolyear")
        };
        let titles = (0..names.len()).filter(|at| is_title(&names[*at])).collect();
        Some(Layout { report: self, width: names.len(), positions, titles })
    }
}

impl Layout {
    /// Whether the file has a column.
    pub(super) fn has(&self, field: &str) -> bool {
        self.positions.contains_key(field)
    }

    /// What the report calls a column; empty where it has none such.
    pub(super) fn name(&self, field: &str) -> &'static str {
        let names = self.report.columns.get(field);
        names.and_then(|names| names.first()).map_or("", String::as_str)
    }

    /// The file's text of a column, without spaces around it; empty where there
    /// is none.
    pub(super) fn text<'a>(&self, cells: &[&'a str], field: &str) -> &'a str {
        let position = self.positions.get(field);
        position.and_then(|position| cells.get(*position)).map_or("", |cell| cell.trim())
    }

    /// The school year that the row's titles say.
    pub(super) fn titled_year(&self, cells: &[&str]) -> Option<SchoolYear> {
        self.titles.iter().find_map(|at| headed::in_text(cells.get(*at)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{intake::value::Cell, student::Column};

    #[test]
    fn a_report_is_told_by_its_columns_whatever_their_spelling() {
        for (header, number) in [
            (&["textbox2", "SSID", "StudentName", "DaysExpectedA", "DaysAbsentCEFG"][..], "14.2"),
            (&["", "SSID", "", "Days Expected (A)", "Days Absent (C+E+F+G)"], "14.2"),
            (&["SSID", "EthnicityRace", "SocioEconomicallyDisadvantaged", "Homeless"], "8.1"),
            (&["SSID", "EthnicityRace", "SocioEconomicallyDisadvantaged", "Duration Days"], "7.12"),
            (
                &["SSID", "EthnicityRace", "SocioEconomicallyDisadvantaged", "CohortCategory"],
                "15.2",
            ),
            (&["SchoolCode", "HSDiplomaGraduates", "Dropouts"], "15.1"),
        ] {
            let found = SHIPPED.layout(header).map(|layout| layout.report.number.as_str());
            assert_eq!(found, Some(number), "{header:?}");
        }
        assert!(SHIPPED.layout(&["SSID", "Grade", "SchoolCode"]).is_none());
        assert!(SHIPPED.layout(&["Report 14.2", "2024-2025"]).is_none());
    }

    #[test]
    fn shipped_words_mean_codes_of_student_years() {
        for (words, column) in [
            (&SHIPPED.race, Column::RaceEthnicity),
            (&SHIPPED.gender, Column::Gender),
            (&SHIPPED.outcome, Column::CohortOutcome),
        ] {
            for code in words.keys().filter(|code| *code != "none") {
                assert!(Cell::read(column.kind(), code).is_ok(), "{code}");
            }
        }
        assert_eq!(meaning(&SHIPPED.race, " nat hwiin/othr pac islndr"), Some("PI"));
        assert_eq!(meaning(&SHIPPED.race, "Martian"), None);
        for report in &SHIPPED.report {
            for field in report.told_by.iter().chain(&report.without) {
                assert!(report.columns.contains_key(field), "{}: {field}", report.number);
            }
        }
    }
}
