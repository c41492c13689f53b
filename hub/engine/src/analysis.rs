//! One benchmark run: from charter, directory and releases to everything that
//! pages, queries and publications show.
//!
//! ```text
//! releases ──estimate──▶ cells ──┬─ prior by measure, group, level
//!                                ├─ precision of each        ─▶ benchmarks
//!                                ├─ ranks, levels            ─▶ network rows
//!                                ├─ sums over schools        ─▶ totals
//!                                ├─ running, step by step    ─▶ the year so far
//!                                └─ growth of like schools   ─▶ peers
//! directory ──similar──▶ like schools ───────────────────────────┘
//! ```
//!
//! The same input and seed give the same output to the last bit, on any number
//! of threads and in any order of releases.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use peerlight_proto::{
    charter::Charter,
    directory::{Directory, Level},
    group::{Flag, StudentGroup},
    names::{MeasureId, MemberId, ProgramId},
    units::SchoolYear,
};

use crate::{
    anchor::Anchors,
    benchmark::Standing,
    civil::CivilDate,
    display::Precision,
    estimate::{Cell, Estimate, Release, estimate},
    measure::{MeasureKind, ReportedMeasure, reported_measures},
    normal::Normals,
    peer::{Answer, Draws, Growth, find_peers},
    pooling::{Earlier, EarlierYear, Pooled, can_pool},
    posterior::Posterior,
    roll_up::{Total, Whole},
    similar::{LikeSchools, like_schools},
    standing::{Assessed, assess},
    sums::Sums,
};

/// Posterior draws in which peers are compared.
const PEER_DRAWS: usize = 2_000;

/// What a run is computed from.
pub struct Input<'a> {
    /// The charter in force.
    pub charter: &'a Charter,
    /// The directory in force.
    pub directory: &'a Directory,
    /// Programs each member declared; members that approved nothing are absent.
    pub offered: &'a BTreeMap<MemberId, BTreeSet<ProgramId>>,
    /// Every release of the charter's school year.
    pub releases: &'a [Release],
    /// The years before it, newest first, for pooling.
    pub earlier: &'a [EarlierYear],
    /// Cut points of levels that an earlier run of the year fixed.
    pub frozen: &'a BTreeMap<Stratum, [f64; 9]>,
    /// Official results of earlier years that are taken for what is believed
    /// of schools.
    pub anchors: &'a Anchors,
    /// Fixes the posterior draws.
    pub seed: u64,
    /// Threads to use at most.
    pub threads: usize,
}

/// What schools are compared within.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stratum {
    /// The measure.
    pub measure: MeasureId,
    /// The student group.
    pub group: StudentGroup,
    /// The school level.
    pub level: Level,
}

/// One measure of one group of one school.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Benchmark {
    /// The school's position in the directory.
    pub school: usize,
    /// The measure's position in [`Analysis::measures`].
    pub measure: usize,
    /// The student group.
    pub group: StudentGroup,
    /// Whether the numbers below may be shown, and how.
    pub precision: Precision,
    /// The day it is as of.
    pub as_of: Option<CivilDate>,
    /// What it is made from, consistent within the school.
    pub sums: Option<Sums>,
    /// The unbiased estimate, where one could be made.
    pub estimate: Option<Estimate>,
    /// Its reliability, 0 to 1.
    pub reliability: Option<f64>,
    /// What is believed after shrinkage.
    pub posterior: Option<Posterior>,
    /// The year of the official result that what is believed starts from.
    pub official: Option<SchoolYear>,
    /// Where it stands; only of what may be shown, and never of counts.
    pub standing: Option<Standing>,
    /// Mean over the network's schools of the same level.
    pub network_mean: Option<f64>,
    /// Students it would need to be shown, where it is hidden.
    pub students_needed: Option<u32>,
    /// A value over several years, where this year's is hidden and that one
    /// is reliable enough.
    pub pooled: Option<Pooled>,
    /// Where this year's is hidden: the year that stands apart, because of
    /// which earlier ones are not pooled with it.
    pub parted_by: Option<SchoolYear>,
}

