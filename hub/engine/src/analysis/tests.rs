//! Tests of a whole run on simulated consortia.

use peerlight_proto::{charter::Program, group::Margin};

use super::*;
use crate::{
    anchor::Official,
    estimate::Place,
    peer::Verdict,
    roll_up::Whole,
    sample::{World, charter},
};

fn position(analysis: &Analysis, measure: &str) -> usize {
    analysis.measures.iter().position(|known| known.id.as_str() == measure).unwrap()
}

/// Estimates and truth of one measure's `all` group.
fn all_of<'a>(world: &'a World, analysis: &'a Analysis, measure: &str) -> Vec<(usize, Estimate)> {
    let measure = position(analysis, measure);
    let rows = analysis.benchmarks.iter();
    let rows = rows.filter(|row| row.measure == measure && row.group == StudentGroup::All);
    rows.filter_map(|row| Some((row.school, row.estimate?)))
        .filter(|(school, _)| *school < world.directory.schools.len())
        .collect()
}

/// 2,000 schools, fixed seed: intervals without natural variation, because the
/// simulated truth is each school's exact rate.
#[test]
fn intervals_of_noise_alone_cover_the_exact_rate() {
    let world = World::new(50, 11);
    let measures = reported_measures(&world.charter);
    let cells = estimate(&world.charter, &world.directory, &measures, &world.releases);
    let (mut covered, mut total, mut bias) = (0, 0, 0.0);
    let suspension = measures.iter().position(|m| m.id.as_str() == "suspension").unwrap();
    let layout = &world
        .releases
        .iter()
        .find(|release| release.layout.program.as_str() == "suspension")
        .unwrap()
        .layout;
    for cell in &cells[suspension] {
        let (Place::School(school), StudentGroup::All) = (cell.place, cell.group) else { continue };
        let crate::estimate::Outcome::Usable(estimate) = cell.outcome else { continue };
        let students = world.students(school, Margin::All, StudentGroup::All, layout);
        let exact = 100.0 * (students * world.truth[school].share).round() / students;
        total += 1;
        bias += estimate.value - exact;
        let reach = crate::normal::Z95 * estimate.privacy_standard_error;
        covered += i32::from((estimate.value - reach..=estimate.value + reach).contains(&exact));
    }
    assert!(total > 1_900);
    let share = f64::from(covered) / f64::from(total);
    assert!((0.935..=0.965).contains(&share), "{share} of {total}");
    assert!((bias / f64::from(total)).abs() < 0.5, "{bias} over {total}");
}

#[test]
fn growth_comes_back_and_its_precise_schools_are_shown() {
    let world = World::new(6, 2);
    let analysis = world.analyse(2);
    let growth = all_of(&world, &analysis, "growth_ela");
    assert!(growth.len() > 200);
    let far = growth.iter().filter(|(school, estimate)| {
        (estimate.value - world.truth[*school].growth).abs() > 4.0 * estimate.privacy_standard_error
    });
    assert!(far.count() <= 2);
    let measure = position(&analysis, "growth_ela");
    let shown = analysis
        .benchmarks
        .iter()
        .filter(|row| row.measure == measure && row.group == StudentGroup::All)
        .filter(|row| row.precision.is_shown())
        .count();
    assert!(shown > 150, "{shown}");
}

#[test]
fn where_noise_hides_a_value_it_says_how_many_students_it_needs() {
    let world = World::new(3, 4);
    let analysis = world.analyse(1);
    let hidden: Vec<&Benchmark> =
        analysis.benchmarks.iter().filter(|row| row.precision == Precision::Hidden).collect();
    assert!(hidden.len() > 100);
    let said = hidden.iter().filter(|row| row.students_needed.is_some()).count();
    assert!(said > 0);
    for row in &analysis.benchmarks {
        assert!(row.standing.is_none() || row.precision.is_shown());
        assert!(row.students_needed.is_none() || row.precision == Precision::Hidden);
    }
}

