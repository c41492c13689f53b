//! An import from its reader to the audit log, whoever asked for it: a person
//! at the command line, or the inbox. All of it is applied or nothing.
//!
//! Prints nothing: who asked says what became of it.

pub mod in_place;

use std::path::{Path, PathBuf};

use peerlight_node_engine::{
    intake::{ChangeLimits, Report, Schools, table::Day},
    measure::absent_groups,
    student::Column,
};
use peerlight_proto::units::{ContentHash, SchoolYear, UnixSeconds};

use self::in_place::Census;
use crate::{
    error::Error,
    exact,
    import_report::{self, ImportReport},
    node::Node,
    records::{self, Applied, ImportOptions, Outcome},
    source::{Read, SourceError, oneroster},
    store::{audit, combined::CombinedYear, kept_rows},
};

/// How an import is to be applied, and who asked for it.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Civil date the values are cumulative to, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// A person has seen the changes and accepts them.
    pub accept_change: bool,
    /// Check everything and apply nothing.
    pub dry_run: bool,
    /// Who asked, for the audit log.
    pub actor: &'static str,
}

/// What became of an import: applied, or refused with all of the reasons.
#[derive(Debug)]
pub struct Settled {
    /// The source's name; empty where nothing of it could be read.
    pub source: String,
    /// Digest of what was read; absent where it could not be read.
    pub digest: Option<ContentHash>,
    /// What was read, and everything that is wrong with it.
    pub report: Report,
    /// What was applied, or why nothing was.
    pub outcome: Result<Done, Error>,
    is_dry_run: bool,
    at: UnixSeconds,
}

/// What an import applied, or would have applied.
#[derive(Debug)]
pub struct Done {
    /// What became of each school year.
    pub outcome: Outcome,
    /// Which student groups each year cannot tell, a sentence each.
    pub absent: Vec<(SchoolYear, Vec<String>)>,
    /// Who is in the years that a warehouse counts; none of imported ones.
    pub census: Vec<Census>,
}

/// Runs a reader off the async threads, with the schools of this district.
///
/// # Errors
///
/// The reader's, and those of a node that has not joined or has no directory.
pub async fn reading(
    node: &Node,
    read: impl FnOnce(Schools) -> Result<Read, Error> + Send + 'static,
) -> Result<Read, Error> {
    let member = node.membership()?.member;
    let directory = node.documents().await?.directory.document;
    let work = move || read(Schools::new(&directory, &member));
    match tokio::task::spawn_blocking(work).await {
        Ok(read) => read,
        Err(_) => Err(Error::Absent("the import was interrupted: try again".to_owned())),
    }
}

/// Reads a OneRoster bundle, a delta over the rows that are held of the bundles
/// before. `until` is the last day that it tells of.
///
/// # Errors
///
/// As [`reading`].
pub async fn reading_roster(node: &Node, path: PathBuf, until: Option<Day>) -> Result<Read, Error> {
    let held = kept_rows::find(&node.store, oneroster::SOURCE).await?;
    let records = exact::records(node)?;
    reading(node, move |schools| {
        let before = || {
            let Some(held) = held else { return Ok(None) };
            let rows = records.read_kept(&held.records_file);
            let rows = rows.map_err(|error| SourceError::Held(error.to_string()))?;
            Ok(Some(oneroster::Before { rows, sha256: held.sha256 }))
        };
        Ok(oneroster::read(&path, until, schools, before)?)
    })
    .await
}

/// Applies what was read, or says why it is refused.
///
/// # Errors
///
/// The node's own: its database, its records folder. A refusal is no error
/// here but an [`Settled::outcome`].
pub async fn settle(node: &Node, read: Result<Read, Error>, wish: &Wish) -> Result<Settled, Error> {
    let (is_dry_run, at) = (wish.dry_run, node.clock.now());
    let refused = |source: String, digest, report: Report, error: Error| {
        let report = error.report().cloned().unwrap_or(report);
        Settled { source, digest, report, outcome: Err(error), is_dry_run, at }
    };
    let read = match read {
        Err(error) => return Ok(refused(String::new(), None, Report::default(), error)),
        Ok(read) => read,
    };
    let percent = node.config.accept_change_percent;
    let options = ImportOptions {
        as_of: wish.as_of.clone(),
        accept_change: wish.accept_change,
        dry_run: wish.dry_run,
        limits: ChangeLimits { rows_percent: percent, share_points: percent },
        precedence: node.config.precedence.clone(),
    };
    let held = exact::records(node)?;
    let outcome = match records::apply(&node.store, &held, &read, &options, at).await {
        Err(error) => {
            let (source, digest) = (read.source, Some(read.digest));
            return Ok(refused(source, digest, read.imported.report, error.into()));
        }
        Ok(outcome) => outcome,
    };
    if !wish.dry_run && has_changed(&outcome) {
        let years = outcome.years.iter().map(|(year, ..)| year.to_string());
        let surveys = outcome.responses.iter();
        let surveys = surveys.map(|it| format!("{} of {}", it.respondent, it.school_year));
        let subject: Vec<String> = years.chain(surveys).collect();
        let action = format!("import {}", read.source);
        audit::insert(&node.store, at, wish.actor, &action, &subject.join(", ")).await?;
    }
    let absent = absent(node, &outcome.combined).await?;
    let mut report = read.imported.report;
    outcome.problems.groups().for_each(|group| report.problems.add_group(group));
    let (source, digest, census) = (read.source, Some(read.digest), Vec::new());
    Ok(Settled {
        source,
        digest,
        report,
        outcome: Ok(Done { outcome, absent, census }),
        is_dry_run,
        at,
    })
}

/// Whether an import changed anything.
fn has_changed(outcome: &Outcome) -> bool {
    let years = outcome.years.iter().map(|(_, _, applied)| *applied);
    let surveys = outcome.responses.iter().map(|it| it.applied);
    years.chain(surveys).any(|applied| applied != Applied::Unchanged)
}

impl Settled {
    /// Writes the quality report into a folder, whatever became of the import.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to.
    pub fn write_report(&self, folder: &Path) -> Result<(), Error> {
        let why = self.outcome.as_ref().map_err(ToString::to_string);
        let import = ImportReport {
            source: &self.source,
            report: &self.report,
            outcome: why.as_ref().map(|done| &done.outcome).map_err(String::as_str),
            is_dry_run: self.is_dry_run,
            at: self.at,
        };
        Ok(import_report::write(folder, &import)?)
    }
}

/// Which student groups each year cannot tell, a sentence each.
async fn absent(
    node: &Node,
    years: &[CombinedYear],
) -> Result<Vec<(SchoolYear, Vec<String>)>, Error> {
    let charter = node.documents().await?.charter.document;
    let of_year = |year: &CombinedYear| {
        let columns = year.columns().into_iter().filter_map(Column::from_name).collect();
        let absent = absent_groups(&charter, |_| true, columns);
        (year.school_year, absent.iter().map(ToString::to_string).collect())
    };
    Ok(years.iter().map(of_year).collect())
}
