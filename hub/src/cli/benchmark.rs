//! `benchmark`: computes where every school stands.

use clap::Subcommand;
use serde_json::json;

use super::output::{Format, print_one};
use crate::{error::Error, hub::Hub};

/// Verbs of `benchmark`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Estimate, rank and match every school from the releases held now.
    Run,
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    let Verb::Run = verb;
    let run = hub.run_benchmarks().await?;
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
            ("schools_with_peers", json!(with_peers.len())),
        ],
        format,
    )
}
