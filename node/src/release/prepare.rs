//! The release transaction: check, charge, draw, store, commit.
//!
//! It holds the database's write lock from its first look to its commit, so
//! two of them cannot both find a program undrawn. If it is dropped, killed or
//! out of disk at any step, the database rolls back and nothing was spent.

use std::{num::NonZeroUsize, thread};

use peerlight_node_engine::privacy::{
    budget::{Charge, Refused, Under, YearLedger},
    chain::Entry,
    exact::ExactRelease,
    release::{DrawError, NoisyRelease},
};
use peerlight_proto::{
    charter::Charter,
    directory::Directory,
    layout::{LayoutError, ReleaseLayout, release_layout, year_budget},
    names::{MemberId, PeriodId, ProgramId, ReleaseId},
    units::{ContentHash, PicoRho, SchoolYear, UnixSeconds, hexadecimal},
};
use ring::rand::{SecureRandom, SystemRandom};
use sqlx::SqliteConnection;

use super::decision::{self, Permission, ReleasePolicy};
use crate::{
    journal::{JournalError, Move},
    store::{
        Store, StoreError,
        approvals::{self, Approval},
        audit, decisions, ledger,
        outbox::{self, OutboxRelease},
    },
};

/// What a release is made under: the charter and directory in force, verified,
/// and who sends.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The charter.
    pub charter: &'a Charter,
    /// Hash of its signed bytes.
    pub charter_hash: ContentHash,
    /// The directory.
    pub directory: &'a Directory,
    /// Hash of its signed bytes.
    pub directory_hash: ContentHash,
    /// The member that sends.
    pub member: &'a MemberId,
    /// Whether a person approves every release.
    pub policy: ReleasePolicy,
}

impl Terms<'_> {
    /// The documents, by their hashes.
    pub const fn under(&self) -> Under {
        Under { charter_hash: self.charter_hash, directory_hash: self.directory_hash }
    }
}

/// What became of a wish to release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// Noise was drawn and paid for; it waits in the outbox.
    Drawn(OutboxRelease),
    /// It was drawn before; nothing was drawn or charged.
    AlreadyDrawn(OutboxRelease),
}

impl Prepared {
    /// The release, whenever it was drawn.
    pub fn into_release(self) -> OutboxRelease {
        match self {
            Self::Drawn(release) | Self::AlreadyDrawn(release) => release,
        }
    }
}

/// Why nothing was released. Nothing was charged either.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// Nobody approved anything yet.
    #[error("no charter is approved: run `peerlight-node charter approve`")]
    NothingApproved,
    /// Charter or directory is not the one that was approved.
    #[error(
        "{what} {number} ({hash}) is not the one the district approved: look at it with \
         `peerlight-node charter show` and run `peerlight-node charter approve`"
    )]
    NotApproved {
        /// Charter or directory.
        what: &'static str,
        /// The number of the one in hand.
        number: u32,
        /// The first digits of its hash.
        hash: String,
    },
    /// Charter or directory is older than the one that was approved.
    #[error("{what} {number} is older than the approved {approved}: sync again")]
    Older {
        /// Charter or directory.
        what: &'static str,
        /// The number of the one in hand.
        number: u32,
        /// The number of the approved one.
        approved: u32,
    },
    /// The charter's budget is above the district's own ceiling.
    #[error(
        "the charter spends {budget} a year, above the district's own ceiling of {ceiling}: \
         approve it with a higher ceiling, or ask the consortium for a lower budget"
    )]
    AboveCeiling {
        /// What the charter gives a year.
        budget: PicoRho,
        /// What the district allows.
        ceiling: PicoRho,
    },
    /// The district did not declare the program.
    #[error(
        "the district does not offer {0}: declare it with `peerlight-node charter approve --offer`"
    )]
    NotOffered(ProgramId),
    /// A person has to approve this release first.
    #[error("{0} {1} awaits approval: run \"peerlight-node release approve\"")]
    Awaiting(ProgramId, PeriodId),
    /// A person withheld it.
    #[error("{0} {1} was withheld: it is never drawn")]
    Withheld(ProgramId, PeriodId),
    /// The layout in hand is not the one charter and directory define.
    #[error("{0} was counted under another charter or directory: count it again")]
    OtherLayout(ProgramId),
    /// A step of a running count without its change of the journal, or another
    /// release with one.
    #[error(
        "{0} was not counted as it is released: a step of a running count goes with its change \
         of the contribution journal, and no other release does; update this program"
    )]
    OtherTotals(ProgramId),
    /// The layout cannot be computed.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The budget or the layout does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The noise could not be drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The machine has no randomness to name a release with.
    #[error("the machine's source of randomness failed: try again")]
    Randomness,
    /// The thread that drew the noise ended early.
    #[error("drawing the noise of {0} was interrupted: try again")]
    Interrupted(ProgramId),
    /// The contribution journal does not fit.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The exact totals of a release, the integers of its layout.
