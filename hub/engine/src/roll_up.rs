//! Totals of districts and of the network: sums over schools, then divided.
//!
//! ```text
//! district = sum over its schools of sums that agree / sum of their counts
//! network  = the same over its districts, and over the schools of each level
//! ```
//!
//! What may be shown is judged by how much districts, or else schools, differ. A
//! count of many of them is larger than each, and so is its noise: it is judged
//! as their mean.
//!
//! Every school's noise is its own, so variances add. Natural variation is that
//! of the pooled students, which is at most too large: schools differ, and a
//! mixture's students vary no more than those of one pool with its mean. Small
//! flags are released by district and enter as such.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::{
    charter::Display,
    directory::{Directory, Level},
    group::StudentGroup,
};

use crate::{
    civil::CivilDate,
    display::{Precision, by_reliability, public_enrollment},
    estimate::{Cell, Estimate, Outcome, Place},
    measure::{MeasureKind, ReportedMeasure},
    posterior::Prior,
    sums::Sums,
};

/// What a total is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whole {
    /// Every district that reported.
    Network,
    /// The network's schools of one level.
    Level(Level),
    /// A district, by its position among the directory's LEAs.
    District(usize),
}

/// One measure of one group over many schools.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Total {
    /// What it is of.
    pub of: Whole,
    /// The measure's position in the list of measures.
    pub measure: usize,
    /// The student group.
    pub group: StudentGroup,
    /// Schools whose sums are in it; 0 where districts sent totals only.
    pub schools: usize,
    /// The oldest day that anything in it is as of.
    pub as_of: Option<CivilDate>,
    /// Whether it may be shown, and how.
    pub precision: Precision,
    /// The unbiased estimate, where one could be made.
    pub estimate: Option<Estimate>,
}

/// The day that most cells of a running measure are as of; of those that are
/// equally many, the newest. `None` for every other measure: its cells may
/// stand beside each other whenever they are from.
pub fn common_date(measure: &ReportedMeasure, cells: &[Cell]) -> Option<CivilDate> {
    if measure.kind != MeasureKind::Running {
        return None;
    }
    let mut days: BTreeMap<CivilDate, usize> = BTreeMap::new();
    for day in cells.iter().filter_map(|cell| cell.as_of) {
        *days.entry(day).or_default() += 1;
    }
    days.into_iter().max_by_key(|(day, cells)| (*cells, *day)).map(|(day, _)| day)
}

/// Cells added up.
#[derive(Default)]
struct Adding {
    sums: Option<Sums>,
    schools: usize,
    districts: BTreeSet<usize>,
    as_of: Option<CivilDate>,
    missing: bool,
    /// Public enrolment of the group; `None` once a school's is not known.
    public: Option<f64>,
}

/// The totals of one measure, ordered by group, then what they are of.
pub fn totals(
    display: &Display,
    directory: &Directory,
    position: usize,
    measure: &ReportedMeasure,
    cells: &[Cell],
) -> Vec<Total> {
    let leas: Vec<_> = directory.leas().into_iter().collect();
    let common = common_date(measure, cells);
    let mut adding: BTreeMap<(StudentGroup, Whole), Adding> = BTreeMap::new();
    for cell in cells {
        let (district, level) = match cell.place {
            Place::District(district) => (Some(district), None),
            Place::School(school) => {
                let school = &directory.schools[school];
                (leas.binary_search(&&school.lea).ok(), Some(school.level))
            }
        };
        // Counts of different days of a year are of different students.
        let network = common.is_none() || common == cell.as_of;
        let wholes = [
            district.map(Whole::District),
            network.then_some(Whole::Network),
            level.filter(|_| network).map(Whole::Level),
        ];
        for whole in wholes.into_iter().flatten() {
            adding
                .entry((cell.group, whole))
                .or_insert_with(|| Adding { public: Some(0.0), ..Adding::default() })
                .add(directory, district, cell);
        }
    }
    let spread = spread_by_group(cells, &adding, measure);
    adding
        .into_iter()
        .map(|((group, of), added)| {
            let outcome = added.sums.map(|sums| sums.outcome(measure));
            let estimate = match outcome {
                Some(Outcome::Usable(estimate)) => Some(estimate),
                _ => None,
            };
            let minimum = f64::from(display.minimum_enrollment);
            let precision = match (estimate, spread.get(&group)) {
                (Some(_), _) if added.public.is_some_and(|students| students < minimum) => {
                    Precision::TooFewStudents
                }
                (Some(estimate), Some(spread)) => {
                    let parts = match measure.kind {
                        MeasureKind::Count => spread.parts(&added),
                        _ => 1.0,
                    };
                    let variance = estimate.variance() / (parts * parts);
                    by_reliability(display, spread.prior.reliability(variance))
                }
                (None, _) if added.sums.is_none() && added.missing => Precision::NotReported,
                _ => Precision::Hidden,
            };
            let (schools, as_of) = (added.schools, added.as_of);
            Total { of, measure: position, group, schools, as_of, precision, estimate }
        })
        .collect()
}

impl Adding {
    fn add(&mut self, directory: &Directory, district: Option<usize>, cell: &Cell) {
        self.missing |= cell.outcome == Outcome::CountMissing;
        let Some(sums) = cell.sums else { return };
        self.districts.extend(district);
        self.sums = Some(self.sums.map_or(sums, |known| known.plus(sums)));
        self.as_of = self.as_of.map_or(cell.as_of, |known| cell.as_of.map(|day| day.min(known)));
        let public = match cell.place {
            Place::School(school) => {
                self.schools += 1;
                public_enrollment(&directory.schools[school], cell.group)
            }
            Place::District(_) => None,
        };
        self.public = self.public.zip(public).map(|(known, more)| known + more);
    }
}

/// How much places differ, and whether they are districts.
struct Spread {
    prior: Prior,
    of_districts: bool,
}

impl Spread {
    /// How many such places are in a total.
    fn parts(&self, added: &Adding) -> f64 {
        let parts = if self.of_districts { added.districts.len() } else { added.schools };
        parts.max(1) as f64
    }
}

/// How much places differ: districts if they are enough to tell, else schools.
fn spread_by_group(
    cells: &[Cell],
    adding: &BTreeMap<(StudentGroup, Whole), Adding>,
    measure: &ReportedMeasure,
) -> BTreeMap<StudentGroup, Spread> {
    let mut districts: BTreeMap<StudentGroup, Vec<(f64, f64)>> = BTreeMap::new();
    for ((group, whole), added) in adding {
        let outcome = added.sums.map(|sums| sums.outcome(measure));
        if let (Whole::District(_), Some(Outcome::Usable(estimate))) = (whole, outcome) {
            districts.entry(*group).or_default().push((estimate.value, estimate.variance()));
        }
    }
    let mut schools: BTreeMap<StudentGroup, Vec<(f64, f64)>> = BTreeMap::new();
    for cell in cells {
        if let (Place::School(_), Outcome::Usable(estimate)) = (cell.place, cell.outcome) {
            schools.entry(cell.group).or_default().push((estimate.value, estimate.variance()));
        }
    }
    let learn = |group: &StudentGroup| {
        let of = |known: &BTreeMap<StudentGroup, Vec<(f64, f64)>>| {
            known.get(group).and_then(|observed| Prior::learn(observed))
        };
        let spread = |of_districts: bool| move |prior: Prior| Spread { prior, of_districts };
        of(&districts).map(spread(true)).or_else(|| of(&schools).map(spread(false)))
    };
    districts.keys().filter_map(|group| Some((*group, learn(group)?))).collect()
}

#[cfg(test)]
mod tests;
