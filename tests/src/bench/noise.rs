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

/// How often the year is drawn. Other guests of a virtual machine's host come
/// and go, which only adds time: the fastest of each release counts, and the
/// middle one of whole rounds is printed beside it.
const ROUNDS: usize = 15;

const SCHOOLS: usize = 100;

/// Charges on the ledger before those that are timed.
const ENTRIES: usize = 1_000;

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let threads = NonZeroUsize::new(context.threads()).unwrap_or(NonZeroUsize::MIN);
    let district = District::new(SCHOOLS, SchoolYear::ending(2026)?)?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for round in 1..=ROUNDS {
        context.say(&format!("drawing a year's noise, round {round} of {ROUNDS}"));
        rounds.push(draw(&district, threads)?);
    }
    let cells: usize = district.layouts.iter().map(ReleaseLayout::cells).sum();
    let for_all = CELLS as f64 / cells as f64;
    let (ours, limit) = (fastest(&rounds, 0) * for_all, fastest(&rounds, 1) * for_all);
    let (middle, middle_limit) = (middle(&rounds, 0) * for_all, middle(&rounds, 1) * for_all);
    context.say("charging a ledger of 1,000 entries");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let charge = runtime.block_on(charge(&context.scratch().join("node.db")))?;
    Ok(vec![
        Row::at_most(
            format!("noise for 300,000 cells, each release's best of {ROUNDS}"),
            ours,
            "s",
            3.0,
        ),
        Row::note(format!("limit: the library alone, {threads} threads"), limit, "s"),
        Row::note("against that limit", ours / limit, "x"),
        Row::note("noise for 300,000 cells, median of whole rounds", middle, "s"),
        Row::note("the library alone, median of whole rounds", middle_limit, "s"),
        Row::at_most(
            format!("check and charge on a ledger of {ENTRIES} entries, median"),
            charge * 1_000.0,
            "ms",
            10.0,
        ),
    ])
}

/// Seconds that each of a year's releases takes through the release's own
/// path, and its cells by the library alone.
fn draw(district: &District, threads: NonZeroUsize) -> anyhow::Result<Vec<[f64; 2]>> {
    let mut releases = Vec::with_capacity(district.layouts.len());
    for layout in &district.layouts {
        // A year that can pay for anything: the time is the question here.
        let year = district.charter.school_year;
        let charge =
            YearLedger::new(year, PicoRho(u64::MAX)).charge(layout, district.terms().under())?;
        let zeros = layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
        let exact = ExactRelease::from_blocks(zeros);
        let watch = Stopwatch::start();
        let noisy = NoisyRelease::draw(exact, layout, charge, threads)?;
        let seconds = watch.seconds();
        anyhow::ensure!(!noisy.payload().is_empty(), "a release without a payload");
        let (alone, library_seconds) = timed(|| library(layout, threads));
        alone?;
        releases.push([seconds, library_seconds]);
    }
    Ok(releases)
}

/// Seconds of a year whose every release was drawn as fast as in its fastest
/// round.
fn fastest(rounds: &[Vec<[f64; 2]>], which: usize) -> f64 {
    let releases = 0..rounds.first().map_or(0, Vec::len);
    let best = |release: usize| {
        rounds.iter().map(|round| round[release][which]).fold(f64::INFINITY, f64::min)
    };
    releases.map(best).sum()
}

/// Seconds of the middle one of whole rounds.
fn middle(rounds: &[Vec<[f64; 2]>], which: usize) -> f64 {
    let whole = |round: &Vec<[f64; 2]>| round.iter().map(|release| release[which]).sum();
    let mut seconds: Vec<f64> = rounds.iter().map(whole).collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
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
