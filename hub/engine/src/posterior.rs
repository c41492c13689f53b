//! What is believed about each school after looking at the whole network:
//! empirical-Bayes shrinkage and draws from it.
//!
//! ```text
//! true value  θ ~ N(μ, τ²)      schools of one level, one measure, one group
//! estimate    y ~ N(θ, v)       v privacy noise and natural variation
//! posterior   θ | y ~ N(μ + B (y − μ), s²),   B = τ²/(τ² + v)
//!             s² = B v + (1 − B)² (var μ + 2 var τ² / (τ² + v))
//! ```
//!
//! τ² by moments after Paule and Mandel (1982), which weighs schools by how
//! precise they are and needs no normality. The last term is for τ² being learned
//! as well: without it bands of small or noisy networks hold too seldom (Datta,
//! Rao and Smith 2005, with var τ² ≈ 2m / (Σ 1/(τ² + v))² of m schools).

/// Fewest estimates from which a network is described.
pub const FEWEST_SCHOOLS: usize = 5;

/// Divisors stay above zero even where estimates came without noise.
pub(crate) const FLOOR: f64 = 1e-9;

/// The network's distribution of true values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Mean of true values.
    pub mean: f64,
    /// Variance of true values between schools.
    pub variance: f64,
    /// Variance of the mean's own estimate.
    pub mean_variance: f64,
    /// Variance of the estimate of the variance between schools.
    pub variance_variance: f64,
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
        let variance = root(excess);
        let (mean, mean_variance) = weighted_mean(observed, variance.max(FLOOR));
        let schools = observed.len();
        let variance_variance = variance_variance(schools, mean_variance);
        Some(Self { mean, variance, mean_variance, variance_variance, schools })
    }

    /// Share of an estimate's variance that is between schools: between
    /// variance over that plus `variance`, 0 to 1.
    pub fn reliability(&self, variance: f64) -> f64 {
        if self.variance > 0.0 { self.variance / (self.variance + variance) } else { 0.0 }
    }

    /// What is believed after an estimate.
    pub fn posterior(&self, (value, variance): Observed) -> Posterior {
        let kept = self.reliability(variance);
        let of_variance = 2.0 * self.variance_variance / (self.variance + variance).max(FLOOR);
        let learned = self.mean_variance + of_variance;
        let spread = kept * variance + (1.0 - kept).powi(2) * learned;
        Posterior { mean: self.mean + kept * (value - self.mean), sd: spread.sqrt() }
    }
}

/// The variance at which `excess`, which falls with it, is zero; 0 where it is
/// below zero from the beginning.
pub(crate) fn root(excess: impl Fn(f64) -> f64) -> f64 {
    if excess(FLOOR) <= 0.0 {
        return 0.0;
    }
    let mut high = FLOOR;
    while excess(high) > 0.0 {
        high *= 4.0;
    }
    let mut low = high / 4.0;
    for _ in 0..50 {
        let middle = low.midpoint(high);
        if excess(middle) > 0.0 { low = middle } else { high = middle }
    }
    low.midpoint(high)
}

/// Variance of a variance between schools that was learned from so many of
/// them, of whose mean this is the variance.
pub(crate) fn variance_variance(schools: usize, mean_variance: f64) -> f64 {
    2.0 * schools as f64 * mean_variance.powi(2)
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

    /// Large and small networks, with much and little between their schools;
    /// fixed seeds. Bands of 80 % are at most three points short where noise is
    /// larger than what it hides.
    #[test]
    fn posterior_intervals_cover_the_truth() {
        for (networks, schools, tau) in [(8, 2_000, 5.0), (40, 400, 2.0), (1_300, 12, 5.0)] {
            let mut covered = 0;
            for seed in 0..networks {
                let schools = network(schools, tau, 100 + seed);
                let observed: Vec<Observed> = schools.iter().map(|school| school.1).collect();
                let prior = Prior::learn(&observed).unwrap();
                let holds = |(truth, observed): &&(f64, Observed)| {
                    let posterior = prior.posterior(*observed);
                    (truth - posterior.mean).abs() <= 1.2816 * posterior.sd
                };
                covered += schools.iter().filter(holds).count();
            }
            let share = covered as f64 / (networks as usize * schools) as f64;
            assert!((0.77..=0.84).contains(&share), "{share} of {networks} networks of {schools}");
        }
    }

    #[test]
    fn a_more_precise_estimate_is_shrunk_less() {
        let prior = Prior {
            mean: 50.0,
            variance: 25.0,
            mean_variance: 0.1,
            variance_variance: 20.0,
            schools: 100,
        };
        let mut last = 50.0;
        for variance in [100.0, 25.0, 4.0, 0.1] {
            let posterior = prior.posterior((70.0, variance));
            assert!(posterior.mean > last && posterior.mean < 70.0);
            last = posterior.mean;
        }
    }
}
