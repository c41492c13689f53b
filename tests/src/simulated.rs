//! A network of schools whose truth is known, released through the real noise:
//! ledger, OpenDP and the hub's own estimates, with made-up totals in the
//! place of counted ones.
//!
//! Every school has the same size and the same shares, so that what differs
//! between two estimates is noise alone. Totals keep every sum rule: grades,
//! races and genders add up to all.

use std::{collections::BTreeMap, num::NonZeroUsize};

use anyhow::{Context, anyhow};
use peerlight_hub_engine::{
    estimate::{self, Cell, Estimate, Outcome, Place},
    measure::{ReportedMeasure, reported_measures},
};
use peerlight_node_engine::privacy::{
    budget::{Under, YearLedger},
    exact::ExactRelease,
    release::NoisyRelease,
};
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Continual, Period, Policy},
    directory::{Directory, Level, School},
    group::{Flag, Gender, Race, StudentGroup},
    layout::{
        Block, FIXED_POINT, GROWTH_COUNT_WEIGHT, Quantity, ReleaseLayout, release_layout,
        year_budget,
    },
    names::{ConsortiumId, MemberId, PeriodId, ProgramId, SchoolId},
    units::{ContentHash, Grade, GradeSet, SchoolYear},
    wire,
};

/// What everything is released under.
const UNDER: Under =
    Under { charter_hash: ContentHash([1; 32]), directory_hash: ContentHash([2; 32]) };

/// Where every mean stands, as a share of its half-range above the middle.
const MEAN: f64 = 0.1;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Members of the network.
    pub members: usize,
    /// Schools of each.
    pub schools: usize,
    /// Students of each school, all in the grades that are tested and grow.
    pub students: u32,
    /// Programs that are released, of the shipped charter.
    pub programs: &'static [&'static str],
    /// How often a student's status may change in a stream.
    pub changes: u32,
    /// Steps of a stream.
    pub steps: usize,
    /// Share of successes by measure; a fifth where none is named.
    pub shares: BTreeMap<&'static str, f64>,
}

/// A network that has released everything.
pub struct Network {
    plan: Plan,
    charter: Charter,
    directory: Directory,
    measures: Vec<ReportedMeasure>,
    cells: Vec<Vec<Cell>>,
}

/// What the hub makes of one measure of one group, beside the truth.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The estimate.
    pub estimate: Estimate,
    /// What it is an estimate of.
    pub truth: f64,
}

impl Found {
    /// How far off the estimate is, in the measure's unit.
    pub fn error(&self) -> f64 {
        self.estimate.value - self.truth
    }

    /// Whether the 95 % interval for privacy noise alone holds the truth.
    pub fn is_covered(&self) -> bool {
        self.error().abs() <= 1.959_964 * self.estimate.privacy_standard_error
    }
}

impl Network {
    /// Makes the network and draws all its noise, on up to `threads` threads.
    pub fn release(plan: Plan, threads: NonZeroUsize) -> anyhow::Result<Self> {
        let charter = charter(&plan)?;
        let directory = directory(&plan, &charter)?;
        let mut releases = Vec::new();
        for member in directory.leas() {
            let budget = year_budget(&charter, &directory, member);
            let mut ledger = YearLedger::new(charter.school_year, budget);
            for program in &charter.policy.programs {
                for period in &program.periods {
                    let layout =
                        release_layout(&charter, &directory, member, &program.id, &period.id)?;
                    let charge = ledger.charge(&layout, UNDER)?;
                    let exact = ExactRelease::from_blocks(totals(&plan, &layout));
                    let noisy = NoisyRelease::draw(exact, &layout, charge, threads)?;
                    let blocks = wire::decode_payload(noisy.payload(), &layout)?;
                    let (member, due) = (member.clone(), period.due.clone());
                    releases.push(estimate::Release { member, layout, due, blocks });
                }
            }
        }
        let measures = reported_measures(&charter);
        let cells = estimate::estimate(&charter, &directory, &measures, &releases);
        Ok(Self { plan, charter, directory, measures, cells })
    }

