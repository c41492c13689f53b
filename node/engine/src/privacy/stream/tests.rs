//! Tests of running counts: what one student can change in a year of them,
//! whatever is imported.

use peerlight_proto::{
    continual,
    layout::{Block, ReleaseLayout},
};
use proptest::prelude::*;

use super::*;
use crate::{
    privacy::{
        journal::{Cells, Student},
        sample,
    },
    student::{Chunk, Column, Values},
};

const STEPS: u32 = 6;

/// One row as one import has it.
#[derive(Clone, Debug)]
struct Row {
    student: Student,
    school: u8,
    /// Grade, race, gender, and seven flags.
    values: [u8; 10],
    has_status: bool,
}

fn cells(values: [u8; 10]) -> Option<Cells> {
    let mut chunk = Chunk::default();
    chunk.school = vec![0];
    let columns = Cells::columns().iter().filter(|column| *column != Column::GradeAssessed);
    for (column, value) in columns.zip(values) {
        *chunk.values_mut(column) = Values::Bytes(vec![value]);
    }
    Cells::read(&chunk, 0)
}

/// Rows of one student under any of its ids, in any school and group.
fn row(id: u128) -> impl Strategy<Value = Row> {
    let ids = (0_u128..3).prop_map(move |known| match known {
        0 => Student { statewide: Some(id), local: None },
        1 => Student { statewide: Some(id), local: Some(id << 64) },
        _ => Student { statewide: None, local: Some(id << 64) },
    });
    let values = prop::array::uniform10(prop_oneof![Just(1_u8), 0..4_u8]);
    (ids, 1..4_u8, values, any::<bool>()).prop_map(|(student, school, values, has_status)| Row {
        student,
        school,
        values,
        has_status,
    })
}

/// One import a step: every student in some rows or none, after one in which
/// its two ids were seen together.
fn imports(id: u128) -> impl Strategy<Value = Vec<Vec<Row>>> {
    let linked = row(id).prop_map(move |row| {
        let student = Student { statewide: Some(id), local: Some(id << 64) };
        vec![Row { student, ..row }]
    });
    let later = prop::collection::vec(prop::collection::vec(row(id), 0..3), STEPS as usize - 1);
    (linked, later).prop_map(|(first, later)| [vec![first], later].concat())
}

fn layouts(changes: u32) -> Vec<ReleaseLayout> {
    sample::stream(STEPS, changes).0
}

/// Every step over these imports, exact.
fn year(imports: &[Vec<Row>], layouts: &[ReleaseLayout]) -> Vec<Vec<Vec<i64>>> {
    let mut journal = Journal::new(sample::school_year());
    let steps = layouts.iter().zip(imports);
    let year = steps.map(|(layout, rows)| {
        let mut pass = journal.pass();
        let mut holders = Vec::new();
        for row in rows {
            let school = pass.school(&row.school.to_string());
            let Some(cells) = cells(row.values) else { continue };
            let entry = pass.contact(row.student, school, cells);
            holders.extend(entry.filter(|_| row.has_status));
        }
        observe(&mut journal, layout, &holders).unwrap();
        // As if the node had been started again.
        journal = Journal::from_bytes(&journal.to_bytes()).unwrap();
        row_blocks(&journal, layout)
    });
    year.collect()
}

fn row_blocks(journal: &Journal, layout: &ReleaseLayout) -> Vec<Vec<i64>> {
    super::row(journal, layout).unwrap().blocks().to_vec()
}

/// The squared change of each block over all steps.
fn squared(one: &[Vec<Vec<i64>>], other: &[Vec<Vec<i64>>], block: usize) -> u64 {
    let steps = one.iter().zip(other);
    let cells = steps.flat_map(|(one, other)| one[block].iter().zip(&other[block]));
    cells.map(|(a, b)| (a - b).unsigned_abs().pow(2)).sum()
}

proptest! {
    #[test]
    fn no_sequence_of_imports_lets_a_student_change_more_than_is_paid_for(
        student in imports(1), other in imports(2), changes in 1..=2_u32,
    ) {
        let layouts = layouts(changes);
        let with: Vec<Vec<Row>> =
            other.iter().zip(&student).map(|(a, b)| [a.as_slice(), b].concat()).collect();
        let (with, without) = (year(&with, &layouts), year(&other, &layouts));
        for (position, block) in layouts[0].blocks.iter().enumerate() {
            let moved = squared(&with, &without, position);
            prop_assert!(moved <= block.l2_squared, "{moved} in {:?}", block.margin);
        }
    }
}

