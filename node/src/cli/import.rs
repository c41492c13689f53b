//! `import csv`: reads a folder or file, says all that is wrong with it at
//! once, and applies all of it or nothing.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use peerlight_node_engine::{
    intake::{ChangeLimits, Mapping, ProblemGroup, Report, Schools, Severity, StudentYears},
    measure::absent_groups,
    student::Column,
};
use peerlight_proto::units::SchoolYear;
use serde_json::{Value, json};

use super::{
    Context,
    output::{Output, Table, print_json, say_absent_groups},
};
use crate::{
    calendar,
    error::Error,
    exact,
    node::Node,
    records::{self, Applied, ImportOptions},
    source::{
        self,
        csv::{self, CsvError, Read},
        mapping,
    },
    store::audit,
};

/// Rows that are looked at to suggest a mapping.
const SAMPLE: usize = 2_000;

/// Import what the district already has; a year's file replaces that year.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node import csv exports/
  peerlight-node import csv exports/student_years.csv.gz --dry-run
  peerlight-node import csv sis.csv --suggest-map > map.toml
  peerlight-node import csv sis.csv --map map.toml --as-of 2026-06-12

All problems are reported at once, with ids of students masked. If one is fatal,
nothing is applied. Importing the same file twice changes nothing.")]
pub struct ImportArgs {
    #[command(subcommand)]
    format: Format,
}

#[derive(Subcommand)]
enum Format {
    /// Peerlight CSV, or any CSV with a mapping file.
    Csv(CsvArgs),
}

#[derive(Args)]
struct CsvArgs {
    /// A folder, or one .csv or .csv.gz file.
    path: PathBuf,
    /// Renames, value maps, constants, filters and derivations.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Print a first mapping file for this file and stop.
    #[arg(long, conflicts_with = "map")]
    suggest_map: bool,
    /// Check everything and apply nothing.
    #[arg(long)]
    dry_run: bool,
    /// Apply although much changed since the last import.
    #[arg(long)]
    accept_change: bool,
    /// Civil date the values are cumulative to.
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<String>,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &ImportArgs, context: &Context) -> Result<(), Error> {
    let Format::Csv(args) = &args.format;
    if args.suggest_map {
        let (header, rows) = csv::sample(&args.path, SAMPLE)?;
        print!("{}", source::suggest(&header, &rows));
        return Ok(());
    }
    if args.as_of.as_ref().is_some_and(|date| !calendar::is_date(date)) {
        return Err(Error::Usage("--as-of is not a civil date: write YYYY-MM-DD".to_owned()));
    }
    let node = context.node(&[]).await?;
    let read = match read(&node, &args.path, args.map.as_deref()).await {
        Err(Error::Csv(CsvError::Refused(refused))) => {
            print_report(&refused.report, args.output, None, &[])?;
            return Err(Error::Csv(CsvError::Refused(refused)));
        }
        other => other?,
    };
    let percent = node.config.accept_change_percent;
    let options = ImportOptions {
        source: "csv".to_owned(),
        as_of: args.as_of.clone(),
        accept_change: args.accept_change,
        dry_run: args.dry_run,
        limits: ChangeLimits { rows_percent: percent, share_points: percent },
    };
    let held = exact::records(&node)?;
    let now = node.clock.now();
    let outcome = records::apply(&node.store, &held, &read, &options, now).await?;
    if !args.dry_run && outcome.years.iter().any(|(_, _, applied)| *applied != Applied::Unchanged) {
        let years: Vec<String> = outcome.years.iter().map(|(year, ..)| year.to_string()).collect();
        audit::insert(&node.store, now, "peerlight-node", "import csv", &years.join(", ")).await?;
    }
    let absent = absent(&node, &read).await?;
    print_report(&read.imported.report, args.output, Some(&outcome.years), &absent)?;
    for (year, sentences) in &absent {
        say_absent_groups(*year, sentences);
    }
    Ok(())
}

/// Which student groups each imported year cannot tell, a sentence each.
async fn absent(node: &Node, read: &Read) -> Result<Vec<(SchoolYear, Vec<String>)>, Error> {
    let charter = node.documents().await?.charter.document;
    let of_year = |years: &StudentYears| {
        let absent = absent_groups(&charter, |_| true, years.columns());
        (years.school_year, absent.iter().map(ToString::to_string).collect())
    };
    Ok(read.imported.years.iter().map(of_year).collect())
}

/// Reads the files off the async threads.
async fn read(node: &Node, path: &Path, map: Option<&Path>) -> Result<Read, Error> {
    let member = node.membership()?.member;
    let directory = node.documents().await?.directory.document;
    let map = match map {
        Some(file) => mapping::read(file)?,
        None => Mapping::default(),
    };
    let path = path.to_owned();
    let work = move || csv::read(&path, &map, Schools::new(&directory, &member));
    match tokio::task::spawn_blocking(work).await {
        Ok(read) => Ok(read?),
        Err(_) => Err(Error::Absent("the import was interrupted: try again".to_owned())),
    }
}

type Years = [(SchoolYear, u64, Applied)];

const fn in_words(applied: Applied) -> &'static str {
    match applied {
        Applied::New => "new",
        Applied::Replaced => "replaced",
        Applied::Unchanged => "unchanged",
        Applied::Checked => "checked, not applied",
    }
}

fn print_report(
    report: &Report,
    output: Output,
    years: Option<&Years>,
    absent: &[(SchoolYear, Vec<String>)],
) -> Result<(), Error> {
    let groups: Vec<ProblemGroup> = report.problems.groups().collect();
    match output {
        Output::Json => print_json(json!({
            "applied": years.is_some(),
            "rows": report.rows,
            "filtered": report.filtered,
            "columns": report.columns.iter().map(Column::name).collect::<Vec<_>>(),
            "unknown_columns": report.unknown_columns,
            "years": years.unwrap_or_default().iter().map(|(year, rows, applied)| json!({
                "school_year": year, "rows": rows, "outcome": in_words(*applied),
            })).collect::<Vec<_>>(),
            "absent_groups": absent.iter().map(|(year, sentences)| json!({
                "school_year": year, "groups": sentences,
            })).collect::<Vec<_>>(),
            "problems": groups.iter().map(problem_json).collect::<Vec<_>>(),
        }))?,
        Output::Csv => problems(&groups).print(output)?,
        Output::Text => {
            if let Some(years) = years {
                let mut table = Table::new(&["school_year", "students", "outcome"]);
                for (year, rows, applied) in years {
                    table.push(vec![
                        year.to_string(),
                        rows.to_string(),
                        in_words(*applied).to_owned(),
                    ]);
                }
                table.print(output)?;
            }
            if !groups.is_empty() {
                println!();
                problems(&groups).print(output)?;
            }
        }
    }
    let unknown: Vec<&str> = report.unknown_columns.iter().map(String::as_str).collect();
    if !unknown.is_empty() {
        eprintln!("Columns that nothing uses: {}.", unknown.join(", "));
    }
    eprintln!("{} rows read, {} left out by the mapping.", report.rows, report.filtered);
    Ok(())
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
