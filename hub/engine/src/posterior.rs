//! What is believed about each school after looking at the whole network:
//! empirical-Bayes shrinkage and draws from it.
//!
//! ```text
//! true value  θ ~ N(μ, τ²)      schools of one level, one measure, one group
//! estimate    y ~ N(θ, v)       v privacy noise and natural variation
//! posterior   θ | y ~ N(μ + B (y − μ), B v + (1 − B)² var μ),   B = τ²/(τ² + v)
//! ```
//!
//! τ² by moments after Paule and Mandel (1982), which weighs schools by how
//! precise they are and needs no normality.

/// Fewest estimates from which a network is described.
pub const FEWEST_SCHOOLS: usize = 5;

/// The network's distribution of true values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Mean of true values.
    pub mean: f64,
    /// Variance of true values between schools.
    pub variance: f64,
    /// Variance of the mean's own estimate.
    pub mean_variance: f64,
    /// Estimates it was learned from.
    pub schools: usize,
}

/// What is believed about one school.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    /// Expected value.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

/// An estimate and its variance.
pub type Observed = (f64, f64);

impl Prior {
    /// Learns it from estimates; `None` from fewer than [`FEWEST_SCHOOLS`].
    pub fn learn(observed: &[Observed]) -> Option<Self> {
        if observed.len() < FEWEST_SCHOOLS {
            return None;
        }
        let degrees = (observed.len() - 1) as f64;
        let excess = |between: f64| {
            let (mean, _) = weighted_mean(observed, between);
            observed.iter().map(|(y, v)| (y - mean).powi(2) / (v + between)).sum::<f64>() - degrees
        };
        // Divisors stay above zero even where estimates came without noise.
        let floor = 1e-9;
        let mut variance = 0.0;
        if excess(floor) > 0.0 {
            let mut high = floor;
            while excess(high) > 0.0 {
                high *= 4.0;
            }
            let mut low = high / 4.0;
            for _ in 0..50 {
                let middle = low.midpoint(high);
                if excess(middle) > 0.0 { low = middle } else { high = middle }
            }
            variance = low.midpoint(high);
        }
        let (mean, mean_variance) = weighted_mean(observed, variance.max(floor));
        Some(Self { mean, variance, mean_variance, schools: observed.len() })
    }

    /// Share of an estimate's variance that is between schools: between
    /// variance over that plus `variance`, 0 to 1.
    pub fn reliability(&self, variance: f64) -> f64 {
        if self.variance > 0.0 { self.variance / (self.variance + variance) } else { 0.0 }
    }

    /// What is believed after an estimate.
    pub fn posterior(&self, (value, variance): Observed) -> Posterior {
        let kept = self.reliability(variance);
        let spread = kept * variance + (1.0 - kept).powi(2) * self.mean_variance;
        Posterior { mean: self.mean + kept * (value - self.mean), sd: spread.sqrt() }
    }
}

/// Mean by inverse variance, and its variance.
fn weighted_mean(observed: &[Observed], between: f64) -> (f64, f64) {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (y, v) in observed {
        let weight = 1.0 / (v + between);
        sum += weight * y;
        weights += weight;
    }
    (sum / weights, 1.0 / weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::Normals;

    fn network(schools: usize, tau: f64, seed: u64) -> Vec<(f64, Observed)> {
        let mut normals = Normals::new(seed, 0);
        (0..schools)
            .map(|school| {
                let truth = 60.0 + tau * normals.draw();
                let sd = 2.0 + (school % 7) as f64;
                (truth, (truth + sd * normals.draw(), sd * sd))
            })
            .collect()
    }

    #[test]
    fn the_variance_between_schools_is_found() {
        let schools = network(4_000, 5.0, 1);
        let observed: Vec<Observed> = schools.iter().map(|school| school.1).collect();
        let prior = Prior::learn(&observed).unwrap();
        assert!((prior.mean - 60.0).abs() < 0.4, "{prior:?}");
        assert!((prior.variance.sqrt() - 5.0).abs() < 0.3, "{prior:?}");
    }

    #[test]
    fn noise_alone_is_no_difference_between_schools() {
        let schools = network(1_000, 0.0, 2);
        let observed: Vec<Observed> = schools.iter().map(|school| school.1).collect();
        let prior = Prior::learn(&observed).unwrap();
        assert!(prior.reliability(25.0) < 0.15, "{prior:?}");
        assert!(Prior::learn(&[(1.0, 1.0); 20]).unwrap().variance.abs() < 1e-12);
        assert_eq!(Prior::learn(&observed[..FEWEST_SCHOOLS - 1]), None);
    }

    /// 2,000 schools, fixed seed.
    #[test]
    fn posterior_intervals_cover_the_truth() {
        let schools = network(2_000, 5.0, 3);
        let observed: Vec<Observed> = schools.iter().map(|school| school.1).collect();
        let prior = Prior::learn(&observed).unwrap();
        let covered = schools
            .iter()
            .filter(|(truth, observed)| {
                let posterior = prior.posterior(*observed);
                (truth - posterior.mean).abs() <= 1.2816 * posterior.sd
            })
            .count();
        assert!((1_540..=1_660).contains(&covered), "{covered} of 2000");
    }

    #[test]
    fn a_more_precise_estimate_is_shrunk_less() {
        let prior = Prior { mean: 50.0, variance: 25.0, mean_variance: 0.1, schools: 100 };
        let mut last = 50.0;
        for variance in [100.0, 25.0, 4.0, 0.1] {
            let posterior = prior.posterior((70.0, variance));
            assert!(posterior.mean > last && posterior.mean < 70.0);
            last = posterior.mean;
        }
    }
}
