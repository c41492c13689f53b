//! Three-year pooling: what a school says over several years where one year
//! alone says too little.
//!
//! ```text
//! pooled = (sum of the years' sums) / (sum of the years' counts)
//! ```
//!
//! Each year's noise is its own, so variances add. Years of another definition
//! do not come here, and no year is pooled across one that stands apart. A pooled value is one number about several years: it is
//! labelled with them and never drawn as a trend, nor ranked.

use std::collections::HashMap;

use peerlight_proto::{charter::Display, group::StudentGroup, units::SchoolYear};

use crate::{
    display::{Precision, by_reliability},
    estimate::{Cell, Estimate, Outcome, Place, Release},
    measure::{MeasureKind, ReportedMeasure},
    posterior::Prior,
    sums::Sums,
};

/// Earlier years that are pooled at most.
pub const EARLIER_YEARS: u16 = 2;

/// The releases of a year before the charter's.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlierYear {
    /// The year.
    pub school_year: SchoolYear,
    /// Its releases that mean what the charter in force says.
    pub releases: Vec<Release>,
}

/// One value over several years.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooled {
    /// The first of the years; the last is the charter's.
    pub first: SchoolYear,
    /// The last of the years.
    pub last: SchoolYear,
    /// Whether it is reliable enough for a point or a band; never hidden.
    pub precision: Precision,
    /// The unbiased estimate.
    pub estimate: Estimate,
}

/// What pooling gives of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// The value over several years.
    pub pooled: Option<Pooled>,
    /// The year that stands apart and therefore kept an earlier year out.
    pub parted_by: Option<SchoolYear>,
}

/// The sums of one year, by school and group.
type OfYear = HashMap<(usize, StudentGroup), Sums>;

impl Pooled {
    /// The years it is about: `2023-24 to 2025-26`.
    pub fn years(&self) -> String {
        format!("{} to {}", self.first, self.last)
    }
}

/// What earlier years say of one measure, newest year first.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    years: Vec<(SchoolYear, OfYear)>,
}

/// Whether years of a measure may be pooled: not of a count, which is of its
/// day, nor of a running count, which is of a part of its year.
pub const fn can_pool(kind: MeasureKind) -> bool {
    matches!(kind, MeasureKind::Rate | MeasureKind::Mean | MeasureKind::Growth)
}

impl Earlier {
    /// Adds the cells of the year before those that are in.
    pub fn push(&mut self, school_year: SchoolYear, cells: &[Cell]) {
        let sums = cells.iter().filter_map(|cell| match cell.place {
            Place::School(school) => Some(((school, cell.group), cell.sums?)),
            Place::District(_) => None,
        });
        self.years.push((school_year, sums.collect()));
    }

