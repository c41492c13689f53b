//! A benchmark run: what was found about every school, from which releases.
//!
//! The database keeps a run's inputs: charter, directory, releases and seed.
//! The engine gives the same results from them to the last bit, so results
//! are computed when they are first asked for, once a process and run.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use peerlight_hub_engine::{
    analysis::{Analysis, Input, analyse},
    comparable::LeftOut,
    pooling::{EARLIER_YEARS, EarlierYear},
};
use peerlight_proto::{
    names::{MemberId, ProgramId, ReleaseId},
    units::UnixSeconds,
};

use crate::{
    error::Error,
    gather::Gathered,
    hub::Hub,
    in_force::InForce,
    official_prior::{self, Priors},
    store::{
        approval,
        benchmark_run::{self, OfficialPrior, StoredRun},
        cut_point, inconsistent,
        release::{self, Head},
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
    /// What each member had declared; members that approved nothing are absent.
    pub offered: BTreeMap<MemberId, BTreeSet<ProgramId>>,
    /// What it found.
    pub analysis: Analysis,
    /// The releases it was made from, those of earlier years included.
    pub sources: HashSet<(MemberId, ReleaseId)>,
    /// Releases that could not be used, and why.
    pub left_out: Vec<(Head, LeftOut)>,
    /// Official results that it took for what is believed of schools.
    pub official: Vec<OfficialPrior>,
}

impl Hub {
    /// Runs the benchmarks over every release of the charter's school year.
    pub async fn run_benchmarks(&self) -> Result<Arc<Run>, Error> {
        self.run_benchmarks_with(Priors::Network).await
    }

    /// The same, and says what is believed of a school before its estimate.
    pub async fn run_benchmarks_with(&self, priors: Priors) -> Result<Arc<Run>, Error> {
        let in_force = self.in_force().await?;
        let year = in_force.charter.charter.school_year;
        let mut heads = release::list(&self.store, year.ending_year()).await?;
        if heads.is_empty() {
            return Err(Error::NoReleases(year));
        }
        for years in 1..=EARLIER_YEARS {
            heads.extend(release::list(&self.store, year.earlier(years).ending_year()).await?);
        }
        let stored = StoredRun {
            number: 0,
            charter: in_force.charter.charter.number,
            directory: in_force.directory.directory.number,
            seed: u64::from(in_force.charter.charter.school_year.ending_year()),
            finished_at: self.now(),
            releases: heads.iter().map(Head::key).collect(),
            official: match priors {
                Priors::Network => Vec::new(),
                Priors::Official => official_prior::choose(self, &in_force).await?,
            },
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
        let school_year = in_force.charter.charter.school_year;
        let year = school_year.ending_year();
        let wanted = |head: &Head| stored.releases.contains(&head.key());
        let Gathered { releases, left_out } = self.gather(&in_force, wanted).await?;
        let (mut earlier, mut unused) = (Vec::new(), Vec::new());
        for years in 1..=EARLIER_YEARS {
            let school_year = school_year.earlier(years);
            let found = self.gather_year(&in_force, school_year, wanted).await?;
            unused.extend(found.left_out);
            if !found.releases.is_empty() {
                earlier.push(EarlierYear { school_year, releases: found.releases });
            }
        }
        let offered = self.offered(stored.finished_at).await?;
        let frozen = cut_point::before(&self.store, year, stored.number).await?;
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (both, declared) = (Arc::clone(&in_force), offered.clone());
        let seed = stored.seed;
        let anchors = official_prior::anchors(&in_force, &stored.official);
        let analysis = tokio::task::spawn_blocking(move || {
            analyse(&Input {
                charter: &both.charter.charter,
                directory: &both.directory.directory,
                offered: &declared,
                releases: &releases,
                earlier: &earlier,
                frozen: &frozen,
                anchors: &anchors,
                seed,
                threads,
            })
        });
        let analysis = analysis.await.map_err(|_| Error::Stopping)?;
        let StoredRun { number, finished_at, mut releases, official, .. } = stored;
        for (head, _) in left_out.iter().chain(&unused) {
            releases.remove(&head.key());
        }
        let sources = releases;
        Ok(Run { number, finished_at, in_force, offered, analysis, sources, left_out, official })
    }

    /// What each member had declared at an instant, by its newest approval
    /// then. A member that has yet to approve a new charter keeps to what it
    /// declared under the one before.
    pub async fn offered(
        &self,
        at: UnixSeconds,
    ) -> Result<BTreeMap<MemberId, BTreeSet<ProgramId>>, Error> {
        let approvals = approval::list_until(&self.store, at).await?;
        Ok(approvals
            .into_iter()
            .map(|approval| (approval.member, approval.offered.into_iter().collect()))
            .collect())
    }
}
