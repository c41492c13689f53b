//! Noise, charge, commit and seal of one district's whole year of releases,
//! beside what the same machine needs for the noise and the sealing alone.
//!
//! 100 schools of 1,000 students under the shipped charter, of a running count
//! its first step; every release is its own transaction, charge and envelope,
//! on a database that flushes every commit. The totals are made up: how long
//! noise takes does not depend on them. The contribution journal has met
//! nobody.

use std::{num::NonZeroUsize, thread};

use anyhow::Context;
use peerlight_node::{
    home::Home,
    journal::Book,
    keys::Keys,
    release::{
        prepare::prepare,
        seal::{Sender, seal},
    },
    store::{
        Store, approvals,
        outbox::{self, OutboxRelease},
    },
};
use peerlight_node_engine::privacy::exact::ExactRelease;
use peerlight_proto::{envelope, layout::ReleaseLayout, units::SchoolYear, v1::EnvelopeHeader};

use super::{
    BenchContext, Row,
    district::{District, NOW},
    noise::library,
};
use crate::clock::{Stopwatch, timed};

const SCHOOLS: usize = 100;
const ROUNDS: usize = 5;

/// Seconds of one round.
#[derive(Clone, Copy)]
struct Round {
    prepare: f64,
    seal: f64,
}

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let district = District::new(SCHOOLS, SchoolYear::ending(2026)?)?;
    let cells: usize = district.layouts.iter().map(ReleaseLayout::cells).sum();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rounds = Vec::new();
    let mut sealed_bytes = 0;
    for number in 0..ROUNDS {
        context.say(&format!("releasing a year, round {} of {ROUNDS}", number + 1));
        let home = Home::at(context.scratch().join(format!("node-{number}")));
        let (round, bytes) = runtime.block_on(district.release(&home))?;
        rounds.push(round);
        sealed_bytes = bytes;
    }
    rounds.sort_by(|a, b| (a.prepare + a.seal).total_cmp(&(b.prepare + b.seal)));
    let median = rounds[ROUNDS / 2];
    let total = median.prepare + median.seal;

    context.say("drawing the same noise by the library alone");
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let (drawn, drawing) = timed(|| district.library_noise(threads));
    drawn?;
    let (sealed, sealing) = timed(|| district.library_sealing());
    sealed?;
    let limit = drawing + sealing;
    Ok(vec![
        Row::at_most("noise, charge, commit and seal, median", total, "s", 1.0),
        Row::note("of it noise, charge and commit", median.prepare, "s"),
        Row::note("of it seal", median.seal, "s"),
        Row::note("cells", cells as f64, "cells"),
        Row::note("releases", district.layouts.len() as f64, "releases"),
        Row::note("sealed", sealed_bytes as f64, "bytes"),
        Row::note("the library's noise alone", cells as f64 / drawing, "cells/s"),
        Row::note(format!("limit: noise on {threads} threads and sealing alone"), limit, "s"),
        Row::note("total against that limit", total / limit, "x"),
    ])
}

impl District {
    /// Approves, then releases everything; gives the time and the bytes sealed.
    async fn release(&self, home: &Home) -> anyhow::Result<(Round, usize)> {
        home.create()?;
        Keys::create(home)?;
        let store = Store::open(&home.database()).await?;
        let mut book = self.book(&store, home).await?;
        approvals::insert(&store, &self.approval(), NOW).await?;
        let sender = Sender {
            consortium: &self.charter.consortium,
            member: &self.member,
            signing_key: &self.signing_key,
        };
        let totals: Vec<ExactRelease> = self.layouts.iter().map(made_up).collect();
        let mut round = Round { prepare: 0.0, seal: 0.0 };
        let mut bytes = 0;
        for (layout, exact) in self.layouts.iter().zip(totals) {
            let watch = Stopwatch::start();
            let release = self.prepare(&store, &mut book, layout, exact).await?;
            round.prepare += watch.seconds();
            let watch = Stopwatch::start();
            let payload = outbox::find_payload(&store, &release.entry.release_id).await?;
            let payload = payload.context("a release without its payload")?;
            bytes += seal(sender, &self.keys, &release, &payload, NOW)?.len();
            round.seal += watch.seconds();
        }
        store.close().await;
        Ok((round, bytes))
    }

    /// Draws one release: of these totals, or of what the journal has.
    async fn prepare(
        &self,
        store: &Store,
        book: &mut Book,
        layout: &ReleaseLayout,
        exact: ExactRelease,
    ) -> anyhow::Result<OutboxRelease> {
        match self.step(store, book, layout, &[]).await? {
            Some(step) => Ok(step),
            None => Ok(prepare(store, self.terms(), layout, exact, NOW).await?.into_release()),
        }
    }

    /// The same cells by the library alone.
    fn library_noise(&self, threads: NonZeroUsize) -> anyhow::Result<()> {
        self.layouts.iter().try_for_each(|layout| library(layout, threads))
    }

    /// One envelope a release around bytes of about its size.
    fn library_sealing(&self) -> anyhow::Result<usize> {
        let key = &self.keys.envelope_keys[0].public_key;
        let mut bytes = 0;
        for layout in &self.layouts {
            let payload = vec![0; layout.cells() * 2];
            let header = EnvelopeHeader::default();
            bytes += envelope::seal(header, &payload, key, &self.signing_key)?.len();
        }
        Ok(bytes)
    }
}

fn made_up(layout: &ReleaseLayout) -> ExactRelease {
    let blocks = layout.blocks.iter().map(|block| (0..block.cells() as i64).collect());
    ExactRelease::from_blocks(blocks.collect())
}
