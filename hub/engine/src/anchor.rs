//! Official results of an earlier year as what is believed of a school before
//! its own estimate is seen.
//!
//! ```text
//! true value  θ ~ N(α + β (x − x̄), σ²)   x: the school's official result of an earlier year
//! estimate    y ~ N(θ, v)
//! prior of a school with x:  mean α + β (x − x̄), variance σ²
//! ```
//!
//! α, β and σ² are learned from all schools that have both, so it does not
//! matter that the state counts other students or rounds: what the official
//! result does not tell is in σ². Fay and Herriot (1979) with one covariate;
//! σ² by moments after Paule and Mandel, as in [`crate::posterior`].

use std::collections::{BTreeMap, HashMap};

use peerlight_proto::{names::MeasureId, units::SchoolYear};

use crate::posterior::{FLOOR, Observed, Prior, root, variance_variance};

/// Fewest schools with both from which the line is learned.
pub const FEWEST_ANCHORED: usize = 20;

/// Official results of one earlier year that are like one measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Official {
    /// The year.
    pub school_year: SchoolYear,
    /// The result of a school, by its position in the directory.
    pub results: HashMap<usize, f64>,
}

/// Official results by the measure they are like; empty where none are used.
pub type Anchors = BTreeMap<MeasureId, Official>;

/// How true values follow official results of an earlier year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Mean official result, weighted as the estimates are.
    center: f64,
    /// True value at the center.
    intercept: f64,
    intercept_variance: f64,
    /// Change of true value by one of the official result.
    slope: f64,
    slope_variance: f64,
    /// Variance of true values around the line.
    pub variance: f64,
    schools: usize,
}

impl Line {
    /// Learns it from official results and estimates; `None` from fewer than
    /// [`FEWEST_ANCHORED`] schools, or where all official results are equal.
    pub fn learn(observed: &[(f64, Observed)]) -> Option<Self> {
        let first = observed.first()?.0;
        if observed.len() < FEWEST_ANCHORED
            || observed.iter().all(|(x, _)| x.total_cmp(&first).is_eq())
        {
            return None;
        }
        let degrees = (observed.len() - 2) as f64;
        let excess = |around: f64| {
            let line = Self::fitted(observed, around);
            let squares =
                observed.iter().map(|(x, (y, v))| (y - line.at(*x)).powi(2) / (v + around));
            squares.sum::<f64>() - degrees
        };
        let variance = root(excess);
        Some(Self { variance, ..Self::fitted(observed, variance) })
    }

    /// Weighted least squares, if true values vary so much around the line.
    fn fitted(observed: &[(f64, Observed)], around: f64) -> Self {
        let around = around.max(FLOOR);
        let weighted = |value: &dyn Fn(f64, f64) -> f64| -> f64 {
            observed.iter().map(|(x, (y, v))| value(*x, *y) / (v + around)).sum()
        };
        let weights = weighted(&|_, _| 1.0);
        let center = weighted(&|x, _| x) / weights;
        let intercept = weighted(&|_, y| y) / weights;
        let squares = weighted(&|x, _| (x - center).powi(2));
        Self {
            center,
            intercept,
            intercept_variance: 1.0 / weights,
            slope: weighted(&|x, y| (x - center) * (y - intercept)) / squares,
            slope_variance: 1.0 / squares,
            variance: around,
            schools: observed.len(),
        }
    }

    fn at(&self, official: f64) -> f64 {
        self.intercept + self.slope * (official - self.center)
    }

    /// What is believed of a school with this official result.
    pub fn prior(&self, official: f64) -> Prior {
        let from_center = (official - self.center).powi(2);
        Prior {
            mean: self.at(official),
            variance: self.variance,
            mean_variance: self.intercept_variance + from_center * self.slope_variance,
            variance_variance: variance_variance(self.schools, self.intercept_variance),
            schools: self.schools,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::Normals;

    /// True value, official result and estimate of schools; the official result
    /// is of another scale, and tells all but `rest` of the true value.
    fn network(schools: usize, rest: f64, seed: u64) -> Vec<(f64, (f64, Observed))> {
        let mut normals = Normals::new(seed, 0);
        (0..schools)
            .map(|school| {
                let known = 8.0 * normals.draw();
                let truth = 40.0 + known + rest * normals.draw();
                let sd = 2.0 + (school % 9) as f64;
                (truth, (5.0 + 2.0 * known, (truth + sd * normals.draw(), sd * sd)))
            })
            .collect()
    }

    fn observed(schools: &[(f64, (f64, Observed))]) -> Vec<(f64, Observed)> {
        schools.iter().map(|school| school.1).collect()
    }

    #[test]
    fn the_line_is_found_whatever_the_official_scale() {
        let line = Line::learn(&observed(&network(4_000, 3.0, 1))).unwrap();
        assert!((line.slope - 0.5).abs() < 0.02, "{line:?}");
        assert!((line.at(5.0) - 40.0).abs() < 0.4, "{line:?}");
        assert!((line.variance.sqrt() - 3.0).abs() < 0.3, "{line:?}");
    }

    /// 40 networks of 400 schools, fixed seeds: the bands of one are a little
    /// wide or narrow together; over all, bands of 80 % hold as many, and they
    /// are closer to the truth than those from the network's mean alone.
    #[test]
    fn an_official_result_brings_small_schools_closer_to_the_truth_and_bands_still_hold() {
        let (mut covered, mut with, mut without) = (0, 0.0, 0.0);
        for seed in 0..40 {
            let schools = network(400, 3.0, 100 + seed);
            let seen = observed(&schools);
            let line = Line::learn(&seen).unwrap();
            let estimates: Vec<Observed> = seen.iter().map(|(_, estimate)| *estimate).collect();
            let network = Prior::learn(&estimates).unwrap();
            for (truth, (official, estimate)) in &schools {
                let posterior = line.prior(*official).posterior(*estimate);
                covered += i32::from((truth - posterior.mean).abs() <= 1.2816 * posterior.sd);
                with += (truth - posterior.mean).powi(2);
                without += (truth - network.posterior(*estimate).mean).powi(2);
            }
        }
        assert!((12_480..=13_120).contains(&covered), "{covered} of 16000, bands of 80 %");
        assert!(with < 0.6 * without, "{with} against {without}");
    }

    #[test]
    fn official_results_that_tell_nothing_change_nothing() {
        let mut schools = network(1_000, 3.0, 3);
        let mut normals = Normals::new(4, 0);
        for school in &mut schools {
            school.1.0 = normals.draw();
        }
        let seen = observed(&schools);
        let estimates: Vec<Observed> = seen.iter().map(|(_, estimate)| *estimate).collect();
        let network = Prior::learn(&estimates).unwrap();
        let line = Line::learn(&seen).unwrap();
        assert!((line.variance / network.variance - 1.0).abs() < 0.05, "{line:?} {network:?}");
        assert!((line.prior(1.0).mean - network.mean).abs() < 1.0);
        assert_eq!(Line::learn(&seen[..FEWEST_ANCHORED - 1]), None);
        let same: Vec<(f64, Observed)> =
            seen.iter().map(|(_, estimate)| (3.0, *estimate)).collect();
        assert_eq!(Line::learn(&same), None);
    }
}
