//! From the rows of a year to exact totals: for releases, which then get noise,
//! and for the district's own eyes.
//!
//! The rows are sealed on this node, or in a warehouse that counts them; what
//! becomes of the totals is the same. What is released is counted where the
//! contribution journal has each student; what the district sees is its rows as
//! they are. Counting runs off the async threads, on every core.

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

use tokio::runtime::Handle;

use crate::{
    error::Error,
    in_place,
    journal::{Book, Folder},
    keys::Keys,
    node::Node,
    records::{self, Met, RecordKeys, Records, Year},
    source::{SourceError, warehouse::InPlace},
    store::warehouse_years::WarehouseYear,
};

/// A school year's rows, where they are counted.
#[derive(Debug)]
pub enum Held {
    /// Sealed on this node.
    Records(Arc<Year>),
    /// In a warehouse, in one state of it.
    There(Box<InPlace>, WarehouseYear),
}

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

/// The columns that a year's rows have: of records, resolved prior scores
/// included; none where nothing of the year is held.
pub async fn columns(node: &Node, year: SchoolYear) -> Result<ColumnSet, Error> {
    match in_place::find(node, year).await? {
        Some(there) => Ok(in_place::columns(&there)),
        None => Ok(records::effective_columns(&node.store, year).await?),
    }
}

/// The year's journal, which must be whole.
pub async fn book(node: &Node, year: SchoolYear) -> Result<Book, Error> {
    let keys = Keys::open(&node.home)?;
    let folder = Folder::new(node.home.journal(), keys.master());
    Ok(Book::open(&node.store, folder, year).await?)
}

/// The year's rows, where they are counted.
pub async fn held(node: &Node, year: SchoolYear) -> Result<Held, Error> {
    match in_place::find(node, year).await? {
        Some(there) => Ok(Held::There(Box::new(in_place::open(&there).await?), there)),
        None => Ok(Held::Records(on_this_node(node, year).await?)),
    }
}

/// The year's records, where it is counted from records.
pub async fn rows(node: &Node, year: SchoolYear) -> Result<Arc<Year>, Error> {
    match in_place::find(node, year).await? {
        Some(there) => Err(Error::Absent(format!(
            "{year} is counted in the view {} of a warehouse, and its students are not on this \
             node: to look at single students, {}",
            there.view,
            in_place::REMEDY
        ))),
        None => on_this_node(node, year).await,
    }
}

async fn on_this_node(node: &Node, year: SchoolYear) -> Result<Arc<Year>, Error> {
    let found = records::year(&node.store, &records(node)?, year).await?;
    found.map(Arc::new).ok_or_else(|| {
        Error::Absent(format!("no records of {year}: run \"peerlight-node import csv PATH\" first"))
    })
}

/// Meets the year's students and commits whom the journal did not know:
/// nothing is drawn from a contact that could be forgotten.
pub async fn meet(node: &Node, book: &mut Book, held: Held) -> Result<(Held, Met), Error> {
    let Contact { held, journal, entries, has_changed } =
        contact(node, held, book.journal()).await?;
    book.met(&node.store, journal, has_changed, node.clock.now()).await?;
    Ok((held, Met { journal: book.journal(), entries }))
}

/// Counts for releases: only where the journal has the students.
pub async fn count(held: Held, plan: CountPlan, met: Met) -> Result<Counted, Error> {
    let runtime = Handle::current();
    blocking(move || match held {
        Held::Records(year) => {
            let counter = records::count_met(&year, &plan, &met, threads())?;
            let holders = counter.holders().to_vec();
            Ok(Counted { releases: counter.finish(), holders })
        }
        Held::There(mut place, _) => {
            let counted = runtime.block_on(place.count_met(&plan, &met.journal, &met.entries));
            let releases = counted.map_err(SourceError::from)?.finish();
            runtime.block_on(place.close());
            Ok(Counted { releases, holders: Vec::new() })
        }
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
    let Contact { held, journal, entries, .. } = contact(node, held, book.journal()).await?;
    let met = Met { journal: Arc::new(journal), entries };
    Ok(count(held, plan, met).await?.releases.into_iter().next())
}

/// The exact values of a local plan.
pub async fn local(node: &Node, plan: CountPlan, year: SchoolYear) -> Result<LocalTable, Error> {
    let (held, runtime) = (held(node, year).await?, Handle::current());
    blocking(move || match held {
        Held::Records(year) => Ok(records::count(&year, &plan, threads())?.finish_local()),
        Held::There(mut place, _) => {
            let table = runtime.block_on(place.count_local(&plan)).map_err(SourceError::from)?;
            runtime.block_on(place.close());
            Ok(table)
        }
    })
    .await
}

/// A journal that has met a year's students, and its entry of every row.
struct Contact {
    held: Held,
    journal: Journal,
    entries: Arc<[u32]>,
    has_changed: bool,
}

async fn contact(node: &Node, held: Held, journal: Arc<Journal>) -> Result<Contact, Error> {
    let (mut place, there) = match held {
        Held::There(place, there) => (place, there),
        Held::Records(year) => {
            return blocking(move || {
                let mut journal = Arc::unwrap_or_clone(journal);
                let (entries, has_changed) = records::meet(&year.file, &mut journal)?;
                Ok(Contact { held: Held::Records(year), journal, entries, has_changed })
            })
            .await;
        }
    };
    let keys = RecordKeys::new(Keys::open(&node.home)?.master());
    let (schools, runtime) = (in_place::schools(node).await?, Handle::current());
    let percent = node.config.accept_change_percent;
    blocking(move || {
        let fetched = runtime.block_on(place.fetch_students(schools));
        let students = fetched.map_err(SourceError::from)?;
        // What the journal meets, it keeps for the year.
        in_place::check_rows(&there, students.rows(), percent)?;
        let mut journal = Arc::unwrap_or_clone(journal);
        let (entries, has_changed) = records::meet_rows(students, &keys, &mut journal);
        Ok(Contact { held: Held::There(place, there), journal, entries, has_changed })
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