#[derive(Debug)]
pub enum Totals<'a> {
    /// Of a release that follows from the records alone.
    Once(ExactRelease),
    /// Of a step of a running count, which follows from the contribution
    /// journal.
    Step {
        /// The integers.
        exact: ExactRelease,
        /// What becomes of the journal in the same transaction.
        journal: &'a Move,
    },
}

impl<'a> Totals<'a> {
    /// The integers, and the journal's change if it is a step.
    fn of(self, layout: &ReleaseLayout) -> Result<(ExactRelease, Option<&'a Move>), PrepareError> {
        match (self, layout.step()) {
            (Self::Once(exact), None) => Ok((exact, None)),
            (Self::Step { exact, journal }, Some(_)) => Ok((exact, Some(journal))),
            _ => Err(PrepareError::OtherTotals(layout.program.clone())),
        }
    }
}

impl From<ExactRelease> for Totals<'_> {
    fn from(exact: ExactRelease) -> Self {
        Self::Once(exact)
    }
}

impl From<sqlx::Error> for PrepareError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Draws, charges and stores one release, or gives what was drawn before.
///
/// `totals` are those of `layout`, which must be the one the terms define; a
/// step of a running count is refused without its change of the journal.
pub async fn prepare(
    store: &Store,
    terms: Terms<'_>,
    layout: &ReleaseLayout,
    totals: impl Into<Totals<'_>>,
    now: UnixSeconds,
) -> Result<Prepared, PrepareError> {
    let (exact, journal) = totals.into().of(layout)?;
    let school_year = terms.charter.school_year;
    let mut tx = store.begin().await?;
    if let Some(drawn) = find_drawn(&mut tx, school_year, &layout.program, &layout.period).await? {
        return Ok(Prepared::AlreadyDrawn(drawn));
    }
    let entries = ledger::list_in(store, &mut tx).await?;
    check_approved(&mut tx, terms, layout, &entries).await?;
    check_layout(terms, layout)?;
    check_decision(&mut tx, terms, layout).await?;

    let budget = year_budget(terms.charter, terms.directory, terms.member);
    let mut year = YearLedger::from_entries(school_year, budget, entries.iter());
    let charge = year.charge(layout, terms.under())?;

    let noisy = draw(exact, layout.clone(), charge).await?;
    if let Some(journal) = journal {
        journal.apply_in(&mut tx).await?;
    }
    let release_id = new_release_id()?;
    let posting = noisy.posting(release_id.clone(), now);
    let last = outbox::find_last_in(&mut tx).await?;
    ledger::insert_in(&mut tx, &Entry::after(entries.last(), posting)).await?;
    outbox::insert_in(&mut tx, &release_id, &noisy, layout.envelope_kind(), last.as_ref()).await?;
    let subject = format!("{} {} {release_id}", layout.program, layout.period);
    audit::insert_in(&mut tx, now, "peerlight-node", "draw release", &subject).await?;
    let stored = find_drawn(&mut tx, school_year, &layout.program, &layout.period).await?;
    let stored = stored.ok_or(StoreError::Database(sqlx::Error::RowNotFound))?;
    tx.commit().await?;
    Ok(Prepared::Drawn(stored))
}

async fn find_drawn(
    db: &mut SqliteConnection,
    school_year: SchoolYear,
    program: &ProgramId,
    period: &PeriodId,
) -> Result<Option<OutboxRelease>, StoreError> {
    outbox::find_drawn_in(db, school_year, program, period).await
}

