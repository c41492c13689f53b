//! Whether an estimate may be shown, and how: a point, a band, or a sentence
//! that says why not.
//!
//! ```text
//! reliability = variance between schools / (that + noise + natural variation)
//!     ≥ point cut-off  point      ≥ band cut-off  band      below  hidden
//! ```
//!
//! The cut-offs are the charter's. Nothing is ever hidden because of a true
//! count, which the hub does not know; the legal minimum looks at public
//! enrolment only.

use peerlight_proto::{
    charter::Display,
    directory::School,
    group::{Flag, StudentGroup},
    v1,
};

use crate::{estimate::Estimate, posterior::Prior};

/// How sure the hub is of an estimate, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// Reliable enough for a point.
    Point,
    /// Reliable enough for a band only.
    Band,
    /// Too imprecise to show.
    Hidden,
    /// Public enrolment is below the legal minimum.
    TooFewStudents,
    /// The district declared that it does not offer the measure.
    NotOffered,
    /// The district has not reported yet.
    NotReported,
}

impl Precision {
    /// Whether a number may be shown.
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::Point | Self::Band)
    }

    /// Its code in files and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Band => "band",
            Self::Hidden => "hidden",
            Self::TooFewStudents => "too_few_students",
            Self::NotOffered => "not_offered",
            Self::NotReported => "not_reported",
        }
    }

    /// The one with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [
            Self::Point,
            Self::Band,
            Self::Hidden,
            Self::TooFewStudents,
            Self::NotOffered,
            Self::NotReported,
        ]
        .into_iter()
        .find(|precision| precision.as_str() == code)
    }
}

impl From<Precision> for v1::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::Point => Self::Point,
            Precision::Band => Self::Band,
            Precision::Hidden => Self::Hidden,
            Precision::TooFewStudents => Self::TooFewStudents,
            Precision::NotOffered => Self::NotOffered,
            Precision::NotReported => Self::NotReported,
        }
    }
}

/// The precision that a reliability earns.
pub fn by_reliability(display: &Display, reliability: f64) -> Precision {
    if reliability >= display.point_reliability {
        Precision::Point
    } else if reliability >= display.band_reliability {
        Precision::Band
    } else {
        Precision::Hidden
    }
}

/// Public enrolment of a school's group, students; `None` where the directory
/// does not say.
pub fn public_enrollment(school: &School, group: StudentGroup) -> Option<f64> {
    let feature = match group {
        StudentGroup::All | StudentGroup::Grade(_) | StudentGroup::Gender(_) => None,
        StudentGroup::Race(race) => Some(format!("pct_{}", race.code())),
        StudentGroup::Flag(flag) => match flag {
            Flag::EnglishLearner => Some("pct_english_learner".to_owned()),
            Flag::Disadvantaged => Some("pct_socioeconomically_disadvantaged".to_owned()),
            Flag::Disabilities => Some("pct_students_with_disabilities".to_owned()),
            Flag::Homeless => Some("pct_homeless".to_owned()),
            Flag::Foster => Some("pct_foster".to_owned()),
            Flag::Migrant | Flag::Military => None,
        },
    };
    let enrollment = f64::from(school.enrollment?);
    let share = feature.and_then(|feature| school.features.get(&feature));
    Some(share.map_or(enrollment, |percent| enrollment * percent / 100.0))
}

/// Whether public enrolment is below the legal minimum.
pub fn is_too_small(display: &Display, school: &School, group: StudentGroup) -> bool {
    public_enrollment(school, group)
        .is_some_and(|students| students < f64::from(display.minimum_enrollment))
}

/// How many students such a cell would need for its reliability to reach the
/// band's cut-off, if its noise and its students' spread stayed as they are.
/// `None` where schools do not differ, so that no number would be enough.
///
/// The noise's variance falls with the square of the count, natural variation
/// with the count itself: a/n² + b/n = target.
pub fn students_needed(display: &Display, prior: &Prior, estimate: &Estimate) -> Option<u32> {
    let cutoff = display.band_reliability;
    let target = prior.variance * (1.0 - cutoff) / cutoff;
    if target <= 0.0 || !target.is_finite() {
        return None;
    }
    let noise = estimate.privacy_standard_error.powi(2) * estimate.students.powi(2);
    let natural = estimate.natural_standard_error.powi(2) * estimate.students;
    let needed = (natural + (natural * natural + 4.0 * noise * target).sqrt()) / (2.0 * target);
    Some(needed.ceil().clamp(1.0, f64::from(u32::MAX)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn estimate(students: f64) -> Estimate {
        Estimate {
            value: 20.0,
            privacy_standard_error: 600.0 / students,
            natural_standard_error: 40.0 / students.sqrt(),
            low: 0.0,
            high: 100.0,
            students,
            students_sigma: 12.0,
        }
    }

    #[test]
    fn the_students_needed_are_just_enough() {
        let display = sample::charter().policy.display;
        let prior = Prior {
            mean: 20.0,
            variance: 36.0,
            mean_variance: 0.1,
            variance_variance: 0.0,
            schools: 100,
        };
        let needed = f64::from(students_needed(&display, &prior, &estimate(40.0)).unwrap());
        let reliability = |students| prior.reliability(estimate(students).variance());
        assert!(reliability(needed) >= display.band_reliability);
        assert!(reliability(needed - 2.0) < display.band_reliability);
        let alike = Prior { variance: 0.0, ..prior };
        assert_eq!(students_needed(&display, &alike, &estimate(40.0)), None);
    }

    #[test]
    fn reliability_decides_between_point_band_and_nothing() {
        let display = sample::charter().policy.display;
        assert_eq!(by_reliability(&display, 0.8), Precision::Point);
        assert_eq!(by_reliability(&display, 0.79), Precision::Band);
        assert_eq!(by_reliability(&display, 0.49), Precision::Hidden);
    }

    #[test]
    fn the_legal_minimum_looks_at_public_enrolment_of_the_group() {
        let display = sample::charter().policy.display;
        let mut school = sample::school("1", "d1", 400);
        school.features.insert("pct_english_learner".to_owned(), 2.0);
        let learners = StudentGroup::Flag(Flag::EnglishLearner);
        assert!(is_too_small(&display, &school, learners));
        assert!(!is_too_small(&display, &school, StudentGroup::All));
        school.enrollment = None;
        assert!(!is_too_small(&display, &school, learners));
    }

    #[test]
    fn codes_round_trip() {
        for precision in [Precision::Point, Precision::TooFewStudents, Precision::NotReported] {
            assert_eq!(Precision::from_code(precision.as_str()), Some(precision));
        }
    }
}
