//! The noise of 300,000 cells through the release's own path, beside the
//! library alone on the same cells; and one charge on a long ledger.

use std::{num::NonZeroUsize, path::Path};

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

const SCHOOLS: usize = 100;

/// Charges on the ledger before those that are timed.
const ENTRIES: usize = 1_000;

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let threads = NonZeroUsize::new(context.threads()).unwrap_or(NonZeroUsize::MIN);
    let district = District::new(SCHOOLS, SchoolYear::ending(2026)?)?;
    context.say("drawing the noise of 300,000 cells");
    let mut drawn = 0;
    let mut seconds = 0.0;
    let mut library_seconds = 0.0;
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
            let (alone, took) = timed(|| library(layout));
            library_seconds += took / threads.get() as f64;
            drawn += alone?;
        }
    }
    let scaled = seconds * CELLS as f64 / drawn as f64;
    let limit = library_seconds * CELLS as f64 / drawn as f64;
    context.say("charging a ledger of 1,000 entries");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let charge = runtime.block_on(charge(&context.scratch().join("node.db")))?;
    Ok(vec![
        Row::at_most("noise for 300,000 cells", scaled, "s", 3.0),
        Row::note(format!("limit: the library alone, {threads} threads at best"), limit, "s"),
        Row::note("against that limit", scaled / limit, "x"),
        Row::at_most(
            format!("check and charge on a ledger of {ENTRIES} entries, median"),
            charge * 1_000.0,
            "ms",
            10.0,
        ),
    ])
}

/// The same cells by one call of the library a block, on one thread.
pub(super) fn library(layout: &ReleaseLayout) -> anyhow::Result<usize> {
    let mut drawn = 0;
    for block in &layout.blocks {
        let domain = VectorDomain::new(AtomDomain::<i64>::default());
        let gaussian = make_gaussian::<_, _, ZeroConcentratedDivergence>(
            domain,
            L2Distance::<f64>::default(),
            block.sigma.units(),
            None,
        )
        .map_err(|error| anyhow!("{error:?}"))?;
        let noisy = gaussian.invoke(&vec![0; block.cells()]);
        drawn += noisy.map_err(|error| anyhow!("{error:?}"))?.len();
    }
    Ok(drawn)
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
