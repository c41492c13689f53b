//! Who lets a release go: the district's policy, and what its people decided
//! about single releases before their noise was drawn.
//!
//! ```text
//! due ─▶ policy auto ───────────────────────────────▶ drawn
//!     ─▶ policy approve ─▶ awaiting ─▶ approved ────▶ drawn
//!     ─▶ withheld: never drawn; the hub sees an absence and no more
//! ```
//!
//! A decision comes before the draw and never looks at a number: true and sent
//! values are compared after it. What was drawn is spent and cannot be
//! withheld; what was withheld is never drawn.

use std::{collections::BTreeSet, str::FromStr};

use peerlight_node_engine::schedule::Step;
use peerlight_proto::{
    charter::{Charter, Correction},
    layout::{LayoutError, release_layout},
    names::{PeriodId, ProgramId, ReleaseId},
    units::UnixSeconds,
};

use super::prepare::{self, PrepareError, Terms};
use crate::store::{
    Store, StoreError, audit,
    decisions::{self, Decision, Verdict},
    ledger, outbox,
};

/// Whether a person approves every release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReleasePolicy {
    /// What is due is drawn.
    #[default]
    Auto,
    /// Nothing is drawn before a person approved that very release.
    Approve,
}

impl FromStr for ReleasePolicy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "approve" => Ok(Self::Approve),
            _ => Err(()),
        }
    }
}

/// Whether a release may be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Nobody needs to be asked, or somebody approved it.
    Granted,
    /// A person has to approve it first.
    Awaiting,
    /// It is never drawn.
    Withheld,
}

/// Whether one release may be drawn, by the policy and the year's decisions.
///
/// An approval is of the documents it was given under: after a change of
/// charter or directory it is asked for again. A later step of a stream has no
/// choice of documents: it goes on under those of the first. Withholding a step of a stream
/// withholds every later one, because a running total cannot skip a step. A
/// correction is drawn only where a person asked for it, whatever the policy.
pub fn permission(
    terms: Terms<'_>,
    decisions: &[Decision],
    program: &ProgramId,
    period: &PeriodId,
) -> Permission {
    let mut of_program = decisions.iter().filter(|it| it.program == *program);
    if of_program.clone().any(|it| withholds(terms.charter, it, period)) {
        return Permission::Withheld;
    }
    let approves = |it: &Decision| {
        it.verdict == Verdict::Approved
            && it.period == *period
            && (is_later_step(terms.charter, program, period)
                || (it.charter_hash, it.directory_hash)
                    == (terms.charter_hash, terms.directory_hash))
    };
    match terms.policy {
        ReleasePolicy::Auto if Correction::of(period).is_none() => Permission::Granted,
        _ if of_program.any(approves) => Permission::Granted,
        _ => Permission::Awaiting,
    }
}

fn is_later_step(charter: &Charter, program: &ProgramId, period: &PeriodId) -> bool {
    charter.program(program).is_some_and(|program| {
        program.continual.is_some() && program.periods.first().is_some_and(|it| it.id != *period)
    })
}

/// Whether a decision about a program withholds this period of it.
pub fn withholds(charter: &Charter, decision: &Decision, period: &PeriodId) -> bool {
    if decision.verdict != Verdict::Withheld {
        return false;
    }
    if decision.period == *period {
        return true;
    }
    let Some(program) = charter.program(&decision.program) else { return false };
    let position = |id: &PeriodId| program.periods.iter().position(|known| known.id == *id);
    // A period that the charter no longer has stands before all of its own.
    program.continual.is_some() && position(&decision.period) < position(period)
}

/// Due steps, by what may be done about them.
#[derive(Debug, Default)]
pub struct Sorted<'a> {
    /// May be drawn.
    pub granted: Vec<&'a Step>,
    /// Wait for a person.
    pub awaiting: Vec<&'a Step>,
}

/// Sorts due steps, earliest first; withheld ones and those for which the
/// member has no school are left out. A step of a stream waits for the one
/// before it.
pub fn sort<'a>(terms: Terms<'_>, decisions: &[Decision], due: Vec<&'a Step>) -> Sorted<'a> {
    let Terms { charter, directory, member, .. } = terms;
    let mut sorted = Sorted::default();
    let mut held_up: BTreeSet<&ProgramId> = BTreeSet::new();
    for step in due {
        let layout = release_layout(charter, directory, member, &step.program, &step.period);
        if matches!(layout, Err(LayoutError::NoSchools(..))) {
            continue;
        }
        let permission = permission(terms, decisions, &step.program, &step.period);
        match permission {
            Permission::Withheld => {}
            Permission::Granted if !held_up.contains(&step.program) => sorted.granted.push(step),
            Permission::Granted | Permission::Awaiting => {
                let program = charter.program(&step.program);
                if program.is_some_and(|program| program.continual.is_some()) {
                    held_up.insert(&step.program);
                }
                sorted.awaiting.push(step);
            }
        }
    }
    sorted
}

/// Who decides.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// Name; stays on the node.
    pub name: &'a str,
    /// Office.
    pub title: &'a str,
}

