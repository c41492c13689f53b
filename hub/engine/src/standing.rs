//! Assesses one measure: what may be shown of each cell, and where each school
//! stands among those of its level.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::{
    catalogue::Better,
    charter::{Display, ProgramKind},
    directory::{Level, School},
    group::StudentGroup,
    units::SchoolYear,
};

use crate::{
    analysis::{Benchmark, Input, NetworkRow, Stratum},
    anchor::{Line, Official},
    benchmark::standings,
    civil::CivilDate,
    display::{Precision, by_reliability, is_too_small, students_needed},
    estimate::{Cell, Estimate, Outcome, Place},
    measure::{MeasureKind, ReportedMeasure},
    normal::Normals,
    pooling::{Earlier, Found},
    posterior::{FEWEST_SCHOOLS, Observed, Posterior, Prior},
    roll_up::{Total, common_date, totals},
    so_far::so_far,
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
    /// Ordered by group, then what they are of.
    pub totals: Vec<Total>,
    /// A running measure's months; in no particular order.
    pub so_far: Vec<Benchmark>,
}

/// Assesses one measure's cells.
pub fn assess(
    input: &Input<'_>,
    measure: usize,
    reported: &ReportedMeasure,
    cells: &[Cell],
    earlier: &Earlier,
) -> Assessed {
    let mut schools: BTreeMap<StudentGroup, Vec<SchoolCell>> = BTreeMap::new();
    for cell in cells {
        if let Place::School(school) = cell.place {
            schools.entry(cell.group).or_default().push((school, *cell));
        }
    }
    let display = &input.charter.policy.display;
    let totals = totals(display, input.directory, measure, reported, cells);
    let so_far = so_far(input, measure, reported);
    let mut assessed = Assessed { benchmarks: Vec::new(), network: Vec::new(), totals, so_far };
    let common = common_date(reported, cells);
    for (position, (group, cells)) in schools.iter().enumerate() {
        let stream = ((measure as u64) << 16) + ((position as u64) << 4);
        let one = Split { input, measure, reported, group: *group, stream, common, earlier };
        one.assess(cells, &mut assessed);
    }
    let heard: BTreeSet<usize> = assessed.benchmarks.iter().map(|row| row.school).collect();
    let silent = input.directory.schools.iter().enumerate().filter(|(position, school)| {
        !heard.contains(position) && school.grades.meets(reported.grades)
    });
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
        as_of: None,
        sums: None,
        estimate: None,
        reliability: None,
        posterior: None,
        official: None,
        standing: None,
        network_mean: None,
        students_needed: None,
        pooled: None,
        parted_by: None,
    }
}

/// A cell and the position of its school.
pub type SchoolCell = (usize, Cell);

/// One measure's one group.
pub struct Split<'a> {
    /// What the run is computed from.
    pub input: &'a Input<'a>,
    /// The measure's position.
    pub measure: usize,
    /// The measure.
    pub reported: &'a ReportedMeasure,
    /// The student group.
    pub group: StudentGroup,
    /// Where its draws start.
    pub stream: u64,
    /// The day on which running counts are compared.
    pub common: Option<CivilDate>,
    /// What earlier years say.
    pub earlier: &'a Earlier,
}

/// What may be shown of one level's schools.
pub struct Judged {
    /// The level.
    pub level: Level,
    /// How its schools differ, as far as it is known.
    pub prior: Option<Prior>,
    /// One row a school, in the order of the cells.
    pub rows: Vec<Benchmark>,
}