    /// One school's group over `this` year and the unbroken run of years before
    /// it; no value where there is no such run, or where it is not reliable
    /// either.
    pub fn pooled(
        &self,
        measure: &ReportedMeasure,
        display: &Display,
        prior: &Prior,
        last: SchoolYear,
        (school, group, this): (usize, StudentGroup, Sums),
    ) -> Found {
        let (mut sums, mut first, mut parted_by) = (this, last, None);
        for (year, earlier) in self.years.iter().take(usize::from(EARLIER_YEARS)) {
            let Some(of_year) = earlier.get(&(school, group)) else { break };
            if year.ending_year() + 1 != first.ending_year() {
                break;
            }
            parted_by = measure.parted_by(*year, last);
            if parted_by.is_some() {
                break;
            }
            (sums, first) = (sums.plus(*of_year), *year);
        }
        let Outcome::Usable(estimate) = sums.outcome(measure) else {
            return Found { pooled: None, parted_by };
        };
        let precision = by_reliability(display, prior.reliability(estimate.variance()));
        let pooled = Pooled { first, last, precision, estimate };
        let is_shown = first != last && precision.is_shown();
        Found { pooled: is_shown.then_some(pooled), parted_by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consistency::Noisy,
        measure::reported_measures,
        normal::{Normals, Z95},
        sample,
    };

    fn year(ending: u16) -> SchoolYear {
        SchoolYear::ending(ending.into()).unwrap()
    }

    fn cell(sums: Sums) -> Cell {
        Cell {
            place: Place::School(3),
            group: StudentGroup::All,
            as_of: None,
            sums: Some(sums),
            outcome: Outcome::CountMissing,
        }
    }

    const PRIOR: Prior = Prior {
        mean: 20.0,
        variance: 600.0,
        mean_variance: 0.1,
        variance_variance: 0.0,
        schools: 100,
    };

    /// 40 students of whom 30 % succeed, three years: 2,000 draws, fixed seed.
    #[test]
    fn three_years_say_more_than_one_and_cover_the_truth() {
        let charter = sample::charter();
        let measures = reported_measures(&charter);
        let rate = measures.iter().find(|it| it.id.as_str() == "suspension").unwrap();
        let mut normals = Normals::new(8, 0);
        let mut sums = |share: f64| {
            let mut noisy = |value: f64, sigma: f64| Noisy {
                value: value + sigma * normals.draw(),
                variance: sigma * sigma,
            };
            Sums { sum: noisy(40.0 * (2.0 * share - 1.0), 9.0), count: Some(noisy(40.0, 6.0)) }
        };
        let (mut covered, mut found) = (0, 0);
        for _ in 0..2_000 {
            let mut earlier = Earlier::default();
            let this = sums(0.4);
            earlier.push(year(2025), &[cell(sums(0.3))]);
            earlier.push(year(2024), &[cell(sums(0.2))]);
            let key = (3, StudentGroup::All, this);
            let of = earlier.pooled(rate, &charter.policy.display, &PRIOR, year(2026), key);
            let Some(pooled) = of.pooled else { continue };
            assert_eq!((pooled.first, pooled.last), (year(2024), year(2026)));
            if let Outcome::Usable(single) = this.outcome(rate) {
                assert!(pooled.estimate.variance() < single.variance());
            }
            found += 1;
            let reach = Z95 * pooled.estimate.privacy_standard_error;
            covered += i32::from((pooled.estimate.value - 30.0).abs() <= reach);
        }
        assert!(found > 1_900, "{found}");
        let share = f64::from(covered) / f64::from(found);
        assert!((0.935..=0.965).contains(&share), "{share}");
    }

    #[test]
    fn years_are_pooled_without_a_gap_and_only_with_another_year() {
        let charter = sample::charter();
        let measures = reported_measures(&charter);
        let rate = measures.iter().find(|it| it.id.as_str() == "suspension").unwrap();
        let noisy = |value| Noisy { value, variance: 25.0 };
        let this = Sums { sum: noisy(-20.0), count: Some(noisy(60.0)) };
        let pooled = |years: &[u16]| {
            let mut earlier = Earlier::default();
            for ending in years {
                earlier.push(year(*ending), &[cell(this)]);
            }
            let key = (3, StudentGroup::All, this);
            let found = earlier.pooled(rate, &charter.policy.display, &PRIOR, year(2026), key);
            found.pooled.map(|pooled| pooled.first.ending_year())
        };
        assert_eq!(pooled(&[]), None);
        assert_eq!(pooled(&[2025]), Some(2025));
        assert_eq!(pooled(&[2024]), None);
        assert_eq!(pooled(&[2025, 2024, 2023]), Some(2024));
    }

    #[test]
    fn no_year_is_pooled_across_one_that_stands_apart() {
        use peerlight_proto::catalogue::YearStatus::{
            Comparable, NotCollected, NotComparable, StatusOnly,
        };
        let charter = sample::charter();
        let measures = reported_measures(&charter);
        let rate = measures.iter().find(|it| it.id.as_str() == "suspension").unwrap();
        let shipped = rate.notes[0].clone();
        let noisy = |value| Noisy { value, variance: 25.0 };
        let this = Sums { sum: noisy(-20.0), count: Some(noisy(60.0)) };
        let mut earlier = Earlier::default();
        earlier.push(year(2025), &[cell(this)]);
        earlier.push(year(2024), &[cell(this)]);
        for (apart, status, first, parted_by) in [
            (2023, NotComparable, Some(2024), None),
            (2024, NotComparable, Some(2025), Some(2024)),
            (2024, StatusOnly, Some(2024), None),
            (2025, NotCollected, None, Some(2025)),
            (2025, StatusOnly, Some(2025), Some(2025)),
            (2025, Comparable, Some(2024), None),
            (2026, StatusOnly, None, Some(2026)),
            (2026, NotComparable, None, Some(2026)),
        ] {
            let mut rate = rate.clone();
            let note = shipped.clone();
            rate.notes = vec![peerlight_proto::catalogue::YearNote {
                school_year: year(apart),
                status,
                ..note
            }];
            let key = (3, StudentGroup::All, this);
            let found = earlier.pooled(&rate, &charter.policy.display, &PRIOR, year(2026), key);
            let years = found.pooled.map(|pooled| pooled.first.ending_year());
            let by = found.parted_by.map(SchoolYear::ending_year);
            assert_eq!((years, by), (first, parted_by), "{apart} {status:?}");
        }
    }
}
