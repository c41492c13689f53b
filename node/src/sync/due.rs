//! Draws what is due: the charter's calendar, less what was drawn, less what
//! cannot be counted. Running counts that were started under an earlier charter
//! go on under that one.
//!
//! The contribution journal is opened and has met every student before
//! anything is counted; without it nothing is drawn.

use peerlight_node_engine::{
    growth::percentile::PercentileTables,
    measure::{CountPlan, PlanError},
    privacy::budget::Refused,
    schedule::{self, Clocks, Step},
    student::ColumnSet,
};
use peerlight_proto::{
    charter::ProgramKind,
    layout::{LayoutError, ReleaseLayout, release_layout},
    names::{PeriodId, ProgramId},
    units::{SchoolYear, UnixSeconds},
};

use super::{Blocked, Called, started};
use crate::{
    approval::Approved,
    documents::{self, DocumentError},
    error::Error,
    exact::{self, Counted},
    in_place,
    journal::Book,
    node::Node,
    release::{
        decision::{self, Sorted},
        prepare::{self, PrepareError, Prepared, Terms, Totals},
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
    let now = node.clock.now();
    let clocks = Clocks { node: now, hub: Some(UnixSeconds(now.0 + called.ahead_seconds)) };
    let started = started::started(node, &called.membership, approved).await?;
    let policy = node.config.release_policy;
    let mut batches = started::batches(&called.membership, policy, approved, &started)?;
    let year = approved.charter.document.school_year;
    let decisions = decisions::list(&node.store, year).await?;
    started::add_corrections(&mut batches, &decisions);
    let done = outbox::drawn(&node.store, year).await?;
    let steps = || batches.iter().flat_map(|batch| &batch.calendar);
    let next_due = steps().map(|step| step.due_at).filter(|due| *due > clocks.earliest()).min();
    let mut outcome =
        Outcome { drawn: 0, blocked: Vec::new(), awaiting: Vec::new(), next_due, problem: None };
    for batch in &batches {
        let due = schedule::due(&batch.calendar, &done, clocks);
        let Sorted { granted: due, awaiting } = decision::sort(batch.terms, &decisions, due);
        let awaiting = awaiting.iter().map(|step| (step.program.clone(), step.period.clone()));
        outcome.awaiting.extend(awaiting);
        if due.is_empty() {
            continue;
        }
        let tables = tables_if_needed(node, called, approved, &due).await?;
        draw_batch(node, batch.terms, &due, tables.as_ref(), &mut outcome).await?;
        if outcome.problem.is_some() {
            break;
        }
    }
    Ok(outcome)
}

async fn draw_batch(
    node: &Node,
    terms: Terms<'_>,
    due: &[&Step],
    tables: Option<&PercentileTables>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let year = terms.charter.school_year;
    let columns = exact::columns(node, year).await?;
    let place =
        if in_place::find(node, year).await?.is_some() { Place::There } else { Place::Here };
    let layouts = countable(terms, due, tables, (columns, place), &mut outcome.blocked);
    if layouts.is_empty() {
        return Ok(());
    }
    let Plan { layouts, streams, count } = Plan::new(terms, layouts, tables, columns)?;
    let (mut book, counted) = match count_batch(node, year, count).await {
        Ok(counted) => counted,
        Err(error) => {
            // Nothing is drawn; what was drawn before can still be sent.
            outcome.problem = Some(error);
            return Ok(());
        }
    };
    let Counted { releases, holders } = counted;
    let mut releases = releases.into_iter();
    for layout in &layouts {
        let stream = streams.iter().position(|id| *id == layout.program);
        let drawn = match stream {
            Some(stream) => draw_step(node, terms, layout, &mut book, &holders[stream]).await,
            None => match releases.next() {
                Some(exact) => draw_one(node, terms, layout, exact.into()).await,
                None => continue,
            },
        };
        match drawn {
            Ok(Prepared::Drawn(_)) => outcome.drawn += 1,
            Ok(Prepared::AlreadyDrawn(_)) if stream.is_none() => {}
            // Another process draws: its journal is ahead of the one here.
            Ok(Prepared::AlreadyDrawn(_)) => break,
            Err(Error::Prepare(PrepareError::Refused(
                refused @ (Refused::Step { .. } | Refused::Reserve { .. }),
            ))) => {
                outcome.blocked.push(block(layout, &refused));
            }
            // The rest would meet the same; what was drawn is still sent.
            Err(error) => {
                outcome.problem = Some(error);
                break;
            }
        }
    }
    Ok(())
}

/// Opens the year's journal, lets it meet every student, and counts them there.
async fn count_batch(
    node: &Node,
    year: SchoolYear,
    plan: CountPlan,
) -> Result<(Book, Counted), Error> {
    let mut book = exact::book(node, year).await?;
    let held = exact::held(node, year).await?;
    let (held, met) = exact::meet(node, &mut book, held).await?;
    let counted = exact::count(held, plan, met).await?;
    Ok((book, counted))
}

/// Where a year is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On this node.
    Here,
    /// In a warehouse.
    There,
}

