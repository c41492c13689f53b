//! A student who moves, is recoded and changes status every month costs what a
//! running count was charged, because the journal keeps the student in one
//! place; a journal that does not must be caught.

use peerlight_node_engine::{
    privacy::{
        journal::{Cells, Journal, Student},
        stream,
    },
    student::Column,
};
use peerlight_proto::layout::{ReleaseLayout, year_layouts};

use crate::district::{District, chunk, extreme, read};

const PROGRAM: &str = "chronic_absence_in_year";

/// The steps of the running count, in order.
fn steps(district: &District) -> Vec<ReleaseLayout> {
    let District { charter, directory, member } = district;
    let layouts = year_layouts(charter, directory, member).into_iter().map(Result::unwrap);
    let steps: Vec<_> = layouts.filter(|layout| layout.program.as_str() == PROGRAM).collect();
    assert!(steps.len() > 2 && steps.iter().all(|layout| layout.step().is_some()));
    steps
}

/// What one restless student costs over the whole count, and what was charged:
/// with the journal kept from step to step, or begun anew at each.
fn cost(is_kept: bool) -> (f64, f64) {
    let district = District::new();
    let steps = steps(&district);
    let mut journal = Journal::new(district.charter.school_year);
    let mut rho = 0.0;
    for (number, layout) in steps.iter().enumerate() {
        if !is_kept {
            journal = Journal::new(district.charter.school_year);
        }
        let mut student = extreme("05".parse().unwrap(), true);
        student.values.insert(Column::RaceEthnicity, (number % 7) as f64);
        student.values.insert(Column::GradeLevel, (5 + number % 3) as f64);
        let cells = Cells::read(&chunk(&[student]), 0).unwrap();
        let mut pass = journal.pass();
        let school = pass.school(["1", "2"][number % 2]);
        let ids = Student { statewide: Some(7), local: Some(8) };
        let entry = pass.contact(ids, school, cells).unwrap();
        assert_eq!(pass.contact(ids, school, cells), None, "a second row is not counted");
        let holders = if number % 2 == 0 { vec![entry] } else { Vec::new() };
        stream::observe(&mut journal, layout, &holders).unwrap();
        let row = read(&stream::row(&journal, layout).unwrap(), layout);
        for (block, values) in layout.blocks.iter().zip(&row) {
            let squared: f64 = values.iter().map(|value| (*value as f64).powi(2)).sum();
            rho += squared / (2.0 * block.sigma.units().powi(2));
        }
    }
    (rho, steps[0].pico_rho().rho())
}

#[test]
fn a_restless_student_costs_no_more_than_the_running_count_was_charged() {
    let (rho, charged) = cost(true);
    assert!(rho <= charged + 1e-12, "{rho} of {charged}");
    assert!(rho > charged / 3.0, "{rho} of {charged}");
}

#[test]
fn a_journal_that_is_not_frozen_is_caught() {
    let (rho, charged) = cost(false);
    assert!(rho > charged, "{rho} of {charged}");
}