/// Refuses terms that the newest approval is not for, or that pass the
/// district's own ceiling.
pub fn check_terms(terms: Terms<'_>, approval: &Approval) -> Result<(), PrepareError> {
    let documents = [
        (
            "charter",
            (terms.charter.number, terms.charter_hash),
            (approval.charter_number, approval.charter_hash),
        ),
        (
            "directory",
            (terms.directory.number, terms.directory_hash),
            (approval.directory_number, approval.directory_hash),
        ),
    ];
    for (what, (number, hash), (approved, approved_hash)) in documents {
        if number < approved {
            return Err(PrepareError::Older { what, number, approved });
        }
        if hash != approved_hash {
            return Err(PrepareError::NotApproved { what, number, hash: hash.short() });
        }
    }
    let budget = year_budget(terms.charter, terms.directory, terms.member);
    match approval.ceiling {
        Some(ceiling) if budget > ceiling => Err(PrepareError::AboveCeiling { budget, ceiling }),
        _ => Ok(()),
    }
}

/// Refuses what a person withheld, or what still waits for one.
async fn check_decision(
    db: &mut SqliteConnection,
    terms: Terms<'_>,
    layout: &ReleaseLayout,
) -> Result<(), PrepareError> {
    let decisions = decisions::list_in(db, terms.charter.school_year).await?;
    let (program, period) = (&layout.program, &layout.period);
    match decision::permission(terms, &decisions, program, period) {
        Permission::Granted => Ok(()),
        Permission::Awaiting => Err(PrepareError::Awaiting(program.clone(), period.clone())),
        Permission::Withheld => Err(PrepareError::Withheld(program.clone(), period.clone())),
    }
}

/// Refuses what the newest approval does not allow; but a running count goes
/// on under the documents it was started under, if the district approved them.
pub(super) async fn check_approved(
    db: &mut SqliteConnection,
    terms: Terms<'_>,
    layout: &ReleaseLayout,
    entries: &[Entry],
) -> Result<(), PrepareError> {
    let newest = approvals::find_newest_in(db).await?.ok_or(PrepareError::NothingApproved)?;
    let is_of = |approval: &Approval| {
        let under = terms.under();
        approval.charter_hash == under.charter_hash
            && approval.directory_hash == under.directory_hash
            && approval.offered.contains(&layout.program)
    };
    let year = terms.charter.school_year;
    let mut drawn = entries.iter().filter(|it| it.school_year == year);
    let first = drawn.find(|it| it.program == layout.program);
    let is_started = layout.step().is_some_and(|(_, step)| step > 0)
        && first.is_some_and(|first| {
            (first.charter_hash, first.directory_hash) == (terms.charter_hash, terms.directory_hash)
        });
    let newest = &newest.approval;
    let is_newest =
        (newest.charter_hash, newest.directory_hash) == (terms.charter_hash, terms.directory_hash);
    if is_started
        && !is_newest
        && approvals::list_in(db).await?.iter().any(|it| is_of(&it.approval))
    {
        return Ok(());
    }
    check_terms(terms, newest)?;
    if newest.offered.contains(&layout.program) {
        Ok(())
    } else {
        Err(PrepareError::NotOffered(layout.program.clone()))
    }
}

fn check_layout(terms: Terms<'_>, layout: &ReleaseLayout) -> Result<(), PrepareError> {
    let Terms { charter, directory, member, .. } = terms;
    let defined = release_layout(charter, directory, member, &layout.program, &layout.period)?;
    if defined == *layout { Ok(()) } else { Err(PrepareError::OtherLayout(layout.program.clone())) }
}

/// Off the async threads, on every core.
async fn draw(
    exact: ExactRelease,
    layout: ReleaseLayout,
    charge: Charge,
) -> Result<NoisyRelease, PrepareError> {
    let program = layout.program.clone();
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    tokio::task::spawn_blocking(move || NoisyRelease::draw(exact, &layout, charge, threads))
        .await
        .map_err(|_| PrepareError::Interrupted(program))?
        .map_err(PrepareError::from)
}

/// 128 random bits: unique for ever, and telling nothing.
fn new_release_id() -> Result<ReleaseId, PrepareError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| PrepareError::Randomness)?;
    Ok(ReleaseId::new(hexadecimal(&bytes)).expect("32 hexadecimal digits are a valid name"))
}
