//! The quality report of an import: two files for the people who mend a
//! district's exports, a page to read or print and rows to sort.
//!
//! Ids of students are masked in it. It is written when an import is refused
//! too, which is when it is wanted most.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use askama::Template;
use peerlight_node_engine::intake::{Coverage, Place, Report, Severity};
use peerlight_proto::units::UnixSeconds;

use crate::{clock::InWords, records::Outcome, spreadsheet::unformula};

/// Name of the page.
const PAGE: &str = "import-report.html";

/// Name of the rows.
const ROWS: &str = "import-report.csv";

/// What to do about a value that no code stands for.
const MAP_IT: &str = "map it to one of the column's codes with --map, or correct it in the source";

/// An import, as it is reported.
#[derive(Clone, Copy, Debug)]
pub struct ImportReport<'a> {
    /// The source's name; empty where nothing of it could be read.
    pub source: &'a str,
    /// What was read and found wrong.
    pub report: &'a Report,
    /// What became of it, or why it was not applied.
    pub outcome: Result<&'a Outcome, &'a str>,
    /// Whether nothing was to be applied.
    pub is_dry_run: bool,
    /// When.
    pub at: UnixSeconds,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the report {path} could not be written: {source}")]
pub struct ReportFileError {
    path: PathBuf,
    source: io::Error,
}

#[derive(Template)]
#[template(path = "import_report.html")]
struct Page<'a> {
    source: &'a str,
    at: String,
    is_applied: bool,
    verdict: String,
    rows: u64,
    filtered: u64,
    years: Vec<YearRow>,
    responses: Vec<ResponsesRow>,
    problems: Vec<ProblemRow>,
    unmapped: Vec<UnmappedRow>,
    more: Vec<(&'a str, u64)>,
    coverage: Vec<CoverageRow>,
    unknown: Vec<&'a str>,
}

struct YearRow {
    year: String,
    students: u64,
    without_school: u64,
    sources: String,
}

struct ResponsesRow {
    year: String,
    respondent: &'static str,
    rows: u64,
    schools: usize,
}

struct ProblemRow {
    severity: &'static str,
    column: String,
    what: String,
    count: u64,
    first: Vec<String>,
    remedy: String,
}

struct UnmappedRow {
    column: String,
    value: String,
    read_as: String,
    severity: &'static str,
    count: u64,
    first: String,
}

struct CoverageRow {
    year: String,
    column: &'static str,
    percent: String,
    filled: u64,
    rows: u64,
}

/// Writes both files into a folder, made if it is not there; what was in them
/// is replaced.
pub fn write(folder: &Path, import: &ImportReport<'_>) -> Result<(), ReportFileError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportFileError { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let page = Page::of(import);
    let path = folder.join(PAGE);
    let text = page.render().map_err(io::Error::other).map_err(failed(&path))?;
    fs::write(&path, text).map_err(failed(&path))?;
    let path = folder.join(ROWS);
    let rows = page.to_csv().map_err(failed(&path))?;
    fs::write(&path, rows).map_err(failed(&path))
}

