//! `benchmark`: computes where every school stands.

use clap::Subcommand;
use serde_json::json;

use super::output::{Format, print_one};
use crate::{
    error::Error,
    hub::Hub,
    official_prior::{self, Priors},
};

/// Verbs of `benchmark`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Estimate, rank and match every school from the releases held now.
    Run {
        /// What is believed of a school before its own estimate is seen: what
        /// the network's schools are like, or its official result of an
        /// earlier year too, where `public import` brought one. It moves ranks
        /// and levels of small schools, never the estimates shown.
        #[arg(long, value_enum, default_value_t = Priors::Network)]
        priors: Priors,
    },
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    let Verb::Run { priors } = verb;
    let run = hub.run_benchmarks_with(priors).await?;
    for used in official_prior::words(&run.official) {
        eprintln!("official results: {used}");
    }
    if priors == Priors::Official && run.official.is_empty() {
        eprintln!("official results: none of an earlier year is like a measure of the charter");
    }
    for (head, reason) in &run.left_out {
        eprintln!("left out: {} {} of {}: {reason}", head.program, head.period, head.member);
    }
    let shown = run.analysis.benchmarks.iter().filter(|row| row.precision.is_shown()).count();
    let with_peers = run
        .analysis
        .peers
        .iter()
        .filter(|peers| !peers.answer.peers.is_empty())
        .map(|peers| peers.school)
        .collect::<std::collections::BTreeSet<_>>();
    print_one(
        &[
            ("benchmark_run", json!(run.number)),
            ("releases", json!(run.sources.len())),
            ("releases_left_out", json!(run.left_out.len())),
            ("schools", json!(run.in_force.directory.directory.schools.len())),
            ("cells", json!(run.analysis.benchmarks.len())),
            ("cells_shown", json!(shown)),
            ("official_results_used", json!(run.official.len())),
            ("schools_with_peers", json!(with_peers.len())),
        ],
        format,
    )
}
