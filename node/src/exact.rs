//! From the held records to exact totals: for releases, which then get noise,
//! and for the district's own eyes.
//!
//! What is released is counted where the contribution journal has each
//! student; what the district sees is its records as they are. Counting runs
//! off the async threads, on every core.

use std::{fmt, sync::Arc, thread};

use peerlight_node_engine::{
    growth::percentile::PercentileTables,
    measure::{CountPlan, LocalTable},
    privacy::{exact::ExactRelease, journal::Journal, stream},
    student::ColumnSet,
};
use peerlight_proto::{
    charter::Charter, directory::Directory, layout::ReleaseLayout, names::MemberId,
    units::SchoolYear,
};

use crate::{
    error::Error,
    journal::{Book, Folder},
    keys::Keys,
    node::Node,
    records::{self, Met, RecordKeys, Records, Year},
};

/// What one pass for releases gives. Exact: debug output shows nothing of it.
pub struct Counted {
    /// The exact totals of the plan's layouts, in their order.
    pub releases: Vec<ExactRelease>,
    /// Of each running count of the plan, the journal's entries that have its
    /// status.
    pub holders: Vec<Vec<u32>>,
}

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

/// The year's journal, which must be whole.
pub async fn book(node: &Node, year: SchoolYear) -> Result<Book, Error> {
    let keys = Keys::open(&node.home)?;
    let folder = Folder::new(node.home.journal(), keys.master());
    Ok(Book::open(&node.store, folder, year).await?)
}

/// The year's records.
pub async fn held(node: &Node, year: SchoolYear) -> Result<Arc<Year>, Error> {
    let found = records::year(&node.store, &records(node)?, year).await?;
    found.map(Arc::new).ok_or_else(|| {
        Error::Absent(format!("no records of {year}: run \"peerlight-node import csv PATH\" first"))
    })
}

/// Meets the year's students and commits whom the journal did not know:
/// nothing is drawn from a contact that could be forgotten.
pub async fn meet(node: &Node, book: &mut Book, held: &Arc<Year>) -> Result<Met, Error> {
    let (journal, entries, has_changed) = met(held, book.journal()).await?;
    book.met(&node.store, journal, has_changed, node.clock.now()).await?;
    Ok(Met { journal: book.journal(), entries })
}

/// Counts for releases.
pub async fn count(held: Arc<Year>, plan: CountPlan, met: Met) -> Result<Counted, Error> {
    blocking(move || {
        let counter = records::count_met(&held, &plan, &met, threads())?;
        let holders = counter.holders().to_vec();
        Ok(Counted { releases: counter.finish(), holders })
    })
    .await
}

/// The exact totals of one layout as the records are now, and nothing kept: of
/// a running count, the step as it was drawn.
pub async fn release(
    node: &Node,
    charter: &Charter,
    directory: &Directory,
    member: &MemberId,
    layout: &ReleaseLayout,
    tables: Option<&PercentileTables>,
) -> Result<Option<ExactRelease>, Error> {
    let year = charter.school_year;
    let book = book(node, year).await?;
    if let Some(drawn) = stream::row(&book.journal(), layout) {
        return Ok(Some(drawn));
    }
    let one = std::slice::from_ref(layout);
    let columns = columns(node, year).await?;
    let plan = CountPlan::new(charter, directory, member, one, tables, columns)?;
    let held = held(node, year).await?;
    let (journal, entries, _) = met(&held, book.journal()).await?;
    let met = Met { journal: Arc::new(journal), entries };
    Ok(count(held, plan, met).await?.releases.into_iter().next())
}

/// The exact values of a local plan.
pub async fn local(node: &Node, plan: CountPlan, year: SchoolYear) -> Result<LocalTable, Error> {
    let held = held(node, year).await?;
    blocking(move || Ok(records::count(&held, &plan, threads())?.finish_local())).await
}

async fn met(
    held: &Arc<Year>,
    journal: Arc<Journal>,
) -> Result<(Journal, Arc<[u32]>, bool), Error> {
    let held = Arc::clone(held);
    blocking(move || {
        let mut journal = Arc::unwrap_or_clone(journal);
        let (entries, has_changed) = records::meet(&held.file, &mut journal)?;
        Ok((journal, entries, has_changed))
    })
    .await
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs work on records off the async threads.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Error::Absent("counting was interrupted: try again".to_owned())),
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("releases", &self.releases.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debugging_what_was_counted_shows_nobody_and_no_count() {
        let shown = |exact: i64, holders: &[u32]| {
            let releases = vec![ExactRelease::from_blocks(vec![vec![exact]])];
            format!("{:?}", Counted { releases, holders: vec![holders.to_vec()] })
        };
        assert_eq!(shown(0, &[]), shown(4711, &[815, 2038]));
    }
}