#[test]
fn peers_are_of_other_districts_and_credibly_better() {
    let world = World::new(6, 5);
    let analysis = world.analyse(2);
    let claim = world.charter.policy.display.claim_probability;
    let mut verdicts = BTreeMap::new();
    for found in &analysis.peers {
        *verdicts.entry(format!("{:?}", found.answer.verdict)).or_insert(0) += 1;
        let own = &world.directory.schools[found.school];
        assert!(found.answer.peers.len() <= 3);
        assert_eq!(found.answer.verdict == Verdict::Found, !found.answer.peers.is_empty());
        for peer in &found.answer.peers {
            assert_ne!(own.lea, world.directory.schools[peer.school].lea);
            assert!(peer.probability_better >= claim);
            assert!(peer.stability <= peer.probability_better);
            assert!(peer.growth > found.answer.own.unwrap().mean);
        }
    }
    assert!(verdicts["Found"] > 50 && verdicts["NoneBetter"] > 5, "{verdicts:?}");
    let asked: BTreeSet<usize> = analysis.peers.iter().map(|found| found.school).collect();
    assert_eq!(asked.len(), world.directory.schools.len(), "every school gets an answer");
}

#[test]
fn the_order_of_releases_and_the_threads_do_not_matter() {
    let mut world = World::new(3, 6);
    let analysis = world.analyse(1);
    world.releases.reverse();
    let middle = world.releases.len() / 2;
    world.releases.rotate_left(middle);
    assert!(world.analyse(3) == analysis);
}

#[test]
fn what_is_missing_says_why() {
    let mut world = World::new(3, 7);
    let absent = |member: &str, program: &str, world: &mut World| {
        world.releases.retain(|release| {
            release.member.as_str() != member || release.layout.program.as_str() != program
        });
    };
    absent("d00", "growth_ela", &mut world);
    absent("d01", "growth_ela", &mut world);
    let program: ProgramId = "growth_ela".parse().unwrap();
    world.offered.get_mut(&"d01".parse::<MemberId>().unwrap()).unwrap().remove(&program);
    absent("d02", "tested", &mut world);
    world.directory.schools[0].enrollment = Some(4);
    let analysis = world.analyse(1);
    let precision = |school: usize, measure: &str| {
        let measure = position(&analysis, measure);
        let rows = analysis.benchmarks_of(school).iter();
        let mut rows = rows.filter(|row| row.measure == measure && row.group == StudentGroup::All);
        rows.next().map(|row| row.precision)
    };
    assert_eq!(precision(0, "growth_ela"), Some(Precision::TooFewStudents));
    assert_eq!(precision(1, "growth_ela"), Some(Precision::NotReported));
    assert_eq!(precision(41, "growth_ela"), Some(Precision::NotOffered));
    assert_eq!(precision(81, "ela_met"), Some(Precision::NotReported));
    assert_eq!(precision(81, "graduation_4yr"), None, "no such grade at the school");
}

#[test]
fn two_programs_of_one_measure_are_more_precise_than_one() {
    let mut charter = charter();
    let programs = &mut charter.policy.programs;
    let id = |program: &Program| program.id.to_string();
    let annual = programs.iter().find(|it| id(it) == "chronic_absence").unwrap().periods.clone();
    let second = programs.iter_mut().find(|it| id(it) == "chronic_absence_in_year").unwrap();
    (second.continual, second.periods) = (None, annual);
    let mut world = World::under(charter, 2, 8);
    let both = all_of(&world, &world.analyse(1), "chronic_absence");
    world.releases.retain(|release| release.layout.program.as_str() != "chronic_absence_in_year");
    let one = all_of(&world, &world.analyse(1), "chronic_absence");
    let error = |found: &[(usize, Estimate)]| {
        found.iter().map(|(_, estimate)| estimate.privacy_standard_error).sum::<f64>()
    };
    assert!(error(&both) < 0.8 * error(&one), "{} {}", error(&both), error(&one));
}

#[test]
fn levels_stay_where_an_earlier_run_cut_them() {
    let world = World::new(3, 9);
    let first = world.analyse(1);
    let frozen = first.cut_points();
    let moved = Analysis {
        network: first.network.iter().map(|row| NetworkRow { deciles: [0.0; 9], ..*row }).collect(),
        ..first.clone()
    };
    assert_eq!(moved.cut_points(), frozen);
    let second = analyse(&Input {
        charter: &world.charter,
        directory: &world.directory,
        offered: &world.offered,
        releases: &world.releases[..world.releases.len() * 2 / 3],
        earlier: &[],
        frozen: &frozen,
        anchors: &Anchors::new(),
        seed: 2,
        threads: 1,
    });
    // Running counts move from month to month, and so do their cut points.
    let running = |row: &&NetworkRow| second.measures[row.measure].kind == MeasureKind::Running;
    for row in second.network.iter().filter(|row| !running(row)) {
        let measure = second.measures[row.measure].id.clone();
        let stratum = Stratum { measure, group: row.group, level: row.level };
        assert_eq!(Some(&row.cut_points), frozen.get(&stratum));
    }
}

