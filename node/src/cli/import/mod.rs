//! `import`: reads what the district has, says all that is wrong with it at
//! once, and applies all of it or nothing.
//!
//! One file a format says how it is read; what becomes of it is the same.

mod apply;
mod assessment;
mod bundle;
mod csv;
mod edfi;
mod print;
mod progress;
mod sql;
mod survey;

use clap::{Args, Subcommand};
use peerlight_node_engine::intake::assessment::Format as Assessment;

use super::Context;
use crate::error::Error;

/// Import what the district already has; a year's file replaces that year of
/// its source.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node import csv exports/
  peerlight-node import csv exports/student_years.csv.gz --dry-run
  peerlight-node import csv sis.csv --suggest-map > map.toml
  peerlight-node import csv sis.csv --map map.toml --as-of 2026-06-12
  peerlight-node import caaspp TestedStudentScoreData_2026.xlsx
  peerlight-node import nsc return.csv --year 2025-26
  peerlight-node import calpads extracts/2025-26/
  peerlight-node import calpads-report reports/2025-26/
  peerlight-node import oneroster roster.zip
  peerlight-node import edfi interchange/ --year 2025-26
  peerlight-node import edfi https://ods.district.org/api --year 2025-26 \
      --client-id-file id --secret-file secret
  peerlight-node import survey answers.csv --map survey.toml
  peerlight-node import sql postgres://reader@db/warehouse --view analytics.student_years

All problems are reported at once, with ids of students masked. If one is fatal,
nothing is applied. Importing the same file twice changes nothing.")]
pub struct ImportArgs {
    #[command(subcommand)]
    format: Format,
}

#[derive(Subcommand)]
enum Format {
    /// Peerlight CSV, `survey_responses.csv` too, or any CSV with a mapping file.
    Csv(csv::CsvArgs),
    /// CAASPP student scores: Smarter Balanced and the California Science Test.
    Caaspp(assessment::ScoreArgs),
    /// ELPAC student scores: whether English learners made progress.
    Elpac(assessment::ScoreArgs),
    /// Clearinghouse return file: who of the graduates went to college.
    Nsc(assessment::NscArgs),
    /// CALPADS files: SENR, SINF, SELA, SPRG, STAS, SIRS, SCSC, CENR.
    Calpads(bundle::BundleArgs),
    /// CALPADS reports, exported as CSV or Excel: 8.1, 14.2, 7.12, 15.2, 15.1.
    CalpadsReport(bundle::ReportArgs),
    /// A `OneRoster` 1.1 or 1.2 CSV bundle: a zip or its folder.
    #[command(name = "oneroster")]
    OneRoster(bundle::BundleArgs),
    /// Ed-Fi: interchange files (XML), or an API.
    #[command(name = "edfi")]
    EdFi(edfi::EdFiArgs),
    /// Answers of students, staff or parents to a survey, by a map of its questions.
    Survey(survey::SurveyArgs),
    /// A view of a warehouse that speaks the PostgreSQL wire protocol.
    Sql(sql::SqlArgs),
}

pub async fn run(args: &ImportArgs, context: &Context) -> Result<(), Error> {
    match &args.format {
        Format::Csv(args) => csv::run(args, context).await,
        Format::Caaspp(args) => assessment::scores(args, Assessment::Caaspp, context).await,
        Format::Elpac(args) => assessment::scores(args, Assessment::Elpac, context).await,
        Format::Nsc(args) => assessment::nsc(args, context).await,
        Format::Calpads(args) => bundle::calpads(args, context).await,
        Format::CalpadsReport(args) => bundle::calpads_report(args, context).await,
        Format::OneRoster(args) => bundle::oneroster(args, context).await,
        Format::EdFi(args) => edfi::run(args, context).await,
        Format::Survey(args) => survey::run(args, context).await,
        Format::Sql(args) => sql::run(args, context).await,
    }
}
