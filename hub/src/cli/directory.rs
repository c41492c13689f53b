//! `directory`: the public list of schools.

use std::path::PathBuf;

use clap::Subcommand;
use peerlight_proto::units::SchoolYear;
use serde_json::json;

use super::output::{Format, Table};
use crate::{
    error::Error,
    home,
    hub::{Hub, NO_DIRECTORY},
    school_file,
};

/// Verbs of `directory`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Read schools.csv, sign it and put it in force.
    ///
    /// Columns: `school_id`, `lea_id`, `name`, `level` (elementary, middle,
    /// high or k12); may be missing: `school_type`, `grade_low`, `grade_high`,
    /// `county`, `locale`, `charter`, `enrollment`, `authorizer_id`,
    /// `network_id`, and numbers such as `pct_english_learner` (0 to 100).
    Import {
        /// The file.
        file: PathBuf,
        /// School year it is for, such as 2025-26. Default: the charter's.
        #[arg(long)]
        school_year: Option<SchoolYear>,
        /// Where its features come from, in words people will read.
        #[arg(long, default_value = "official public counts")]
        source: String,
    },
    /// List the schools in force.
    Show,
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    match verb {
        Verb::Import { file, school_year, source } => {
            let year = match (school_year, hub.charter().await?) {
                (Some(year), _) => year,
                (None, Some(charter)) => charter.charter.school_year,
                (None, None) => {
                    let problem = "there is no charter to take it from: write 2025-26".to_owned();
                    return Err(Error::Flag { flag: "--school-year", problem });
                }
            };
            let text = home::read(&file)?;
            let stored = school_file::import(hub, &file, &text, year, source).await?;
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
