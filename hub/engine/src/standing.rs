//! Assesses one measure: what may be shown of each cell, and where each school
//! stands among those of its level.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::{
    catalogue::Better,
    charter::{Display, ProgramKind},
    directory::{Level, School},
    group::StudentGroup,
};

use crate::{
    analysis::{Benchmark, DistrictTotal, Input, NetworkRow, Stratum},
    benchmark::standings,
    display::{Precision, by_reliability, is_too_small, students_needed},
    estimate::{Cell, Estimate, Outcome, Place},
    measure::ReportedMeasure,
    normal::Normals,
    posterior::{FEWEST_SCHOOLS, Posterior, Prior},
};

/// Draws for ranks: as many as keep one level's work in bounds, which large
/// networks, whose distribution moves little, can do with.
const DRAWS: std::ops::RangeInclusive<usize> = 400..=1_000;

/// Draws where no rank will be shown and only the distribution is wanted.
const DRAWS_WITHOUT_RANKS: usize = 100;

/// School draws in one level, about.
const SCHOOL_DRAWS: usize = 2_000_000;

/// What is known of one measure.
pub struct Assessed {
    /// In no particular order.
    pub benchmarks: Vec<Benchmark>,
    /// Ordered by group, level.
    pub network: Vec<NetworkRow>,
    /// Ordered by group, district.
    pub district_totals: Vec<DistrictTotal>,
}

/// Assesses one measure's cells.
pub fn assess(
    input: &Input<'_>,
    measure: usize,
    reported: &ReportedMeasure,
    cells: &[Cell],
) -> Assessed {
    let mut schools: BTreeMap<StudentGroup, Vec<(usize, Outcome)>> = BTreeMap::new();
    let mut districts: BTreeMap<StudentGroup, Vec<(usize, Outcome)>> = BTreeMap::new();
    for cell in cells {
        let (groups, place) = match cell.place {
            Place::School(school) => (&mut schools, school),
            Place::District(district) => (&mut districts, district),
        };
        groups.entry(cell.group).or_default().push((place, cell.outcome));
    }
    let mut assessed =
        Assessed { benchmarks: Vec::new(), network: Vec::new(), district_totals: Vec::new() };
    for (position, (group, cells)) in schools.iter().enumerate() {
        let stream = ((measure as u64) << 16) + ((position as u64) << 4);
        let one = Split { input, measure, reported, group: *group, stream };
        one.assess(cells, &mut assessed);
    }
    for (group, cells) in &districts {
        let totals = district_totals(&input.charter.policy.display, measure, *group, cells);
        assessed.district_totals.extend(totals);
    }
    let heard: BTreeSet<usize> = assessed.benchmarks.iter().map(|row| row.school).collect();
    let silent = input.directory.schools.iter().enumerate().filter(|(position, school)| {
        !heard.contains(position) && school.grades.meets(reported.grades)
    });
    let display = &input.charter.policy.display;
    assessed.benchmarks.extend(silent.map(|(position, school)| {
        let precision = if !is_offered(input, reported, school) {
            Precision::NotOffered
        } else if is_too_small(display, school, StudentGroup::All) {
            Precision::TooFewStudents
        } else {
            Precision::NotReported
        };
        empty(position, measure, StudentGroup::All, precision)
    }));
    assessed
}

/// Whether the school's district declared what the measure needs; true as long
/// as it has declared nothing at all.
fn is_offered(input: &Input<'_>, reported: &ReportedMeasure, school: &School) -> bool {
    let Some(offered) = input.offered.get(&school.lea) else { return true };
    let counts = input.charter.policy.programs.iter().any(|program| {
        offered.contains(&program.id)
            && matches!(&program.kind, ProgramKind::Count { population }
                if Some(population) == reported.population.as_ref())
    });
    let released = reported.programs.iter().any(|program| offered.contains(program));
    released && (counts || reported.population.is_none())
}

fn empty(school: usize, measure: usize, group: StudentGroup, precision: Precision) -> Benchmark {
    Benchmark {
        school,
        measure,
        group,
        precision,
        estimate: None,
        reliability: None,
        posterior: None,
        standing: None,
        network_mean: None,
        students_needed: None,
    }
}

/// One measure's one group.
struct Split<'a> {
    input: &'a Input<'a>,
    measure: usize,
    reported: &'a ReportedMeasure,
    group: StudentGroup,
    stream: u64,
}