/// Why a decision is refused. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// It is too late.
    #[error(
        "{program} {period} was drawn already, as release {release_id}: its budget is spent, and \
         what was sent cannot be called back; there is nothing left to decide"
    )]
    Drawn {
        /// The program.
        program: ProgramId,
        /// Its period.
        period: PeriodId,
        /// The release.
        release_id: ReleaseId,
    },
    /// It was withheld before.
    #[error("{program} {period} was withheld by {by}: it is never drawn")]
    Withheld {
        /// The program.
        program: ProgramId,
        /// Its period.
        period: PeriodId,
        /// Name and office.
        by: String,
    },
    /// The charter has no such release.
    #[error(
        "the approved charter has no {program} with a period {period}: \
         \"peerlight-node preview\" lists them"
    )]
    Unknown {
        /// The program.
        program: ProgramId,
        /// Its period.
        period: PeriodId,
    },
    /// Nobody asked for the correction.
    #[error(
        "nobody asked for {0} {1}: \"peerlight-node release correct\" records who wants a \
         correction, and why"
    )]
    NotAsked(ProgramId, PeriodId),
    /// A name, title or reason is empty.
    #[error("--{0} must not be empty: it is kept in the record of the decision")]
    Empty(&'static str),
    /// The documents in hand are not the approved ones, or it is not offered.
    #[error(transparent)]
    Terms(#[from] PrepareError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DecisionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Records that a person approves these releases; gives how many were not
/// approved before. All of them or none.
pub async fn approve(
    store: &Store,
    terms: Terms<'_>,
    releases: &[(ProgramId, PeriodId)],
    person: Person<'_>,
    now: UnixSeconds,
) -> Result<usize, DecisionError> {
    let known = decisions::list(store, terms.charter.school_year).await?;
    for (program, period) in releases {
        let asked = || known.iter().any(|it| it.program == *program && it.period == *period);
        if Correction::of(period).is_some() && !asked() {
            return Err(DecisionError::NotAsked(program.clone(), period.clone()));
        }
    }
    decide(store, terms, releases, person, Verdict::Approved, "", now).await
}

/// Records that a person wants a correction drawn, and why; gives how many were
/// not asked for before.
pub(super) async fn approve_correction(
    store: &Store,
    terms: Terms<'_>,
    correction: (ProgramId, PeriodId),
    person: Person<'_>,
    reason: &str,
    now: UnixSeconds,
) -> Result<usize, DecisionError> {
    let one = std::slice::from_ref(&correction);
    decide(store, terms, one, person, Verdict::Approved, reason, now).await
}

/// Records that a release is never drawn, and why.
pub async fn withhold(
    store: &Store,
    terms: Terms<'_>,
    release: (ProgramId, PeriodId),
    person: Person<'_>,
    reason: &str,
    now: UnixSeconds,
) -> Result<(), DecisionError> {
    if reason.trim().is_empty() {
        return Err(DecisionError::Empty("reason"));
    }
    let one = std::slice::from_ref(&release);
    decide(store, terms, one, person, Verdict::Withheld, reason, now).await.map(|_| ())
}

/// One transaction with the write lock: what it sees undrawn stays undrawn
/// until the decision is there.
async fn decide(
    store: &Store,
    terms: Terms<'_>,
    releases: &[(ProgramId, PeriodId)],
    person: Person<'_>,
    verdict: Verdict,
    reason: &str,
    now: UnixSeconds,
) -> Result<usize, DecisionError> {
    for (text, flag) in [(person.name, "name"), (person.title, "title")] {
        if text.trim().is_empty() {
            return Err(DecisionError::Empty(flag));
        }
    }
    let school_year = terms.charter.school_year;
    let mut tx = store.begin().await?;
    let entries = ledger::list_in(store, &mut tx).await?;
    let known = decisions::list_in(&mut tx, school_year).await?;
    // Asked as if every release needed a person, whatever the policy is now.
    let strict = Terms { policy: ReleasePolicy::Approve, ..terms };
    let mut recorded = 0;
    for (program, period) in releases {
        let (program, period) = (program.clone(), period.clone());
        let found = terms.charter.program(&program).and_then(|it| it.period_of(&period));
        if found.is_none() {
            return Err(DecisionError::Unknown { program, period });
        }
        let drawn = outbox::find_drawn_in(&mut tx, school_year, &program, &period).await?;
        if let Some(drawn) = drawn {
            let release_id = drawn.entry.release_id.clone();
            return Err(DecisionError::Drawn { program, period, release_id });
        }
        let Terms { charter, directory, member, .. } = terms;
        let layout = release_layout(charter, directory, member, &program, &period)
            .map_err(PrepareError::from)?;
        prepare::check_approved(&mut tx, terms, &layout, &entries).await?;
        let withheld =
            known.iter().find(|it| it.program == program && withholds(terms.charter, it, &period));
        if let Some(it) = withheld {
            let by = format!("{}, {}", it.name, it.title);
            return Err(DecisionError::Withheld { program, period, by });
        }
        let approved = permission(strict, &known, &program, &period) == Permission::Granted;
        if verdict == Verdict::Approved && approved {
            continue;
        }
        let action = match verdict {
            Verdict::Approved => "approve release",
            Verdict::Withheld => "withhold release",
        };
        let subject = format!("{program} {period} {school_year}");
        let decision = Decision {
            school_year,
            program,
            period,
            verdict,
            charter_hash: terms.charter_hash,
            directory_hash: terms.directory_hash,
            name: person.name.to_owned(),
            title: person.title.to_owned(),
            reason: reason.to_owned(),
            decided_at: now,
        };
        decisions::insert_in(&mut tx, &decision).await?;
        audit::insert_in(&mut tx, now, person.name, action, &subject).await?;
        recorded += 1;
    }
    tx.commit().await?;
    Ok(recorded)
}
