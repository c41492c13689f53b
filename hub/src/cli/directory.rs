//! `directory`: the public list of schools.

use std::path::PathBuf;

use clap::Subcommand;
use peerlight_hub_engine::public::format::{Format as FileFormat, Use};
use peerlight_proto::units::SchoolYear;
use serde_json::json;

use super::output::{Format, Table};
use crate::{
    error::Error,
    home,
    hub::{Hub, NO_DIRECTORY},
    school_features::{self, FeatureFile},
    school_file,
};

/// Where features come from unless the operator says otherwise.
const SOURCE: &str = "official public counts";

/// Verbs of `directory`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Read schools.csv, sign it and put it in force.
    ///
    /// Columns: `school_id`, `lea_id`, `name`, `level` (elementary, middle,
    /// high or k12); may be missing: `school_type`, `grade_low`, `grade_high`,
    /// `county`, `locale`, `charter`, `enrollment`, `authorizer_id`,
    /// `network_id`, and numbers such as `pct_english_learner` (0 to 100).
    ///
    /// Official files of who is in the schools may fill those numbers in;
    /// schools are matched by id.
    Import {
        /// The file; the schools in force, where official files change them.
        #[arg(required_unless_present = "features")]
        file: Option<PathBuf>,
        /// Official file of enrolment by school, as published: its format
        /// (cupc, frpm, dashboard-enrollment, census-enrollment) and path.
        /// The last of several counts.
        #[arg(long, num_args = 2, value_names = ["FORMAT", "PATH"])]
        features: Vec<String>,
        /// School year it is for, such as 2025-26. Default: the charter's.
        #[arg(long)]
        school_year: Option<SchoolYear>,
        /// Where its features come from, in words people will read. Default:
        /// the official files given, else "official public counts".
        #[arg(long)]
        source: Option<String>,
    },
    /// List the schools in force.
    Show,
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    match verb {
        Verb::Import { file, features, school_year, source } => {
            let year = match (school_year, hub.charter().await?) {
                (Some(year), _) => year,
                (None, Some(charter)) => charter.charter.school_year,
                (None, None) => {
                    let problem = "there is no charter to take it from: write 2025-26".to_owned();
                    return Err(Error::Flag { flag: "--school-year", problem });
                }
            };
            let mut schools = match &file {
                Some(file) => school_file::read_file(file, &home::read(file)?)?,
                None => school_features::schools_in_force(hub).await?,
            };
            let mut sources = Vec::new();
            for filled in school_features::fill(&mut schools, feature_files(&features)?).await? {
                eprintln!(
                    "{}: {} of the directory's {} schools found by id",
                    filled.source, filled.matched, filled.schools
                );
                sources.push(filled.source);
            }
            let source = source.unwrap_or_else(|| match sources.as_slice() {
                [] => SOURCE.to_owned(),
                sources => sources.join("; "),
            });
            let stored = school_file::publish(hub, schools, year, source).await?;
            let directory = hub.directory().await?.ok_or(NO_DIRECTORY)?;
            eprintln!(
                "directory {} is in force: {} schools of {} districts, hash {}",
                stored.number,
                directory.directory.schools.len(),
                directory.directory.leas().len(),
                stored.hash
            );
            Ok(())
        }
        Verb::Show => {
            let directory = hub.directory().await?.ok_or(NO_DIRECTORY)?;
            let rows = directory.directory.schools.iter().map(|school| {
                vec![
                    json!(school.id.as_str()),
                    json!(school.lea.as_str()),
                    json!(school.name),
                    json!(school.level.as_str()),
                    json!(school.school_type),
                    json!(school.grades.to_string()),
                    json!(school.county),
                    json!(school.enrollment),
                ]
            });
            let columns = &[
                "school_id",
                "lea_id",
                "name",
                "level",
                "school_type",
                "grades",
                "county",
                "enrollment",
            ];
            Table { name: "schools", columns, rows: rows.collect() }.print(format)
        }
    }
}

/// Formats and paths, as they follow each other on the command line.
fn feature_files(words: &[String]) -> Result<Vec<FeatureFile>, Error> {
    let pairs = words.chunks_exact(2);
    pairs
        .map(|pair| {
            let format = FileFormat::from_name(&pair[0]).ok_or_else(|| {
                let features =
                    FileFormat::ALL.into_iter().filter(|it| it.is_for() == Use::Features);
                let names: Vec<&str> = features.map(FileFormat::as_str).collect();
                let problem = format!("\"{}\" is no format: use {}", pair[0], names.join(", "));
                Error::Flag { flag: "--features", problem }
            })?;
            Ok(FeatureFile { format, path: PathBuf::from(&pair[1]) })
        })
        .collect()
}
