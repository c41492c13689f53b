//! Draws what is due: the charter's calendar, less what was drawn, less what
//! cannot be counted.

use std::collections::BTreeSet;

use peerlight_node_engine::{
    growth::percentile::PercentileTables,
    measure::CountPlan,
    schedule::{self, Clocks, Step},
};
use peerlight_proto::{
    charter::ProgramKind,
    layout::{LayoutError, ReleaseLayout, release_layout},
    names::{PeriodId, ProgramId},
    units::UnixSeconds,
};

use super::{Blocked, Called};
use crate::{
    approval::Approved,
    calendar,
    documents::{self, DocumentError},
    error::Error,
    exact,
    node::Node,
    release::{
        decision::{self, Sorted},
        prepare::{self, Prepared, Terms},
    },
    store::{decisions, outbox},
};

/// What drawing did.
pub(super) struct Outcome {
    pub drawn: usize,
    pub blocked: Vec<Blocked>,
    pub awaiting: Vec<(ProgramId, PeriodId)>,
    pub next_due: Option<UnixSeconds>,
    pub problem: Option<Error>,
}

pub(super) async fn draw(
    node: &Node,
    called: &Called,
    approved: &Approved,
) -> Result<Outcome, Error> {
    let charter = &approved.charter.document;
    let now = node.clock.now();
    let clocks = Clocks { node: now, hub: Some(UnixSeconds(now.0 + called.ahead_seconds)) };
    let calendar: Vec<Step> = calendar::steps(charter)?
        .into_iter()
        .filter(|step| approved.offers(&step.program))
        .collect();
    let done: BTreeSet<(ProgramId, PeriodId)> = outbox::list(&node.store)
        .await?
        .into_iter()
        .filter(|release| release.entry.school_year == charter.school_year)
        .map(|release| (release.entry.program.clone(), release.entry.period.clone()))
        .collect();
    let next_due =
        calendar.iter().map(|step| step.due_at).filter(|due| *due > clocks.earliest()).min();
    let due = schedule::due(&calendar, &done, clocks);
    let terms = approved.terms(&called.membership.member, node.config.release_policy);
    let decisions = decisions::list(&node.store, charter.school_year).await?;
    let Sorted { granted: due, awaiting } = decision::sort(terms, &decisions, due);
    let awaiting = awaiting.iter().map(|step| (step.program.clone(), step.period.clone()));
    let mut outcome = Outcome {
        drawn: 0,
        blocked: Vec::new(),
        awaiting: awaiting.collect(),
        next_due,
        problem: None,
    };
    if due.is_empty() {
        return Ok(outcome);
    }
    let tables = tables_if_needed(node, called, approved, &due).await?;
    let columns = exact::columns(node, charter.school_year).await?;
    let mut layouts: Vec<ReleaseLayout> = Vec::new();
    for step in due {
        let block = |reason: String| Blocked {
            program: step.program.clone(),
            period: step.period.clone(),
            reason,
        };
        let Terms { charter, directory, member, .. } = terms;
        match release_layout(charter, directory, member, &step.program, &step.period) {
            // One at a time, so that a missing column blocks its own program only.
            Ok(layout) => {
                let one = std::slice::from_ref(&layout);
                match CountPlan::new(charter, directory, member, one, tables.as_ref(), columns) {
                    Ok(_) => layouts.push(layout),
                    Err(error) => outcome.blocked.push(block(error.to_string())),
                }
            }
            // A district without such schools has nothing to release.
            Err(LayoutError::NoSchools(..)) => {}
            Err(error) => outcome.blocked.push(block(error.to_string())),
        }
    }
    if layouts.is_empty() {
        return Ok(outcome);
    }
    let Terms { charter, directory, member, .. } = terms;
    let plan = CountPlan::new(charter, directory, member, &layouts, tables.as_ref(), columns)?;
    let totals = exact::count(node, plan, charter.school_year).await?;
    for (layout, exact) in layouts.iter().zip(totals) {
        match prepare::prepare(&node.store, terms, layout, exact, now).await {
            Ok(Prepared::Drawn(_)) => outcome.drawn += 1,
            Ok(Prepared::AlreadyDrawn(_)) => {}
            // The rest would meet the same; what was drawn is still sent.
            Err(error) => {
                outcome.problem = Some(error.into());
                break;
            }
        }
    }
    Ok(outcome)
}

/// The percentile tables, asked for only when a growth program waits for them.
async fn tables_if_needed(
    node: &Node,
    called: &Called,
    approved: &Approved,
    due: &[&Step],
) -> Result<Option<PercentileTables>, Error> {
    let charter = &approved.charter;
    let is_growth = |step: &&&Step| {
        let program = charter.document.program(&step.program);
        program.is_some_and(|program| matches!(program.kind, ProgramKind::GrowthMean { .. }))
    };
    if !due.iter().any(|step| is_growth(&step)) {
        return Ok(None);
    }
    let membership = &called.membership;
    if let Some(held) = documents::growth_tables(&node.store, membership, charter).await? {
        return Ok(Some(held));
    }
    let fetched =
        documents::fetch_growth_tables(&called.hub, &node.store, membership, charter, &node.clock);
    match fetched.await {
        // The tables in force are for earlier models: this round is open.
        Err(DocumentError::OtherModels) => Ok(None),
        other => Ok(other?),
    }
}
