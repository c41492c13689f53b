//! From noisy payloads to unbiased estimates, each with the standard error of
//! the added noise and of natural variation kept apart.
//!
//! ```text
//! releases ─ table ─▶ sums by margin ─ consistency ─▶ sums that agree ─ sums ─▶ estimates
//!                     ▲ running: steps of a stream together
//! ```
//!
//! Three things stay apart: the noisy integers as they came, with their sigma
//! (published, never altered); unbiased estimates with variances, made here and
//! used for all inference; and what is shown, clipped and rounded, made last.
//!
//! A measure is divided by its population's latest count that is not later than
//! the measure. Counts of one date are of identical students and are combined
//! by inverse variance; counts of two dates are not, because students came and
//! went between them: an average would be of neither date.

use std::collections::{BTreeMap, HashMap};

use peerlight_proto::{
    charter::{Charter, ProgramKind},
    directory::Directory,
    group::StudentGroup,
    layout::ReleaseLayout,
    names::{MemberId, PopulationId, ProgramId},
    units::GradeSet,
};

use crate::{
    civil::CivilDate,
    consistency::Noisy,
    measure::{MeasureKind, ReportedMeasure},
    running,
    sums::Sums,
    table::{self, Agreed, Table, combined, natural, tables},
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
    /// The day it is as of: from which its release was due.
    pub as_of: Option<CivilDate>,
    /// What it is made from; absent where it could not be divided.
    pub sums: Option<Sums>,
    /// What became of it.
    pub outcome: Outcome,
}

/// The estimates of every measure, in the order of `measures`; each one's
/// cells ordered by place, then group. The order of `releases` does not matter.
pub fn estimate(
    charter: &Charter,
    directory: &Directory,
    measures: &[ReportedMeasure],
    releases: &[Release],
) -> Vec<Vec<Cell>> {
    let mut cells: Vec<Vec<Cell>> = measures.iter().map(|_| Vec::new()).collect();
    for member in Member::all(charter, directory, releases) {
        let mut counts = HashMap::new();
        for (measure, cells) in measures.iter().zip(&mut cells) {
            cells.extend(member.cells(measure, &mut counts, None));
        }
    }
    for cells in &mut cells {
        cells.sort_unstable_by_key(|cell| (cell.place, cell.group));
    }
    cells
}

/// A running measure through the year: one group's cells as of each step that
/// any member has reached, first step first. Each step's estimate uses no
/// release later than it.
pub fn running_estimates(
    charter: &Charter,
    directory: &Directory,
    measure: &ReportedMeasure,
    group: StudentGroup,
    releases: &[Release],
) -> Vec<Vec<Cell>> {
    let mut by_step: Vec<Vec<Cell>> = Vec::new();
    for member in Member::all(charter, directory, releases) {
        let mut counts = HashMap::new();
        let reached = member.steps(measure).len();
        by_step.resize_with(by_step.len().max(reached), Vec::new);
        for (step, cells) in by_step.iter_mut().enumerate().take(reached) {
            let of_step = member.cells(measure, &mut counts, Some(step)).into_iter();
            cells.extend(of_step.filter(|cell| cell.group == group));
        }
    }
    for cells in &mut by_step {
        cells.sort_unstable_by_key(|cell| cell.place);
    }
    by_step
}

/// A table with the date its release was due.
struct Dated<'a> {
    due: &'a str,
    table: Table,
}

/// One quantity of one member, by place, of every date.
type ByPlace<'a> = BTreeMap<Place, Vec<Dated<'a>>>;

/// The latest table of a place, by its due date.
type Latest<'a> = BTreeMap<Place, (&'a str, Agreed)>;

/// Counts by population, each read once a member.
type Counts<'a> = HashMap<Option<PopulationId>, ByPlace<'a>>;

/// One district's releases.
struct Member<'a> {
    charter: &'a Charter,
    directory: &'a Directory,
    position: usize,
    /// In the charter's order of programs, earliest first.
    releases: Vec<&'a Release>,
}

impl<'a> Member<'a> {
    fn all(charter: &'a Charter, directory: &'a Directory, releases: &'a [Release]) -> Vec<Self> {
        let ids: Vec<&MemberId> = directory.leas().into_iter().collect();
        let mut members: Vec<Self> = (0..ids.len())
            .map(|position| Self { charter, directory, position, releases: Vec::new() })
            .collect();
        for release in releases {
            if let Ok(position) = ids.binary_search(&&release.member) {
                members[position].releases.push(release);
            }
        }
        let programs = charter.policy.programs.iter().map(|program| &program.id);
        let order: HashMap<&ProgramId, usize> = programs.zip(0..).collect();
        for member in &mut members {
            member.releases.sort_by_key(|release| {
                let program = order.get(&release.layout.program).copied();
                (program.unwrap_or(usize::MAX), &release.due, &release.layout.period)
            });
        }
        members
    }

