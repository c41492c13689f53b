//! Applies an import: all its school years or none, once, and only with a
//! person's word where too much changed.
//!
//! ```text
//! read ──same bytes?──▶ nothing ──changed too much?──▶ ask ──▶ files ──▶ rows ──▶ sweep
//!                                                       ▲
//!              parts of the year's other sources ──combine──▶ the year
//! ```
//!
//! The sealed files are on the disk before the one transaction that names
//! them. A crash before it leaves the old year in force and files to sweep.

use std::{borrow::Cow, collections::BTreeSet};

use peerlight_node_engine::{
    intake::{
        Change, ChangeLimits, Combined, Part, PartShare, Precedence, Problems, Refused, Report,
        Shape, StudentYears, combine,
    },
    student::ColumnSet,
};
use peerlight_proto::units::{SchoolYear, UnixSeconds};

use super::{
    Records, RecordsError,
    responses::{self, AppliedResponses},
};
use crate::{
    source::Read,
    store::{
        Store, StoreError,
        combined::{self, Changes, CombinedPart, CombinedYear},
        imports::{self, Import},
        kept_rows::{self, KeptRows},
        response_sets::{self, ResponseSet},
        warehouse_years,
    },
};

/// How an import is applied.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Civil date the values are cumulative to, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// A person has seen the changes and accepts them.
    pub accept_change: bool,
    /// Check everything and write nothing.
    pub dry_run: bool,
    /// How much may change unasked.
    pub limits: ChangeLimits,
    /// How the sources of a year become one.
    pub precedence: Precedence,
}

/// What became of one school year of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is the source's first import of the year.
    New,
    /// It replaced the one before.
    Replaced,
    /// The same bytes were in force already.
    Unchanged,
    /// The same bytes were in force already; the year was combined again,
    /// because the settings of precedence are others.
    Combined,
    /// It would be applied, were it not a dry run.
    Checked,
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// By school year, earliest first, with the source's number of rows.
    pub years: Vec<(SchoolYear, u64, Applied)>,
    /// The same years as this and their other sources make them together.
    pub combined: Vec<CombinedYear>,
    /// Administrations of surveys without ids of students.
    pub responses: Vec<AppliedResponses>,
    /// What was noticed when sources were combined.
    pub problems: Problems,
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
    /// The sources of a year do not fit together.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// Another program imports into this node now.
    #[error("another import is under way on this node: try again when it has finished")]
    Busy,
}

/// What is written: sealed files are on the disk, their rows are not yet.
#[derive(Default)]
struct Written {
    imports: Vec<Import>,
    years: Vec<CombinedYear>,
    responses: Vec<ResponseSet>,
    kept: Option<KeptRows>,
}

/// Applies what was read, or nothing.
pub async fn apply(
    store: &Store,
    records: &Records,
    read: &Read,
    options: &ImportOptions,
    at: UnixSeconds,
) -> Result<Outcome, ImportError> {
    let _lock = records.lock()?.ok_or(ImportError::Busy)?;
    let mut written = Written::default();
    let applied = write(store, records, read, options, &mut written).await;
    if let (Ok(outcome), false) = (&applied, options.dry_run) {
        for (year, ..) in &outcome.years {
            // Those that are written are ended with what is written.
            if !written.years.iter().any(|written| written.school_year == *year) {
                warehouse_years::end(store, *year, at).await?;
            }
        }
    }
    let Written { imports, years, responses, kept } = &written;
    let is_nothing = imports.is_empty() && years.is_empty() && responses.is_empty();
    if is_nothing && kept.is_none() {
        return applied;
    }
    if applied.is_ok() {
        let changes = Changes { imports, years, responses, kept: kept.as_ref() };
        combined::insert(store, changes, at).await?;
        sweep(store, records).await?;
    } else {
        // What a refused import wrote is swept with the next one at the latest.
        let _ = sweep(store, records).await;
    }
    applied
}