impl Split<'_> {
    /// Whether a cell may stand beside the others: a running count only
    /// beside those as of the same day.
    fn is_comparable(&self, as_of: Option<CivilDate>) -> bool {
        self.common.is_none() || self.common == as_of
    }

    fn assess(&self, cells: &[SchoolCell], assessed: &mut Assessed) {
        for Judged { level, prior, mut rows } in self.judged(cells) {
            if let Some(better) = self.reported.better {
                assessed.network.extend(self.stand(level, better, prior, &mut rows));
            }
            assessed.benchmarks.extend(rows);
        }
    }

    /// Official results that are like this measure, of all students together.
    fn official(&self) -> Option<&Official> {
        let fits = matches!(self.reported.kind, MeasureKind::Rate | MeasureKind::Mean);
        let official = self.input.anchors.get(&self.reported.id);
        official.filter(|_| fits && self.group == StudentGroup::All)
    }

    /// What may be shown of each cell, level by level; nobody has a standing.
    pub fn judged(&self, cells: &[SchoolCell]) -> Vec<Judged> {
        let schools = &self.input.directory.schools;
        let display = &self.input.charter.policy.display;
        let observed = |level: Option<Level>| -> Vec<(usize, Observed)> {
            cells
                .iter()
                .filter(|(school, _)| level.is_none_or(|level| schools[*school].level == level))
                .filter(|(school, _)| !is_too_small(display, &schools[*school], self.group))
                .filter(|(_, cell)| self.is_comparable(cell.as_of))
                .filter_map(|(school, cell)| Some((*school, usable(&cell.outcome)?)))
                .map(|(school, estimate)| (school, (estimate.value, estimate.variance())))
                .collect()
        };
        let official = self.official();
        let learned = |level: Option<Level>| {
            let observed = observed(level);
            let line = official.and_then(|official| {
                let both = observed.iter();
                let both =
                    both.filter_map(|(school, seen)| Some((*official.results.get(school)?, *seen)));
                Line::learn(&both.collect::<Vec<_>>())
            });
            let estimates: Vec<Observed> = observed.into_iter().map(|(_, seen)| seen).collect();
            (Prior::learn(&estimates), line)
        };
        // A level with few schools borrows from all levels.
        let (network, network_line) = learned(None);
        let levels = Level::ALL.into_iter().filter_map(|level| {
            let of_level: Vec<&SchoolCell> =
                cells.iter().filter(|(school, _)| schools[*school].level == level).collect();
            let (prior, line) = learned(Some(level));
            let (prior, line) = (prior.or(network), line.or(network_line));
            let anchored = |school: &usize| {
                let (prior, line, official) = (prior?, line?, official?);
                let result = official.results.get(school)?;
                // Only where it tells more than the network's mean does.
                (line.variance < prior.variance)
                    .then(|| (line.prior(*result), official.school_year))
            };
            let row =
                |(school, cell): &&SchoolCell| self.row(*school, cell, prior, anchored(school));
            let mut rows: Vec<Benchmark> = of_level.iter().map(row).collect();
            needs_of_small(display, prior, &of_level, &mut rows);
            (!rows.is_empty()).then_some(Judged { level, prior, rows })
        });
        levels.collect()
    }

    /// The rows that may be compared and what is believed of each, if they are
    /// enough to be a network.
    pub fn known(&self, rows: &[Benchmark]) -> Option<Vec<(usize, Posterior)>> {
        let known = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| self.is_comparable(row.as_of))
            .filter_map(|(position, row)| Some((position, row.posterior?)));
        let known: Vec<_> = known.collect();
        (known.len() >= FEWEST_SCHOOLS).then_some(known)
    }

    /// One cell's row. What may be shown of it depends on the network alone;
    /// what is believed of it starts from its official result where it has one.
    fn row(
        &self,
        school: usize,
        cell: &Cell,
        prior: Option<Prior>,
        anchored: Option<(Prior, SchoolYear)>,
    ) -> Benchmark {
        let display = &self.input.charter.policy.display;
        let blank = Benchmark {
            as_of: cell.as_of,
            sums: cell.sums,
            ..empty(school, self.measure, self.group, Precision::Hidden)
        };
        if is_too_small(display, &self.input.directory.schools[school], self.group) {
            return Benchmark { precision: Precision::TooFewStudents, ..blank };
        }
        if cell.outcome == Outcome::CountMissing {
            return Benchmark { precision: Precision::NotReported, ..blank };
        }
        let Some(prior) = prior else {
            return Benchmark { estimate: usable(&cell.outcome), ..blank };
        };
        let year = self.input.charter.school_year;
        let pooled = || {
            let Some(sums) = cell.sums else { return Found::default() };
            let this = (school, self.group, sums);
            self.earlier.pooled(self.reported, display, &prior, year, this)
        };
        let Some(estimate) = usable(&cell.outcome) else {
            let Found { pooled, parted_by } = pooled();
            return Benchmark { pooled, parted_by, ..blank };
        };
        let reliability = prior.reliability(estimate.variance());
        let precision = by_reliability(display, reliability);
        let is_hidden = precision == Precision::Hidden;
        let Found { pooled, parted_by } = if is_hidden { pooled() } else { Found::default() };
        let believed = anchored.map_or(prior, |(own, _)| own);
        Benchmark {
            precision,
            estimate: Some(estimate),
            reliability: Some(reliability),
            posterior: Some(believed.posterior((estimate.value, estimate.variance()))),
            official: anchored.map(|(_, year)| year),
            students_needed: is_hidden
                .then(|| students_needed(display, &prior, &estimate))
                .flatten(),
            pooled,
            parted_by,
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
        let known = self.known(rows)?;
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
    cells: &[&SchoolCell],
    rows: &mut [Benchmark],
) {
    let Some(prior) = prior else { return };
    let estimates = cells.iter().filter_map(|(_, cell)| usable(&cell.outcome));
    let mut needs: Vec<u32> =
        estimates.filter_map(|estimate| students_needed(display, &prior, &estimate)).collect();
    if needs.is_empty() {
        return;
    }
    let middle = needs.len() / 2;
    let typical = *needs.select_nth_unstable(middle).1;
    for ((_, cell), row) in cells.iter().zip(rows) {
        if let Outcome::TooSmall { least_students } = cell.outcome
            && row.precision == Precision::Hidden
        {
            row.students_needed = Some(typical.max(least_students.ceil() as u32));
        }
    }
}
