//! Imports what was taken from a folder, and puts it where it belongs, its
//! report beside it.
//!
//! Whatever fails on this machine (the disk, the database, another import
//! under way) leaves the files where they are, to be imported at the next look.

use std::{fs, path::Path};

use peerlight_node_engine::intake::{Place, Problem, Refused, Report, Severity};

use super::{
    format::Format,
    look::{DEEPEST_TAKEN, odd_one},
    place::{End, Folder, Inbox, entries, files},
};
use crate::{
    error::{Error, Exit},
    home::{self, Access},
    import::{self, Wish},
    node::Node,
    records::ImportError,
    source::{Read, SourceError},
    store::{audit, imports, response_sets},
};

/// Who imports from the inbox, in the audit log.
const ACTOR: &str = "inbox";

/// Name of the file that says which content waits.
const DIGEST: &str = ".digest";

/// Imports what a folder has taken; fails where it has to be tried again.
pub(super) async fn import(node: &Node, inbox: &Inbox, folder: &Folder) -> Result<(), Error> {
    let taken = folder.taken();
    let read = match odd_one(&taken, DEEPEST_TAKEN)? {
        Some(name) => {
            let what = "is a link, or something else that is no plain file: nothing was opened";
            Err(refused(what, "put the file itself into the inbox", name))
        }
        None => read(node, folder, &files(&taken)?).await,
    };
    let wish = Wish { as_of: None, accept_change: false, dry_run: false, actor: ACTOR };
    let settled = import::settle(node, read, &wish).await?;
    let end = match &settled.outcome {
        Ok(_) => End::Done,
        Err(Error::Import(ImportError::Changed { .. })) => End::Waiting,
        Err(error) if is_refusal(error) => End::Refused,
        Err(_) => return settled.outcome.map(drop),
    };
    settled.write_report(&taken)?;
    if let (End::Waiting, Some(digest)) = (end, &settled.digest) {
        home::replace(&taken.join(DIGEST), digest.to_string().as_bytes(), Access::OwnerOnly)?;
    }
    let now = node.clock.now();
    let name = inbox.finish(folder, end, now)?;
    let (of, files) = (&folder.name, &name);
    let action = match end {
        End::Done => {
            tracing::info!(%of, %files, "imported from the inbox");
            return Ok(());
        }
        End::Refused => {
            tracing::warn!(%of, %files, "refused in the inbox: its report says why");
            format!("refuse import {}", folder.name)
        }
        End::Waiting => {
            tracing::warn!(%of, %files, "waits in the inbox for a person: see \"status\"");
            format!("hold import {}", folder.name)
        }
    };
    Ok(audit::insert(&node.store, now, ACTOR, &action, &name).await?)
}

/// Moves what a person has imported since to what is done.
pub(super) async fn release_accepted(node: &Node, inbox: &Inbox) -> Result<(), Error> {
    let waiting = inbox.ended(End::Waiting)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let held = imports::list(&node.store).await?;
    let in_force = held.iter().filter(|held| held.superseded_at.is_none());
    let surveys = response_sets::in_force(&node.store).await?;
    let digests = in_force.map(|held| held.import.sha256);
    let in_force: Vec<String> = digests
        .chain(surveys.iter().map(|set| set.sha256))
        .map(|digest| digest.to_string())
        .collect();
    for name in waiting {
        let digest = home::read_if_there(&inbox.end(End::Waiting).join(&name).join(DIGEST))?;
        let is_in_force = |digest: Vec<u8>| in_force.iter().any(|it| it.as_bytes() == digest);
        if digest.is_some_and(is_in_force) {
            inbox.accept(&name)?;
            tracing::info!(files = %name, "accepted by a person");
        }
    }
    Ok(())
}

/// Reads the files; those that the format does not read are noted, because
/// they leave the inbox with the others.
async fn read(node: &Node, folder: &Folder, path: &Path) -> Result<Read, Error> {
    let mut read = folder.format.read(node, path, &folder.path).await?;
    if folder.format != Format::OneRoster && fs::metadata(path).is_ok_and(|it| it.is_dir()) {
        let names = entries(path)?.into_iter().map(|(name, _)| name);
        for name in names.filter(|name| !read.files.contains(name)) {
            let what = "a file was not read";
            let remedy = "its name is not one of this format's: put it into another folder";
            let (problem, place) = problem(Severity::Notice, what, remedy, name);
            read.imported.report.problems.add(problem, place);
        }
    }
    Ok(read)
}

/// Refuses what was taken for the sake of one file or folder.
pub(super) fn refused(what: &str, remedy: &str, file: String) -> Error {
    let mut report = Report::default();
    let (problem, place) = problem(Severity::Fatal, what, remedy, file);
    report.problems.add(problem, place);
    SourceError::Refused(Box::new(Refused { report: Box::new(report) })).into()
}

fn problem(severity: Severity, what: &str, remedy: &str, file: String) -> (Problem, Place) {
    let (what, remedy) = (what.to_owned(), remedy.to_owned());
    (Problem { severity, column: None, what, remedy }, Place { file, line: 0, value: None })
}

/// Whether the files are at fault, and not this machine or a setting.
fn is_refusal(error: &Error) -> bool {
    let is_setting = matches!(
        error,
        Error::MapFile(_)
            | Error::Source(
                SourceError::Mapping(_) | SourceError::SurveyMap(_) | SourceError::Descriptors(_)
            )
    );
    error.exit() == Exit::DataRefused && !is_setting
}
