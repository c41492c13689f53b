//! The noise of 300,000 cells through the release's own path, beside the
//! library alone on the same cells; and one charge on a long ledger.

use std::{num::NonZeroUsize, path::Path, thread};

use anyhow::anyhow;
use opendp::{
    domains::{AtomDomain, VectorDomain},
    measurements::make_gaussian,
    measures::ZeroConcentratedDivergence,
    metrics::L2Distance,
};
use peerlight_node::{
    release::prepare::prepare,
    store::{Store, approvals},
};
use peerlight_node_engine::privacy::{
    budget::YearLedger, exact::ExactRelease, release::NoisyRelease,
};
use peerlight_proto::{
    layout::ReleaseLayout,
    units::{PicoRho, SchoolYear},
};

use super::{
    BenchContext, Row,
    district::{District, NOW},
};
use crate::clock::{Stopwatch, timed};

const CELLS: usize = 300_000;

/// Other guests of a virtual machine's host come and go: the fastest counts.
const ROUNDS: usize = 3;

const SCHOOLS: usize = 100;

/// Charges on the ledger before those that are timed.
const ENTRIES: usize = 1_000;

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let threads = NonZeroUsize::new(context.threads()).unwrap_or(NonZeroUsize::MIN);
    let district = District::new(SCHOOLS, SchoolYear::ending(2026)?)?;
    let (mut ours, mut limit) = (f64::INFINITY, f64::INFINITY);
    for round in 1..=ROUNDS {
        context.say(&format!("drawing the noise of 300,000 cells, round {round} of {ROUNDS}"));
        let (seconds, library_seconds) = draw(&district, threads)?;
        ours = ours.min(seconds);
        limit = limit.min(library_seconds);
    }
    context.say("charging a ledger of 1,000 entries");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let charge = runtime.block_on(charge(&context.scratch().join("node.db")))?;
    Ok(vec![
        Row::at_most(format!("noise for 300,000 cells, best of {ROUNDS}"), ours, "s", 3.0),
        Row::note(format!("limit: the library alone, {threads} threads"), limit, "s"),
        Row::note("against that limit", ours / limit, "x"),
        Row::at_most(
            format!("check and charge on a ledger of {ENTRIES} entries, median"),
            charge * 1_000.0,
            "ms",
            10.0,
        ),
    ])
}

/// Seconds that [`CELLS`] cells take through the release's own path, and by the
/// library alone, over a year's layouts.
fn draw(district: &District, threads: NonZeroUsize) -> anyhow::Result<(f64, f64)> {
    let (mut drawn, mut seconds, mut library_seconds) = (0, 0.0, 0.0);
    while drawn < CELLS {
        for layout in &district.layouts {
            // A year that can pay for anything: the time is the question here.
            let year = district.charter.school_year;
            let charge = YearLedger::new(year, PicoRho(u64::MAX))
                .charge(layout, district.terms().under())?;
            let zeros = layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
            let exact = ExactRelease::from_blocks(zeros);
            let watch = Stopwatch::start();
            let noisy = NoisyRelease::draw(exact, layout, charge, threads)?;
            seconds += watch.seconds();
            anyhow::ensure!(!noisy.payload().is_empty(), "a release without a payload");
            let (alone, took) = timed(|| library(layout, threads));
            library_seconds += took;
            alone?;
            drawn += layout.cells();
        }
    }
    let scale = CELLS as f64 / drawn as f64;
    Ok((seconds * scale, library_seconds * scale))
}

/// The cells of a layout by the library alone: every thread draws its part of
/// each block in one call.
pub(super) fn library(layout: &ReleaseLayout, threads: NonZeroUsize) -> anyhow::Result<()> {
    let part = |part: usize| -> anyhow::Result<()> {
        for block in &layout.blocks {
            let cells = block.cells();
            let share = cells * (part + 1) / threads - cells * part / threads;
            let gaussian = make_gaussian::<_, _, ZeroConcentratedDivergence>(
                VectorDomain::new(AtomDomain::<i64>::default()),
                L2Distance::<f64>::default(),
                block.sigma.units(),
                None,
            )
            .map_err(|error| anyhow!("{error:?}"))?;
            let noisy = gaussian.invoke(&vec![0; share]).map_err(|error| anyhow!("{error:?}"))?;
            anyhow::ensure!(noisy.len() == share, "noise for another number of cells");
        }
        Ok(())
    };
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads.get()).map(|at| scope.spawn(move || part(at))).collect();
        parts.into_iter().try_for_each(|it| it.join().map_err(|_| anyhow!("a thread ended"))?)
    })
}

/// Seconds of one whole release transaction of a one-school district whose
/// ledger has [`ENTRIES`] entries, median over a year of releases that need no
/// journal.
async fn charge(path: &Path) -> anyhow::Result<f64> {
    let store = Store::open(path).await?;
    let (mut entries, mut ending) = (0, 1990);
    let mut timed = Vec::new();
    while timed.is_empty() {
        let district = District::new(1, SchoolYear::ending(ending)?)?;
        approvals::insert(&store, &district.approval(), NOW).await?;
        let is_timed = entries >= ENTRIES;
        for layout in district.layouts.iter().filter(|layout| layout.step().is_none()) {
            let zeros = layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
            let exact = ExactRelease::from_blocks(zeros);
            let watch = Stopwatch::start();
            prepare(&store, district.terms(), layout, exact, NOW).await?;
            if is_timed {
                timed.push(watch.seconds());
            }
            entries += 1;
        }
        ending += 1;
    }
    store.close().await;
    timed.sort_by(f64::total_cmp);
    Ok(timed[timed.len() / 2])
}
