//! A benchmark run as pages, API and publications read it.

use std::sync::Arc;

use peerlight_hub_engine::analysis::Analysis;
use peerlight_proto::units::UnixSeconds;

use crate::{error::Error, hub::Hub, in_force::InForce};

/// What one run found, with what it was computed from.
pub struct Run {
    /// Counts up with every run.
    pub number: u64,
    /// When it was finished.
    pub finished_at: UnixSeconds,
    /// Charter and directory it was made under: positions in `analysis` are
    /// positions in this directory.
    pub in_force: Arc<InForce>,
    /// What it found.
    pub analysis: Analysis,
}

impl Hub {
    /// The newest benchmark run, if there is one.
    pub async fn newest_run(&self) -> Result<Option<Arc<Run>>, Error> {
        // Runs are not stored yet.
        self.charter().await.map(|_| None)
    }
}