    /// The estimates that the hub can make of a program's measure for a group,
    /// school by school.
    pub fn found(&self, program: &str, group: StudentGroup) -> anyhow::Result<Vec<Found>> {
        let id = ProgramId::new(program)?;
        let reports = |measure: &ReportedMeasure| measure.programs.contains(&id);
        let position = self.measures.iter().position(reports);
        let position = position.with_context(|| format!("nothing reports {program}"))?;
        let truth = self.truth(&id, group)?;
        let usable = |cell: &Cell| match cell.outcome {
            Outcome::Usable(estimate)
                if cell.group == group && matches!(cell.place, Place::School(_)) =>
            {
                Some(Found { estimate, truth })
            }
            _ => None,
        };
        Ok(self.cells[position].iter().filter_map(usable).collect())
    }

    /// How many schools there are.
    pub fn schools(&self) -> usize {
        self.directory.schools.len()
    }

    /// The exact value of a group, the same in every school, from the same
    /// totals that were released.
    fn truth(&self, id: &ProgramId, group: StudentGroup) -> anyhow::Result<f64> {
        let program = self.charter.program(id).context("an unknown program")?;
        let last = program.periods.last().context("a program without a period")?;
        let member = &self.directory.schools[0].lea;
        let layout = release_layout(&self.charter, &self.directory, member, id, &last.id)?;
        let block = layout.blocks.iter().find(|block| block.groups.contains(&group));
        let block = block.with_context(|| format!("{id} has no {group}"))?;
        let students = students(&self.plan, group) as f64;
        let unit = FIXED_POINT as f64;
        let at = |component: usize| {
            let column = block.groups.iter().position(|known| *known == group).unwrap_or(0);
            block_totals(&self.plan, block, &layout)[block.position(0, column) + component] as f64
        };
        Ok(match block.quantity {
            Quantity::Count | Quantity::Histogram { .. } => at(0),
            Quantity::Rate => 50.0 + 50.0 * at(0) / students,
            Quantity::Mean { center, .. } => center + at(0) / unit / students,
            Quantity::GrowthMean => 50.0 + at(0) / unit / students,
            Quantity::Running { .. } => {
                100.0 * successes(&self.plan, &layout.measure, group) as f64 / students
            }
        })
    }
}

/// The shipped charter with the programs of the plan, streams as it asks.
fn charter(plan: &Plan) -> anyhow::Result<Charter> {
    let school_year = SchoolYear::ending(2026)?;
    let mut policy = Policy::shipped(school_year, "standard").context("no standard preset")?;
    policy.programs.retain(|program| plan.programs.contains(&program.id.as_str()));
    for program in &mut policy.programs {
        if program.id.as_str() == "chronic_absence_in_year" {
            program.continual = Some(Continual { changes: plan.changes });
            program.periods = (0..plan.steps)
                .map(|step| {
                    let (month, day) = (step / 28 + 1, step % 28 + 1);
                    let id = PeriodId::new(format!("step-{}", step + 1))?;
                    Ok(Period { id, due: format!("2026-{:02}-{day:02}", month + 3) })
                })
                .collect::<anyhow::Result<_>>()?;
        }
    }
    let charter = Charter {
        consortium: ConsortiumId::new("simulated")?,
        number: 1,
        school_year,
        previous: None,
        policy,
        catalogue: Catalogue::shipped().hashed(),
    };
    charter.check()?;
    Ok(charter)
}

fn directory(plan: &Plan, charter: &Charter) -> anyhow::Result<Directory> {
    let school = |member: usize, number: usize| -> anyhow::Result<School> {
        Ok(School {
            id: SchoolId::new(format!("{member:03}-{number:04}"))?,
            lea: MemberId::new(format!("{member:03}"))?,
            name: format!("School {number}"),
            level: Level::Middle,
            school_type: "regular".to_owned(),
            grades: served(),
            county: None,
            enrollment: Some(plan.students),
            features: BTreeMap::new(),
        })
    };
    let all = (0..plan.members).flat_map(|m| (0..plan.schools).map(move |s| (m, s)));
    Ok(Directory {
        consortium: charter.consortium.clone(),
        number: 1,
        school_year: charter.school_year,
        features_source: "simulated".to_owned(),
        schools: all.map(|(m, s)| school(m, s)).collect::<anyhow::Result<_>>()?,
    })
}

/// The grades of every school: all of them tested, and all of them grow.
fn served() -> GradeSet {
    let growing = |grade: &Grade| (5..10).contains(&grade.index());
    Grade::all().filter(growing).collect()
}

