//! Tests of totals on simulated consortia.

use peerlight_proto::layout::ReleaseLayout;

use super::*;
use crate::{
    analysis::Analysis,
    estimate::estimate,
    measure::reported_measures,
    normal::{Normals, Z95},
    sample::{World, charter_with_stream},
};

fn totals_of<'a>(analysis: &'a Analysis, measure: &str) -> Vec<&'a Total> {
    let of = |total: &&Total| analysis.measures[total.measure].id.as_str() == measure;
    analysis.totals.iter().filter(of).collect()
}

fn layout<'a>(world: &'a World, program: &str) -> &'a ReleaseLayout {
    let of = |it: &&crate::estimate::Release| it.layout.program.as_str() == program;
    &world.releases.iter().find(of).unwrap().layout
}

/// Exact successes over students of schools that `wanted` picks, percent.
fn rate(world: &World, layout: &ReleaseLayout, wanted: impl Fn(usize) -> bool) -> f64 {
    let (mut successes, mut students) = (0.0, 0.0);
    for school in (0..world.directory.schools.len()).filter(|school| wanted(*school)) {
        let (own, won) = world.exact(school, &layout.blocks[0], layout)[0];
        students += own;
        successes += won;
    }
    100.0 * successes / students
}

/// 30 consortia of six districts, fixed seeds: 180 district and 30 network
/// totals.
#[test]
fn totals_cover_the_exact_rate_of_their_schools() {
    let (mut covered, mut count) = (0, 0);
    let mut world = World::new(6, 100);
    let suspension = reported_measures(&world.charter);
    let suspension = suspension.into_iter().find(|it| it.id.as_str() == "suspension").unwrap();
    let display = world.charter.policy.display;
    world.charter.policy.programs.retain(|it| ["enrolled", "suspension"].contains(&it.id.as_str()));
    for seed in 0..30 {
        world.release(&mut Normals::new(seed, 7));
        let (charter, directory) = (&world.charter, &world.directory);
        let measures = std::slice::from_ref(&suspension);
        let cells = estimate(charter, directory, measures, &world.releases).remove(0);
        let layout = layout(&world, "suspension");
        for total in totals(&display, directory, 0, &suspension, &cells) {
            // The level's total repeats the network's: all are elementary.
            if total.group != StudentGroup::All || matches!(total.of, Whole::Level(_)) {
                continue;
            }
            let exact = rate(&world, layout, |school| match total.of {
                Whole::District(district) => school / 40 == district,
                _ => true,
            });
            let estimate = total.estimate.unwrap();
            let reach = Z95 * estimate.privacy_standard_error;
            covered += i32::from((estimate.value - exact).abs() <= reach);
            count += 1;
            assert!(estimate.natural_standard_error > 0.0);
        }
    }
    assert_eq!(count, 30 * 7);
    let share = f64::from(covered) / f64::from(count);
    assert!((0.91..=0.985).contains(&share), "{share}");
}

#[test]
fn the_network_is_the_sum_of_its_districts_and_more_precise_than_each() {
    let world = World::new(6, 31);
    let analysis = world.analyse(1);
    let of_all: Vec<&Total> = totals_of(&analysis, "enrolled")
        .into_iter()
        .filter(|total| total.group == StudentGroup::All)
        .collect();
    let network = of_all.iter().find(|total| total.of == Whole::Network).unwrap();
    let districts = of_all.iter().filter(|total| matches!(total.of, Whole::District(_)));
    let sum: f64 = districts.clone().map(|total| total.estimate.unwrap().value).sum();
    assert!((network.estimate.unwrap().value - sum).abs() < 1e-6);
    assert_eq!((network.schools, districts.map(|total| total.schools).sum::<usize>()), (240, 240));
    let rates = totals_of(&analysis, "chronic_absence");
    let error = |of: Whole| {
        let found = rates.iter().find(|it| it.of == of && it.group == StudentGroup::All).unwrap();
        (found.estimate.unwrap().privacy_standard_error, found.precision)
    };
    let (network, district) = (error(Whole::Network), error(Whole::District(0)));
    assert!(network.0 < 0.6 * district.0, "{network:?} {district:?}");
    assert!(network.1.is_shown() && district.1.is_shown());
}

/// A sum over six districts has more noise than each of them, and says more.
#[test]
fn a_count_of_the_network_is_shown_where_those_of_its_districts_are() {
    for districts in [6, 3] {
        let mut world = World::new(districts, 34);
        let sizes = world.directory.schools.iter_mut().enumerate();
        for (number, school) in sizes {
            school.enrollment = Some(60 + 60 * (number / 40) as u32 + 9 * (number % 40) as u32);
        }
        world.release(&mut Normals::new(35, 0));
        let analysis = world.analyse(1);
        let counts = totals_of(&analysis, "enrolled");
        let mut shown = 0;
        for network in counts.iter().filter(|total| total.of == Whole::Network) {
            let of = |it: &&&Total| it.group == network.group && it.of == Whole::District(0);
            let Some(district) = counts.iter().find(of) else { continue };
            if district.precision.is_shown() {
                shown += 1;
                assert!(network.precision.is_shown(), "{districts}: {network:?} {district:?}");
            }
        }
        assert!(shown > 5, "{districts}: {shown}");
    }
}

#[test]
fn running_counts_of_different_days_are_not_added() {
    let mut world = World::under(charter_with_stream(), 3, 32);
    let late = |release: &crate::estimate::Release| {
        release.member.as_str() == "d02" && release.layout.step().is_some_and(|(_, it)| it > 5)
    };
    world.releases.retain(|release| !late(release));
    let analysis = world.analyse(1);
    let found = totals_of(&analysis, "chronic_absence_in_year");
    let of = |of: Whole| {
        let found = found.iter().find(|it| it.of == of && it.group == StudentGroup::All);
        let found = found.unwrap();
        (found.schools, found.as_of.unwrap().to_string())
    };
    assert_eq!(of(Whole::Network), (80, "2026-06-25".to_owned()));
    assert_eq!(of(Whole::District(2)), (40, "2026-02-25".to_owned()));
    let ranked = |school: usize| {
        let rows = analysis.benchmarks_of(school).iter();
        let mut rows = rows.filter(|row| {
            analysis.measures[row.measure].id.as_str() == "chronic_absence_in_year"
                && row.standing.is_some()
        });
        rows.next().is_some()
    };
    assert!((0..80).any(ranked));
    assert!(!(80..120).any(ranked), "a school of February has no rank among those of June");
    let fixed = analysis.cut_points();
    assert!(!fixed.keys().any(|at| at.measure.as_str() == "chronic_absence_in_year"));
}

#[test]
fn a_total_of_few_students_by_public_enrolment_is_not_shown() {
    let mut world = World::new(1, 33);
    for school in &mut world.directory.schools {
        school.enrollment = Some(0);
    }
    let analysis = world.analyse(1);
    let found = totals_of(&analysis, "suspension");
    let all = found.iter().find(|it| it.of == Whole::Network && it.group == StudentGroup::All);
    assert_eq!(all.unwrap().precision, Precision::TooFewStudents);
}
