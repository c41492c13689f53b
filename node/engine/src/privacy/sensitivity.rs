//! What one student can change, per mechanism, and whether a layout says so.
//!
//! A layout is computed in `proto` from charter and directory. Before noise is
//! drawn under it, this file computes its sensitivities and prices again and
//! refuses one that claims less: a wrong layout must not make a cheap release.
//!
//! # Privacy
//!
//! - **Unit**: one student's row of one reporting year.
//! - **Adjacency**: that row added or removed. (Replacing it costs up to four
//!   times as much.)
//! - **Sensitivity**: a row is in one school, one grade, one race and one
//!   gender, and holds at most 3 core and 4 small flags. In each group it is
//!   in, it changes the block by at most
//!
//!   | mechanism | change in one group | squared |
//!   |---|---|---|
//!   | count | +1 | 1 |
//!   | rate, centred | +1 or -1 | 1 |
//!   | histogram, one-hot | +1 in one bin | 1 |
//!   | mean, clipped, centred, fixed point | at most half the range x 2^16 | its square |
//!   | running count, all steps | a column of the integer factor, or the difference of two | [`Stream::l2_squared`](peerlight_proto::continual::Stream::l2_squared) |
//!   | growth mean | at most 50 x 2^16 in the sum, 25 x 2^16 in the count | (50^2 + 25^2) x 2^32 |
//!
//!   and that many times the groups a student can be in at once.
//! - **Cost**: `rho = l2_squared / (2 sigma^2)` a block; blocks of one release,
//!   and releases of one grade, add.

use peerlight_proto::{
    layout::{Block, ReleaseLayout, cost},
    names::ProgramId,
    units::Sigma,
};

use super::exact::ExactRelease;

/// A layout and what it is used for do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// A block states less sensitivity, or a lower price, than it has.
    #[error(
        "block {block} of {program} states a lower sensitivity or price than its noise has: \
         fetch charter and directory again, and update this program if it stays so"
    )]
    Price {
        /// The program.
        program: ProgramId,
        /// Position of the block.
        block: usize,
    },
    /// The release has no block or no grade, so nobody would pay for it.
    #[error("{program} has no grade or no margin to release")]
    Empty {
        /// The program.
        program: ProgramId,
    },
    /// The totals have another shape than the layout.
    #[error("the totals of {program} have {found} numbers in block {block}, not {expected}")]
    Shape {
        /// The program.
        program: ProgramId,
        /// Position of the first block that differs.
        block: usize,
        /// Numbers it has.
        found: usize,
        /// Numbers it should have.
        expected: usize,
    },
}

/// Largest squared change that one student's row can make to a block; `None`
/// where it does not fit, so that no noise would do.
pub fn l2_squared(block: &Block) -> Option<u64> {
    let groups = u64::from(block.margin.groups_per_student());
    block.quantity.l2_squared_per_group().checked_mul(groups)
}

/// Refuses a layout whose blocks cost more than they state.
pub fn check_price(layout: &ReleaseLayout) -> Result<(), Unsound> {
    if layout.blocks.is_empty() || layout.grades.is_empty() {
        return Err(Unsound::Empty { program: layout.program.clone() });
    }
    let sound = |block: &Block| {
        block.sigma > Sigma(0)
            && l2_squared(block).is_some_and(|true_squared| {
                let price = cost(block.l2_squared, block.sigma);
                block.l2_squared >= true_squared
                    && (block.quantity.is_paid_for() || block.pico_rho >= price)
            })
    };
    match layout.blocks.iter().position(|block| !sound(block)) {
        Some(block) => Err(Unsound::Price { program: layout.program.clone(), block }),
        None => Ok(()),
    }
}

/// Refuses totals of another shape than the layout.
pub fn check_shape(exact: &ExactRelease, layout: &ReleaseLayout) -> Result<(), Unsound> {
    let unsound = |block, found, expected| {
        Err(Unsound::Shape { program: layout.program.clone(), block, found, expected })
    };
    if exact.shape().len() != layout.blocks.len() {
        let block = exact.shape().len().min(layout.blocks.len());
        return unsound(block, exact.shape().len(), layout.blocks.len());
    }
    for (position, (found, block)) in exact.shape().zip(&layout.blocks).enumerate() {
        if found != block.cells() {
            return unsound(position, found, block.cells());
        }
    }
    Ok(())
}
