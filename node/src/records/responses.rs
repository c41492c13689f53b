//! Answers to surveys that no student's id belongs to, sealed as student years
//! are, one file an administration: applied with an import, and opened to be
//! counted for the district's own eyes.

use std::fs;

use peerlight_node_engine::{
    intake::Change,
    respondent::{Respondent, Responses},
};
use peerlight_proto::units::SchoolYear;

use super::{
    Records, RecordsError, failed,
    import::{Applied, ImportError, ImportOptions, changed},
    seal,
};
use crate::{
    source::Read,
    store::{Store, response_sets, response_sets::ResponseSet},
};

/// What became of one administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedResponses {
    /// When.
    pub school_year: SchoolYear,
    /// Who answered.
    pub respondent: Respondent,
    /// Answers.
    pub rows: u64,
    /// Schools that they are about.
    pub schools: usize,
    /// What became of it.
    pub applied: Applied,
}

impl Records {
    /// Seals an administration; the name of the finished file.
    pub fn write_responses(&self, responses: &Responses) -> Result<String, RecordsError> {
        self.write_sealed("responses", responses.to_text().into_bytes(), Vec::new())
    }

    /// Opens the administration of a file that [`Self::write_responses`] wrote.
    pub fn read_responses(&self, name: &str) -> Result<Responses, RecordsError> {
        let path = self.folder.join(name);
        let sealed = fs::read(&path).map_err(failed(&path, "read"))?;
        let opened = seal::open(&self.keys, name, sealed);
        let opened = opened.ok_or_else(|| RecordsError::Sealed(path.clone()))?;
        let text = std::str::from_utf8(&opened).ok();
        let reason = "it is not an administration of this version";
        text.and_then(Responses::from_text)
            .ok_or_else(|| RecordsError::Content { path, reason: reason.to_owned() })
    }
}

/// Checks every administration of an import, and writes the files of those that
/// change into `written`, until one is refused.
pub(super) async fn write(
    store: &Store,
    records: &Records,
    read: &Read,
    options: &ImportOptions,
    written: &mut Vec<ResponseSet>,
) -> Result<Vec<AppliedResponses>, ImportError> {
    let held = response_sets::in_force(store).await?;
    let mut outcome = Vec::new();
    for responses in &read.imported.responses {
        let rows = responses.answers.len() as u64;
        let own = held.iter().find(|it| {
            (it.school_year, it.respondent) == (responses.school_year, responses.respondent)
                && it.source == read.source
        });
        let applied = match own {
            None => Applied::New,
            Some(own) if own.sha256 == read.digest && own.as_of == options.as_of => {
                Applied::Unchanged
            }
            Some(own) => {
                check_loss(own, rows, options)?;
                Applied::Replaced
            }
        };
        if applied != Applied::Unchanged && !options.dry_run {
            written.push(ResponseSet {
                school_year: responses.school_year,
                respondent: responses.respondent,
                source: read.source.clone(),
                file_name: read.files.join(", "),
                sha256: read.digest,
                response_count: rows,
                as_of: options.as_of.clone(),
                records_file: records.write_responses(responses)?,
            });
        }
        outcome.push(AppliedResponses {
            school_year: responses.school_year,
            respondent: responses.respondent,
            rows,
            schools: responses.schools.len(),
            applied: if options.dry_run { Applied::Checked } else { applied },
        });
    }
    Ok(outcome)
}

/// Asks before answers are lost. More of them are what a survey that is still
/// open brings.
fn check_loss(own: &ResponseSet, rows: u64, options: &ImportOptions) -> Result<(), ImportError> {
    let (before, now) = (own.response_count as f64, rows as f64);
    if options.accept_change || (before - now) * 100.0 <= options.limits.rows_percent * before {
        return Ok(());
    }
    let what = format!("number of answers of {}", own.respondent);
    changed(own.school_year, &[Change { what, before, now, unit: "answers" }])
}