/// Checks every year, and writes the files of those that change, until one is
/// refused.
async fn write(
    store: &Store,
    records: &Records,
    read: &Read,
    options: &ImportOptions,
    written: &mut Written,
) -> Result<Outcome, ImportError> {
    let mut outcome = Outcome::default();
    for years in &read.imported.years {
        let year = years.school_year;
        let (mut own, mut others) = (None, Vec::new());
        for held in imports::find(store, year).await? {
            if held.import.source == read.source {
                own = Some(held.import);
            } else {
                others.push(held.import);
            }
        }
        let before = combined::find(store, year).await?.map(|held| held.year);
        let there = warehouse_years::find(store, year).await?;
        if let Some(there) = there.as_ref().filter(|_| !options.accept_change) {
            let view = &there.view;
            let what = format!(
                "it is counted in the view {view} of a warehouse, and would be counted from this import"
            );
            return Err(ImportError::Changed { year, changes: what });
        }
        let applied = judge(records, read, years, own.as_ref(), before.as_ref(), options)?;
        let shown = match applied {
            _ if options.dry_run => Applied::Checked,
            Applied::Unchanged if there.is_some() => Applied::Replaced,
            applied => applied,
        };
        outcome.years.push((year, years.rows() as u64, shown));
        if applied == Applied::Unchanged {
            outcome.combined.extend(before);
            continue;
        }
        let parts = others.iter().map(|import| records.read_part(&import.records_file));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let others = others.iter().zip(&parts);
        let parts = others.map(|(import, years)| Part { source: &import.source, years });
        let parts: Vec<Part<'_>> = parts.chain([Part { source: &read.source, years }]).collect();
        let made = combine(&parts, &options.precedence);
        if made.problems.has_fatal() {
            return Err(refused(read.imported.report.clone(), &made.problems));
        }
        check_loss(before.as_ref(), &made, year, options)?;
        let own = match own {
            Some(own) if applied == Applied::Combined => own.records_file,
            _ if options.dry_run => String::new(),
            _ => {
                let import = import(read, years, options, records.write(years)?);
                let file = import.records_file.clone();
                written.imports.push(import);
                file
            }
        };
        let records_file = match &made.years {
            None => None,
            // The only part is the year.
            Some(Cow::Borrowed(_)) => Some(own),
            Some(Cow::Owned(_)) if options.dry_run => None,
            Some(Cow::Owned(all)) => Some(records.write(all)?),
        };
        let combined = combined_year(year, &made, options, records_file);
        if !options.dry_run {
            written.years.push(combined.clone());
        }
        outcome.combined.push(combined);
        made.problems.groups().for_each(|group| outcome.problems.add_group(group));
    }
    outcome.responses =
        responses::write(store, records, read, options, &mut written.responses).await?;
    written.kept = keep(store, records, read, options).await?;
    Ok(outcome)
}

/// Writes the rows that the source's next files may change, unless they are
/// held. Refused where others were kept since these were read.
async fn keep(
    store: &Store,
    records: &Records,
    read: &Read,
    options: &ImportOptions,
) -> Result<Option<KeptRows>, ImportError> {
    let Some(kept) = &read.kept else { return Ok(None) };
    let held = kept_rows::find(store, &read.source).await?.map(|held| held.sha256);
    if kept.over.is_some() && kept.over != held {
        return Err(ImportError::Busy);
    }
    if options.dry_run || held == Some(read.digest) {
        return Ok(None);
    }
    let records_file = records.write_kept(&kept.rows)?;
    Ok(Some(KeptRows { source: read.source.clone(), sha256: read.digest, records_file }))
}

/// What becomes of one year of the source; refused where too much changed.
fn judge(
    records: &Records,
    read: &Read,
    years: &StudentYears,
    own: Option<&Import>,
    before: Option<&CombinedYear>,
    options: &ImportOptions,
) -> Result<Applied, ImportError> {
    let Some(own) = own else { return Ok(Applied::New) };
    if own.sha256 == read.digest && own.as_of == options.as_of {
        let is_current = before.is_some_and(|before| {
            let settings_matter = before.parts.len() > 1 || before.without_school > 0;
            !settings_matter || before.precedence == options.precedence.to_string()
        });
        return Ok(if is_current { Applied::Unchanged } else { Applied::Combined });
    }
    check_change(records, own, years, options)?;
    Ok(Applied::Replaced)
}