/// Everybody split by grade, race or gender: whole students that add up.
fn split(group: StudentGroup) -> Option<(Vec<f64>, usize)> {
    match group {
        StudentGroup::Grade(grade) => {
            let weight = |grade| f64::from(u8::from(served().contains(grade)));
            Some((Grade::all().map(weight).collect(), grade.index()))
        }
        StudentGroup::Race(race) => {
            let weights = (0..Race::ALL.len()).map(|position| 1.0 / (position + 1) as f64);
            Some((weights.collect(), race.index()))
        }
        StudentGroup::Gender(gender) => {
            let weights = (0..Gender::ALL.len()).map(|position| [49.0, 49.0, 1.0][position.min(2)]);
            Some((weights.collect(), gender.index()))
        }
        StudentGroup::All | StudentGroup::Flag(_) => None,
    }
}

/// A total divided by weights into whole parts that add up to it: the largest
/// remainders round up.
fn apportion(total: i64, weights: &[f64]) -> Vec<i64> {
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| total as f64 * weight / sum).collect();
    let mut parts: Vec<i64> = exact.iter().map(|part| part.floor() as i64).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|one, other| exact[*other].fract().total_cmp(&exact[*one].fract()));
    let short = total - parts.iter().sum::<i64>();
    for position in order.into_iter().take(short as usize) {
        parts[position] += 1;
    }
    parts
}

/// Students of a group in a school.
fn students(plan: &Plan, group: StudentGroup) -> i64 {
    part(i64::from(plan.students), group)
}

fn successes(plan: &Plan, measure: &str, group: StudentGroup) -> i64 {
    let share = plan.shares.get(measure).copied().unwrap_or(0.2);
    part((f64::from(plan.students) * share).round() as i64, group)
}

fn part(total: i64, group: StudentGroup) -> i64 {
    let held = |flag: Flag| [0.25, 0.5, 0.12, 0.03, 0.01, 0.02, 0.01][flag.index()];
    match (group, split(group)) {
        (_, Some((weights, position))) => apportion(total, &weights)[position],
        (StudentGroup::Flag(flag), None) => (total as f64 * held(flag)).round() as i64,
        _ => total,
    }
}

fn totals(plan: &Plan, layout: &ReleaseLayout) -> Vec<Vec<i64>> {
    layout.blocks.iter().map(|block| block_totals(plan, block, layout)).collect()
}

fn block_totals(plan: &Plan, block: &Block, layout: &ReleaseLayout) -> Vec<i64> {
    let of_group = |group: &StudentGroup| -> Vec<i64> {
        let students = students(plan, *group);
        let successes = successes(plan, &layout.measure, *group);
        let fixed = |value: f64| (value * FIXED_POINT as f64).round() as i64;
        match &block.quantity {
            Quantity::Count => vec![students],
            Quantity::Rate => vec![2 * successes - students],
            Quantity::Mean { half_range, .. } => vec![students * fixed(half_range * MEAN)],
            Quantity::GrowthMean => {
                vec![students * fixed(4.0), students * GROWTH_COUNT_WEIGHT * FIXED_POINT]
            }
            Quantity::Histogram { bands, bins } => vec![0; bands * bins],
            Quantity::Running { stream, step } => {
                let (column, steps) = (stream.coefficients(), i64::from(stream.steps));
                // The count rises evenly to its last value.
                let until = |step: i64| successes * step / steps;
                let row = (0..=i64::from(*step)).map(|at| {
                    let change = until(at + 1) - until(at);
                    column[(i64::from(*step) - at) as usize] * change
                });
                vec![row.sum()]
            }
        }
    };
    let row: Vec<i64> = block.groups.iter().flat_map(of_group).collect();
    let units = block.units();
    std::iter::repeat_n(row, units).flatten().collect()
}

/// The half-width that holds 95 % of the errors, in the measure's unit.
pub fn half_width(found: &[Found]) -> anyhow::Result<f64> {
    quantile(found.iter().map(|found| found.error().abs()).collect())
}

/// The value that 95 % of some sizes are at or below.
pub fn quantile(mut sizes: Vec<f64>) -> anyhow::Result<f64> {
    if sizes.is_empty() {
        return Err(anyhow!("no estimate could be made"));
    }
    sizes.sort_by(f64::total_cmp);
    Ok(sizes[(sizes.len() as f64 * 0.95) as usize - usize::from(sizes.len() == 1)])
}

/// The share of intervals that hold the truth, percent.
pub fn coverage(found: &[Found]) -> f64 {
    let covered = found.iter().filter(|found| found.is_covered()).count();
    100.0 * covered as f64 / found.len() as f64
}
