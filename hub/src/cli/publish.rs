//! `publish`: freezes and signs what the newest benchmark run found.

use clap::Args;
use peerlight_proto::names::ReleaseId;
use serde_json::json;

use super::output::{Format, print_one};
use crate::{error::Error, hub::Hub, publication::write::publish};

/// Flags of `publish`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Its name, such as 2026-F. Default: the school year and the run's number.
    #[arg(long)]
    name: Option<ReleaseId>,
}

/// Publishes.
pub async fn run(hub: &Hub, arguments: Arguments, format: Format) -> Result<(), Error> {
    let published = publish(hub, arguments.name).await?;
    let manifest = &published.manifest;
    print_one(
        &[
            ("version", json!(manifest.version.as_str())),
            ("path", json!(published.folder.display().to_string())),
            ("benchmark_run", json!(manifest.benchmark_run)),
            ("files", json!(manifest.files.len())),
        ],
        format,
    )
}
