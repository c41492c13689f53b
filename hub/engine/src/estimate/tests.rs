//! Tests of estimates on simulated consortia: running counts, consistency and
//! denominators.

use peerlight_proto::{
    group::{Margin, Race},
    layout::{Quantity, release_layout},
};

use super::*;
use crate::{
    measure::reported_measures,
    normal::Z95,
    sample::{World, charter_with_stream},
};

const IN_YEAR: &str = "chronic_absence_in_year";

fn measure(world: &World, id: &str) -> ReportedMeasure {
    let measures = reported_measures(&world.charter);
    measures.into_iter().find(|measure| measure.id.as_str() == id).unwrap()
}

fn cells(world: &World, measure: &ReportedMeasure) -> Vec<Cell> {
    let measures = std::slice::from_ref(measure);
    estimate(&world.charter, &world.directory, measures, &world.releases).remove(0)
}

/// All students of every school, as of each step.
fn by_step(world: &World, measure: &ReportedMeasure) -> Vec<Vec<Cell>> {
    let (charter, directory) = (&world.charter, &world.directory);
    running_estimates(charter, directory, measure, StudentGroup::All, &world.releases)
}

fn is_step(release: &Release, step: u32) -> bool {
    release.layout.step().is_some_and(|(_, own)| own == step)
}

/// Exact successes and students of one cell, by a release's layout.
fn exact(world: &World, program: &str, school: usize, group: StudentGroup) -> (f64, f64) {
    let lea = &world.directory.schools[school].lea;
    let of = |it: &&Release| it.member == *lea && it.layout.program.as_str() == program;
    let layout = &world.releases.iter().find(of).unwrap().layout;
    let found = layout.blocks.iter().find_map(|block| {
        let column = block.groups.iter().position(|known| *known == group)?;
        Some(world.exact(school, block, layout)[column])
    });
    let (students, successes) = found.unwrap();
    (successes, students)
}

/// 2,000 schools, fixed seed.
#[test]
fn running_estimates_are_unbiased_and_their_intervals_cover() {
    let world = World::under(charter_with_stream(), 50, 21);
    let in_year = measure(&world, IN_YEAR);
    let by_step = by_step(&world, &in_year);
    assert_eq!(by_step.len(), 10);
    assert!(by_step[0].iter().all(|cell| cell.outcome == Outcome::CountMissing), "no count yet");
    let newest = by_step.last().unwrap();
    let of_all = |cell: &Cell| cell.group == StudentGroup::All;
    let now: Vec<Cell> = cells(&world, &in_year).into_iter().filter(of_all).collect();
    assert_eq!(*newest, now);
    for (step, cells) in [(4, &by_step[4]), (9, newest)] {
        let so_far = 1.0 - 0.5_f64.powi(step + 1);
        let (mut covered, mut total, mut bias) = (0, 0, 0.0);
        for cell in cells {
            let (Place::School(school), Outcome::Usable(estimate)) = (cell.place, cell.outcome)
            else {
                continue;
            };
            let (successes, students) = exact(&world, IN_YEAR, school, StudentGroup::All);
            let rate = 100.0 * so_far * successes / students;
            let reach = Z95 * estimate.privacy_standard_error;
            total += 1;
            bias += estimate.value - rate;
            covered += i32::from((estimate.value - rate).abs() <= reach);
        }
        assert!(total > 1_900);
        let share = f64::from(covered) / f64::from(total);
        assert!((0.935..=0.965).contains(&share), "step {step}: {share} of {total}");
        assert!((bias / f64::from(total)).abs() < 0.3, "step {step}: {bias} over {total}");
    }
    assert_eq!(newest[0].as_of.unwrap().words(), "25 June 2026");
}

#[test]
fn natural_variation_of_a_running_count_is_that_of_a_share() {
    let world = World::under(charter_with_stream(), 2, 22);
    let in_year = measure(&world, IN_YEAR);
    for cell in cells(&world, &in_year) {
        let Outcome::Usable(estimate) = cell.outcome else { continue };
        let students = estimate.students;
        let share = (estimate.value / 100.0).clamp(0.0, 1.0);
        let kept = (share * students + 2.0) / (students + 4.0);
        let expected = 100.0 * (kept * (1.0 - kept) / students).sqrt();
        assert!((estimate.natural_standard_error / expected - 1.0).abs() < 1e-9);
        assert!(estimate.natural_standard_error > 0.0);
    }
}

#[test]
fn a_missing_step_leaves_what_was_known_before_it() {
    let mut world = World::under(charter_with_stream(), 2, 23);
    let in_year = measure(&world, IN_YEAR);
    let lost = |release: &Release| release.member.as_str() == "d00" && is_step(release, 6);
    world.releases.retain(|release| !lost(release));
    let of = |cells: &[Cell], school: usize| {
        let found = cells.iter().find(|cell| cell.place == Place::School(school)).unwrap();
        found.as_of.unwrap().to_string()
    };
    let found = cells(&world, &in_year);
    assert_eq!((of(&found, 0), of(&found, 40)), ("2026-02-25".into(), "2026-06-25".into()));
    world.releases.retain(|release| !is_step(release, 0) || release.member.as_str() != "d00");
    let found = cells(&world, &in_year);
    assert!(!found.iter().any(|cell| cell.place == Place::School(0)), "nothing without its start");
}