/// The network's distribution of one measure, group and level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkRow {
    /// The measure's position in [`Analysis::measures`].
    pub measure: usize,
    /// The student group.
    pub group: StudentGroup,
    /// The school level.
    pub level: Level,
    /// Schools it is about.
    pub schools: usize,
    /// Mean of their true values.
    pub mean: f64,
    /// Standard deviation of true values between schools.
    pub between_sd: f64,
    /// Values that 10, 20 … 90 % of schools are at or below, ascending.
    pub deciles: [f64; 9],
    /// Where levels 1 to 10 are cut; the deciles unless frozen before.
    pub cut_points: [f64; 9],
}

/// Peers of one school on one growth measure, for one group.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerAnswer {
    /// The school's position in the directory.
    pub school: usize,
    /// The growth measure's position in [`Analysis::measures`].
    pub measure: usize,
    /// The student group: all, or a core flag.
    pub group: StudentGroup,
    /// What was found.
    pub answer: Answer,
}

/// Everything a run found.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// What is reported, in the charter's order.
    pub measures: Vec<ReportedMeasure>,
    /// Districts of the directory, ordered by id.
    pub districts: Vec<MemberId>,
    /// Ordered by school, measure, group.
    pub benchmarks: Vec<Benchmark>,
    /// Ordered by measure, group, level.
    pub network: Vec<NetworkRow>,
    /// Totals of network, levels and districts; ordered by measure, group, then
    /// what they are of.
    pub totals: Vec<Total>,
    /// Running measures of all students of a school, as of each step that its
    /// district has released; ordered by school, measure, day.
    pub so_far: Vec<Benchmark>,
    /// Like schools of every school, in the directory's order.
    pub like: Vec<LikeSchools>,
    /// Ordered by measure, group, school.
    pub peers: Vec<PeerAnswer>,
}

impl Analysis {
    /// The benchmarks of one school, by its position in the directory.
    pub fn benchmarks_of(&self, school: usize) -> &[Benchmark] {
        of_school(&self.benchmarks, school)
    }

    /// The running measures of one school through the year.
    pub fn so_far_of(&self, school: usize) -> &[Benchmark] {
        of_school(&self.so_far, school)
    }

    /// The total of a district, a level or the network, if anything of it was
    /// reported.
    pub fn total(&self, of: Whole, measure: usize, group: StudentGroup) -> Option<&Total> {
        let key = |total: &Total| (total.measure, total.group, total.of);
        let at = self.totals.binary_search_by_key(&(measure, group, of), key).ok()?;
        Some(&self.totals[at])
    }

    /// Cut points to pass to later runs of the school year. Running counts
    /// grow through the year: their levels are cut anew in every run.
    pub fn cut_points(&self) -> BTreeMap<Stratum, [f64; 9]> {
        self.network
            .iter()
            .filter(|row| self.measures[row.measure].kind != MeasureKind::Running)
            .map(|row| {
                let measure = self.measures[row.measure].id.clone();
                (Stratum { measure, group: row.group, level: row.level }, row.cut_points)
            })
            .collect()
    }
}

/// One school's rows of those that are ordered by school.
fn of_school(rows: &[Benchmark], school: usize) -> &[Benchmark] {
    let start = rows.partition_point(|row| row.school < school);
    let end = rows.partition_point(|row| row.school <= school);
    &rows[start..end]
}

/// Runs the benchmarks.
pub fn analyse(input: &Input<'_>) -> Analysis {
    let measures = reported_measures(input.charter);
    let cells = estimate(input.charter, input.directory, &measures, input.releases);
    let earlier = earlier(input, &measures);
    let assessed = assess_all(input, &measures, &cells, &earlier);
    let like = like_schools(&input.charter.policy.similar, &input.directory.schools, input.threads);
    let (mut benchmarks, mut network) = (Vec::new(), Vec::new());
    let (mut totals, mut so_far) = (Vec::new(), Vec::new());
    for part in assessed {
        benchmarks.extend(part.benchmarks);
        network.extend(part.network);
        totals.extend(part.totals);
        so_far.extend(part.so_far);
    }
    benchmarks.sort_unstable_by_key(|row| (row.school, row.measure, row.group));
    so_far.sort_unstable_by_key(|row| (row.school, row.measure, row.as_of));
    let peers = peers(input, &measures, &benchmarks, &like);
    let districts = input.directory.leas().into_iter().cloned().collect();
    Analysis { measures, districts, benchmarks, network, totals, so_far, like, peers }
}

