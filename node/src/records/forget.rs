//! Takes a source back out of a school year: one imported under a wrong name, or
//! no longer kept by the district. What the year's other sources make of it
//! is put in its place, in the same transaction.

use std::borrow::Cow;

use peerlight_node_engine::intake::{Part, Report, combine};
use peerlight_proto::units::{SchoolYear, UnixSeconds};

use super::{
    Records, RecordsError,
    import::{ImportError, ImportOptions, combined_year, refused, sweep},
};
use crate::store::{
    Store, StoreError,
    combined::{self, Forgotten},
    imports, response_sets,
};

/// A source was not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// It told nothing of the year.
    #[error("{year} has no source \"{asked}\": it has {there}")]
    Unknown {
        /// The source that was asked for.
        asked: String,
        /// The school year.
        year: SchoolYear,
        /// The sources it has.
        there: String,
    },
    /// Students would be lost with it.
    #[error(
        "without {lost} {year} has {now} students instead of {before}. \
         If that is right, do it again with --accept-change"
    )]
    Lost {
        /// The source.
        lost: String,
        /// The school year.
        year: SchoolYear,
        /// Students with it.
        before: u64,
        /// Students without it.
        now: u64,
    },
    /// As an import fails.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The records folder failed.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// What a school year is with a source, and without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// Students before.
    pub before: u64,
    /// Students of the sources that stay.
    pub now: u64,
    /// The sources that stay.
    pub sources: Vec<String>,
}

/// Forgets what a source told of a school year, surveys without ids included,
/// or nothing. `actor` is for the audit log.
///
/// # Errors
///
/// Where the year has no such source; where students would be lost and nobody
/// has accepted that; where the other sources do not fit together.
pub async fn forget(
    store: &Store,
    records: &Records,
    (source, year): (&str, SchoolYear),
    options: &ImportOptions,
    actor: &str,
    at: UnixSeconds,
) -> Result<Remainder, ForgetError> {
    let _lock = records.lock()?.ok_or(ImportError::Busy)?;
    let held = imports::find(store, year).await?;
    let (own, others): (Vec<_>, Vec<_>) =
        held.into_iter().map(|held| held.import).partition(|import| import.source == source);
    let surveys = response_sets::in_force(store).await?;
    let mut surveys = surveys.iter().filter(|set| set.school_year == year);
    if own.is_empty() && !surveys.any(|set| set.source == source) {
        let there: Vec<String> = others.into_iter().map(|import| import.source).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        return Err(ForgetError::Unknown { asked: source.to_owned(), year, there });
    }
    let before = combined::find(store, year).await?.map_or(0, |held| held.year.row_count);
    let parts = others.iter().map(|import| records.read_part(&import.records_file));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let parts = others.iter().zip(&parts);
    let parts: Vec<Part<'_>> =
        parts.map(|(import, years)| Part { source: &import.source, years }).collect();
    let sources = parts.iter().map(|part| part.source.to_owned()).collect();
    let made = (!parts.is_empty() && !own.is_empty()).then(|| combine(&parts, &options.precedence));
    if let Some(made) = made.as_ref().filter(|made| made.problems.has_fatal()) {
        return Err(refused(Report::default(), &made.problems).into());
    }
    let now = match &made {
        _ if own.is_empty() => before,
        Some(made) => made.years.as_ref().map_or(0, |years| years.rows() as u64),
        None => 0,
    };
    if now < before && !options.accept_change {
        return Err(ForgetError::Lost { lost: source.to_owned(), year, before, now });
    }
    let remainder = Remainder { before, now, sources };
    if options.dry_run {
        return Ok(remainder);
    }
    let rest = match &made {
        None => None,
        Some(made) => {
            let records_file = match &made.years {
                None => None,
                Some(Cow::Borrowed(_)) => Some(others[0].records_file.clone()),
                Some(Cow::Owned(all)) => Some(records.write(all)?),
            };
            Some(combined_year(year, made, options, records_file))
        }
    };
    let forgotten = Forgotten { source, year, has_rows: !own.is_empty(), rest: rest.as_ref() };
    combined::forget(store, forgotten, actor, at).await?;
    sweep(store, records).await?;
    Ok(remainder)
}