impl<'a> Page<'a> {
    fn of(import: &ImportReport<'a>) -> Self {
        let ImportReport { source, report, outcome, is_dry_run, at } = *import;
        let problems: Vec<ProblemRow> = report
            .problems
            .groups()
            .map(|group| ProblemRow {
                severity: severity(group.problem.severity),
                column: group.problem.column.unwrap_or_default(),
                what: group.problem.what,
                count: group.count,
                first: group.first.iter().map(Place::to_string).collect(),
                remedy: group.problem.remedy,
            })
            .collect();
        let unmapped = report.unmapped.values().into_iter().map(|it| UnmappedRow {
            severity: severity(it.read_as.as_ref().map_or(Severity::Fatal, |_| Severity::Notice)),
            read_as: it.read_as_in_words().to_owned(),
            column: it.column,
            value: it.value,
            count: it.count,
            first: it.first.to_string(),
        });
        let coverage = |it: &Coverage| CoverageRow {
            year: it.school_year.to_string(),
            column: it.column.name(),
            percent: format!("{:.1}", 100.0 * it.filled as f64 / it.rows.max(1) as f64),
            filled: it.filled,
            rows: it.rows,
        };
        let responses = outcome.map(|it| it.responses.as_slice()).unwrap_or_default().iter();
        let responses = responses.map(|it| ResponsesRow {
            year: it.school_year.to_string(),
            respondent: it.respondent.as_str(),
            rows: it.rows,
            schools: it.schools,
        });
        let years = outcome.map(|it| it.combined.as_slice()).unwrap_or_default().iter();
        Self {
            source,
            at: InWords(at).to_string(),
            is_applied: outcome.is_ok() && !is_dry_run,
            verdict: verdict(outcome, is_dry_run),
            rows: report.rows,
            filtered: report.filtered,
            years: years
                .map(|year| YearRow {
                    year: year.school_year.to_string(),
                    students: year.row_count,
                    without_school: year.without_school,
                    sources: year
                        .parts
                        .iter()
                        .map(|part| part.source.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                })
                .collect(),
            responses: responses.collect(),
            problems,
            unmapped: unmapped.collect(),
            more: report.unmapped.more().collect(),
            coverage: report.coverage.iter().map(coverage).collect(),
            unknown: report.unknown_columns.iter().map(String::as_str).collect(),
        }
    }

    /// Every problem, every value without a code, and how much each column
    /// holds, a row each.
    fn to_csv(&self) -> io::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["severity", "count", "column", "what", "first_places", "remedy"])?;
        let mut row = |cells: [&str; 6]| writer.write_record(cells.map(unformula));
        for it in &self.problems {
            let (count, first) = (it.count.to_string(), it.first.join("; "));
            row([it.severity, &count, &it.column, &it.what, &first, &it.remedy])?;
        }
        for it in &self.unmapped {
            let what = format!("has no code for {}: {}", it.value, it.read_as);
            row([it.severity, &it.count.to_string(), &it.column, &what, &it.first, MAP_IT])?;
        }
        for (column, count) in &self.more {
            let what = "has further values without a code, which are not listed";
            row(["notice", &count.to_string(), column, what, "", MAP_IT])?;
        }
        for column in &self.unknown {
            let remedy = "nothing has to be done; a mapping can give it to a column of Peerlight";
            row(["information", "", column, "is a column that nothing uses", "", remedy])?;
        }
        for it in &self.coverage {
            let what =
                format!("has a value in {} % of {} rows of {}", it.percent, it.rows, it.year);
            row(["information", &it.filled.to_string(), it.column, &what, "", ""])?;
        }
        writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Fatal => "fatal",
        Severity::Notice => "notice",
    }
}

fn verdict(outcome: Result<&Outcome, &str>, is_dry_run: bool) -> String {
    match outcome {
        Err(why) => format!("Not applied: {why}"),
        Ok(_) if is_dry_run => "Checked, and nothing was applied: this was a dry run.".to_owned(),
        Ok(_) => "Applied.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use peerlight_node_engine::intake::Problem;

    use super::*;

    #[test]
    fn a_refused_import_has_its_page_and_its_rows() {
        let mut report = Report { rows: 3, ..Report::default() };
        let place = Place { file: "<a>.csv".to_owned(), line: 2, value: Some("***72".to_owned()) };
        let problem = Problem {
            severity: Severity::Fatal,
            column: Some("gpa".to_owned()),
            what: "is not a number".to_owned(),
            remedy: "use digits".to_owned(),
        };
        report.problems.add(problem, place.clone());
        report.unmapped.add("gender", "\"Mujer\"".to_owned(), Some(""), place);
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("new");
        let import = ImportReport {
            source: "csv",
            report: &report,
            outcome: Err("the files were refused"),
            is_dry_run: false,
            at: UnixSeconds(0),
        };
        write(&into, &import).unwrap();
        let rows = fs::read_to_string(into.join(ROWS)).unwrap();
        for line in [
            "fatal,1,gpa,is not a number,<a>.csv line 2 (***72),use digits",
            "notice,1,gender,\"has no code for \"\"Mujer\"\": missing\",<a>.csv line 2,",
        ] {
            assert!(rows.contains(line), "{line} in\n{rows}");
        }
        let page = fs::read_to_string(into.join(PAGE)).unwrap();
        for part in
            ["Not applied: the files were refused", "&#60;a&#62;.csv line 2", "is not a number"]
        {
            assert!(page.contains(part), "{part} in\n{page}");
        }
        assert!(!page.contains("<script") && !page.contains("http"), "it is self-contained");
    }
}