/// What to count, and which of the layouts are of running counts.
struct Plan {
    layouts: Vec<ReleaseLayout>,
    streams: Vec<ProgramId>,
    count: CountPlan,
}

impl Plan {
    fn new(
        terms: Terms<'_>,
        layouts: Vec<ReleaseLayout>,
        tables: Option<&PercentileTables>,
        columns: ColumnSet,
    ) -> Result<Self, PlanError> {
        let Terms { charter, directory, member, .. } = terms;
        let (mut once, mut steps): (Vec<ReleaseLayout>, Vec<ReleaseLayout>) = Default::default();
        for layout in &layouts {
            if layout.step().is_none() {
                once.push(layout.clone());
            } else if !steps.iter().any(|step| step.program == layout.program) {
                steps.push(layout.clone());
            }
        }
        let count = CountPlan::new(charter, directory, member, &once, tables, columns)?
            .with_streams(charter, &steps, columns)?;
        let streams = steps.into_iter().map(|step| step.program).collect();
        Ok(Self { layouts, streams, count })
    }
}

/// The layouts of what is due and can be counted, in order; the rest is
/// blocked, each program for itself.
fn countable(
    terms: Terms<'_>,
    due: &[&Step],
    tables: Option<&PercentileTables>,
    (columns, place): (ColumnSet, Place),
    blocked: &mut Vec<Blocked>,
) -> Vec<ReleaseLayout> {
    let Terms { charter, directory, member, .. } = terms;
    let mut layouts = Vec::new();
    for step in due {
        let mut block = |reason: String| {
            let (program, period) = (step.program.clone(), step.period.clone());
            blocked.push(Blocked { program, period, reason });
        };
        let program = charter.program(&step.program).filter(|_| place == Place::There);
        if let Some(reason) = program.and_then(in_place::refused) {
            block(reason);
            continue;
        }
        match release_layout(charter, directory, member, &step.program, &step.period) {
            // One at a time, so that a missing column blocks its own program only.
            Ok(layout) => match Plan::new(terms, vec![layout.clone()], tables, columns) {
                Ok(_) => layouts.push(layout),
                Err(error) => block(error.to_string()),
            },
            // A district without such schools has nothing to release.
            Err(LayoutError::NoSchools(..)) => {}
            Err(error) => block(error.to_string()),
        }
    }
    layouts
}

/// Draws a step of a running count; the journal's changes are committed with
/// it or not at all.
async fn draw_step(
    node: &Node,
    terms: Terms<'_>,
    layout: &ReleaseLayout,
    book: &mut Book,
    holders: &[u32],
) -> Result<Prepared, Error> {
    let now = node.clock.now();
    let Some((exact, change)) = book.step(layout, holders, now)? else {
        return Err(PlanError::Stream(layout.program.clone()).into());
    };
    let totals = Totals::Step { exact, journal: &change };
    let prepared = draw_one(node, terms, layout, totals).await?;
    if matches!(prepared, Prepared::Drawn(_)) {
        book.adopt(&node.store, change).await?;
    }
    Ok(prepared)
}

async fn draw_one(
    node: &Node,
    terms: Terms<'_>,
    layout: &ReleaseLayout,
    totals: Totals<'_>,
) -> Result<Prepared, Error> {
    Ok(prepare::prepare(&node.store, terms, layout, totals, node.clock.now()).await?)
}

fn block(layout: &ReleaseLayout, reason: &Refused) -> Blocked {
    let (program, period) = (layout.program.clone(), layout.period.clone());
    Blocked { program, period, reason: reason.to_string() }
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
