//! Applies an import: all its school years or none, once, and only with a
//! person's word where too much changed.
//!
//! ```text
//! read ──same bytes?──▶ nothing ──changed too much?──▶ ask ──▶ files ──▶ rows ──▶ sweep
//! ```
//!
//! The sealed files are on the disk before the one transaction that names
//! them. A crash before it leaves the old year in force and files to sweep.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_node_engine::{
    intake::{Change, ChangeLimits, Shape, StudentYears},
    student::{Column, ColumnSet},
};
use peerlight_proto::units::{SchoolYear, UnixSeconds};

use super::{Records, RecordsError, count::Year, decode::RecordFile, priors::resolvable};
use crate::{
    source::csv::Read,
    store::{
        Store, StoreError,
        imports::{self, Import, RecordedImport},
    },
};

/// How an import is applied.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Where the data come from, such as `csv`; a year's import replaces the
    /// one before of the same source.
    pub source: String,
    /// Civil date the values are cumulative to, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// A person has seen the changes and accepts them.
    pub accept_change: bool,
    /// Check everything and write nothing.
    pub dry_run: bool,
    /// How much may change unasked.
    pub limits: ChangeLimits,
}

/// What became of one school year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is the year's first import.
    New,
    /// It replaced the one before.
    Replaced,
    /// The same bytes were in force already.
    Unchanged,
    /// It would be applied, were it not a dry run.
    Checked,
}

/// What became of an import, by school year, with its number of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Earliest first.
    pub years: Vec<(SchoolYear, u64, Applied)>,
}

/// An import was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The records folder failed.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too much changed since the last import.
    #[error(
        "{year} changed more than expected since its last import: {changes}. \
         If that is right, import again with --accept-change"
    )]
    Changed {
        /// The school year.
        year: SchoolYear,
        /// What changed, in words.
        changes: String,
    },
    /// Another source holds the year: its students would count twice.
    #[error(
        "{year} is already held from {other}: a student counts once, so one source holds a year"
    )]
    TwoSources {
        /// The school year.
        year: SchoolYear,
        /// The source that holds it.
        other: String,
    },
}

/// Applies what was read, or nothing.
pub async fn apply(
    store: &Store,
    records: &Records,
    read: &Read,
    options: &ImportOptions,
    at: UnixSeconds,
) -> Result<Outcome, ImportError> {
    let mut outcome = Outcome { years: Vec::new() };
    let mut to_write: Vec<(&StudentYears, Applied)> = Vec::new();
    for years in &read.imported.years {
        let year = years.school_year;
        let held = in_force(store, year).await?;
        if let Some(other) = held.iter().find(|held| held.import.source != options.source) {
            return Err(ImportError::TwoSources { year, other: other.import.source.clone() });
        }
        let is_same = |held: &RecordedImport| {
            held.import.sha256 == read.digest && held.import.as_of == options.as_of
        };
        let applied = match held.first() {
            Some(held) if is_same(held) => Applied::Unchanged,
            Some(held) => {
                check_change(records, held, years, options)?;
                Applied::Replaced
            }
            None => Applied::New,
        };
        let shown = if options.dry_run { Applied::Checked } else { applied };
        outcome.years.push((year, years.rows() as u64, shown));
        if applied != Applied::Unchanged {
            to_write.push((years, applied));
        }
    }
    if options.dry_run || to_write.is_empty() {
        return Ok(outcome);
    }
    let mut rows = Vec::new();
    for (years, _) in to_write {
        rows.push(Import {
            source: options.source.clone(),
            school_year: years.school_year,
            file_name: read.files.join(", "),
            sha256: read.digest,
            row_count: years.rows() as u64,
            as_of: options.as_of.clone(),
            columns: years.columns().iter().map(|column| column.name().to_owned()).collect(),
            records_file: records.write(years)?,
        });
    }
    imports::insert(store, &rows, at).await?;
    sweep(store, records).await?;
    Ok(outcome)
}

/// Removes record files that no import in force names; run at start and after
/// an import.
pub async fn sweep(store: &Store, records: &Records) -> Result<usize, ImportError> {
    let held = imports::list(store).await?;
    let in_force = held.into_iter().filter(|held| held.superseded_at.is_none());
    let named: BTreeSet<String> = in_force.map(|held| held.import.records_file).collect();
    Ok(records.sweep(&named)?)
}

/// A school year's records with the three years before it; `None` where the
/// node holds nothing of the year.
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

/// The columns of a year that can be counted, by the imports' rows alone:
/// what a district can offer.
pub async fn effective_columns(
    store: &Store,
    school_year: SchoolYear,
) -> Result<ColumnSet, ImportError> {
    let mut held = BTreeMap::new();
    for years in 0_u16..=3 {
        let year = school_year.earlier(years);
        if let Some(held_year) = single(in_force(store, year).await?, year)? {
            let names = held_year.import.columns.iter();
            let columns: ColumnSet = names.filter_map(|name| Column::from_name(name)).collect();
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
    let held = single(in_force(store, year).await?, year)?;
    Ok(held.map(|held| records.read(&held.import.records_file)).transpose()?)
}

async fn in_force(store: &Store, year: SchoolYear) -> Result<Vec<RecordedImport>, StoreError> {
    imports::find(store, year).await
}

fn single(
    held: Vec<RecordedImport>,
    year: SchoolYear,
) -> Result<Option<RecordedImport>, ImportError> {
    let mut held = held.into_iter();
    let first = held.next();
    match held.next() {
        None => Ok(first),
        Some(other) => Err(ImportError::TwoSources { year, other: other.import.source }),
    }
}

fn check_change(
    records: &Records,
    held: &RecordedImport,
    years: &StudentYears,
    options: &ImportOptions,
) -> Result<(), ImportError> {
    if options.accept_change {
        return Ok(());
    }
    let before = records.read(&held.import.records_file)?;
    let Some(before) = before.shape() else { return Ok(()) };
    let changes = Shape::of(years).changes_since(before, options.limits);
    if changes.is_empty() {
        return Ok(());
    }
    let changes: Vec<String> = changes.iter().map(Change::to_string).collect();
    Err(ImportError::Changed { year: years.school_year, changes: changes.join("; ") })
}
