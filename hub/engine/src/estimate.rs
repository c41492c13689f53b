//! From noisy payloads to unbiased estimates, each with the standard error of
//! the added noise and of natural variation kept apart.
//!
//! ```text
//! count    value ± sigma
//! rate     50 + 50 · S/N      S successes less failures, N the population's noisy count
//! mean     center + S/N       S the centred sum
//! growth   50 + S/N           N brought along in the same vector
//! ```
//!
//! N is the population's latest count whose date is not after the measure's.
//! Where two programs release one measure for one date, their sums are
//! combined by inverse variance. Estimates are not clipped; intervals are.

use std::collections::HashMap;

use peerlight_proto::{
    charter::{Charter, ProgramKind},
    continual,
    directory::Directory,
    group::StudentGroup,
    layout::{FIXED_POINT, GROWTH_COUNT_WEIGHT, Quantity, ReleaseLayout},
    names::{MemberId, PopulationId, ProgramId, SchoolId},
    units::GradeSet,
};

use crate::{
    measure::{MeasureKind, ReportedMeasure},
    normal::Z95,
    ratio::{LEAST_SIGMAS, Ratio},
};

/// A release as admitted: its blocks in the layout's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// Who sent it.
    pub member: MemberId,
    /// What its integers mean, by the charter and directory it was made under.
    pub layout: ReleaseLayout,
    /// Civil date `YYYY-MM-DD` from which it was due, by that charter.
    pub due: String,
    /// The noisy integers, one vector a block.
    pub blocks: Vec<Vec<i64>>,
}

/// Whose estimate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A school, by its position in the directory.
    School(usize),
    /// A district, by its position among the directory's LEAs.
    District(usize),
}

/// An unbiased estimate in the measure's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate; noise may carry it outside the scale.
    pub value: f64,
    /// Standard error from the added noise alone.
    pub privacy_standard_error: f64,
    /// Standard error from natural variation alone.
    pub natural_standard_error: f64,
    /// Lower end of the 95 % interval of both, within the scale.
    pub low: f64,
    /// Upper end of the 95 % interval of both, within the scale.
    pub high: f64,
    /// Noisy count of the students it is about.
    pub students: f64,
    /// Standard deviation of that count's noise.
    pub students_sigma: f64,
}

impl Estimate {
    /// Variance from noise and natural variation together.
    pub fn variance(&self) -> f64 {
        self.privacy_standard_error.powi(2) + self.natural_standard_error.powi(2)
    }

    /// Standard error of noise and natural variation together.
    pub fn standard_error(&self) -> f64 {
        self.variance().sqrt()
    }
}

/// What became of one cell that was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// It gives an estimate.
    Usable(Estimate),
    /// Its noisy count is too small, or negative, to divide by.
    TooSmall {
        /// Students from which the count could divide.
        least_students: f64,
    },
    /// The population's count is not split this way.
    NotCounted,
    /// No count of the population has been reported yet.
    CountMissing,
}

/// One cell that was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Whose it is.
    pub place: Place,
    /// The student group.
    pub group: StudentGroup,
    /// What became of it.
    pub outcome: Outcome,
}

/// A noisy number and the variance of its noise.
#[derive(Clone, Copy)]
struct Noisy {
    value: f64,
    variance: f64,
}

type Table = HashMap<(Place, StudentGroup), Noisy>;

/// Makes an outcome of one cell's sum.
type Judge<'a> = dyn Fn(&(Place, StudentGroup), Noisy) -> Outcome + 'a;

/// The estimates of every measure, in the order of `measures`; each one's
/// cells ordered by place, then group. The order of `releases` does not matter.
pub fn estimate(
    charter: &Charter,
    directory: &Directory,
    measures: &[ReportedMeasure],
    releases: &[Release],
) -> Vec<Vec<Cell>> {
    let network = Network::new(charter, directory, releases);
    measures
        .iter()
        .map(|measure| {
            let mut cells: Vec<Cell> = (0..network.members.len())
                .flat_map(|member| network.cells_of(measure, member))
                .collect();
            cells.sort_unstable_by_key(|cell| (cell.place, cell.group));
            cells
        })
        .collect()
}

struct Network<'a> {
    charter: &'a Charter,
    directory: &'a Directory,
    members: Vec<&'a MemberId>,
    /// By member, then in the charter's order of programs, earliest first.
    releases: Vec<Vec<&'a Release>>,
}

impl<'a> Network<'a> {
    fn new(charter: &'a Charter, directory: &'a Directory, releases: &'a [Release]) -> Self {
        let members: Vec<&MemberId> = directory.leas().into_iter().collect();
        let mut by_member: Vec<Vec<&Release>> = members.iter().map(|_| Vec::new()).collect();
        for release in releases {
            if let Ok(member) = members.binary_search(&&release.member) {
                by_member[member].push(release);
            }
        }
        let programs = charter.policy.programs.iter().map(|program| &program.id);
        let order: HashMap<&ProgramId, usize> = programs.zip(0..).collect();
        for releases in &mut by_member {
            releases.sort_by_key(|release| {
                let program = order.get(&release.layout.program).copied();
                (program.unwrap_or(usize::MAX), &release.due, &release.layout.period)
            });
        }
        Self { charter, directory, members, releases: by_member }
    }

