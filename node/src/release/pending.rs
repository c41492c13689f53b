//! What the approved charter's calendar asks for and was not drawn yet, each
//! with where it stands. Looks at calendar and decisions, never at a number.

use std::collections::BTreeSet;

use peerlight_node_engine::schedule::{self, Clocks, Step};
use peerlight_proto::{
    layout::{LayoutError, release_layout},
    names::{PeriodId, ProgramId},
    units::UnixSeconds,
};

use super::decision::{self, Permission, ReleasePolicy};
use crate::{
    approval::Approved,
    calendar,
    error::Error,
    node::Node,
    store::{
        decisions::{self, Decision},
        outbox,
    },
};

/// Where a release stands that was not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// The next sync draws it, if its records are there.
    Due,
    /// It is due and a person has to approve it.
    AwaitingApproval,
    /// A person approved it; a sync draws it once it is due.
    Approved,
    /// It is never drawn.
    Withheld,
}

impl PendingState {
    /// Its name, as in rows printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::AwaitingApproval => "awaiting approval",
            Self::Approved => "approved",
            Self::Withheld => "withheld",
        }
    }
}

/// A release that was not drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The program.
    pub program: ProgramId,
    /// Its period.
    pub period: PeriodId,
    /// From when it may be drawn.
    pub due_at: UnixSeconds,
    /// Where it stands.
    pub state: PendingState,
    /// Who decided about it, if somebody did.
    pub decision: Option<Decision>,
}

/// Every undrawn release that is due or was decided about, earliest first.
/// Judged by this node's clock alone: calls nobody.
pub async fn list(node: &Node, approved: &Approved) -> Result<Vec<Pending>, Error> {
    let membership = node.membership()?;
    let terms = approved.terms(&membership.member, node.config.release_policy);
    let (charter, directory) = (terms.charter, terms.directory);
    let decisions = decisions::list(&node.store, charter.school_year).await?;
    let drawn: BTreeSet<(ProgramId, PeriodId)> = outbox::list(&node.store)
        .await?
        .into_iter()
        .filter(|release| release.entry.school_year == charter.school_year)
        .map(|release| (release.entry.program.clone(), release.entry.period.clone()))
        .collect();
    let calendar: Vec<Step> = calendar::steps(charter)?
        .into_iter()
        .filter(|step| approved.offers(&step.program))
        .collect();
    let clocks = Clocks { node: node.clock.now(), hub: None };
    let due = schedule::due(&calendar, &drawn, clocks);
    let sorted = decision::sort(terms, &decisions, due);
    let everything =
        schedule::due(&calendar, &drawn, Clocks { node: UnixSeconds(i64::MAX), ..clocks });
    let mut pending = Vec::new();
    for step in everything {
        let (program, period) = (&step.program, &step.period);
        let layout = release_layout(charter, directory, &membership.member, program, period);
        if matches!(layout, Err(LayoutError::NoSchools(..))) {
            continue;
        }
        let decision = decisions.iter().rev().find(|it| {
            it.program == *program
                && (it.period == *period || decision::withholds(charter, it, period))
        });
        let permission = decision::permission(terms, &decisions, program, period);
        let state = if permission == Permission::Withheld {
            PendingState::Withheld
        } else if sorted.awaiting.contains(&step) {
            PendingState::AwaitingApproval
        } else if terms.policy == ReleasePolicy::Approve && permission == Permission::Granted {
            PendingState::Approved
        } else if sorted.granted.contains(&step) {
            PendingState::Due
        } else {
            continue;
        };
        pending.push(Pending {
            program: program.clone(),
            period: period.clone(),
            due_at: step.due_at,
            state,
            decision: decision.cloned(),
        });
    }
    Ok(pending)
}