/// A student in two flag groups of every kind, who flips at every step.
fn flipping(step: u32) -> Vec<Row> {
    let student = Student { statewide: Some(1), local: Some(1 << 64) };
    vec![Row { student, school: 1, values: [1; 10], has_status: step.is_multiple_of(2) }]
}

#[test]
fn the_worst_student_changes_as_much_as_is_paid_for() {
    // Otherwise the property above could hold because nothing is counted.
    let layouts = layouts(2);
    let imports: Vec<Vec<Row>> = (0..STEPS).map(flipping).collect();
    let nobody = vec![Vec::new(); STEPS as usize];
    let (with, without) = (year(&imports, &layouts), year(&nobody, &layouts));
    let worst = layouts[0].step().unwrap().0.l2_squared();
    for (position, Block { margin, .. }) in layouts[0].blocks.iter().enumerate() {
        let groups = u64::from(margin.groups_per_student());
        let moved = squared(&with, &without, position);
        let apart: u64 = once_in_out(0, 1) * groups;
        assert_eq!(moved, apart, "{margin:?}");
        assert!(moved <= worst * groups);
    }
}

/// What a student who comes in at one step and leaves at another adds to one
/// cell, squared.
fn once_in_out(came: usize, left: usize) -> u64 {
    let column = Stream { steps: STEPS, changes: 2 }.coefficients();
    let at = |row: usize, start: usize| if row < start { 0 } else { column[row - start] };
    let rows = 0..STEPS as usize;
    rows.map(|row| (at(row, came) - at(row, left)).unsigned_abs().pow(2)).sum()
}

#[test]
fn running_totals_are_what_the_hub_makes_of_the_rows() {
    let layouts = layouts(2);
    let stream = layouts[0].step().unwrap().0;
    let has = [true, false, false, true, true, false];
    let student = |id: u128, has_status| Row {
        student: Student { statewide: Some(id), local: None },
        school: 1,
        values: [1; 10],
        has_status,
    };
    let imports: Vec<Vec<Row>> =
        has.iter().map(|has| vec![student(1, *has), student(2, true)]).collect();
    let rows = year(&imports, &layouts);
    // The first student left at the second step and stays out.
    let expected = [2, 1, 1, 1, 1, 1];
    for (step, expected) in expected.into_iter().enumerate() {
        let weights = stream.weights(step).into_iter();
        let total: f64 = weights.zip(&rows).map(|(w, row)| w * row[0][0] as f64).sum();
        assert!((total - f64::from(expected)).abs() < 1e-6, "step {step}: {total}");
    }
    assert_eq!(rows[0][0][0], 2 * continual::UNIT);
}

#[test]
fn steps_drawn_late_take_the_changes_once() {
    let layouts = layouts(1);
    let mut journal = Journal::new(sample::school_year());
    let mut pass = journal.pass();
    let school = pass.school("1");
    let student = Student { statewide: Some(1), local: None };
    let entry = pass.contact(student, school, cells([1; 10]).unwrap()).unwrap();
    assert!(!observe(&mut journal, &layouts[0], &[]).unwrap());
    assert!(observe(&mut journal, &layouts[1], &[entry]).unwrap());
    assert!(!observe(&mut journal, &layouts[2], &[entry]).unwrap());
    assert!(!observe(&mut journal, &layouts[3], &[]).unwrap(), "one change, and it is in for good");
    assert_eq!(observe(&mut journal, &layouts[1], &[entry]), Err(Ahead { step: 1 }));
    assert_eq!(row_blocks(&journal, &layouts[0])[0][0], 0);
    assert_eq!(row_blocks(&journal, &layouts[1])[0][0], continual::UNIT);
    assert_eq!(row_blocks(&journal, &layouts[2])[0][0], continual::UNIT / 2);
}

#[test]
fn a_student_of_another_grade_or_school_is_in_no_cell() {
    let mut layouts = layouts(1);
    layouts[0].grades = layouts[0].grades.iter().skip(3).collect();
    let mut imports = vec![flipping(0)];
    assert!(year(&imports, &layouts)[0].iter().flatten().all(|value| *value == 0));
    imports[0][0].values[0] = 5;
    assert!(year(&imports, &layouts)[0].iter().flatten().any(|value| *value != 0));
    imports[0][0].school = 9;
    assert!(year(&imports, &layouts)[0].iter().flatten().all(|value| *value == 0));
}
