//! Like schools of many schools, beside brute force.
//!
//! Schools are simulated with features that go together as real ones do (need,
//! language, race, size), one in thirty of them missing. All are of one level
//! and type, which is the hardest case. Brute force compares a school with every
//! other by the same distance, on as many threads, and must find the same: for
//! all schools of the small size, for every tenth of the large one.

use std::collections::BTreeMap;

use anyhow::ensure;
use peerlight_hub_engine::{
    normal::Normals,
    similar::{LikeSchools, like_schools, like_schools_by_every_pair},
};
use peerlight_proto::{
    charter::{Policy, Similar},
    directory::{Level, School},
    names::{MemberId, SchoolId},
    units::{GradeSet, SchoolYear},
};

use super::{BenchContext, Row};
use crate::clock::timed;

/// Schools, the seconds that finding the like schools of all may take, and the
/// step between those that brute force looks at.
const SIZES: [(usize, f64, usize); 2] = [(10_000, 0.5, 1), (100_000, 10.0, 10)];

/// Times that the small size is measured; the least counts.
const ROUNDS: usize = 3;

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let policy = Policy::shipped(SchoolYear::ending(2026)?, "standard")
        .ok_or_else(|| anyhow::anyhow!("the shipped policy has a standard preset"))?
        .similar;
    let threads = context.threads();
    let mut rows = Vec::new();
    for (count, bar, step) in SIZES {
        let schools = schools(count)?;
        context.say(&format!("like schools of {count} schools on {threads} threads"));
        let (mut found, mut seconds) = timed(|| like_schools(&policy, &schools, threads));
        for _ in 1..ROUNDS {
            let (again, took) = timed(|| like_schools(&policy, &schools, threads));
            ensure!(again == found, "two runs over {count} schools differ");
            (found, seconds) = (again, seconds.min(took));
        }
        let of: Vec<usize> = (0..count).step_by(step).collect();
        context.say(&format!("the same by comparing {} of them with all", of.len()));
        let (scanned, took) = timed(|| by_every_pair(&policy, &schools, &of, threads));
        let scan_seconds = took * step as f64;
        let pairs = of.iter().zip(&scanned);
        let different = pairs.filter(|(school, scanned)| found[**school] != **scanned).count();
        let like = found.iter().map(|found| found.like.len()).sum::<usize>() as f64;
        rows.extend([
            Row::at_most(format!("like schools, {count} schools"), seconds, "s", bar),
            Row::at_most(
                format!("unlike brute force, of {}", of.len()),
                different as f64,
                "schools",
                0.0,
            ),
            Row::note(format!("brute force, {count} schools"), scan_seconds, "s"),
            Row::note(format!("brute force over ours, {count}"), scan_seconds / seconds, "x"),
            Row::note(format!("like schools found, {count}"), like / count as f64, "per school"),
        ]);
    }
    Ok(rows)
}

fn by_every_pair(
    policy: &Similar,
    schools: &[School],
    of: &[usize],
    threads: usize,
) -> Vec<LikeSchools> {
    let share = of.len().div_ceil(threads.max(1));
    std::thread::scope(|scope| {
        let workers: Vec<_> = of
            .chunks(share)
            .map(|of| scope.spawn(|| like_schools_by_every_pair(policy, schools, of)))
            .collect();
        let joined = workers.into_iter();
        joined.flat_map(|worker| worker.join().expect("brute force does not panic")).collect()
    })
}

fn schools(count: usize) -> anyhow::Result<Vec<School>> {
    let mut normals = Normals::new(1, count as u64);
    (0..count)
        .map(|number| {
            let mut percent = |mean: f64, sd: f64| (mean + sd * normals.draw()).clamp(0.0, 100.0);
            let need = percent(55.0, 27.0);
            let hispanic = percent(0.75 * need + 5.0, 12.0);
            let white = percent(0.8 * (100.0 - hispanic), 12.0);
            let values = [
                ("pct_socioeconomically_disadvantaged", need),
                ("pct_english_learner", percent(0.35 * hispanic, 7.0)),
                ("pct_students_with_disabilities", percent(12.5, 3.5)),
                ("pct_HI", hispanic),
                ("pct_WH", white),
                ("pct_AA", percent(5.0, 4.0)),
                ("pct_AS", percent(8.0, 9.0)),
            ];
            let features: BTreeMap<String, f64> = values
                .into_iter()
                .filter(|_| normals.draw() < 1.83)
                .map(|(name, value)| (name.to_owned(), (value * 10.0).round() / 10.0))
                .collect();
            Ok(School {
                id: SchoolId::new(format!("{number:06}"))?,
                lea: MemberId::new(format!("{}", number % 900))?,
                name: String::new(),
                level: Level::Elementary,
                school_type: "regular".to_owned(),
                grades: GradeSet::ALL,
                county: None,
                enrollment: Some((6.2 + 0.45 * normals.draw()).exp() as u32),
                features,
            })
        })
        .collect()
}