    /// The cells of one measure: the latest of each place or, of a running
    /// measure, those as of a step.
    fn cells(
        &self,
        measure: &ReportedMeasure,
        counts: &mut Counts<'a>,
        step: Option<usize>,
    ) -> Vec<Cell> {
        let sums = match measure.kind {
            MeasureKind::Running => self.running(measure, step),
            _ => latest(&self.read(&measure.programs, 0)),
        };
        let growth_counts = match measure.kind {
            MeasureKind::Growth => latest(&self.read(&measure.programs, 1)),
            _ => Latest::new(),
        };
        if sums.is_empty() {
            return Vec::new();
        }
        let counted = counts
            .entry(measure.population.clone())
            .or_insert_with(|| self.read(&self.count_programs(measure.population.as_ref()), 0));
        let mut cells = Vec::new();
        for (place, (due, agreed)) in sums {
            let as_of = due.parse().ok();
            let count: Divisor = match measure.kind {
                MeasureKind::Count => Divisor::Itself,
                MeasureKind::Growth => {
                    let own = growth_counts.get(&place).map(|(_, agreed)| agreed.sums());
                    Divisor::of(own)
                }
                MeasureKind::Rate | MeasureKind::Mean | MeasureKind::Running => {
                    let known = counted.get(&place).map_or(&[][..], Vec::as_slice);
                    divisor(known, due, agreed.grades())
                }
            };
            cells.extend(agreed.sums().into_iter().map(|(group, sum)| {
                let sums = match &count {
                    Divisor::Itself => Ok(Sums { sum, count: None }),
                    Divisor::Missing => Err(Outcome::CountMissing),
                    Divisor::Groups(groups) => groups
                        .get(&group)
                        .map(|&count| Sums { sum, count: Some(count) })
                        .ok_or(Outcome::NotCounted),
                };
                let outcome = sums.map_or_else(|reason| reason, |sums| sums.outcome(measure));
                Cell { place, group, as_of, sums: sums.ok(), outcome }
            }));
        }
        cells
    }

    fn count_programs(&self, wanted: Option<&PopulationId>) -> Vec<ProgramId> {
        let counts = |kind: &ProgramKind| matches!(kind, ProgramKind::Count { population } if Some(population) == wanted);
        let programs = self.charter.policy.programs.iter();
        programs.filter(|program| counts(&program.kind)).map(|program| program.id.clone()).collect()
    }

    /// One component of every release of some programs, by place.
    fn read(&self, programs: &[ProgramId], component: usize) -> ByPlace<'a> {
        let mut found = ByPlace::new();
        for release in &self.releases {
            if programs.contains(&release.layout.program) && release.layout.step().is_none() {
                self.add(&mut found, &release.layout, &release.due, &natural(release, component));
            }
        }
        found
    }

    fn add(
        &self,
        to: &mut ByPlace<'a>,
        layout: &ReleaseLayout,
        due: &'a str,
        natural: &table::Natural,
    ) {
        for (place, table) in tables(layout, natural, self.directory, self.position) {
            to.entry(place).or_default().push(Dated { due, table });
        }
    }

    fn steps(&self, measure: &ReportedMeasure) -> Vec<&'a Release> {
        measure.programs.first().map_or_else(Vec::new, |it| running::steps(&self.releases, it))
    }

    /// Running counts as of a step, or of the latest there is.
    fn running(&self, measure: &ReportedMeasure, step: Option<usize>) -> Latest<'a> {
        let mut steps = self.steps(measure);
        steps.truncate(step.map_or(usize::MAX, |step| step + 1));
        let mut found = ByPlace::new();
        if let (Some(newest), Some(natural)) = (steps.last(), running::total(&steps)) {
            self.add(&mut found, &newest.layout, &newest.due, &natural);
        }
        latest(&found)
    }
}

/// What a place's sums are divided by.
enum Divisor {
    /// Nothing: they are counts.
    Itself,
    /// Counts by group.
    Groups(BTreeMap<StudentGroup, Noisy>),
    /// No count of the population yet.
    Missing,
}

impl Divisor {
    fn of(sums: Option<Vec<table::GroupSum>>) -> Self {
        sums.map_or(Self::Missing, |sums| Self::Groups(sums.into_iter().collect()))
    }
}

/// The newest date's table of each place, its margins made to agree.
fn latest<'a>(by_place: &ByPlace<'a>) -> Latest<'a> {
    by_place
        .iter()
        .filter_map(|(place, tables)| {
            let due = tables.iter().map(|dated| dated.due).max()?;
            let of_date = tables.iter().filter(|dated| dated.due == due);
            let table = combined(of_date.map(|dated| dated.table.clone()))?;
            Some((*place, (due, table.agreed())))
        })
        .collect()
}

/// The population's latest count by `due`, of exactly the students of these
/// grades: counted so, or summed from its grades.
fn divisor(counts: &[Dated<'_>], due: &str, grades: GradeSet) -> Divisor {
    let known = || counts.iter().filter(|dated| dated.due <= due);
    let newest = |same: &dyn Fn(GradeSet) -> bool| {
        let fitting = || known().filter(|dated| same(dated.table.grades));
        let date = fitting().map(|dated| dated.due).max()?;
        combined(fitting().filter(|dated| dated.due == date).map(|dated| dated.table.clone()))
    };
    if let Some(table) = newest(&|counted| counted == grades) {
        return Divisor::of(Some(table.agreed().sums()));
    }
    match newest(&|_| true) {
        Some(table) => {
            let part = table.agreed().of_grades(grades).unwrap_or_default();
            Divisor::of(Some(part))
        }
        None => Divisor::Missing,
    }
}

#[cfg(test)]
mod tests;
