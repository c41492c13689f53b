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
use crate::clock::Stopwatch;

const CELLS: usize = 300_000;

/// How often the whole year is drawn. Other guests of a virtual machine's host
/// come and go, which only adds time: the fastest whole round counts, and the
/// middle one is printed beside it.
const ROUNDS: usize = 15;

/// As many as make a year of more than [`CELLS`] cells.
const SCHOOLS: usize = 600;

/// Charges on the ledger before those that are timed.
const ENTRIES: usize = 1_000;

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let threads = NonZeroUsize::new(context.threads()).unwrap_or(NonZeroUsize::MIN);
    let district = District::new(SCHOOLS, SchoolYear::ending(2026)?)?;
    let cells: usize = district.layouts.iter().map(ReleaseLayout::cells).sum();
    anyhow::ensure!(cells >= CELLS, "a year has {cells} cells");
    let for_all = CELLS as f64 / cells as f64;
    let (mut ours, mut alone) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    for round in 1..=ROUNDS {
        context.say(&format!("drawing a year's noise, round {round} of {ROUNDS}"));
        ours.push(draw(&district, threads)? * for_all);
        alone.push(draw_alone(&district, threads)? * for_all);
    }
    ours.sort_by(f64::total_cmp);
    alone.sort_by(f64::total_cmp);
    context.say("charging a ledger of 1,000 entries");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let charge = runtime.block_on(charge(&context.scratch().join("node.db")))?;
    Ok(vec![
        Row::note("cells of a round", cells as f64, "cells"),
        Row::at_most(
            format!("noise for 300,000 cells, fastest of {ROUNDS} rounds"),
            ours[0],
            "s",
            3.0,
        ),
        Row::note(format!("limit: the library alone, {threads} threads"), alone[0], "s"),
        Row::note("against that limit", ours[0] / alone[0], "x"),
        Row::note("noise for 300,000 cells, middle round", ours[ROUNDS / 2], "s"),
        Row::note("the library alone, middle round", alone[ROUNDS / 2], "s"),
        Row::at_most(
            format!("check and charge on a ledger of {ENTRIES} entries, median"),
            charge * 1_000.0,
            "ms",
            10.0,
        ),
    ])
}

/// Seconds that a year's releases take through the release's own path.
fn draw(district: &District, threads: NonZeroUsize) -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    for layout in &district.layouts {
        // A year that can pay for anything: the time is the question here.
        let year = district.charter.school_year;
        let charge =
            YearLedger::new(year, PicoRho(u64::MAX)).charge(layout, district.terms().under())?;
        let zeros = layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
        let exact = ExactRelease::from_blocks(zeros);
        let watch = Stopwatch::start();
        let noisy = NoisyRelease::draw(exact, layout, charge, threads)?;
        seconds += watch.seconds();
        anyhow::ensure!(!noisy.payload().is_empty(), "a release without a payload");
    }
    Ok(seconds)
}

/// Seconds that the library alone takes for the same cells.
fn draw_alone(district: &District, threads: NonZeroUsize) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    district.layouts.iter().try_for_each(|layout| library(layout, threads))?;
    Ok(watch.seconds())
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
