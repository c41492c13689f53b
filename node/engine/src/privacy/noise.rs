//! The noise itself: the only file that names OpenDP, and the one exception to
//! "engines draw no randomness of their own".
//!
//! # Privacy
//!
//! The discrete Gaussian of Canonne, Kamath and Steinke (2020) on integers,
//! by `make_gaussian` over `L2Distance` under zero-concentrated divergence,
//! with OpenSSL's generator for private values. Unit, adjacency, sensitivity
//! and cost: see [`super::sensitivity`]. Cells of a block get independent
//! noise of the same sigma, so drawing them in several parts on several
//! threads is the same mechanism as drawing them at once.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    thread,
};

use opendp::{
    core::Measurement,
    domains::{AtomDomain, VectorDomain},
    error::Fallible,
    measurements::make_gaussian,
    measures::ZeroConcentratedDivergence,
    metrics::L2Distance,
};
use peerlight_proto::{
    layout::{Block, ReleaseLayout, cost},
    units::Sigma,
};

/// Integers drawn in one call: large enough that building the measurement does
/// not matter, small enough that threads share one release evenly.
const PART: usize = 64;

/// Why no noise could be drawn. Says nothing about the totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoiseError {
    /// The library refused, or the machine has no randomness to give.
    #[error("the noise could not be drawn: check the machine's source of randomness and try again")]
    Unavailable,
    /// The library's own price is above what was charged.
    #[error("the noise of block {block} would cost more than was charged: nothing was released")]
    Underpriced {
        /// Position of the block.
        block: usize,
    },
}

/// Adds noise of `sigma` to every integer.
pub(super) trait Sampler: Sync {
    /// Replaces each value by itself plus noise.
    fn add_noise(&self, values: &mut [i64], sigma: Sigma) -> Result<(), NoiseError>;
}

/// The shipped sampler.
pub(super) struct OpenDp;

type Gaussian = Measurement<
    VectorDomain<AtomDomain<i64>>,
    L2Distance<f64>,
    ZeroConcentratedDivergence,
    Vec<i64>,
>;

fn gaussian(sigma: Sigma) -> Fallible<Gaussian> {
    let domain = VectorDomain::new(AtomDomain::<i64>::default());
    make_gaussian(domain, L2Distance::default(), sigma.units(), None)
}

impl Sampler for OpenDp {
    fn add_noise(&self, values: &mut [i64], sigma: Sigma) -> Result<(), NoiseError> {
        let noisy = gaussian(sigma)
            .and_then(|gaussian| gaussian.invoke(&values.to_vec()))
            .map_err(|_| NoiseError::Unavailable)?;
        if noisy.len() != values.len() {
            return Err(NoiseError::Unavailable);
        }
        values.copy_from_slice(&noisy);
        Ok(())
    }
}

/// What the library says a block costs, as a plain rho.
pub(super) fn library_price(block: &Block) -> Fallible<f64> {
    gaussian(block.sigma)?.map(&(block.l2_squared as f64).sqrt())
}

/// Refuses blocks that by the library's account cost more than they state.
pub(super) fn check_library_price(layout: &ReleaseLayout) -> Result<(), NoiseError> {
    for (position, block) in layout.blocks.iter().enumerate() {
        let price = library_price(block).map_err(|_| NoiseError::Unavailable)?;
        // A later step of a running count was paid for at its first.
        let paid = if block.quantity.is_paid_for() {
            cost(block.l2_squared, block.sigma)
        } else {
            block.pico_rho
        };
        // One pico-rho for the root's rounding.
        if price > paid.rho() + 1e-12 {
            return Err(NoiseError::Underpriced { block: position });
        }
    }
    Ok(())
}

/// Adds to every block its own noise, on up to `threads` threads. All or
/// nothing: on an error the values are gone.
pub(super) fn perturb(
    mut blocks: Vec<Vec<i64>>,
    layout: &ReleaseLayout,
    sampler: &dyn Sampler,
    threads: NonZeroUsize,
) -> Result<Vec<Vec<i64>>, NoiseError> {
    let parts: Vec<(Sigma, &mut [i64])> = blocks
        .iter_mut()
        .zip(&layout.blocks)
        .flat_map(|(values, block)| values.chunks_mut(PART).map(|part| (block.sigma, part)))
        .collect();
    let workers = threads.get().min(parts.len()).max(1);
    // Whoever is free takes the next part: one core may be slower than another.
    let parts = Mutex::new(parts.into_iter());
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let draw = || {
        while let Some((sigma, part)) = next() {
            sampler.add_noise(part, sigma)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(draw)).collect();
        let mut outcome = draw();
        for other in others {
            outcome = outcome.and(other.join().map_err(|_| NoiseError::Unavailable).flatten());
        }
        outcome
    })?;
    Ok(blocks)
}

/// Adds nothing. Exists in this crate's tests alone.
#[cfg(test)]
pub(super) struct Zero;

#[cfg(test)]
impl Sampler for Zero {
    fn add_noise(&self, _: &mut [i64], _: Sigma) -> Result<(), NoiseError> {
        Ok(())
    }
}