/// What the years before say, measure by measure.
fn earlier(input: &Input<'_>, measures: &[ReportedMeasure]) -> Vec<Earlier> {
    let mut found: Vec<Earlier> = measures.iter().map(|_| Earlier::default()).collect();
    for year in input.earlier {
        let cells = estimate(input.charter, input.directory, measures, &year.releases);
        for ((measure, cells), earlier) in measures.iter().zip(&cells).zip(&mut found) {
            if can_pool(measure.kind) {
                earlier.push(year.school_year, cells);
            }
        }
    }
    found
}

/// Assesses the measures, each on the first thread that is free.
fn assess_all(
    input: &Input<'_>,
    measures: &[ReportedMeasure],
    cells: &[Vec<Cell>],
    earlier: &[Earlier],
) -> Vec<Assessed> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let measure = next.fetch_add(1, Ordering::Relaxed);
            let Some(reported) = measures.get(measure) else { return done };
            let found = assess(input, measure, reported, &cells[measure], &earlier[measure]);
            done.push((measure, found));
        }
    };
    let mut done: Vec<(usize, Assessed)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..input.threads.max(1)).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter();
        joined.flat_map(|worker| worker.join().expect("assessing does not panic")).collect()
    });
    done.sort_unstable_by_key(|(measure, _)| *measure);
    done.into_iter().map(|(_, assessed)| assessed).collect()
}

fn peers(
    input: &Input<'_>,
    measures: &[ReportedMeasure],
    benchmarks: &[Benchmark],
    like: &[LikeSchools],
) -> Vec<PeerAnswer> {
    let schools = &input.directory.schools;
    let claim = input.charter.policy.display.claim_probability;
    let groups =
        std::iter::once(StudentGroup::All).chain(Flag::CORE.into_iter().map(StudentGroup::Flag));
    let groups: Vec<StudentGroup> = groups.collect();
    let mut answers = Vec::new();
    for (measure, reported) in measures.iter().enumerate() {
        if !reported.is_matched_on() {
            continue;
        }
        for (position, group) in groups.iter().enumerate() {
            let mut growth: Vec<Option<Growth>> = vec![None; schools.len()];
            let same = |row: &&Benchmark| row.measure == measure && row.group == *group;
            for row in benchmarks.iter().filter(same) {
                growth[row.school] = Some(match row.posterior {
                    Some(posterior) if row.precision.is_shown() => Growth::Known(posterior),
                    _ => Growth::Unknown(row.precision),
                });
            }
            let asked: BTreeSet<usize> =
                (0..schools.len()).filter(|school| growth[*school].is_some()).collect();
            let growth: Vec<Growth> = growth
                .into_iter()
                .map(|known| known.unwrap_or(Growth::Unknown(Precision::NotReported)))
                .collect();
            // Streams of the standings end where these begin.
            let stream = (1 << 32) + (measure * groups.len() + position) as u64;
            let mut normals = Normals::new(input.seed, stream);
            let draws = Draws::new(&growth, PEER_DRAWS, &mut normals);
            for school in 0..schools.len() {
                let answer = if asked.contains(&school) {
                    let other = |candidate: usize| schools[candidate].lea != schools[school].lea;
                    find_peers(school, &like[school].like, other, &growth, &draws, claim)
                } else if *group == StudentGroup::All {
                    // A cell exists wherever a grade of the measure is served.
                    Answer::of_other_grades()
                } else {
                    continue;
                };
                answers.push(PeerAnswer { school, measure, group: *group, answer });
            }
        }
    }
    answers
}

#[cfg(test)]
mod tests;