fn import(
    read: &Read,
    years: &StudentYears,
    options: &ImportOptions,
    records_file: String,
) -> Import {
    Import {
        source: read.source.clone(),
        school_year: years.school_year,
        file_name: read.files.join(", "),
        sha256: read.digest,
        row_count: years.rows() as u64,
        as_of: options.as_of.clone(),
        columns: names(years.columns()),
        records_file,
    }
}

pub(super) fn combined_year(
    school_year: SchoolYear,
    made: &Combined<'_>,
    options: &ImportOptions,
    records_file: Option<String>,
) -> CombinedYear {
    let part = |part: &PartShare| CombinedPart {
        source: part.source.clone(),
        joined: part.joined,
        without_school: part.without_school,
        first_of: names(part.first_of),
    };
    CombinedYear {
        school_year,
        row_count: made.years.as_ref().map_or(0, |years| years.rows() as u64),
        without_school: made.without_school,
        precedence: options.precedence.to_string(),
        records_file,
        parts: made.parts.iter().map(part).collect(),
    }
}

fn names(columns: ColumnSet) -> BTreeSet<String> {
    columns.iter().map(|column| column.name().to_owned()).collect()
}

/// Removes record files that nothing in force names; run after an import.
pub async fn sweep(store: &Store, records: &Records) -> Result<usize, ImportError> {
    let imports = imports::list(store).await?.into_iter();
    let years = combined::list(store).await?.into_iter();
    let parts = imports.filter(|held| held.superseded_at.is_none());
    let years = years.filter(|held| held.superseded_at.is_none());
    let mut named: BTreeSet<String> = parts.map(|held| held.import.records_file).collect();
    named.extend(years.filter_map(|held| held.year.records_file));
    named.extend(kept_rows::list(store).await?.into_iter().map(|kept| kept.records_file));
    named.extend(response_sets::in_force(store).await?.into_iter().map(|set| set.records_file));
    Ok(records.sweep(&named)?)
}

/// The import is refused for what other sources say.
pub(super) fn refused(mut report: Report, problems: &Problems) -> ImportError {
    problems.groups().for_each(|group| report.problems.add_group(group));
    ImportError::Refused(Box::new(Refused { report: Box::new(report) }))
}

/// Compares the source's year with the same source's year before.
fn check_change(
    records: &Records,
    held: &Import,
    years: &StudentYears,
    options: &ImportOptions,
) -> Result<(), ImportError> {
    if options.accept_change {
        return Ok(());
    }
    let before = records.read(&held.records_file)?;
    let Some(before) = before.shape() else { return Ok(()) };
    changed(years.school_year, &Shape::of(years).changes_since(before, options.limits))
}

/// Asks before students are lost that other sources still have rows of: where
/// a roster's ids or schools are not what they were.
fn check_loss(
    before: Option<&CombinedYear>,
    made: &Combined<'_>,
    year: SchoolYear,
    options: &ImportOptions,
) -> Result<(), ImportError> {
    let is_one_source = made.parts.len() < 2 && made.without_school == 0;
    if options.accept_change || is_one_source {
        return Ok(());
    }
    let before = before.map_or(0, |before| before.row_count) as f64;
    let now = made.years.as_ref().map_or(0, |years| years.rows()) as f64;
    if (before - now) * 100.0 <= options.limits.rows_percent * before {
        return Ok(());
    }
    let what = "number of students of all sources together".to_owned();
    changed(year, &[Change { what, before, now, unit: "students" }])
}

/// That too much changed, if anything did.
pub(super) fn changed(year: SchoolYear, changes: &[Change]) -> Result<(), ImportError> {
    if changes.is_empty() {
        return Ok(());
    }
    let changes: Vec<String> = changes.iter().map(Change::to_string).collect();
    Err(ImportError::Changed { year, changes: changes.join("; ") })
}
