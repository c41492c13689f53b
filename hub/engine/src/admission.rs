//! Decides whether a received release is taken in, refused, or one that the
//! hub already holds.
//!
//! ```text
//! verified header ──check_header──▶ layout ── open ──▶ payload ──check_payload──▶ blocks
//!        └── classify against what is stored: new │ same again │ equivocation
//! ```
//!
//! The hub believes nothing it can compute: the layout comes from its own
//! charter and directory. Nothing is half-admitted; a refusal names what is
//! wrong and whose move it is next.

mod rejection;

use std::collections::BTreeSet;

use peerlight_proto::{
    charter::{Charter, Correction},
    continual,
    directory::Directory,
    layout::{
        Block, FIXED_POINT, GROWTH_COUNT_WEIGHT, GROWTH_HALF_RANGE, Quantity, ReleaseLayout,
        release_layout,
    },
    names::{ConsortiumId, MemberId, PeriodId, ProgramId, ReleaseId},
    units::{ContentHash, UnixSeconds},
    v1::{EnvelopeHeader, MemberStatus},
    wire::decode_payload,
};

pub use self::rejection::{Mover, Rejection, Reused};

/// How far ahead of the hub's clock a release may say it was made, seconds.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 3_600;

/// No school's cell and no district's cell can honestly count more students.
const MOST_STUDENTS: f64 = 2_000_000.0;

/// Sigmas of noise that are believed beyond that.
const MOST_SIGMAS: f64 = 20.0;

/// The sender, as its certificate and the hub's records have it.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    /// Common name of its certificate.
    pub member: &'a MemberId,
    /// What it may do.
    pub status: MemberStatus,
    /// Programs it declared when it approved the charter in the header; `None`
    /// if it has not approved that charter.
    pub offered: Option<&'a BTreeSet<ProgramId>>,
}

/// What releases are held against: the charters and directories in force and,
/// for programs that had started, the ones immediately before. Newest first.
///
/// A stream whose first step was taken in goes on under the charter and
/// directory of that step, however many changes ago those were in force.
#[derive(Clone, Debug)]
pub struct Standards<'a> {
    /// The consortium.
    pub consortium: &'a ConsortiumId,
    /// Charters by hash.
    pub charters: &'a [(ContentHash, &'a Charter)],
    /// Directories by hash.
    pub directories: &'a [(ContentHash, &'a Directory)],
    /// The charter and directory that the header names, where the hub signed
    /// them once; only a later step of a stream is held against these.
    pub once_in_force: Option<(&'a Charter, &'a Directory)>,
}

/// A period of a program that the hub holds, and what it was made under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPeriod {
    /// The period.
    pub period: PeriodId,
    /// Charter it was made under.
    pub charter_hash: ContentHash,
    /// Directory it was made under.
    pub directory_hash: ContentHash,
}

/// A release that the hub holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The node's name for it.
    pub release_id: ReleaseId,
    /// The node's counter.
    pub sequence: u64,
    /// Digest of its noisy payload.
    pub payload_digest: ContentHash,
    /// The program.
    pub program: ProgramId,
    /// The period.
    pub period: PeriodId,
    /// Ending year of the school year it describes.
    pub school_year: u16,
}

impl Stored {
    /// Whether both are one release, sent twice.
    fn is_same(&self, sent: &Self) -> bool {
        self.release_id == sent.release_id
            && self.sequence == sent.sequence
            && self.payload_digest == sent.payload_digest
            && self.program == sent.program
            && self.period == sent.period
    }
}

/// What the hub holds of the sender that bears on the release.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Its newest release.
    pub newest: Option<Stored>,
    /// The one with the same release id.
    pub same_id: Option<Stored>,
    /// The one with the same sequence.
    pub same_sequence: Option<Stored>,
    /// The one of the same school year, program and period.
    pub same_period: Option<Stored>,
    /// Every one of the same school year and program.
    pub same_program: Vec<HeldPeriod>,
}

/// What a good header describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Announced {
    /// What the hub will store it as.
    pub stored: Stored,
    /// Its cells, noise and cost, computed here.
    pub layout: ReleaseLayout,
    /// Charter it was made under.
    pub charter_hash: ContentHash,
    /// Directory it was made under.
    pub directory_hash: ContentHash,
}

