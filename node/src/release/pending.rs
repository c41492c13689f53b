//! What the approved charter's calendar asks for and was not drawn yet, each
//! with where it stands. Looks at calendar and decisions, never at a number.

use std::collections::BTreeSet;

use peerlight_node_engine::schedule::{self, Clocks, Step};
use peerlight_proto::{
    layout::{LayoutError, release_layout},
    names::{PeriodId, ProgramId},
    units::UnixSeconds,
};

use super::{
    decision::{self, Permission, ReleasePolicy},
    prepare::Terms,
};
use crate::{
    approval::Approved,
    error::Error,
    node::Node,
    store::{
        decisions::{self, Decision},
        outbox,
    },
    sync,
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
    let year = approved.charter.document.school_year;
    let started = sync::started(node, &membership, approved).await?;
    let policy = node.config.release_policy;
    let mut batches = sync::batches(&membership, policy, approved, &started)?;
    let decisions = decisions::list(&node.store, year).await?;
    sync::add_corrections(&mut batches, &decisions);
    let drawn = outbox::drawn(&node.store, year).await?;
    let clocks = Clocks { node: node.clock.now(), hub: None };
    let mut pending: Vec<Pending> = batches
        .iter()
        .flat_map(|batch| of_calendar(batch.terms, &batch.calendar, &decisions, &drawn, clocks))
        .collect();
    pending.sort_by_key(|it| it.due_at);
    Ok(pending)
}

fn of_calendar(
    terms: Terms<'_>,
    calendar: &[Step],
    decisions: &[Decision],
    drawn: &BTreeSet<(ProgramId, PeriodId)>,
    clocks: Clocks,
) -> Vec<Pending> {
    let sorted = decision::sort(terms, decisions, schedule::due(calendar, drawn, clocks));
    let for_ever = Clocks { node: UnixSeconds(i64::MAX), hub: None };
    let everything = schedule::due(calendar, drawn, for_ever);
    let mut pending = Vec::new();
    for step in everything {
        let (program, period) = (&step.program, &step.period);
        let layout = release_layout(terms.charter, terms.directory, terms.member, program, period);
        if matches!(layout, Err(LayoutError::NoSchools(..))) {
            continue;
        }
        let decision = decisions.iter().rev().find(|it| {
            it.program == *program
                && (it.period == *period || decision::withholds(terms.charter, it, period))
        });
        let permission = decision::permission(terms, decisions, program, period);
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
    pending
}
