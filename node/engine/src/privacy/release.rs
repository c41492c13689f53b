//! The noisy release: the only thing a node may keep for sending.
//!
//! It is made from exact totals and a charge, both of which it uses up. Its
//! payload is encoded once; the digest of these bytes is the release's
//! identity, and every resend carries the same bytes.

use std::num::NonZeroUsize;

use peerlight_proto::{
    layout::ReleaseLayout,
    names::{ProgramId, ReleaseId},
    units::{ContentHash, UnixSeconds},
    wire,
};

pub use super::noise::NoiseError;
use super::{
    budget::{Charge, Under},
    chain::Posting,
    exact::ExactRelease,
    noise::{self, OpenDp, Sampler},
    sensitivity::{self, Unsound},
};

/// Why no release was drawn. The charge is gone; the transaction that made it
/// must be rolled back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// Totals and layout do not fit, or the layout is too cheap.
    #[error(transparent)]
    Unsound(#[from] Unsound),
    /// The charge is for another release.
    #[error("the charge for {charged} cannot pay for {drawn}")]
    WrongCharge {
        /// What was charged.
        charged: ProgramId,
        /// What was to be drawn.
        drawn: ProgramId,
    },
    /// The noise could not be drawn.
    #[error(transparent)]
    Noise(#[from] NoiseError),
}

/// One program's noisy integers for one period, paid for, as bytes.
#[derive(Debug)]
pub struct NoisyRelease {
    charge: Charge,
    payload: Vec<u8>,
    digest: ContentHash,
}

impl NoisyRelease {
    /// Draws the noise of one release on up to `threads` threads. Blocks for
    /// as long as that takes: about 10 microseconds a cell and thread.
    pub fn draw(
        exact: ExactRelease,
        layout: &ReleaseLayout,
        charge: Charge,
        threads: NonZeroUsize,
    ) -> Result<Self, DrawError> {
        Self::draw_with(&OpenDp, exact, layout, charge, threads)
    }

    pub(super) fn draw_with(
        sampler: &dyn Sampler,
        exact: ExactRelease,
        layout: &ReleaseLayout,
        charge: Charge,
        threads: NonZeroUsize,
    ) -> Result<Self, DrawError> {
        if !charge.pays_for(layout) {
            let (charged, drawn) = (charge.program().clone(), layout.program.clone());
            return Err(DrawError::WrongCharge { charged, drawn });
        }
        sensitivity::check_price(layout)?;
        sensitivity::check_shape(&exact, layout)?;
        noise::check_library_price(layout)?;
        let noisy = noise::perturb(exact.into_blocks(), layout, sampler, threads)?;
        let payload = wire::encode_payload(noisy);
        Ok(Self { charge, digest: ContentHash::of(&payload), payload })
    }

    /// The bytes to keep, seal and send; never encoded again.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What was paid for it.
    pub const fn charge(&self) -> &Charge {
        &self.charge
    }

    /// SHA-256 of the payload.
    pub const fn digest(&self) -> ContentHash {
        self.digest
    }

    /// The ledger's posting of what it cost.
    pub fn posting(&self, release_id: ReleaseId, charged_at: UnixSeconds) -> Posting {
        let Under { charter_hash, directory_hash } = self.charge.under();
        Posting {
            release_id,
            school_year: self.charge.school_year(),
            program: self.charge.program().clone(),
            period: self.charge.period().clone(),
            grades: self.charge.grades(),
            pico_rho: self.charge.pico_rho(),
            payload_digest: self.digest,
            charter_hash,
            directory_hash,
            charged_at,
        }
    }
}
