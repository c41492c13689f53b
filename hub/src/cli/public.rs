//! `public`: official public results, which cost no privacy budget.

use std::path::PathBuf;

use clap::{Subcommand, builder::TypedValueParser};
use peerlight_hub_engine::public::{format::Format as FileFormat, intake::Stated};
use peerlight_proto::units::SchoolYear;
use serde_json::json;

use super::output::{Format, Table, print_one};
use crate::{
    error::Error,
    hub::Hub,
    public_file::{self, Outcome},
    store,
};

/// Verbs of `public`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take in an official file in place of the one of its series and year.
    ///
    /// The file is read as it was published: plain, .gz or .zip. Columns are
    /// found by name. It is refused whole where anything in it is wrong, with
    /// every fault, its line, column and remedy.
    Import {
        /// What kind of file it is.
        #[arg(value_parser = file_formats())]
        format: FileFormat,
        /// The file.
        path: PathBuf,
        /// School year it has to be of, such as 2023-24; any where absent.
        #[arg(long)]
        year: Option<SchoolYear>,
        /// Indicator of a Dashboard file that does not say it itself: ELA,
        /// MATH, CHRO, SUSP, GRAD, ELPI or CCI.
        #[arg(long)]
        indicator: Option<String>,
    },
    /// List the official files held.
    List,
}

/// Reads the name of a format, and lists them all where it is not one.
pub fn file_formats() -> impl TypedValueParser<Value = FileFormat> {
    let names = FileFormat::ALL.map(FileFormat::as_str);
    clap::builder::PossibleValuesParser::new(names)
        .map(|name| FileFormat::from_name(&name).expect("only names of formats are accepted"))
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    match verb {
        Verb::Import { format: file_format, path, year, indicator } => {
            let stated = Stated { year, indicator };
            let outcome = public_file::import(hub, file_format, path, stated).await?;
            say(&outcome);
            print(&outcome, format)
        }
        Verb::List => list(hub, format).await,
    }
}

fn say(outcome: &Outcome) {
    let tally = outcome.imported.tally;
    eprintln!(
        "{}: {} of {}, {} results of {} schools, of which {} are in the directory",
        outcome.done.as_str(),
        outcome.held.format.label(),
        outcome.held.school_year,
        outcome.held.results,
        outcome.held.schools,
        outcome.in_directory
    );
    eprintln!(
        "{} rows: {} about districts, counties or the state, {} of other tests, groups or grades; \
         {} results are not published",
        tally.rows, tally.not_a_school, tally.left_out, tally.not_published
    );
}

fn print(outcome: &Outcome, format: Format) -> Result<(), Error> {
    let (held, tally) = (&outcome.held, outcome.imported.tally);
    let fields = [
        ("state", json!(outcome.done.as_str())),
        ("source", json!(held.source)),
        ("school_year", json!(held.school_year.to_string())),
        ("file", json!(held.file_name)),
        ("sha256", json!(held.digest.to_string())),
        ("rows", json!(tally.rows)),
        ("schools", json!(held.schools)),
        ("schools_in_directory", json!(outcome.in_directory)),
        ("results", json!(held.results)),
        ("not_published", json!(held.not_published)),
        ("not_about_a_school", json!(tally.not_a_school)),
        ("left_out", json!(tally.left_out)),
    ];
    print_one(&fields, format)
}

async fn list(hub: &Hub, format: Format) -> Result<(), Error> {
    let held = store::public_file::list(&hub.store).await?;
    let rows = held.into_iter().map(|held| {
        let at = chrono::DateTime::from_timestamp(held.imported_at.0, 0);
        vec![
            json!(held.source),
            json!(held.school_year.to_string()),
            json!(held.format.as_str()),
            json!(held.file_name),
            json!(held.schools),
            json!(held.results),
            json!(held.not_published),
            json!(held.rows),
            json!(at.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())),
            json!(held.digest.to_string()),
        ]
    });
    let columns = &[
        "source",
        "school_year",
        "format",
        "file",
        "schools",
        "results",
        "not_published",
        "rows",
        "imported_at",
        "sha256",
    ];
    Table { name: "public_files", columns, rows: rows.collect() }.print(format)
}