    /// The latest releases of any of `programs` that are due by `until`.
    fn latest(
        &self,
        member: usize,
        programs: &[ProgramId],
        until: Option<&str>,
    ) -> Vec<&'a Release> {
        let known: Vec<&'a Release> = self.releases[member]
            .iter()
            .copied()
            .filter(|release| programs.contains(&release.layout.program))
            .filter(|release| until.is_none_or(|until| release.due.as_str() <= until))
            .collect();
        let newest = known.iter().map(|release| &release.due).max();
        known.iter().copied().filter(|release| Some(&release.due) == newest).collect()
    }

    fn cells_of(&self, measure: &ReportedMeasure, member: usize) -> Vec<Cell> {
        let latest = self.latest(member, &measure.programs, None);
        let Some(due) = latest.first().map(|release| release.due.as_str()) else {
            return Vec::new();
        };
        let outcome: Box<Judge<'_>> = match measure.kind {
            MeasureKind::Count => Box::new(|_, count| counted(measure, count)),
            MeasureKind::Growth => {
                let counts = self.table(member, &latest, 1);
                Box::new(move |key, sum| divided(measure, 0.0, sum, counts.get(key).copied()))
            }
            MeasureKind::Rate | MeasureKind::Mean => {
                let programs = self.count_programs(measure.population.as_ref());
                let counts = self.latest(member, &programs, Some(due));
                if counts.is_empty() {
                    Box::new(|_, _| Outcome::CountMissing)
                } else {
                    let counts = self.table(member, &counts[..1], 0);
                    let center = center_of(&latest);
                    Box::new(move |key, sum| {
                        divided(measure, center, sum, counts.get(key).copied())
                    })
                }
            }
        };
        let sums = self.table(member, &latest, 0);
        sums.iter()
            .map(|(key, sum)| Cell { place: key.0, group: key.1, outcome: outcome(key, *sum) })
            .collect()
    }

    fn count_programs(&self, wanted: Option<&PopulationId>) -> Vec<ProgramId> {
        let counts = |kind: &ProgramKind| matches!(kind, ProgramKind::Count { population } if Some(population) == wanted);
        let programs = self.charter.policy.programs.iter();
        programs.filter(|program| counts(&program.kind)).map(|program| program.id.clone()).collect()
    }

    /// One component of every cell of some releases, in natural units;
    /// combined by inverse variance where several have the cell.
    fn table(&self, member: usize, releases: &[&Release], component: usize) -> Table {
        let mut table = Table::new();
        for release in releases {
            for (block, values) in release.layout.blocks.iter().zip(&release.blocks) {
                let unit = unit_of(&block.quantity, component);
                let variance = (block.sigma.units() * unit).powi(2);
                for row in 0..block.units() {
                    let Some((place, grades)) = self.place(member, block.schools.get(row)) else {
                        continue;
                    };
                    for (column, group) in block.groups.iter().enumerate() {
                        if matches!(group, StudentGroup::Grade(grade) if !grades.contains(*grade)) {
                            continue;
                        }
                        let Some(&value) = values.get(block.position(row, column) + component)
                        else {
                            continue;
                        };
                        let new = Noisy { value: value as f64 * unit, variance };
                        table
                            .entry((place, *group))
                            .and_modify(|known| *known = combined(*known, new))
                            .or_insert(new);
                    }
                }
            }
        }
        table
    }

    /// Where a row belongs; `None` for a school that has left the directory.
    fn place(&self, member: usize, school: Option<&SchoolId>) -> Option<(Place, GradeSet)> {
        let Some(id) = school else {
            return Some((Place::District(member), GradeSet::ALL));
        };
        let position = self.directory.schools.binary_search_by(|known| known.id.cmp(id)).ok()?;
        Some((Place::School(position), self.directory.schools[position].grades))
    }
}

/// Natural units in one integer of a component.
fn unit_of(quantity: &Quantity, component: usize) -> f64 {
    match quantity {
        Quantity::Count | Quantity::Rate | Quantity::Histogram { .. } => 1.0,
        Quantity::Running { .. } => 1.0 / continual::UNIT as f64,
        Quantity::Mean { .. } => 1.0 / FIXED_POINT as f64,
        Quantity::GrowthMean if component == 0 => 1.0 / FIXED_POINT as f64,
        Quantity::GrowthMean => 1.0 / (FIXED_POINT * GROWTH_COUNT_WEIGHT) as f64,
    }
}

fn center_of(releases: &[&Release]) -> f64 {
    let mut blocks = releases.iter().flat_map(|release| &release.layout.blocks);
    blocks
        .find_map(|block| match block.quantity {
            Quantity::Mean { center, .. } => Some(center),
            _ => None,
        })
        .unwrap_or(0.0)
}

fn combined(one: Noisy, other: Noisy) -> Noisy {
    let (first, second) = (1.0 / one.variance, 1.0 / other.variance);
    let weight = first + second;
    Noisy { value: (one.value * first + other.value * second) / weight, variance: 1.0 / weight }
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

/// The estimate of a sum over a count, and its two standard errors.
fn divided(measure: &ReportedMeasure, center: f64, sum: Noisy, count: Option<Noisy>) -> Outcome {
    let Some(count) = count else { return Outcome::NotCounted };
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
        MeasureKind::Growth => (50.0, 1.0),
        MeasureKind::Mean | MeasureKind::Count => (center, 1.0),
    };
    // Variance of one student's value around the school's expectation, in the
    // ratio's unit: for rates of ±1, kept off zero as Agresti and Coull (1998)
    // do, because nobody's expectation is known to be exactly 0 or 100 %.
    let within = measure.within_school_sd.map_or_else(
        || {
            let share = f64::midpoint(ratio.value(), 1.0).clamp(0.0, 1.0);
            let kept = (share * count.value + 2.0) / (count.value + 4.0);
            4.0 * kept * (1.0 - kept)
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
