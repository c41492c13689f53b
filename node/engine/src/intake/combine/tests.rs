//! What holds of every combination, and what a data lead is told.

use std::collections::BTreeMap;

use peerlight_proto::units::SchoolYear;
use proptest::{collection::btree_map, option, prelude::*};

use super::*;
use crate::{
    intake::{problem::Severity, value::Cell},
    student::{Column, MISSING, Values},
};

/// What a source tells of one student.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    has_local: bool,
    has_statewide: bool,
    school: Option<u8>,
    grade: Option<u8>,
    gpa: Option<u8>,
    test: Option<u8>,
}

const COLUMNS: [Column; 3] = [Column::GradeLevel, Column::Gpa, Column::TestName];

/// A source's part: its rows by student.
fn part(rows: &BTreeMap<u8, Row>) -> StudentYears {
    let mut years = StudentYears::new(SchoolYear::ending(2026).unwrap());
    years.files = vec!["a.csv".to_owned()];
    for (line, (student, row)) in (2..).zip(rows) {
        let school = row.school.map_or(StudentYears::NO_SCHOOL, |school| {
            let id = format!("school-{school}");
            years.schools.iter().position(|known| *known == id).unwrap_or_else(|| {
                years.schools.push(id);
                years.schools.len() - 1
            }) as u32
        });
        let id = |has: bool, letter: &str| {
            if has { format!("{letter}-id-{student}") } else { String::new() }
        };
        let (local, statewide) = (id(row.has_local, "local"), id(row.has_statewide, "state"));
        years.push(school, &local, &statewide, (0, line));
        years.set(Column::GradeLevel, Cell::Byte(row.grade.unwrap_or(MISSING)));
        years.set(Column::Gpa, Cell::Number(row.gpa.map_or(f64::NAN, f64::from)));
        let test = row.test.and_then(|test| years.name(Column::TestName, &test.to_string()));
        years.set(Column::TestName, Cell::Byte(test.unwrap_or(MISSING)));
    }
    years.sorted()
}

/// School, ids and values of each row, as text.
fn content(years: &StudentYears) -> Vec<Vec<String>> {
    let text = |row: usize, column: Column| match years.values(column) {
        None => String::new(),
        Some(Values::Numbers(numbers)) => numbers[row].to_string(),
        Some(Values::Bytes(bytes)) => match years.names.get(&column) {
            Some(names) => names.get(usize::from(bytes[row])).cloned().unwrap_or_default(),
            None if column == Column::TestName => String::new(),
            None => bytes[row].to_string(),
        },
    };
    let of_row = |row: usize| {
        let id = |id: &[u8]| String::from_utf8(id.to_vec()).unwrap();
        let mut cells = vec![
            years.schools.get(years.school[row] as usize).cloned().unwrap_or_default(),
            id(years.students.get(row)),
            id(years.statewide.get(row)),
        ];
        cells.extend(COLUMNS.map(|column| text(row, column)));
        cells
    };
    (0..years.rows()).map(of_row).collect()
}

fn combined(parts: &[(&str, &StudentYears)], precedence: &Precedence) -> Vec<Vec<String>> {
    let parts: Vec<Part<'_>> = parts.iter().map(|(source, years)| Part { source, years }).collect();
    let combined = combine(&parts, precedence);
    assert!(!combined.problems.has_fatal(), "{:?}", combined.problems);
    combined.years.map(|years| content(&years)).unwrap_or_default()
}

fn sorted(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.sort();
    rows
}

fn told(parts: &[(&str, &StudentYears)], precedence: &Precedence) -> Vec<String> {
    let parts: Vec<Part<'_>> = parts.iter().map(|(source, years)| Part { source, years }).collect();
    combine(&parts, precedence).problems.groups().map(|group| group.to_string()).collect()
}

fn rows(
    ids: impl Strategy<Value = (bool, bool)> + Clone,
) -> impl Strategy<Value = BTreeMap<u8, Row>> {
    let row =
        (ids, option::of(0..3_u8), option::of(0..4_u8), option::of(0..4_u8), option::of(0..3_u8));
    let row = row.prop_map(|((has_local, has_statewide), school, grade, gpa, test)| Row {
        has_local,
        has_statewide,
        school,
        grade,
        gpa,
        test,
    });
    btree_map(0..8_u8, row, 1..8)
}

/// Every row has the local id, and some the statewide one.
fn local() -> impl Strategy<Value = (bool, bool)> + Clone {
    any::<bool>().prop_map(|has_statewide| (true, has_statewide))
}

fn precedence(sources: &str, columns: &str) -> Precedence {
    let (sources, columns) = (sources.parse().unwrap(), columns.parse().unwrap());
    Precedence { sources, columns, ..Precedence::default() }
}

