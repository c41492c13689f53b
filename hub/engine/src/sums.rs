//! A noisy sum over the noisy count of its students, and what may be said from
//! it: the estimate, with noise and natural variation apart.
//!
//! ```text
//! count    value ± sigma
//! rate     50 + 50 · S/N      S successes less failures
//! running  100 · K/N          K successes so far
//! mean     center + S/N       S the sum less center
//! growth   50 + S/N
//! ```
//!
//! Sums of different schools, or of different years, add up before they are
//! divided; their noise is independent, so variances add too.

use crate::{
    consistency::Noisy,
    estimate::{Estimate, Outcome},
    measure::{MeasureKind, ReportedMeasure},
    normal::Z95,
    ratio::{LEAST_SIGMAS, Ratio},
};

/// What one cell's estimate is made from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sums {
    /// The sum, in students or in the measure's unit.
    pub sum: Noisy,
    /// The students it is about; absent for a count, which is its own.
    pub count: Option<Noisy>,
}

impl Sums {
    /// The sums of other students added.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let count = self.count.zip(other.count).map(|(one, other)| one.plus(other));
        Self { sum: self.sum.plus(other.sum), count }
    }

    /// What may be said from them.
    pub fn outcome(self, measure: &ReportedMeasure) -> Outcome {
        match self.count {
            Some(count) => divided(measure, self.sum, count),
            None => counted(measure, self.sum),
        }
    }
}

fn counted(measure: &ReportedMeasure, count: Noisy) -> Outcome {
    let sigma = count.variance.sqrt();
    Outcome::Usable(Estimate {
        value: count.value,
        privacy_standard_error: sigma,
        natural_standard_error: 0.0,
        low: measure.clamp(count.value - Z95 * sigma),
        high: measure.clamp(count.value + Z95 * sigma),
        students: count.value,
        students_sigma: sigma,
    })
}

fn divided(measure: &ReportedMeasure, sum: Noisy, count: Noisy) -> Outcome {
    let ratio = Ratio {
        sum: sum.value,
        sum_variance: sum.variance,
        count: count.value,
        count_variance: count.variance,
    };
    let least_students = LEAST_SIGMAS * count.variance.sqrt();
    if !ratio.is_usable() {
        return Outcome::TooSmall { least_students };
    }
    // value = offset + factor x ratio
    let (offset, factor) = match measure.kind {
        MeasureKind::Rate => (50.0, 50.0),
        MeasureKind::Running => (0.0, 100.0),
        MeasureKind::Growth => (50.0, 1.0),
        MeasureKind::Mean | MeasureKind::Count => {
            (f64::midpoint(measure.lowest, measure.highest), 1.0)
        }
    };
    // Variance of one student's value around the school's expectation, in the
    // ratio's unit: for rates kept off zero as Agresti and Coull (1998) do,
    // because nobody's expectation is known to be exactly 0 or 100 %.
    let within = measure.within_school_sd.map_or_else(
        || {
            let share = (offset + factor * ratio.value()) / 100.0;
            let kept = (share.clamp(0.0, 1.0) * count.value + 2.0) / (count.value + 4.0);
            kept * (1.0 - kept) * (100.0 / factor).powi(2)
        },
        |sd| sd * sd,
    );
    let both = Ratio { sum_variance: sum.variance + within * count.value, ..ratio };
    let Some((low, high)) = both.interval(Z95) else {
        return Outcome::TooSmall { least_students };
    };
    Outcome::Usable(Estimate {
        value: offset + factor * ratio.value(),
        privacy_standard_error: factor * ratio.variance().sqrt(),
        natural_standard_error: factor * (within / count.value).sqrt(),
        low: measure.clamp(offset + factor * low),
        high: measure.clamp(offset + factor * high),
        students: count.value,
        students_sigma: count.variance.sqrt(),
    })
}
