//! Running counts that were started under other documents than the newest
//! approved ones: they go on under their own, which this node has kept.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::{
    charter::Charter, directory::Directory, names::ProgramId, units::ContentHash,
};

use crate::{
    approval::Approved,
    documents::{self, Verified},
    error::Error,
    membership::Membership,
    node::Node,
    release::{decision::ReleasePolicy, prepare::Terms},
    store::ledger,
};

/// Documents, and the running counts that go on under them.
pub(super) struct Started {
    pub charter: Verified<Charter>,
    pub directory: Verified<Directory>,
    pub programs: BTreeSet<ProgramId>,
}

impl Started {
    /// What their steps are made under.
    pub(super) const fn terms<'a>(
        &'a self,
        membership: &'a Membership,
        policy: ReleasePolicy,
    ) -> Terms<'a> {
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

/// Finds them in the ledger of the approved charter's year.
pub(super) async fn started(
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