proptest! {
    #[test]
    fn one_part_with_schools_stays_as_it_is(rows in rows(local())) {
        let whole: BTreeMap<u8, Row> =
            rows.into_iter().filter(|(_, row)| row.school.is_some()).collect();
        let years = part(&whole);
        prop_assert_eq!(combined(&[("a", &years)], &Precedence::default()), content(&years));
    }

    #[test]
    fn combining_again_changes_nothing(a in rows(local()), b in rows(local()), c in rows(local())) {
        let (a, b, c) = (part(&a), part(&b), part(&c));
        let parts = [("a", &a), ("b", &b), ("c", &c)];
        let first = precedence("whole", "");
        let all: Vec<Part<'_>> = parts.map(|(source, years)| Part { source, years }).into();
        let Some(once) = combine(&all, &first).years else { return Ok(()) };
        prop_assert_eq!(combined(&[("whole", &once)], &first), content(&once));
        let again = [&[("whole", &*once)][..], &parts].concat();
        prop_assert_eq!(sorted(combined(&again, &first)), sorted(content(&once)));
    }

    #[test]
    fn the_order_in_which_parts_are_given_changes_nothing(
        a in rows(local()), b in rows(local()), c in rows(local()),
    ) {
        let (a, b, c) = (part(&a), part(&b), part(&c));
        for settings in ["", "gpa=c>a, school_id=b"] {
            let settings = precedence("b", settings);
            let one = combined(&[("a", &a), ("b", &b), ("c", &c)], &settings);
            prop_assert_eq!(combined(&[("c", &c), ("a", &a), ("b", &b)], &settings), one);
        }
    }

    #[test]
    fn sources_that_agree_give_the_same_year_whoever_is_believed_first(
        truth in rows(Just((true, true))), a in any::<[u8; 8]>(), b in any::<[u8; 8]>(),
    ) {
        // Each source tells a part of the truth.
        let of = |mask: [u8; 8]| {
            let known = |(student, row): (&u8, &Row)| {
                let bit = |bit: u8| mask[usize::from(*student)] >> bit & 1 == 1;
                let row = Row {
                    has_local: true,
                    has_statewide: bit(0),
                    school: row.school.filter(|_| bit(1)),
                    grade: row.grade.filter(|_| bit(2)),
                    gpa: row.gpa.filter(|_| bit(3)),
                    test: row.test.filter(|_| bit(4)),
                };
                (*student, row)
            };
            part(&truth.iter().map(known).collect())
        };
        let (a, b) = (of(a), of(b));
        let parts = [("a", &a), ("b", &b)];
        let one = combined(&parts, &precedence("a, b", ""));
        prop_assert_eq!(sorted(combined(&parts, &precedence("b, a", ""))), sorted(one));
        let told = told(&parts, &Precedence::default()).join("\n");
        prop_assert!(!told.contains("not the same"), "{}", told);
    }

    /// The plain definition, student by student and column by column.
    #[test]
    fn each_value_is_of_the_first_source_that_tells_it(
        a in rows(local()), b in rows(local()), c in rows(local()),
    ) {
        let settings = precedence("b, a", "gpa=c>b, school_id=a");
        let first = |student: u8, order: [&BTreeMap<u8, Row>; 3], of: fn(&Row) -> Option<u8>| {
            order.into_iter().find_map(|rows| rows.get(&student).and_then(of))
        };
        let mut expected = Vec::new();
        for student in 0..8_u8 {
            let Some(school) = first(student, [&a, &b, &c], |row| row.school) else { continue };
            let general = [&b, &a, &c];
            let has = |of: fn(&Row) -> bool| {
                general.iter().any(|rows| rows.get(&student).is_some_and(of))
            };
            let statewide = has(|row| row.has_statewide);
            let grade = first(student, general, |row| row.grade);
            let gpa = first(student, [&c, &b, &a], |row| row.gpa);
            let test = first(student, general, |row| row.test);
            expected.push(vec![
                format!("school-{school}"),
                format!("local-id-{student}"),
                if statewide { format!("state-id-{student}") } else { String::new() },
                grade.unwrap_or(MISSING).to_string(),
                gpa.map_or(f64::NAN, f64::from).to_string(),
                test.map(|test| test.to_string()).unwrap_or_default(),
            ]);
        }
        let (a, b, c) = (part(&a), part(&b), part(&c));
        let found = combined(&[("a", &a), ("b", &b), ("c", &c)], &settings);
        prop_assert_eq!(sorted(found), sorted(expected));
    }
}

fn row(ids: (bool, bool), school: Option<u8>, gpa: Option<u8>) -> Row {
    let (has_local, has_statewide) = ids;
    Row { has_local, has_statewide, school, gpa, grade: Some(4), ..Row::default() }
}

