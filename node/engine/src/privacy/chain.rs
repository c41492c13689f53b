//! The ledger as a hash chain: each entry's head is the SHA-256 of the head
//! before it and of every field of its own.
//!
//! An entry that was altered, removed or put in later breaks every head after
//! it; a ledger that was cut off at the end is noticed by the hub's receipts,
//! which state position and head.

use peerlight_proto::{
    names::{PeriodId, ProgramId, ReleaseId},
    units::{ContentHash, GradeSet, PicoRho, SchoolYear, UnixSeconds},
};

/// What the first entry follows.
pub const GENESIS: ContentHash = ContentHash([0; 32]);

/// What is charged, before it has a place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The release it paid for.
    pub release_id: ReleaseId,
    /// The reporting year that pays.
    pub school_year: SchoolYear,
    /// The program.
    pub program: ProgramId,
    /// Its period.
    pub period: PeriodId,
    /// The grades that pay.
    pub grades: GradeSet,
    /// What each of them pays.
    pub pico_rho: PicoRho,
    /// SHA-256 of the noisy payload it paid for.
    pub payload_digest: ContentHash,
    /// The charter it was released under.
    pub charter_hash: ContentHash,
    /// The directory it was released under.
    pub directory_hash: ContentHash,
    /// When the noise was drawn.
    pub charged_at: UnixSeconds,
}

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position, from 1 without gaps.
    pub sequence: u64,
    /// Hash of the head before it and of every field above and below.
    pub head: ContentHash,
    /// What was charged.
    pub posting: Posting,
}

impl std::ops::Deref for Entry {
    type Target = Posting;

    fn deref(&self) -> &Posting {
        &self.posting
    }
}

/// The chain does not hold at an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the ledger does not hold at entry {sequence}: it was altered or cut. Nothing is released \
     until the newest backup of the node's database is restored"
)]
pub struct Broken {
    /// Position at which it stops holding.
    pub sequence: u64,
}

impl Entry {
    /// The entry that follows `last`, or the first.
    pub fn after(last: Option<&Self>, posting: Posting) -> Self {
        let sequence = last.map_or(1, |entry| entry.sequence + 1);
        let previous = last.map_or(GENESIS, |entry| entry.head);
        let head = head(previous, sequence, &posting);
        Self { sequence, head, posting }
    }
}

/// Checks the whole chain from its first entry.
pub fn verify<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<(), Broken> {
    verify_after(None, entries)
}

/// Checks the chain of what follows `last`; of the whole ledger where that is
/// `None`.
pub fn verify_after<'a>(
    last: Option<&Entry>,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<(), Broken> {
    let mut previous = last.map_or(GENESIS, |last| last.head);
    let first = last.map_or(1, |last| last.sequence + 1);
    for (sequence, entry) in (first..).zip(entries) {
        let holds =
            entry.sequence == sequence && entry.head == head(previous, sequence, &entry.posting);
        if !holds {
            return Err(Broken { sequence });
        }
        previous = entry.head;
    }
    Ok(())
}

/// Every field with its length before it, so that no two postings share bytes.
fn head(previous: ContentHash, sequence: u64, posting: &Posting) -> ContentHash {
    let year = u64::from(posting.school_year.ending_year()).to_be_bytes();
    let parts: [&[u8]; 13] = [
        b"peerlight ledger v1",
        previous.as_bytes(),
        &sequence.to_be_bytes(),
        posting.release_id.as_str().as_bytes(),
        &year,
        posting.program.as_str().as_bytes(),
        posting.period.as_str().as_bytes(),
        &posting.grades.bits().to_be_bytes(),
        &posting.pico_rho.0.to_be_bytes(),
        posting.payload_digest.as_bytes(),
        posting.charter_hash.as_bytes(),
        posting.directory_hash.as_bytes(),
        &posting.charged_at.0.to_be_bytes(),
    ];
    let mut bytes = Vec::with_capacity(512);
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    ContentHash::of(&bytes)
}