#[test]
fn a_step_of_another_stream_does_not_go_on_with_this_one() {
    let mut world = World::under(charter_with_stream(), 2, 24);
    let in_year = measure(&world, IN_YEAR);
    for release in &mut world.releases {
        if is_step(release, 7) {
            for block in &mut release.layout.blocks {
                block.sigma.0 += 1;
            }
        }
    }
    let found = cells(&world, &in_year);
    assert!(found.iter().all(|cell| cell.as_of.unwrap().to_string() == "2026-03-25"));
}

#[test]
fn sums_of_a_school_agree_and_are_more_precise_than_the_releases() {
    let world = World::under(charter_with_stream(), 3, 25);
    for id in ["enrolled", "suspension", "ela_dfs", IN_YEAR] {
        let measure = measure(&world, id);
        let program = &measure.programs[0];
        let release = world.releases.iter().rev().find(|it| it.layout.program == *program).unwrap();
        let block = release.layout.blocks.iter().find(|it| it.margin == Margin::All).unwrap();
        let raw = match block.quantity {
            Quantity::Running { stream, .. } => {
                let weights = stream.weights(9);
                block.sigma.units() * weights.iter().map(|it| it * it).sum::<f64>().sqrt()
            }
            Quantity::Mean { .. } => block.sigma.units() / f64::from(1 << 16),
            _ => block.sigma.units(),
        };
        let found = cells(&world, &measure);
        for school in 0..world.directory.schools.len() {
            let of = |group: StudentGroup| {
                let same =
                    |cell: &&Cell| cell.place == Place::School(school) && cell.group == group;
                found.iter().find(same).unwrap().sums.unwrap().sum
            };
            let all = of(StudentGroup::All);
            assert!(all.variance.sqrt() < 0.97 * raw, "{id}: {} of {raw}", all.variance.sqrt());
            let races: f64 = Race::ALL.map(|race| of(StudentGroup::Race(race)).value).iter().sum();
            assert!((all.value - races).abs() < 1e-6 * (1.0 + races.abs()), "{id}");
        }
    }
}

#[test]
fn a_measure_is_divided_by_the_latest_count_that_is_not_later() {
    let world = World::under(charter_with_stream(), 1, 26);
    let enrolled = |period: &str| {
        let of = |it: &&Release| it.layout.period.as_str() == period;
        world.releases.iter().find(of).unwrap().due.clone()
    };
    let dates = [enrolled("period-1"), enrolled("march")];
    let in_year = measure(&world, IN_YEAR);
    let by_step = by_step(&world, &in_year);
    let students = |step: usize| by_step[step][0].sums.map(|sums| sums.count.unwrap().value);
    let months = by_step.iter().map(|cells| cells[0].as_of.unwrap().to_string());
    for (step, month) in months.enumerate() {
        match dates.iter().filter(|date| **date <= month).count() {
            0 => assert_eq!(students(step), None, "{month}"),
            1 => assert_eq!(students(step), students(4), "{month}"),
            _ => assert_eq!(students(step), students(9), "{month}"),
        }
    }
    assert_ne!(students(4), students(9), "two counts are two draws");
}

#[test]
fn counts_of_one_date_are_combined_and_of_two_dates_are_not() {
    let mut world = World::new(1, 27);
    let enrolled = measure(&world, "enrolled");
    let sigma = |world: &World| cells(world, &enrolled)[0].sums.unwrap().sum.variance;
    let one = sigma(&world);
    let first = world.releases.iter().position(|it| it.layout.period.as_str() == "period-1");
    world.releases.remove(first.unwrap());
    assert!((sigma(&world) - one).abs() < 1e-9, "an earlier count adds nothing");
    let march = world.releases.iter().find(|it| it.layout.period.as_str() == "march").unwrap();
    let mut again = march.clone();
    again.layout.period = "march-again".parse().unwrap();
    world.releases.push(again);
    assert!((sigma(&world) / one - 0.5).abs() < 1e-9, "the same students twice");
}

#[test]
fn a_measure_of_some_grades_is_divided_by_those_grades() {
    let mut world = World::new(1, 28);
    let some = peerlight_proto::units::GradeSet::span("01".parse().unwrap(), "03".parse().unwrap());
    let program: ProgramId = "suspension".parse().unwrap();
    let programs = &mut world.charter.policy.programs;
    programs.iter_mut().find(|it| it.id == program).unwrap().grades = some;
    world.release(&mut crate::normal::Normals::new(29, 0));
    let (charter, directory) = (&world.charter, &world.directory);
    let member = &directory.schools[0].lea;
    let period = "annual".parse().unwrap();
    let layout = release_layout(charter, directory, member, &program, &period).unwrap();
    let found = cells(&world, &measure(&world, "suspension"));
    for cell in &found {
        let Place::School(school) = cell.place else { continue };
        match cell.group {
            StudentGroup::All => {
                let students = world.students(school, Margin::All, cell.group, &layout);
                let count = cell.sums.unwrap().count.unwrap();
                let far = (count.value - students).abs() / count.variance.sqrt();
                assert!(far < 5.0, "{students} {count:?}");
            }
            StudentGroup::Grade(_) => assert!(cell.sums.is_some()),
            // No count of these three grades is split this way.
            _ => assert_eq!(cell.outcome, Outcome::NotCounted, "{cell:?}"),
        }
    }
}
