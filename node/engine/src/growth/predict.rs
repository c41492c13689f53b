//! Predicts a standardised score from one or two earlier ones, with the
//! charter's public coefficients.
//!
//! Total by construction: what is missing or overflows is "not eligible",
//! never a panic and never a NaN in a sum.

use std::fmt;

use peerlight_proto::{
    charter::{GradeGrowth, GrowthModel},
    units::Grade,
};

/// A subject's model, ready to be asked once a student.
#[derive(Clone, Debug)]
pub struct Predictor {
    grades: [Option<GradeGrowth>; Grade::COUNT],
    bins: usize,
    limit: f64,
}

/// Where a student's score lies against its prediction: not shown by debug
/// output.
#[derive(Clone, Copy, PartialEq)]
pub struct Placed {
    /// Band of the prediction, from 0.
    pub band: usize,
    /// Standardised residual; finite.
    pub residual: f64,
}

impl Predictor {
    /// The model of one subject of a checked charter.
    pub fn new(model: &GrowthModel) -> Self {
        Self {
            grades: std::array::from_fn(|index| {
                Grade::from_index(index).and_then(|grade| model.grade.get(&grade)).cloned()
            }),
            bins: model.bins as usize,
            limit: model.residual_limit,
        }
    }

    /// Bins of the residual.
    pub const fn bins(&self) -> usize {
        self.bins
    }

    /// Places a score of `grade` by the score one grade earlier and, where it
    /// is known and the grade has constants for it, two grades earlier. `None`
    /// (not eligible) where the grade has no model or a needed number is not
    /// finite. A NaN second prior counts as unknown.
    ///
    /// With z = (score - mean) / sd of each score's own grade:
    /// predicted = b0 + b1 z1 (+ b2 z2), residual = (z - predicted) / sd.
    pub fn place(
        &self,
        grade: Grade,
        score: f64,
        prior: f64,
        prior2: Option<f64>,
    ) -> Option<Placed> {
        let model = self.grades[grade.index()].as_ref()?;
        let standard = |score: f64, [mean, sd]: [f64; 2]| (score - mean) / sd;
        let first = standard(prior, model.prior);
        let second = prior2.filter(|score| score.is_finite()).zip(model.prior2);
        let (predicted, spread) =
            if let (Some((score, constants)), Some(two)) = (second, model.two_priors) {
                let [base, slope, slope2, spread] = two;
                (base + slope * first + slope2 * standard(score, constants), spread)
            } else {
                let [base, slope, spread] = model.one_prior;
                (base + slope * first, spread)
            };
        let residual = (standard(score, model.score) - predicted) / spread;
        let eligible = predicted.is_finite() && residual.is_finite();
        let band = model.bands.iter().filter(|edge| **edge <= predicted).count();
        eligible.then_some(Placed { band, residual })
    }

    /// The bin of a residual: -limit to +limit in even bins, whose outer two
    /// take the tails.
    pub fn bin(&self, residual: f64) -> usize {
        let position = (residual + self.limit) / (2.0 * self.limit) * self.bins as f64;
        // A cast from a float saturates, and makes 0 of NaN and of negatives.
        (position.floor() as usize).min(self.bins - 1)
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Placed")
    }
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{charter::Policy, names::SubjectId, units::SchoolYear};
    use proptest::prelude::*;

    use super::*;

    fn predictor() -> Predictor {
        let policy = Policy::shipped(SchoolYear::ending(2026).unwrap(), "standard").unwrap();
        Predictor::new(&policy.growth[&SubjectId::new("ela").unwrap()])
    }

    fn grade(text: &str) -> Grade {
        text.parse().unwrap()
    }

    #[test]
    fn an_average_student_is_placed_in_the_middle() {
        let placed = predictor().place(grade("05"), 2490.7, 2452.0, Some(2409.9)).unwrap();
        assert_eq!(placed.band, 2, "an edge belongs to the band above it");
        assert!(placed.residual.abs() < 1e-12);
        assert_eq!(predictor().bin(placed.residual), 12);
    }

    #[test]
    fn one_and_two_priors_use_their_own_coefficients() {
        let (score, prior, prior2) = (2590.7, 2550.0, 2501.9);
        let one = predictor().place(grade("05"), score, prior, None).unwrap();
        assert!((one.residual - (1.0 - 0.82) / 0.57).abs() < 1e-9);
        let two = predictor().place(grade("05"), score, prior, Some(prior2)).unwrap();
        assert!((two.residual - (1.0 - 0.56 - 0.33) / 0.52).abs() < 1e-9);
        assert_eq!(predictor().place(grade("05"), score, prior, Some(f64::NAN)), Some(one));
    }

    #[test]
    fn a_grade_without_two_prior_constants_uses_one() {
        let one = predictor().place(grade("04"), 2500.0, 2400.0, None);
        assert_eq!(predictor().place(grade("04"), 2500.0, 2400.0, Some(2300.0)), one);
        assert!(one.is_some());
    }

    #[test]
    fn what_is_missing_or_overflows_is_not_eligible() {
        for (grade_level, score, prior) in [
            ("04", f64::NAN, 2400.0),
            ("04", 2400.0, f64::NAN),
            ("04", f64::INFINITY, 2400.0),
            ("03", 2400.0, 2400.0),
            ("12", 2400.0, 2400.0),
        ] {
            assert_eq!(predictor().place(grade(grade_level), score, prior, None), None);
        }
    }

    #[test]
    fn the_outer_bins_take_the_tails() {
        let predictor = predictor();
        for (residual, bin) in [
            (-1e300, 0),
            (-3.0, 0),
            (-2.761, 0),
            (-2.759, 1),
            (0.0, 12),
            (2.99, 24),
            (3.0, 24),
            (1e300, 24),
        ] {
            assert_eq!(predictor.bin(residual), bin, "{residual}");
        }
    }

    proptest! {
        #[test]
        fn a_higher_score_never_has_a_lower_residual_or_bin(
            low in 2000.0..3000.0_f64, gain in 0.0..500.0_f64, prior in 2000.0..3000.0_f64,
            prior2 in proptest::option::of(2000.0..3000.0_f64),
        ) {
            let predictor = predictor();
            let before = predictor.place(grade("06"), low, prior, prior2).unwrap();
            let after = predictor.place(grade("06"), low + gain, prior, prior2).unwrap();
            prop_assert!(after.residual >= before.residual);
            prop_assert!(predictor.bin(after.residual) >= predictor.bin(before.residual));
            prop_assert_eq!(after.band, before.band);
        }

        #[test]
        fn any_number_has_a_bin_and_a_band(score: f64, prior: f64, prior2: f64) {
            let predictor = predictor();
            if let Some(placed) = predictor.place(grade("06"), score, prior, Some(prior2)) {
                prop_assert!(placed.band < 4 && placed.residual.is_finite());
                prop_assert!(predictor.bin(placed.residual) < predictor.bins());
            }
        }
    }
}