/// Whether it is new.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Not seen before: open it and check its payload.
    New(Announced),
    /// Already held: answer with the stored receipt, change nothing.
    SameAgain(Stored),
}

/// Checks a verified header before anything is opened.
pub fn check_header(
    header: &EnvelopeHeader,
    caller: &Caller<'_>,
    standards: &Standards<'_>,
    history: &History,
    now: UnixSeconds,
) -> Result<Standing, Rejection> {
    check_sender(header, caller, standards)?;
    let hash =
        |bytes: &[u8], name| ContentHash::from_bytes(bytes).map_err(|_| Rejection::Hash(name));
    let mut stored = Stored {
        release_id: ReleaseId::new(header.release_id.as_str())?,
        sequence: header.sequence,
        payload_digest: hash(&header.payload_digest, "payload digest")?,
        program: ProgramId::new(header.program.as_str())?,
        period: PeriodId::new(header.period.as_str())?,
        school_year: 0,
    };
    // What is already held needs no standards: they may have moved on since.
    if let Some(known) = classify(&stored, history)? {
        return Ok(Standing::SameAgain(known));
    }
    let charter_hash = hash(&header.charter_hash, "charter hash")?;
    let directory_hash = hash(&header.directory_hash, "directory hash")?;
    let current = in_force(standards, charter_hash, directory_hash);
    let (charter, directory) = match (&current, standards.once_in_force) {
        (Ok(both), _) => *both,
        (Err(_), Some(both)) => both,
        (Err(refusal), None) => return Err(refusal.clone()),
    };
    stored.school_year = charter.school_year.ending_year();
    let layout =
        release_layout(charter, directory, caller.member, &stored.program, &stored.period)?;
    check_program(header, caller, &layout)?;
    match layout.step() {
        Some((_, step)) if step > 0 => {
            let program = charter.program(&stored.program);
            let before = program.and_then(|program| program.periods.get(step as usize - 1));
            let before = before.map(|period| HeldPeriod {
                period: period.id.clone(),
                charter_hash,
                directory_hash,
            });
            check_predecessor(&stored, before, history)?;
        }
        _ => {
            current?;
        }
    }
    check_corrected(&stored, history)?;
    check_chain(header, &stored, history.newest.as_ref())?;
    let ahead = header.created_at_seconds.saturating_sub(now.0);
    if ahead > CLOCK_TOLERANCE_SECONDS {
        return Err(Rejection::Future(ahead));
    }
    Ok(Standing::New(Announced { stored, layout, charter_hash, directory_hash }))
}

/// Checks an opened payload; gives its blocks.
pub fn check_payload(announced: &Announced, payload: &[u8]) -> Result<Vec<Vec<i64>>, Rejection> {
    if ContentHash::of(payload) != announced.stored.payload_digest {
        return Err(Rejection::Digest);
    }
    let blocks = decode_payload(payload, &announced.layout)?;
    let implausible = |(block, values): (&Block, &Vec<i64>)| {
        let largest = largest_honest(block);
        values.iter().any(|value| value.unsigned_abs() as f64 > largest)
    };
    match announced.layout.blocks.iter().zip(&blocks).position(implausible) {
        Some(block) => Err(Rejection::Magnitude { block }),
        None => Ok(blocks),
    }
}

fn check_sender(
    header: &EnvelopeHeader,
    caller: &Caller<'_>,
    standards: &Standards<'_>,
) -> Result<(), Rejection> {
    if header.sender != caller.member.as_str() {
        return Err(Rejection::Sender {
            certificate: caller.member.clone(),
            sender: header.sender.chars().take(64).collect(),
        });
    }
    if header.consortium != standards.consortium.as_str() {
        return Err(Rejection::Consortium(header.consortium.chars().take(64).collect()));
    }
    if caller.status != MemberStatus::Full {
        return Err(Rejection::NotFull(caller.member.clone()));
    }
    Ok(())
}

