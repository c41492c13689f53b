//! What the reserve pays for: corrections of what was released, and the
//! consortium's one question, at most so many a year. All from the ledger;
//! nothing here looks at data.
//!
//! # Privacy
//!
//! A correction is a release like any other, of the same unit, adjacency and
//! sensitivity as the one it corrects, with independent noise and a charge of
//! its own; both compose in the year's ledger.

use peerlight_proto::{charter::Correction, layout::ReleaseLayout, names::ProgramId};

use super::charged::Charged;

/// Why the reserve does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReserveFault {
    /// What it corrects was not released.
    #[error("what it corrects was not released before it, so there is nothing to correct")]
    NothingToCorrect,
    /// All of the year's releases from the reserve were made.
    #[error("the reserve pays for {releases} releases a year, and all were made")]
    Spent {
        /// How many it pays for.
        releases: u32,
    },
}

/// Refuses a correction before what it corrects, and a release from the reserve
/// beyond those it pays for. `before` are the program's charges; `paid` counts
/// what the reserve paid for, with the consortium's question.
pub(super) fn check(
    layout: &ReleaseLayout,
    before: &[Charged],
    paid: impl Fn(Option<&ProgramId>) -> usize,
) -> Result<(), ReserveFault> {
    if let Some(Correction { period, .. }) = Correction::of(&layout.period)
        && !before.iter().any(|charged| charged.period == period)
    {
        return Err(ReserveFault::NothingToCorrect);
    }
    let Some(reserve) = &layout.from_reserve else { return Ok(()) };
    let releases = reserve.releases;
    if paid(reserve.question.as_ref()) < releases as usize {
        Ok(())
    } else {
        Err(ReserveFault::Spent { releases })
    }
}
