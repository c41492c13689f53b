//! A noisy sum divided by a noisy count: its unbiased value, its standard
//! error, and an interval that holds when the count is uncertain too.
//!
//! With `s` and `n` independent normal around the true sum and count:
//!
//! ```text
//! value    s · R(n / σn) / σn        R the Mills ratio: unbiased for sum/count
//!                                    (Voinov 1985), and near s/n for n ≫ σn
//! error    sqrt(σs² + (s/n)² σn²)/n  the delta method
//! interval all r with |s − r n| ≤ z sqrt(σs² + r² σn²)      (Fieller 1954)
//! ```
//!
//! Below [`LEAST_SIGMAS`] of its own sigmas a count divides nothing.

use crate::normal::mills_ratio;

/// A count below this many of its sigmas is not used as a divisor.
pub const LEAST_SIGMAS: f64 = 3.0;

/// A noisy sum over a noisy count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The noisy sum.
    pub sum: f64,
    /// Variance of the sum's noise.
    pub sum_variance: f64,
    /// The noisy count.
    pub count: f64,
    /// Variance of the count's noise.
    pub count_variance: f64,
}

impl Ratio {
    /// Whether the count is large enough to divide by.
    pub fn is_usable(&self) -> bool {
        self.count > 0.0 && self.count >= LEAST_SIGMAS * self.count_variance.sqrt()
    }

    /// Unbiased estimate of true sum over true count, for a usable ratio.
    pub fn value(&self) -> f64 {
        let sigma = self.count_variance.sqrt();
        if sigma > 0.0 {
            self.sum * mills_ratio(self.count / sigma) / sigma
        } else {
            self.sum / self.count
        }
    }

    /// Variance of [`Ratio::value`] from the noise alone, by the delta method.
    pub fn variance(&self) -> f64 {
        let value = self.value();
        (self.sum_variance + value * value * self.count_variance) / (self.count * self.count)
    }

    /// Both ends of the interval that reaches `z` standard deviations either
    /// way; `None` where the count is so uncertain that there is none.
    pub fn interval(&self, z: f64) -> Option<(f64, f64)> {
        let Self { sum, sum_variance, count, count_variance } = *self;
        let lead = count * count - z * z * count_variance;
        if lead <= 0.0 || count <= 0.0 {
            return None;
        }
        let reach = z * (sum_variance * lead + sum * sum * count_variance).sqrt();
        Some(((sum * count - reach) / lead, (sum * count + reach) / lead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::{Normals, Z95};

    #[test]
    fn without_noise_in_the_count_the_interval_is_the_usual_one() {
        let ratio = Ratio { sum: 30.0, sum_variance: 4.0, count: 100.0, count_variance: 0.0 };
        let (low, high) = ratio.interval(2.0).unwrap();
        assert!((low - 0.26).abs() < 1e-12 && (high - 0.34).abs() < 1e-12);
        assert!((ratio.value() - 0.3).abs() < 1e-12);
        assert!((ratio.variance().sqrt() - 0.02).abs() < 1e-12);
    }

    #[test]
    fn a_count_that_could_be_zero_has_no_interval() {
        let ratio = Ratio { sum: 1.0, sum_variance: 1.0, count: 15.0, count_variance: 100.0 };
        assert_eq!(ratio.interval(Z95), None);
        assert!(!ratio.is_usable());
        assert!(Ratio { count: 30.0, ..ratio }.is_usable());
        assert!(!Ratio { count: -30.0, ..ratio }.is_usable());
    }

    /// Counts four and more of their sigmas; 20,000 draws, fixed seed.
    #[test]
    fn values_are_unbiased_and_intervals_cover() {
        for (sum, count, seed) in [(-30.0, 50.0, 1), (90.0, 100.0, 2), (10.0, 60.0, 3)] {
            let sigma = 12.0;
            let mut normals = Normals::new(seed, 0);
            let (mut total, mut used, mut covered) = (0.0, 0, 0);
            for _ in 0..20_000 {
                let ratio = Ratio {
                    sum: sum + 9.0 * normals.draw(),
                    sum_variance: 81.0,
                    count: count + sigma * normals.draw(),
                    count_variance: sigma * sigma,
                };
                total += if ratio.count > 0.0 { ratio.value() } else { 0.0 };
                if let Some((low, high)) = ratio.interval(Z95) {
                    used += 1;
                    covered += i32::from((low..=high).contains(&(sum / count)));
                }
            }
            let mean = total / 20_000.0;
            assert!((mean - sum / count).abs() < 0.01, "{mean} for {sum}/{count}");
            let share = f64::from(covered) / f64::from(used);
            assert!((0.935..=0.965).contains(&share), "{share} for {sum}/{count}");
        }
    }
}
