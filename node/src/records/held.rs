//! What of a school year is held: the file that its sources make together, and
//! the years before it.

use std::collections::BTreeMap;

use peerlight_node_engine::student::{Column, ColumnSet};
use peerlight_proto::units::SchoolYear;

use super::{ImportError, Records, RowIds, count::Year, decode::RecordFile, priors::resolvable};
use crate::store::{Store, StoreError, combined};

/// A school year's records with the three years before it; `None` where the
/// node holds no students of the year.
pub async fn year(
    store: &Store,
    records: &Records,
    school_year: SchoolYear,
) -> Result<Option<Year>, ImportError> {
    let Some(file) = open(store, records, school_year).await? else { return Ok(None) };
    let mut earlier = [const { None::<RecordFile> }; 3];
    for (years, place) in (1_u16..).zip(&mut earlier) {
        *place = open(store, records, school_year.earlier(years)).await?;
    }
    Ok(Some(Year { file, earlier }))
}

/// Who the rows of a school year's file are about, in the file's order: for
/// drill-down alone.
pub async fn ids(
    store: &Store,
    records: &Records,
    year: &Year,
) -> Result<Option<RowIds>, ImportError> {
    let held = combined::find(store, year.file.school_year).await?;
    let Some(name) = held.and_then(|held| held.year.records_file) else { return Ok(None) };
    Ok(Some(records.read_ids(&name, year.file.rows())?))
}

/// The columns of a year that can be counted, by the database alone: what a
/// district can offer.
pub async fn effective_columns(
    store: &Store,
    school_year: SchoolYear,
) -> Result<ColumnSet, StoreError> {
    let mut held = BTreeMap::new();
    for years in 0_u16..=3 {
        if let Some(found) = combined::find(store, school_year.earlier(years)).await? {
            let names = found.year.columns().into_iter();
            let columns: ColumnSet = names.filter_map(Column::from_name).collect();
            held.insert(years, columns);
        }
    }
    let Some(own) = held.get(&0).copied() else { return Ok(ColumnSet::default()) };
    Ok(own.union(resolvable(own, [1, 2, 3].map(|years| held.get(&years).copied()))))
}

async fn open(
    store: &Store,
    records: &Records,
    year: SchoolYear,
) -> Result<Option<RecordFile>, ImportError> {
    let held = combined::find(store, year).await?;
    let file = held.and_then(|held| held.year.records_file);
    Ok(file.map(|name| records.read(&name)).transpose()?)
}
