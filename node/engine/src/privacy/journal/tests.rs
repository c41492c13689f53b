//! Tests of contact: who is whom, what is frozen, what comes back from bytes.

use peerlight_proto::{group::StudentGroup, units::SchoolYear};
use proptest::prelude::*;

use super::*;
use crate::student::{Chunk, Column, Values};

fn journal() -> Journal {
    Journal::new(SchoolYear::ending(2026).unwrap())
}

fn ids(statewide: u128, local: u128) -> Student {
    Student {
        statewide: (statewide > 0).then_some(statewide),
        local: (local > 0).then_some(local << 64),
    }
}

/// A chunk of one row with these values.
fn chunk(values: &[(Column, u8)]) -> Chunk {
    let mut chunk = Chunk::default();
    chunk.school = vec![0];
    for (column, value) in values {
        *chunk.values_mut(*column) = Values::Bytes(vec![*value]);
    }
    chunk
}

fn cells(grade: u8, race: u8) -> Cells {
    let values = [(Column::GradeLevel, grade), (Column::RaceEthnicity, race)];
    Cells::read(&chunk(&values), 0).unwrap()
}

#[test]
fn a_student_is_known_by_either_id_and_by_ids_learnt_later() {
    let mut journal = journal();
    let mut contact = |student| {
        let mut pass = journal.pass();
        let school = pass.school("1");
        pass.contact(student, school, cells(3, 1))
    };
    assert_eq!(contact(ids(0, 7)), Some(0));
    assert_eq!(contact(ids(5, 7)), Some(0), "its statewide id is learnt");
    assert_eq!(contact(ids(5, 8)), Some(0), "another local id of the same student");
    assert_eq!(contact(ids(0, 8)), Some(0), "which is learnt too");
    assert_eq!(contact(ids(6, 8)), Some(0), "a corrected statewide id is no new student");
    assert_eq!(contact(ids(6, 9)), Some(0));
    assert_eq!(contact(ids(10, 11)), Some(1));
    assert_eq!(contact(ids(10, 7)), Some(1), "statewide before local");
    assert_eq!(contact(ids(0, 7)), Some(0), "an id is never moved");
    assert_eq!(contact(ids(0, 0)), None);
}

#[test]
fn a_second_row_of_a_student_in_one_pass_is_not_counted() {
    let mut journal = journal();
    for _ in 0..2 {
        let mut pass = journal.pass();
        let (one, other) = (pass.school("1"), pass.school("2"));
        assert_eq!(pass.contact(ids(5, 7), one, cells(3, 1)), Some(0));
        assert_eq!(pass.contact(ids(0, 7), other, cells(4, 2)), None);
        assert_eq!(pass.contact(ids(5, 8), other, cells(4, 2)), None);
    }
}

#[test]
fn only_somebody_or_something_new_changes_the_journal() {
    let mut journal = journal();
    let mut changed = |student| {
        let mut pass = journal.pass();
        let school = pass.school("1");
        pass.contact(student, school, cells(3, 1));
        pass.has_changed()
    };
    assert!(changed(ids(0, 7)));
    assert!(!changed(ids(0, 7)));
    assert!(changed(ids(5, 7)));
    assert!(!changed(ids(5, 7)));
}

#[test]
fn later_rows_are_counted_where_the_student_was_met() {
    let mut journal = journal();
    let mut pass = journal.pass();
    let school = pass.school("20");
    let first = [
        (Column::GradeAssessed, 5),
        (Column::RaceEthnicity, 2),
        (Column::Gender, u8::MAX),
        (Column::EnglishLearner, 1),
        (Column::Homeless, 0),
    ];
    let entry = pass.contact(ids(0, 7), school, Cells::read(&chunk(&first), 0).unwrap()).unwrap();
    let mut later = chunk(&[
        (Column::GradeLevel, 6),
        (Column::RaceEthnicity, 3),
        (Column::Gender, 1),
        (Column::EnglishLearner, 0),
        (Column::Homeless, 1),
        (Column::Foster, 1),
    ]);
    later.school = vec![0];
    journal.freeze(&mut later, &[entry], &[4]);
    assert_eq!(later.school, [4]);
    let byte = |column| later.bytes(column).unwrap()[0];
    assert_eq!(byte(Column::GradeLevel), 5, "the grade it was assessed in, having no other");
    assert_eq!((byte(Column::RaceEthnicity), byte(Column::Gender)), (2, u8::MAX));
    assert_eq!((byte(Column::EnglishLearner), byte(Column::Homeless)), (1, 0));
    assert_eq!(byte(Column::Foster), u8::MAX, "not known at first contact");
    let groups: Vec<StudentGroup> = journal.entries()[0].cells.groups().collect();
    assert_eq!(groups, Cells::read(&later, 0).unwrap().groups().collect::<Vec<_>>());

    journal.freeze(&mut later, &[NO_ENTRY], &[4]);
    assert_eq!(later.school, [Chunk::NO_SCHOOL]);
    assert!(Cells::read(&chunk(&[(Column::RaceEthnicity, 2)]), 0).is_none(), "no grade, no cell");
}

#[test]
fn debug_output_shows_nothing_of_a_student() {
    let mut journal = journal();
    let mut pass = journal.pass();
    let school = pass.school("4711");
    let student = ids(815, 816);
    pass.contact(student, school, cells(3, 1));
    let pass = format!("{pass:?}");
    assert!(!format!("{pass}{journal:?}{student:?}{:?}", cells(3, 1)).contains(['4', '8']));
}

fn filled(rows: &[(u128, u128, u8, u8)], changes: &[(u8, u8)]) -> Journal {
    let mut journal = journal();
    let mut pass = journal.pass();
    for (statewide, local, school, grade) in rows {
        let school = pass.school(&school.to_string());
        pass.contact(ids(*statewide, *local), school, cells(grade % 14, 1));
    }
    let program = "chronic_absence".parse().unwrap();
    for (changes, (first, second)) in journal.changes_mut(&program).iter_mut().zip(changes) {
        changes.push(*first, 2);
        changes.push(first + 1 + second, 2);
    }
    journal
}

proptest! {
    #[test]
    fn a_journal_comes_back_from_its_bytes(
        rows in prop::collection::vec((0_u128..9, 1_u128..9, 0_u8..4, any::<u8>()), 0..20),
        changes in prop::collection::vec((0_u8..20, 0_u8..20), 0..20),
    ) {
        let journal = filled(&rows, &changes);
        let bytes = journal.to_bytes();
        prop_assert!(Journal::from_bytes(&bytes) == Ok(journal));
        for cut in 0..bytes.len() {
            prop_assert!(Journal::from_bytes(&bytes[..cut]) == Err(Unreadable));
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        prop_assert!(Journal::from_bytes(&longer) == Err(Unreadable));
    }

    #[test]
    fn no_bytes_are_read_as_what_would_fail_later(
        rows in prop::collection::vec((0_u128..9, 1_u128..9, 0_u8..4, any::<u8>()), 1..6),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut bytes = filled(&rows, &[(0, 0)]).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(mut read) = Journal::from_bytes(&bytes) {
            let again = Journal::from_bytes(&read.to_bytes());
            prop_assert!(again.as_ref() == Ok(&read));
            let mut pass = read.pass();
            let school = pass.school("1");
            pass.contact(ids(1, 1), school, cells(3, 1));
        }
    }
}
