//! A benchmark run: what was found about every school, from which releases.
//!
//! The database keeps a run's inputs: charter, directory, releases and seed.
//! The engine gives the same results from them to the last bit, so results
//! are computed when they are first asked for, once a process and run.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use peerlight_hub_engine::{
    analysis::{Analysis, Input, analyse},
    estimate::Release,
};
use peerlight_proto::{
    names::{MemberId, ProgramId},
    units::UnixSeconds,
    wire,
};

use crate::{
    error::Error,
    hub::Hub,
    in_force::InForce,
    store::{
        approval,
        benchmark_run::{self, StoredRun},
        inconsistent, release,
    },
};

/// What one run found, with what it was computed from.
pub struct Run {
    /// Counts up with every run.
    pub number: u64,
    /// When it was made.
    pub finished_at: UnixSeconds,
    /// Charter and directory it was made under: positions in `analysis` are
    /// positions in this directory.
    pub in_force: Arc<InForce>,
    /// What it found.
    pub analysis: Analysis,
    /// How many releases it is from.
    pub releases: usize,
}

impl Hub {
    /// Runs the benchmarks over every release of the charter's school year.
    pub async fn run_benchmarks(&self) -> Result<Arc<Run>, Error> {
        let in_force = self.in_force().await?;
        let year = in_force.charter.charter.school_year;
        let heads = release::list(&self.store, year.ending_year()).await?;
        if heads.is_empty() {
            return Err(Error::NoReleases(year));
        }
        let stored = StoredRun {
            number: 0,
            charter: in_force.charter.charter.number,
            directory: in_force.directory.directory.number,
            seed: u64::from(in_force.charter.charter.school_year.ending_year()),
            finished_at: self.now(),
            releases: heads.into_iter().map(|head| (head.member, head.release_id)).collect(),
        };
        benchmark_run::insert(&self.store, &stored).await?;
        self.newest_run().await?.ok_or_else(|| inconsistent("benchmark_run", "number"))
    }

    /// The newest benchmark run, if there is one.
    pub async fn newest_run(&self) -> Result<Option<Arc<Run>>, Error> {
        // Held while computing: a second caller waits instead of computing too.
        let mut known = self.newest_run.lock().await;
        let newest = benchmark_run::newest_number(&self.store).await?;
        if newest == 0 || known.as_ref().is_some_and(|run| run.number == newest) {
            return Ok(known.clone());
        }
        let Some(stored) = benchmark_run::find(&self.store, newest).await? else {
            return Ok(None);
        };
        let run = Arc::new(self.compute(stored).await?);
        *known = Some(Arc::clone(&run));
        Ok(Some(run))
    }

    async fn compute(&self, stored: StoredRun) -> Result<Run, Error> {
        let in_force = Arc::new(self.once_in_force(stored.charter, stored.directory).await?);
        let wanted: BTreeSet<_> = stored.releases.into_iter().collect();
        let releases = self.releases(&in_force, |head| {
            wanted.contains(&(head.member.clone(), head.release_id.clone()))
        });
        let releases = releases.await?;
        let count = releases.len();
        let offered = self.offered(&in_force).await?;
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let both = Arc::clone(&in_force);
        let seed = stored.seed;
        let analysis = tokio::task::spawn_blocking(move || {
            analyse(&Input {
                charter: &both.charter.charter,
                directory: &both.directory.directory,
                offered: &offered,
                releases: &releases,
                frozen: &BTreeMap::new(),
                seed,
                threads,
            })
        });
        Ok(Run {
            number: stored.number,
            finished_at: stored.finished_at,
            in_force,
            analysis: analysis.await.map_err(|_| Error::Stopping)?,
            releases: count,
        })
    }

    /// The stored releases of the charter's year that `wanted` picks, with
    /// their noisy integers.
    pub async fn releases(
        &self,
        in_force: &InForce,
        wanted: impl Fn(&release::Head) -> bool,
    ) -> Result<Vec<Release>, Error> {
        let year = in_force.charter.charter.school_year.ending_year();
        let mut releases = Vec::new();
        for head in release::list(&self.store, year).await? {
            if !wanted(&head) {
                continue;
            }
            let step = (&head.program, &head.period);
            let layout =
                in_force.layout(head.charter_hash, head.directory_hash, &head.member, step);
            // Made under a charter or directory two changes ago: its cells
            // cannot be told any more.
            let Some(layout) = layout else {
                tracing::warn!(member = %head.member, release = %head.release_id, "left out");
                continue;
            };
            let payload = release::find_payload(&self.store, &head.member, &head.release_id);
            let payload = payload.await?.ok_or_else(|| inconsistent("release", "payload"))?;
            let blocks = wire::decode_payload(&payload, &layout)
                .map_err(|problem| inconsistent("release", &problem))?;
            releases.push(Release { member: head.member, layout, blocks });
        }
        Ok(releases)
    }

    /// What each member declared under a charter.
    pub async fn offered(
        &self,
        in_force: &InForce,
    ) -> Result<BTreeMap<MemberId, BTreeSet<ProgramId>>, Error> {
        let approvals = approval::list(&self.store, in_force.charter.hash).await?;
        Ok(approvals
            .into_iter()
            .map(|approval| (approval.member, approval.offered.into_iter().collect()))
            .collect())
    }
}
