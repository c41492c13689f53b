//! A district corrects what it released from bad records: a person says why,
//! and the next sync counts again and draws new noise, paid for by the
//! charter's reserve. What was released before stays released.
//!
//! Draws nothing itself. Whatever the release policy is, a correction is never
//! drawn unless a person asked for it.

use peerlight_node_engine::privacy::{
    budget::{Refused, YearLedger},
    chain::Entry,
};
use peerlight_proto::{
    charter::Correction,
    layout::{ReleaseLayout, release_layout, year_budget},
    names::{PeriodId, ProgramId},
    units::UnixSeconds,
};

use super::{
    decision::{self, DecisionError, Permission, Person, ReleasePolicy},
    prepare::{PrepareError, Terms},
};
use crate::store::{
    Store,
    decisions::{self, Decision, Verdict},
    ledger,
};

/// A correction that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What will be released.
    pub layout: ReleaseLayout,
    /// How many releases the reserve has left after it.
    pub left: u32,
    /// Somebody had asked for it before, and it was not drawn yet.
    pub is_known: bool,
}

/// Records that a person wants a release corrected, and why.
pub async fn correct(
    store: &Store,
    terms: Terms<'_>,
    (program, period): (&ProgramId, &PeriodId),
    person: Person<'_>,
    reason: &str,
    now: UnixSeconds,
) -> Result<Planned, DecisionError> {
    if reason.trim().is_empty() {
        return Err(DecisionError::Empty("reason"));
    }
    let year = terms.charter.school_year;
    let entries = ledger::list(store).await?;
    let decisions = decisions::list(store, year).await?;
    let next = next(&entries, &decisions, terms, program, period).id();
    let layout = layout(terms, program, &next)?;
    let mut budget = YearLedger::from_entries(
        year,
        year_budget(terms.charter, terms.directory, terms.member),
        entries.iter(),
    );
    // What was asked for before, and not called off, is drawn before.
    let stands = |it: &&Decision| {
        let permission = decision::permission(terms, &decisions, &it.program, &it.period);
        permission != Permission::Withheld && (it.period != next || it.program != *program)
    };
    for it in asked(&decisions).filter(stands) {
        if let Ok(layout) = self::layout(terms, &it.program, &it.period) {
            // It may be drawn already, or be refused when its turn comes.
            let _: Result<_, Refused> = budget.charge(&layout, terms.under());
        }
    }
    budget.charge(&layout, terms.under()).map_err(PrepareError::from)?;
    let reserve = layout.from_reserve.as_ref();
    let left = reserve.map_or(0, |reserve| {
        reserve.releases.saturating_sub(budget.from_reserve(reserve.question.as_ref()) as u32)
    });
    let release = (program.clone(), next);
    let recorded = decision::approve_correction(store, terms, release, person, reason, now).await?;
    Ok(Planned { layout, left, is_known: recorded == 0 })
}

/// Corrections that somebody asked for, drawn, called off or not.
pub fn asked(decisions: &[Decision]) -> impl Iterator<Item = &Decision> {
    decisions
        .iter()
        .filter(|it| it.verdict == Verdict::Approved && Correction::of(&it.period).is_some())
}

fn layout(
    terms: Terms<'_>,
    program: &ProgramId,
    period: &PeriodId,
) -> Result<ReleaseLayout, DecisionError> {
    let Terms { charter, directory, member, .. } = terms;
    let layout = release_layout(charter, directory, member, program, period);
    Ok(layout.map_err(PrepareError::from)?)
}

/// The correction that would come next: one that waits to be drawn, else the
/// first whose number nobody has used.
fn next(
    entries: &[Entry],
    decisions: &[Decision],
    terms: Terms<'_>,
    program: &ProgramId,
    period: &PeriodId,
) -> Correction {
    let of_this = |id: &PeriodId| Correction::of(id).filter(|it| it.period == *period);
    let year = terms.charter.school_year;
    let drawn = entries.iter().filter(|it| it.school_year == year && it.program == *program);
    let drawn: Vec<Correction> = drawn.filter_map(|it| of_this(&it.period)).collect();
    let decided = decisions.iter().filter(|it| it.program == *program);
    let decided: Vec<Correction> = decided.filter_map(|it| of_this(&it.period)).collect();
    let strict = Terms { policy: ReleasePolicy::Approve, ..terms };
    let waits = |it: &&Correction| {
        !drawn.contains(it)
            && decision::permission(strict, decisions, program, &it.id()) != Permission::Withheld
    };
    if let Some(waiting) = decided.iter().find(waits) {
        return waiting.clone();
    }
    let used = drawn.iter().chain(&decided).map(|it| it.number).max().unwrap_or(0);
    Correction { period: period.clone(), number: used + 1 }
}
