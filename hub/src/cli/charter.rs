//! `charter`: the policy in force, and a new one.

use std::path::PathBuf;

use clap::Subcommand;
use peerlight_proto::{charter::ProgramKind, units::SchoolYear};
use serde_json::json;

use super::output::{Format, Table};
use crate::{
    error::Error,
    home,
    hub::{Hub, NO_CHARTER},
    proposal,
};

/// Verbs of `charter`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show the charter in force: what districts release, when, for which share.
    Show {
        /// Print the signed document itself, as TOML.
        #[arg(long)]
        document: bool,
    },
    /// Sign a new charter and put it in force. Districts release nothing under
    /// it before they approve it.
    Propose {
        /// TOML with an optional `[policy]` (replaces the shipped one part by
        /// part) and an optional `[catalogue]` (adds or replaces definitions).
        file: Option<PathBuf>,
        /// Privacy budget: strict (epsilon 1), standard (4) or detailed (8)
        /// per student and year. Default: the file's, else standard.
        #[arg(long)]
        preset: Option<String>,
        /// School year it is for, such as 2025-26. Default: the directory's.
        #[arg(long)]
        school_year: Option<SchoolYear>,
        /// Keep only these programs (and the counts they divide by), comma between.
        #[arg(long, value_delimiter = ',')]
        offer: Vec<String>,
    },
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    match verb {
        Verb::Show { document: true } => {
            let charter = hub.charter().await?.ok_or(NO_CHARTER)?;
            print!("{}", String::from_utf8_lossy(&charter.signed.document));
            Ok(())
        }
        Verb::Show { document: false } => show(hub, format).await,
        Verb::Propose { file, preset, school_year, offer } => {
            let text = match &file {
                None => String::new(),
                Some(path) => String::from_utf8_lossy(&home::read(path)?).into_owned(),
            };
            let wish = proposal::Wish { file, text, preset, school_year, offer };
            let stored = proposal::propose(hub, wish).await?;
            eprintln!(
                "charter {} is in force: {} programs, hash {}",
                stored.number,
                hub.charter().await?.map_or(0, |c| c.charter.policy.programs.len()),
                stored.hash
            );
            eprintln!("districts see it at their next sync and have to approve it");
            Ok(())
        }
    }
}

async fn show(hub: &Hub, format: Format) -> Result<(), Error> {
    let signed = hub.charter().await?.ok_or(NO_CHARTER)?;
    let charter = &signed.charter;
    eprintln!(
        "charter {} of {} for {}: epsilon {} ({}) per student and year",
        charter.number,
        charter.consortium,
        charter.school_year,
        charter.policy.budget.epsilon,
        charter.policy.budget.preset
    );
    eprintln!("hash {}", signed.hash);
    let reserve_part = charter
        .policy
        .reserve
        .map_or(0.0, |reserve| f64::from(reserve.share) / 100.0 / f64::from(reserve.releases));
    if let Some(reserve) = charter.policy.reserve {
        eprintln!(
            "kept in reserve: {} % of the year, for at most {} releases: corrections that districts \
             make, and one question (a program with from_reserve = true)",
            f64::from(reserve.share) / 100.0,
            reserve.releases
        );
    }
    let mut rows = Vec::new();
    for program in &charter.policy.programs {
        let (kind, what) = match &program.kind {
            ProgramKind::Count { population } => ("count", population.to_string()),
            ProgramKind::Measure { measure } => ("measure", measure.to_string()),
            ProgramKind::GrowthHistogram { subject } => ("growth_histogram", subject.to_string()),
            ProgramKind::GrowthMean { subject } => ("growth_mean", subject.to_string()),
        };
        for period in &program.periods {
            rows.push(vec![
                json!(program.id.as_str()),
                json!(period.id.as_str()),
                json!(period.due),
                json!(kind),
                json!(what),
                json!(program.grades.to_string()),
                json!(if program.from_reserve {
                    reserve_part
                } else {
                    f64::from(program.share) / 100.0
                }),
                json!(program.margins),
            ]);
        }
    }
    let columns =
        &["program", "period", "due", "kind", "releases", "grades", "share_percent", "margins"];
    Table { name: "programs", columns, rows }.print(format)
}
