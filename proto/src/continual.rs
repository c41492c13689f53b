//! Continual release of running counters: the square-root factorisation that
//! node and hub share.
//!
//! ```text
//! d   change of a counter in each period          (exact; stays in the node)
//! A d running totals, A lower triangular of ones
//! A = B C,  C = A^(1/2):  f_0 = 1, f_j = f_(j-1) (2j - 1) / (2j), Toeplitz
//! u_t = (C d)_t + noise       what a node releases in period t
//! A C^-1 u                    what the hub makes of it: unbiased running totals
//! ```
//!
//! Each period releases one noisy row of `C d`; the worst running total then
//! carries 3.21 times the variance of a single release over 10 periods, where
//! independent releases would carry 10 times (Fichtenberger, Henzinger and
//! Upadhyay 2023; Henzinger, Upadhyay and Upadhyay 2023). Denisov et al. (2022)
//! show that later data may depend on earlier releases.
//!
//! `C` is held in integers, so that sensitivity is exact: what the hub inverts
//! is that integer matrix, not the real one.

use serde::{Deserialize, Serialize};

/// Integer units in one of `C`'s first coefficient.
pub const UNIT: i64 = 1 << 16;

/// Steps a stream may have at most: weeks of a year.
pub const MOST_STEPS: u32 = 53;

/// A counter that is released in every period of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Periods, 1 to [`MOST_STEPS`].
    pub steps: u32,
    /// How often one student's status may change within them, 1 or 2: the
    /// first change counts the student in, the second out again.
    pub changes: u32,
}

impl Stream {
    /// The first column of `C`, in units of 1 / [`UNIT`]; `C` is Toeplitz, so
    /// this is all of it.
    pub fn coefficients(self) -> Vec<i64> {
        let mut coefficient = UNIT as f64;
        let following = (1..i64::from(self.steps)).map(|j| {
            coefficient *= (2 * j - 1) as f64 / (2 * j) as f64;
            coefficient.round() as i64
        });
        std::iter::once(UNIT).chain(following).collect()
    }

    /// Largest squared change that one student can make to the whole stream
    /// of one counter, in squared integer units: the largest over every
    /// pattern of at most `changes` changes, in exact integers.
    ///
    /// A student who comes in at step i and leaves at step j adds column i of
    /// `C` and takes column j away.
    pub fn l2_squared(self) -> u64 {
        let column = self.coefficients();
        let steps = column.len();
        let at = |row: usize, start: usize| if row < start { 0 } else { column[row - start] };
        let squared = |change: &dyn Fn(usize) -> i64| -> u64 {
            (0..steps).map(|row| change(row).unsigned_abs().pow(2)).sum()
        };
        let once = (0..steps).map(|entered| squared(&|row| at(row, entered))).max();
        let twice = (0..steps)
            .flat_map(|entered| (entered + 1..steps).map(move |left| (entered, left)))
            .map(|(entered, left)| squared(&|row| at(row, entered) - at(row, left)))
            .max();
        let twice = if self.changes > 1 { twice } else { None };
        once.max(twice).unwrap_or(0)
    }

    /// Weights `w` with which the releases of steps 0 to `step` give the
    /// running total at `step`: the sum of `w[s] * u[s]`, an unbiased estimate
    /// whose noise has variance sigma^2 times the sum of `w[s]^2`.
    pub fn weights(self, step: usize) -> Vec<f64> {
        let column = self.coefficients();
        let first = column[0] as f64;
        let last = step.min(column.len() - 1);
        // The first column of C^-1, which is Toeplitz too, by its recurrence.
        let mut inverse = vec![1.0 / first];
        for row in 1..=last {
            let sum: f64 = (1..=row).map(|j| column[j] as f64 * inverse[row - j]).sum();
            inverse.push(-sum / first);
        }
        // Row `last` of A C^-1: sums of that column, newest step first.
        let mut total = 0.0;
        let sums = inverse.into_iter().map(|value| {
            total += value;
            total
        });
        let mut weights: Vec<f64> = sums.collect();
        weights.reverse();
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variance of the worst running total, as a multiple of a single release
    /// of a counter that costs the same.
    fn factor(steps: u32, changes: u32) -> f64 {
        let stream = Stream { steps, changes };
        let worst = (0..steps as usize)
            .map(|step| stream.weights(step).iter().map(|weight| weight * weight).sum::<f64>())
            .fold(0.0, f64::max);
        worst * stream.l2_squared() as f64
    }

    #[test]
    fn the_worst_total_is_as_precise_as_published() {
        for (steps, changes, expected) in
            [(10, 1, 3.21), (36, 1, 4.86), (10, 2, 4.41), (36, 2, 7.25)]
        {
            let found = factor(steps, changes);
            assert!((found - expected).abs() < 0.01, "{steps} steps, {changes}: {found}");
        }
    }

    #[test]
    fn weights_invert_the_integer_matrix() {
        for steps in [1, 2, 10, 36, 53] {
            let stream = Stream { steps, changes: 2 };
            let column = stream.coefficients();
            let changes: Vec<i64> = (0..i64::from(steps)).map(|t| (t * 7 + 3) % 11 - 4).collect();
            let released: Vec<i64> = (0..steps as usize)
                .map(|row| (0..=row).map(|s| column[row - s] * changes[s]).sum())
                .collect();
            let mut total = 0;
            for (step, change) in changes.iter().enumerate() {
                total += change;
                let weights = stream.weights(step);
                let found: f64 =
                    weights.iter().zip(&released).map(|(weight, u)| weight * *u as f64).sum();
                assert!((found - total as f64).abs() < 1e-6, "{steps} {step}: {found}");
            }
        }
    }

    #[test]
    fn no_pattern_of_changes_moves_more_than_stated() {
        let stream = Stream { steps: 8, changes: 2 };
        let column = stream.coefficients();
        let mut largest = 0;
        for pattern in 0_u32..1 << 8 {
            let status = |step: usize| i64::from(pattern >> step & 1);
            let change = |step: usize| {
                if step == 0 { status(0) } else { status(step) - status(step - 1) }
            };
            let changed = (0..8).filter(|step| change(*step) != 0).count();
            if changed > 2 {
                continue;
            }
            let squared: u64 = (0..8_usize)
                .map(|row| (0..=row).map(|s| column[row - s] * change(s)).sum::<i64>())
                .map(|moved| moved.unsigned_abs().pow(2))
                .sum();
            largest = largest.max(squared);
        }
        assert_eq!(largest, stream.l2_squared());
    }
}