#[test]
fn small_groups_are_totals_of_districts_and_the_network() {
    let world = World::new(6, 10);
    let analysis = world.analyse(1);
    let small = |group: StudentGroup| matches!(group, StudentGroup::Flag(flag) if Flag::SMALL.contains(&flag));
    for of in [Whole::District(2), Whole::Network] {
        let mut totals = analysis.totals.iter().filter(|total| total.of == of);
        assert!(totals.any(|total| small(total.group) && total.estimate.is_some()));
    }
    assert!(!analysis.benchmarks.iter().any(|row| small(row.group)));
    for total in &analysis.totals {
        assert_eq!(analysis.total(total.of, total.measure, total.group), Some(total));
    }
}

/// Two earlier years of the same schools, fixed seeds.
#[test]
fn small_schools_are_pooled_over_years_where_one_year_hides_them() {
    let mut world = World::new(6, 12);
    let this = world.releases.clone();
    for years in 1..=2 {
        world.release(&mut crate::normal::Normals::new(12, 50 + u64::from(years)));
        let school_year = world.charter.school_year.earlier(years);
        world.earlier.push(EarlierYear { school_year, releases: world.releases.clone() });
    }
    world.releases = this;
    let analysis = world.analyse(2);
    let (mut found, mut covered) = (0, 0);
    for row in &analysis.benchmarks {
        let Some(pooled) = row.pooled else { continue };
        assert!(row.precision == Precision::Hidden && row.standing.is_none());
        assert_eq!(pooled.years(), "2023-24 to 2025-26");
        let reported = &analysis.measures[row.measure];
        assert!(can_pool(reported.kind));
        if let Some(single) = row.estimate {
            assert!(pooled.estimate.variance() < single.variance());
        }
        if reported.kind == MeasureKind::Growth {
            found += 1;
            let error = (pooled.estimate.value - world.truth[row.school].growth).abs();
            covered += i32::from(error <= crate::normal::Z95 * pooled.estimate.standard_error());
        }
    }
    assert!(found > 50 && covered * 100 >= found * 93, "{covered} of {found}");
    world.earlier.remove(0);
    assert!(world.analyse(2).benchmarks.iter().all(|row| row.pooled.is_none()), "a gap");
}

#[test]
fn official_results_move_what_is_believed_of_schools_towards_the_truth_and_no_estimate() {
    let mut world = World::new(6, 21);
    let before = world.analyse(1);
    let measure = position(&before, "suspension");
    let id = before.measures[measure].id.clone();
    let school_year = world.charter.school_year.earlier(1);
    // Of another scale, and of four schools in five.
    let results = world.truth.iter().enumerate().filter(|(school, _)| school % 5 != 0);
    let results = results.map(|(school, truth)| (school, 7.0 + 60.0 * truth.share)).collect();
    world.anchors = [(id, Official { school_year, results })].into();
    let after = world.analyse(2);
    let all = |row: &&Benchmark| row.measure == measure && row.group == StudentGroup::All;
    let (mut closer, mut farther, mut without) = (0.0, 0.0, 0);
    for (then, now) in before.benchmarks.iter().zip(&after.benchmarks) {
        assert_eq!((then.estimate, then.precision), (now.estimate, now.precision));
        let (Some(plain), Some(anchored)) = (then.posterior, now.posterior) else { continue };
        if !all(&now) {
            assert_eq!((plain, now.official), (anchored, None));
            continue;
        }
        if now.school % 5 == 0 {
            assert_eq!((plain, now.official), (anchored, None));
            without += 1;
            continue;
        }
        assert_eq!(now.official, Some(school_year));
        let truth = 100.0 * world.truth[now.school].share;
        closer += (anchored.mean - truth).powi(2);
        farther += (plain.mean - truth).powi(2);
    }
    assert!(without > 30, "{without}");
    assert!(closer < 0.7 * farther, "{closer} against {farther}");
}
