//! What an import read, did and found wrong, as text, CSV or JSON.

use peerlight_node_engine::{
    intake::{ProblemGroup, Report, Severity, UnmappedValue},
    student::Column,
};
use peerlight_proto::units::{Grade, SchoolYear};
use serde_json::{Value, json};

use super::super::output::{Output, Table, print_json};
use crate::{
    error::Error,
    import::in_place::Census,
    records::{Applied, Outcome},
};

const fn in_words(applied: Applied) -> &'static str {
    match applied {
        Applied::New => "new",
        Applied::Replaced => "replaced",
        Applied::Unchanged => "unchanged",
        Applied::Combined => "combined under new settings",
        Applied::Checked => "checked, not applied",
    }
}

/// Prints what was read; there is no outcome where it was refused.
pub fn print_report(
    report: &Report,
    output: Output,
    outcome: Option<&Outcome>,
    absent: &[(SchoolYear, Vec<String>)],
    census: &[Census],
) -> Result<(), Error> {
    let groups: Vec<ProblemGroup> = report.problems.groups().collect();
    match output {
        Output::Json => print_json(json!({
            "applied": outcome.is_some(),
            "rows": report.rows,
            "filtered": report.filtered,
            "columns": report.columns.iter().map(Column::name).collect::<Vec<_>>(),
            "unknown_columns": report.unknown_columns,
            "years": outcome.iter().flat_map(|it| it.years.iter().zip(&it.combined)).map(
                |((year, rows, applied), combined)| json!({
                    "school_year": year, "rows": rows, "outcome": in_words(*applied),
                    "students": combined.row_count,
                    "students_without_school": combined.without_school,
                    "sources": combined.parts.iter().map(|it| &it.source).collect::<Vec<_>>(),
                })
            ).collect::<Vec<_>>(),
            "responses": outcome.iter().flat_map(|it| &it.responses).map(|it| json!({
                "school_year": it.school_year, "respondent": it.respondent.as_str(),
                "rows": it.rows, "schools": it.schools, "outcome": in_words(it.applied),
            })).collect::<Vec<_>>(),
            "unmapped": report.unmapped.values().iter().map(unmapped_json).collect::<Vec<_>>(),
            "absent_groups": absent.iter().map(|(year, sentences)| json!({
                "school_year": year, "groups": sentences,
            })).collect::<Vec<_>>(),
            "students": census.iter().map(census_json).collect::<Vec<_>>(),
            "problems": groups.iter().map(problem_json).collect::<Vec<_>>(),
        }))?,
        Output::Csv => problems(&groups).print(output)?,
        Output::Text => {
            if let Some(outcome) = outcome {
                if !outcome.years.is_empty() {
                    years(outcome).print(output)?;
                }
                if !outcome.responses.is_empty() {
                    responses(outcome).print(output)?;
                }
            }
            for year in census {
                println!();
                students(year).print(output)?;
            }
            if !groups.is_empty() {
                println!();
                problems(&groups).print(output)?;
            }
            let values = report.unmapped.values();
            if !values.is_empty() {
                println!();
                unmapped(&values).print(output)?;
            }
        }
    }
    let unknown: Vec<&str> = report.unknown_columns.iter().map(String::as_str).collect();
    if !unknown.is_empty() {
        eprintln!("Columns that nothing uses: {}.", unknown.join(", "));
    }
    eprintln!("{} rows read, {} left out.", report.rows, report.filtered);
    Ok(())
}

/// Who is in a year that a warehouse counts.
fn students(census: &Census) -> Table {
    let mut table = Table::new(&["school_year", "school_or_grade", "students"]);
    let year = census.school_year.to_string();
    for (school, rows) in &census.by_school {
        let of = if school.is_empty() { "no school" } else { school };
        table.push(vec![year.clone(), of.to_owned(), rows.to_string()]);
    }
    for (grade, rows) in &census.by_grade {
        table.push(vec![year.clone(), grade_in_words(*grade), rows.to_string()]);
    }
    table
}

fn grade_in_words(grade: Option<Grade>) -> String {
    grade.map_or_else(|| "no grade".to_owned(), |grade| format!("grade {grade}"))
}

fn census_json(census: &Census) -> Value {
    let schools = census.by_school.iter();
    let schools = schools.map(|(school, rows)| json!({"school_id": school, "students": rows}));
    let grades = census.by_grade.iter();
    let grades = grades.map(|(grade, rows)| json!({"grade": grade, "students": rows}));
    json!({
        "school_year": census.school_year,
        "by_school": schools.collect::<Vec<_>>(),
        "by_grade": grades.collect::<Vec<_>>(),
    })
}

/// What became of each year, and of the year that all sources make together.
fn years(outcome: &Outcome) -> Table {
    let mut table =
        Table::new(&["school_year", "rows", "outcome", "students", "without_school", "sources"]);
    for ((year, rows, applied), combined) in outcome.years.iter().zip(&outcome.combined) {
        let sources: Vec<&str> = combined.parts.iter().map(|it| it.source.as_str()).collect();
        table.push(vec![
            year.to_string(),
            rows.to_string(),
            in_words(*applied).to_owned(),
            combined.row_count.to_string(),
            combined.without_school.to_string(),
            sources.join(", "),
        ]);
    }
    table
}

/// What became of answers that no student's id belongs to.
fn responses(outcome: &Outcome) -> Table {
    let mut table = Table::new(&["school_year", "answers_of", "rows", "schools", "outcome"]);
    for it in &outcome.responses {
        table.push(vec![
            it.school_year.to_string(),
            it.respondent.to_string(),
            it.rows.to_string(),
            it.schools.to_string(),
            in_words(it.applied).to_owned(),
        ]);
    }
    table
}

/// Values that no code stands for.
fn unmapped(values: &[UnmappedValue]) -> Table {
    let mut table = Table::new(&["column", "value_without_a_code", "read_as", "rows", "first"]);
    for value in values {
        table.push(vec![
            value.column.clone(),
            value.value.clone(),
            value.read_as_in_words().to_owned(),
            value.count.to_string(),
            value.first.to_string(),
        ]);
    }
    table
}

fn unmapped_json(value: &UnmappedValue) -> Value {
    json!({
        "column": value.column, "value": value.value, "read_as": value.read_as,
        "count": value.count, "file": value.first.file, "line": value.first.line,
    })
}

const fn severity(group: &ProblemGroup) -> &'static str {
    match group.problem.severity {
        Severity::Fatal => "fatal",
        Severity::Notice => "notice",
    }
}

fn problem_json(group: &ProblemGroup) -> Value {
    let first: Vec<_> = group
        .first
        .iter()
        .map(|place| json!({"file": place.file, "line": place.line, "value": place.value}))
        .collect();
    json!({
        "severity": severity(group),
        "column": group.problem.column,
        "problem": group.problem.what,
        "remedy": group.problem.remedy,
        "count": group.count,
        "first": first,
    })
}

fn problems(groups: &[ProblemGroup]) -> Table {
    let mut table = Table::new(&["severity", "count", "column", "problem", "first", "remedy"]);
    for group in groups {
        let first: Vec<String> = group
            .first
            .iter()
            .map(|place| {
                let value = place.value.as_ref();
                let value = value.map(|value| format!(" {value}")).unwrap_or_default();
                format!("{}:{}{value}", place.file, place.line)
            })
            .collect();
        table.push(vec![
            severity(group).to_owned(),
            group.count.to_string(),
            group.problem.column.clone().unwrap_or_default(),
            group.problem.what.clone(),
            first.join("; "),
            group.problem.remedy.clone(),
        ]);
    }
    table
}