impl Split<'_> {
    fn assess(&self, cells: &[(usize, Outcome)], assessed: &mut Assessed) {
        let schools = &self.input.directory.schools;
        let display = &self.input.charter.policy.display;
        let observed = |level: Option<Level>| -> Vec<(f64, f64)> {
            cells
                .iter()
                .filter(|(school, _)| level.is_none_or(|level| schools[*school].level == level))
                .filter(|(school, _)| !is_too_small(display, &schools[*school], self.group))
                .filter_map(|(_, outcome)| usable(outcome))
                .map(|estimate| (estimate.value, estimate.variance()))
                .collect()
        };
        // A level with few schools borrows from all levels.
        let network = Prior::learn(&observed(None));
        for level in Level::ALL {
            let of_level: Vec<&(usize, Outcome)> =
                cells.iter().filter(|(school, _)| schools[*school].level == level).collect();
            if of_level.is_empty() {
                continue;
            }
            let prior = Prior::learn(&observed(Some(level))).or(network);
            let mut rows: Vec<Benchmark> = of_level
                .iter()
                .map(|(school, outcome)| self.row(*school, outcome, prior))
                .collect();
            needs_of_small(display, prior, &of_level, &mut rows);
            if let Some(better) = self.reported.better {
                assessed.network.extend(self.stand(level, better, prior, &mut rows));
            }
            assessed.benchmarks.extend(rows);
        }
    }

    fn row(&self, school: usize, outcome: &Outcome, prior: Option<Prior>) -> Benchmark {
        let display = &self.input.charter.policy.display;
        let blank = empty(school, self.measure, self.group, Precision::Hidden);
        if is_too_small(display, &self.input.directory.schools[school], self.group) {
            return Benchmark { precision: Precision::TooFewStudents, ..blank };
        }
        if *outcome == Outcome::CountMissing {
            return Benchmark { precision: Precision::NotReported, ..blank };
        }
        let Some(estimate) = usable(outcome) else { return blank };
        let Some(prior) = prior else {
            return Benchmark { estimate: Some(estimate), ..blank };
        };
        let reliability = prior.reliability(estimate.variance());
        let precision = by_reliability(display, reliability);
        Benchmark {
            precision,
            estimate: Some(estimate),
            reliability: Some(reliability),
            posterior: Some(prior.posterior((estimate.value, estimate.variance()))),
            students_needed: (precision == Precision::Hidden)
                .then(|| students_needed(display, &prior, &estimate))
                .flatten(),
            ..blank
        }
    }

    /// Places a level's schools, if they are enough to be a network.
    fn stand(
        &self,
        level: Level,
        better: Better,
        prior: Option<Prior>,
        rows: &mut [Benchmark],
    ) -> Option<NetworkRow> {
        let known: Vec<(usize, Posterior)> = rows
            .iter()
            .enumerate()
            .filter_map(|(position, row)| Some((position, row.posterior?)))
            .collect();
        if known.len() < FEWEST_SCHOOLS {
            return None;
        }
        let posteriors: Vec<Posterior> = known.iter().map(|(_, posterior)| *posterior).collect();
        let stratum = Stratum { measure: self.reported.id.clone(), group: self.group, level };
        let frozen = self.input.frozen.get(&stratum);
        let draws = if rows.iter().any(|row| row.precision.is_shown()) {
            (SCHOOL_DRAWS / known.len()).clamp(*DRAWS.start(), *DRAWS.end())
        } else {
            DRAWS_WITHOUT_RANKS
        };
        let mut normals = Normals::new(self.input.seed, self.stream + level as u64);
        let (network, standings) = standings(&posteriors, better, frozen, draws, &mut normals);
        for ((position, _), standing) in known.iter().zip(standings) {
            let row = &mut rows[*position];
            row.network_mean = Some(network.mean);
            row.standing = row.precision.is_shown().then_some(standing);
        }
        Some(NetworkRow {
            measure: self.measure,
            group: self.group,
            level,
            schools: network.schools,
            mean: network.mean,
            between_sd: prior.map_or(0.0, |prior| prior.variance.sqrt()),
            deciles: network.deciles,
            cut_points: frozen.copied().unwrap_or(network.deciles),
        })
    }
}

fn usable(outcome: &Outcome) -> Option<Estimate> {
    match outcome {
        Outcome::Usable(estimate) => Some(*estimate),
        _ => None,
    }
}

/// Says how many students a cell needs whose own count could not even divide:
/// what the middle one of the others needs, and enough to divide.
fn needs_of_small(
    display: &Display,
    prior: Option<Prior>,
    cells: &[&(usize, Outcome)],
    rows: &mut [Benchmark],
) {
    let Some(prior) = prior else { return };
    let estimates = cells.iter().filter_map(|(_, outcome)| usable(outcome));
    let mut needs: Vec<u32> =
        estimates.filter_map(|estimate| students_needed(display, &prior, &estimate)).collect();
    if needs.is_empty() {
        return;
    }
    let middle = needs.len() / 2;
    let typical = *needs.select_nth_unstable(middle).1;
    for ((_, outcome), row) in cells.iter().zip(rows) {
        if let Outcome::TooSmall { least_students } = outcome
            && row.precision == Precision::Hidden
        {
            row.students_needed = Some(typical.max(least_students.ceil() as u32));
        }
    }
}

/// The totals of a small group, judged by how districts differ; hidden where
/// there are too few districts to tell.
fn district_totals(
    display: &Display,
    measure: usize,
    group: StudentGroup,
    cells: &[(usize, Outcome)],
) -> Vec<DistrictTotal> {
    let observed: Vec<(f64, f64)> = cells
        .iter()
        .filter_map(|(_, outcome)| usable(outcome))
        .map(|estimate| (estimate.value, estimate.variance()))
        .collect();
    let prior = Prior::learn(&observed);
    cells
        .iter()
        .map(|(district, outcome)| {
            let estimate = usable(outcome);
            let precision = match (estimate, prior) {
                (Some(estimate), Some(prior)) => {
                    by_reliability(display, prior.reliability(estimate.variance()))
                }
                _ if *outcome == Outcome::CountMissing => Precision::NotReported,
                _ => Precision::Hidden,
            };
            DistrictTotal { district: *district, measure, group, precision, estimate }
        })
        .collect()
}
