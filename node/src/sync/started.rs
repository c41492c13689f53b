//! Running counts that were started under other documents than the newest
//! approved ones: they go on under their own, which this node has kept. And the
//! calendar that follows from both.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_node_engine::schedule::Step;
use peerlight_proto::{
    charter::Charter, directory::Directory, names::ProgramId, units::ContentHash,
};

use crate::{
    approval::Approved,
    calendar::{self, CalendarError},
    documents::{self, Verified},
    error::Error,
    membership::Membership,
    node::Node,
    release::{correction, decision::ReleasePolicy, prepare::Terms},
    store::{decisions::Decision, ledger},
};

/// Documents, and the running counts that go on under them.
pub(crate) struct Started {
    charter: Verified<Charter>,
    directory: Verified<Directory>,
    programs: BTreeSet<ProgramId>,
}

impl Started {
    /// What their steps are made under.
    const fn terms<'a>(&'a self, membership: &'a Membership, policy: ReleasePolicy) -> Terms<'a> {
        Terms {
            charter: &self.charter.document,
            charter_hash: self.charter.hash,
            directory: &self.directory.document,
            directory_hash: self.directory.hash,
            member: &membership.member,
            policy,
        }
    }
}

/// Steps of one pair of documents.
pub(crate) struct Batch<'a> {
    /// What they are released under.
    pub terms: Terms<'a>,
    /// What is released, due or not, drawn or not.
    pub calendar: Vec<Step>,
}

/// The approved calendar, and those of running counts started before it.
pub(crate) fn batches<'a>(
    membership: &'a Membership,
    policy: ReleasePolicy,
    approved: &'a Approved,
    started: &'a [Started],
) -> Result<Vec<Batch<'a>>, CalendarError> {
    let is_started = |id: &ProgramId| started.iter().any(|it| it.programs.contains(id));
    let mut newest = calendar::steps(&approved.charter.document)?;
    newest.retain(|step| approved.offers(&step.program) && !is_started(&step.program));
    let mut batches =
        vec![Batch { terms: approved.terms(&membership.member, policy), calendar: newest }];
    for it in started {
        let mut calendar = calendar::steps(&it.charter.document)?;
        calendar.retain(|step| it.programs.contains(&step.program));
        batches.push(Batch { terms: it.terms(membership, policy), calendar });
    }
    Ok(batches)
}

/// Adds the corrections that people asked for to the approved calendar, each due
/// from when it was asked for.
pub(crate) fn add_corrections(batches: &mut [Batch<'_>], decisions: &[Decision]) {
    let Some(newest) = batches.first_mut() else { return };
    for decision in correction::asked(decisions) {
        let (program, period) = (&decision.program, &decision.period);
        let is_there = |step: &Step| step.program == *program && step.period == *period;
        let is_offered = newest.calendar.iter().any(|step| step.program == *program);
        if is_offered && !newest.calendar.iter().any(is_there) {
            newest.calendar.push(Step {
                due_at: decision.decided_at,
                program: program.clone(),
                period: period.clone(),
            });
        }
    }
}

/// Finds them in the ledger of the approved charter's year.
pub(crate) async fn started(
    node: &Node,
    membership: &Membership,
    approved: &Approved,
) -> Result<Vec<Started>, Error> {
    let year = approved.charter.document.school_year;
    let entries = ledger::list(&node.store).await?;
    let mut first: BTreeMap<ProgramId, (ContentHash, ContentHash)> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.school_year == year) {
        let documents = (entry.charter_hash, entry.directory_hash);
        first.entry(entry.program.clone()).or_insert(documents);
    }
    let newest = (approved.charter.hash, approved.directory.hash);
    let mut started: Vec<Started> = Vec::new();
    for (program, (charter, directory)) in first {
        if (charter, directory) == newest {
            continue;
        }
        let known = started
            .iter_mut()
            .find(|it| (it.charter.hash, it.directory.hash) == (charter, directory));
        if let Some(known) = known {
            known.programs.insert(program);
            continue;
        }
        let store = &node.store;
        started.push(Started {
            charter: documents::charter_at(store, membership, charter).await?,
            directory: documents::directory_at(store, membership, directory).await?,
            programs: BTreeSet::from([program]),
        });
    }
    for it in &mut started {
        let charter = &it.charter.document;
        let goes_on = |id: &ProgramId| {
            let is_continual =
                charter.program(id).is_some_and(|program| program.continual.is_some());
            // A program that the new charter has, the district can withdraw.
            let is_gone = approved.charter.document.program(id).is_none();
            is_continual && (is_gone || approved.offers(id))
        };
        it.programs.retain(goes_on);
    }
    started.retain(|it| !it.programs.is_empty());
    Ok(started)
}
