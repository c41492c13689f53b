//! What the integers of a block are, and what one student can change in them.

use crate::continual::{self, Stream};

/// Integer units in one natural unit of a bounded value.
pub const FIXED_POINT: i64 = 1 << 16;

/// Weight of a growth mean's count beside its sum: with a half-range of 50,
/// splitting noise so that the ratio is most precise.
pub const GROWTH_COUNT_WEIGHT: i64 = 25;

/// Half the range of a growth percentile around 50.
pub const GROWTH_HALF_RANGE: i64 = 50;

/// What the integers of one block are.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// Students in the population; +1 a student.
    Count,
    /// Successes less failures; ±1 a student.
    Rate,
    /// Sum of values less `center`, each within ± `half_range`, in units of
    /// 1 / [`FIXED_POINT`].
    Mean {
        /// Middle of the bounds, in the measure's unit.
        center: f64,
        /// Half the distance between the bounds, in the measure's unit.
        half_range: f64,
    },
    /// One-hot histogram: components are band-major bins; +1 a student.
    Histogram {
        /// Bands of the prediction.
        bands: usize,
        /// Bins of the residual.
        bins: usize,
    },
    /// One step of a running count, in units of 1 / [`continual::UNIT`]: a row
    /// of the stream's factor applied to the changes so far.
    Running {
        /// The stream it is a step of.
        stream: Stream,
        /// The step, from 0.
        step: u32,
    },
    /// Two components: sum of percentile less 50, and
    /// [`GROWTH_COUNT_WEIGHT`] a student, both in units of 1 / [`FIXED_POINT`].
    GrowthMean,
}

impl Quantity {
    /// Integer units in one student.
    pub const fn units_per_student(&self) -> i64 {
        match self {
            Self::Running { .. } => continual::UNIT,
            Self::Mean { .. } | Self::GrowthMean => FIXED_POINT,
            Self::Count | Self::Rate | Self::Histogram { .. } => 1,
        }
    }

    /// Whether it was paid for before: only the first step of a stream pays,
    /// for all of them.
    pub const fn is_paid_for(&self) -> bool {
        matches!(self, Self::Running { step: 1.., .. })
    }

    /// Numbers per school and group.
    pub const fn components(&self) -> usize {
        match self {
            Self::Count | Self::Rate | Self::Mean { .. } | Self::Running { .. } => 1,
            Self::Histogram { bands, bins } => *bands * *bins,
            Self::GrowthMean => 2,
        }
    }

    /// What one student can change within one group, squared and summed over
    /// its components and, of a stream, over all its steps; in squared integer
    /// units.
    pub fn l2_squared_per_group(&self) -> u64 {
        match self {
            Self::Count | Self::Rate | Self::Histogram { .. } => 1,
            Self::Mean { half_range, .. } => {
                let most = (half_range * FIXED_POINT as f64).ceil() as u64;
                most * most
            }
            Self::Running { stream, .. } => stream.l2_squared(),
            Self::GrowthMean => {
                let unit = (FIXED_POINT * FIXED_POINT) as u64;
                let (half, weight) = (GROWTH_HALF_RANGE as u64, GROWTH_COUNT_WEIGHT as u64);
                (half * half + weight * weight) * unit
            }
        }
    }
}
