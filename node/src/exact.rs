//! From the held records to exact totals: for releases, which then get noise,
//! and for the district's own eyes.
//!
//! Counting runs off the async threads, on every core.

use std::thread;

use peerlight_node_engine::{
    measure::{CountPlan, LocalTable},
    privacy::exact::ExactRelease,
    student::ColumnSet,
};
use peerlight_proto::units::SchoolYear;

use crate::{
    error::Error,
    keys::Keys,
    node::Node,
    records::{self, RecordKeys, Records, Year},
};

/// The folder of sealed records with the keys that open it.
pub fn records(node: &Node) -> Result<Records, Error> {
    let keys = Keys::open(&node.home)?;
    Ok(Records::open(node.home.records(), RecordKeys::new(keys.master()))?)
}

/// The columns that a year's records have, resolved prior scores included;
/// none where nothing of the year is held.
pub async fn columns(node: &Node, year: SchoolYear) -> Result<ColumnSet, Error> {
    Ok(records::effective_columns(&node.store, year).await?)
}

/// The exact totals of a plan's layouts, in their order.
pub async fn count(
    node: &Node,
    plan: CountPlan,
    year: SchoolYear,
) -> Result<Vec<ExactRelease>, Error> {
    let held = held(node, year).await?;
    blocking(move || Ok(records::count(&held, &plan, threads())?.finish())).await
}

/// The exact values of a local plan.
pub async fn local(node: &Node, plan: CountPlan, year: SchoolYear) -> Result<LocalTable, Error> {
    let held = held(node, year).await?;
    blocking(move || Ok(records::count(&held, &plan, threads())?.finish_local())).await
}

async fn held(node: &Node, year: SchoolYear) -> Result<Year, Error> {
    let found = records::year(&node.store, &records(node)?, year).await?;
    found.ok_or_else(|| {
        Error::Absent(format!("no records of {year}: run \"peerlight-node import csv PATH\" first"))
    })
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Error::Absent("counting was interrupted: try again".to_owned())),
    }
}