fn in_force<'a>(
    standards: &Standards<'a>,
    charter: ContentHash,
    directory: ContentHash,
) -> Result<(&'a Charter, &'a Directory), Rejection> {
    let known = standards.charters.iter().find(|(hash, _)| *hash == charter);
    let (_, charter) = known.ok_or_else(|| Rejection::Charter(charter.short()))?;
    let known = standards.directories.iter().find(|(hash, _)| *hash == directory);
    let (_, directory) = known.ok_or_else(|| Rejection::Directory(directory.short()))?;
    Ok((charter, directory))
}

/// A later step of a stream adds to the steps before it, so it needs the one
/// before, made under exactly the same charter and directory.
fn check_predecessor(
    stored: &Stored,
    before: Option<HeldPeriod>,
    history: &History,
) -> Result<(), Rejection> {
    match before {
        Some(before) if !history.same_program.contains(&before) => Err(Rejection::Predecessor {
            program: stored.program.clone(),
            period: stored.period.clone(),
            before: before.period,
        }),
        _ => Ok(()),
    }
}

/// A correction stands in the place of a release that the hub holds.
fn check_corrected(stored: &Stored, history: &History) -> Result<(), Rejection> {
    let Some(Correction { period: corrected, .. }) = Correction::of(&stored.period) else {
        return Ok(());
    };
    if history.same_program.iter().any(|held| held.period == corrected) {
        return Ok(());
    }
    let (program, period) = (stored.program.clone(), stored.period.clone());
    Err(Rejection::Uncorrected { program, period, corrected })
}

/// The stored release if this is the same again; an error if one of its
/// identities belongs to another.
fn classify(stored: &Stored, history: &History) -> Result<Option<Stored>, Rejection> {
    if let Some(known) = &history.same_id {
        return if known.is_same(stored) {
            Ok(Some(known.clone()))
        } else {
            Err(Rejection::Equivocation(Reused::ReleaseId))
        };
    }
    if history.same_sequence.is_some() {
        return Err(Rejection::Equivocation(Reused::Sequence));
    }
    if history.same_period.is_some() {
        return Err(Rejection::Equivocation(Reused::Period));
    }
    Ok(None)
}

fn check_program(
    header: &EnvelopeHeader,
    caller: &Caller<'_>,
    layout: &ReleaseLayout,
) -> Result<(), Rejection> {
    let program = &layout.program;
    let Some(offered) = caller.offered else {
        let hash = ContentHash::from_bytes(&header.charter_hash).map(|hash| hash.short());
        return Err(Rejection::NotApproved(hash.unwrap_or_default(), caller.member.clone()));
    };
    if !offered.contains(program) {
        return Err(Rejection::NotOffered {
            member: caller.member.clone(),
            program: program.clone(),
        });
    }
    if header.kind == layout.envelope_kind() as i32 {
        Ok(())
    } else {
        Err(Rejection::Kind(program.clone()))
    }
}

fn check_chain(
    header: &EnvelopeHeader,
    stored: &Stored,
    newest: Option<&Stored>,
) -> Result<(), Rejection> {
    let expected = newest.map_or(1, |newest| newest.sequence + 1);
    if stored.sequence > expected {
        return Err(Rejection::Gap { expected, found: stored.sequence });
    }
    // A lower number that is not stored cannot be: the chain has no gaps.
    if stored.sequence < expected {
        return Err(Rejection::Chain);
    }
    let previous = newest.map_or(&[][..], |newest| newest.payload_digest.as_bytes());
    if header.previous_payload_digest == previous { Ok(()) } else { Err(Rejection::Chain) }
}

/// The largest absolute value an honest node can send in a cell.
fn largest_honest(block: &Block) -> f64 {
    let one_student = match &block.quantity {
        Quantity::Count | Quantity::Rate | Quantity::Histogram { .. } => 1.0,
        // A row of the factor adds up to less than a unit a step.
        Quantity::Running { stream, .. } => (continual::UNIT * i64::from(stream.steps)) as f64,
        Quantity::Mean { half_range, .. } => half_range * FIXED_POINT as f64,
        Quantity::GrowthMean => (GROWTH_HALF_RANGE.max(GROWTH_COUNT_WEIGHT) * FIXED_POINT) as f64,
    };
    MOST_STUDENTS * one_student + MOST_SIGMAS * block.sigma.units()
}

#[cfg(test)]
mod tests;