#[test]
fn a_row_without_the_common_id_is_found_by_a_row_that_has_both() {
    let roster = part(&[(1, row((true, true), Some(1), None))].into());
    let scores = part(&[(1, row((false, true), None, Some(3)))].into());
    let attendance = part(&[(1, row((true, false), None, None))].into());
    let parts = [("caaspp", &scores), ("csv", &roster), ("sis", &attendance)];
    let found = combined(&parts, &Precedence::default());
    assert_eq!(found, [["school-1", "local-id-1", "state-id-1", "4", "3", ""]]);
    let told = told(&parts, &Precedence::default());
    let expected = "student_id is empty in rows of caaspp, whose statewide_id says who they are: \
                    a.csv line 2. nothing has to be done: another row has both ids";
    assert_eq!(told, [expected]);
}

#[test]
fn rows_that_share_no_id_are_told_with_the_setting_to_change() {
    let roster = part(&[(1, row((true, false), Some(1), None))].into());
    let scores = part(&[(1, row((false, true), None, Some(3)))].into());
    let parts = [("csv", &roster), ("caaspp", &scores)];
    let found = combined(&parts, &Precedence::default());
    assert_eq!(found, [["school-1", "local-id-1", "", "4", "NaN", ""]]);
    let told = told(&parts, &Precedence::default()).join("\n");
    for expected in [
        "student_id is empty in rows of caaspp, which join no row with a student_id",
        "set common_id = \"statewide_id\" in node.toml",
        "school_id is in no source: the student is left out: a.csv line 2 (***-1)",
    ] {
        assert!(told.contains(expected), "{expected} in\n{told}");
    }
}

#[test]
fn a_conflict_is_counted_by_column_and_pair_and_shows_no_value() {
    let of =
        |gpa: u8| part(&(1..=5).map(|id| (id, row((true, true), Some(1), Some(gpa)))).collect());
    let (a, b) = (of(2), of(3));
    let parts = [("a", &a), ("b", &b)];
    let told = told(&parts, &precedence("", "gpa=b"));
    assert_eq!(
        told,
        ["gpa is not the same in b and a: that of b is taken (5 times): a.csv line 2 (***-1); \
          a.csv line 3 (***-2); a.csv line 4 (***-3); …. correct the source that is wrong, or name \
          the one to believe in column_precedence of node.toml"]
    );
    let gpa: Vec<String> =
        combined(&parts, &precedence("", "gpa=b")).into_iter().map(|row| row[4].clone()).collect();
    assert_eq!(gpa, ["3"; 5]);
}

#[test]
fn each_part_says_how_many_joined_and_what_it_is_believed_about_first() {
    let roster = part(
        &[(1, row((true, true), Some(1), None)), (2, row((true, true), Some(2), None))].into(),
    );
    let scores = part(
        &[(2, row((true, true), None, Some(3))), (3, row((true, true), None, Some(3)))].into(),
    );
    let parts = [Part { source: "sis", years: &roster }, Part { source: "caaspp", years: &scores }];
    let combined = combine(&parts, &precedence("sis", "gpa=caaspp"));
    let [sis, caaspp] = combined.parts.as_slice() else { panic!("two parts") };
    assert_eq!((sis.source.as_str(), sis.rows, sis.joined, sis.without_school), ("sis", 2, 2, 0));
    assert_eq!((caaspp.rows, caaspp.joined, caaspp.without_school), (2, 1, 1));
    assert_eq!(combined.without_school, 1);
    assert!(sis.first_of.contains(Column::GradeLevel) && !sis.first_of.contains(Column::Gpa));
    assert_eq!(caaspp.first_of.iter().collect::<Vec<_>>(), [Column::Gpa]);
}

#[test]
fn one_id_of_two_students_is_fatal_and_so_are_two_rows_that_a_roster_says_are_one() {
    let fatal = |parts: &[(&str, &StudentYears)]| {
        let parts: Vec<Part<'_>> =
            parts.iter().map(|(source, years)| Part { source, years }).collect();
        let groups: Vec<_> = combine(&parts, &Precedence::default())
            .problems
            .groups()
            .filter(|group| group.problem.severity == Severity::Fatal)
            .map(|group| group.to_string())
            .collect();
        groups.join("\n")
    };
    let years = |rows: [(&str, &str); 2]| {
        let mut years = StudentYears::new(SchoolYear::ending(2026).unwrap());
        years.files = vec!["a.csv".to_owned()];
        years.schools = vec!["10".to_owned()];
        for (line, (local, statewide)) in (2..).zip(rows) {
            years.push(0, local, statewide, (0, line));
        }
        years.sorted()
    };
    let one = years([("L1", "S-1234567"), ("L2", "")]);
    let other = years([("L2", "S-1234567"), ("L3", "")]);
    let told = fatal(&[("one", &one), ("other", &other)]);
    assert!(told.starts_with("statewide_id is there twice in 2025-26: a.csv line"), "{told}");
    let split = years([("L1", ""), ("", "S-1234567")]);
    let told = fatal(&[("one", &one), ("split", &split)]);
    assert!(told.starts_with("student_id and statewide_id of two rows of split"), "{told}");
    assert!(told.contains("again in a.csv line 3"), "{told}");
}
