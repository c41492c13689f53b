//! Files exactly to the layouts, and what they are refused for.

use peerlight_proto::units::Grade;

use super::*;
use crate::{
    intake::{Imported, Refused, StudentYears, tests::schools},
    student::{Column, MISSING, Values},
};

/// A row of a record type with some fields filled in, positions from 1.
fn row(record: &str, width: usize, fields: &[(usize, &str)]) -> Vec<String> {
    let mut cells = vec![String::new(); width];
    cells[0] = record.to_owned();
    for (position, text) in fields {
        cells[position - 1] = (*text).to_owned();
    }
    cells
}

fn enrolment(student: &str, fields: &[(usize, &str)]) -> Vec<String> {
    let mut all = vec![
        (5, "10"),
        (7, "2025-2026"),
        (8, student),
        (9, "L"),
        (22, "20250811"),
        (23, "10"),
        (24, "07"),
    ];
    all.extend_from_slice(fields);
    let local = format!("L{student}");
    let mut cells = row("SENR", 39, &all);
    cells[8] = local;
    cells
}

/// A row with the twelve fields that most record types begin with.
fn common(record: &str, student: &str, fields: &[(usize, &str)]) -> Vec<String> {
    let mut all = vec![(5, "10"), (6, "2025-2026"), (7, student)];
    all.extend_from_slice(fields);
    row(record, 26, &all)
}

fn read(rows: &[Vec<String>]) -> Result<Imported, Refused> {
    let mut calpads = Calpads::new(schools(), None);
    calpads.begin("calpads.txt");
    for (line, row) in (1..).zip(rows) {
        calpads.row(line, row.iter().map(String::as_bytes));
    }
    calpads.finish()
}

fn years(rows: &[Vec<String>]) -> StudentYears {
    read(rows).unwrap().years.remove(0)
}

fn byte(years: &StudentYears, column: Column) -> u8 {
    match years.values(column) {
        Some(Values::Bytes(bytes)) => bytes[0],
        _ => MISSING,
    }
}

fn number(years: &StudentYears, column: Column) -> f64 {
    match years.values(column) {
        Some(Values::Numbers(numbers)) => numbers[0],
        _ => f64::NAN,
    }
}

fn groups(refused: &Refused) -> Vec<String> {
    refused.report.problems.groups().map(|group| group.to_string()).collect()
}

#[test]
fn a_student_year_comes_from_all_the_files() {
    let years = years(&[
        enrolment("A", &[]),
        row(
            "SINF",
            42,
            &[(7, "10"), (8, "2025-2026"), (9, "A"), (19, "F"), (23, "N"), (25, "400"), (38, "14")],
        ),
        common("SELA", "A", &[(13, "EL"), (14, "20180820")]),
        common("SPRG", "A", &[(13, "191"), (14, "1"), (15, "20250901"), (16, "20251010")]),
        common(
            "STAS",
            "A",
            &[(13, "N"), (15, "180"), (17, "2"), (18, "1"), (19, "12.5"), (20, "3.5")],
        ),
        common("SIRS", "A", &[(13, "I1"), (14, "100"), (16, "2")]),
        common("SIRS", "A", &[(13, "I2"), (14, "300"), (16, "1")]),
        common("SCSC", "A", &[(16, "5"), (18, "B+")]),
        common("SOFF", "A", &[]),
    ]);
    assert_eq!(years.rows(), 1);
    assert_eq!(years.students.get(0), b"LA");
    assert_eq!(years.statewide.get(0), b"A");
    for (column, value) in [
        (Column::GradeLevel, 8),
        (Column::Gender, 0),
        (Column::RaceEthnicity, 3),
        (Column::EnglishLearner, 1),
        (Column::LongTermEnglishLearner, 1),
        (Column::Homeless, 1),
        (Column::SocioeconomicallyDisadvantaged, 1),
        (Column::Migrant, 0),
        (Column::IncidentsSuspended, 1),
        (Column::EnrolledOnOctoberCensus, 1),
        // No file tells of it since 2019-20.
        (Column::StudentsWithDisabilities, MISSING),
    ] {
        assert_eq!(byte(&years, column), value, "{}", column.name());
    }
    // 18 of 180 days: in-school suspension is attendance.
    let numbers = [Column::DaysExpected, Column::DaysAbsent, Column::DaysSuspended, Column::Gpa];
    let numbers: Vec<f64> = numbers.iter().map(|column| number(&years, *column)).collect();
    assert_eq!(numbers, [180.0, 18.0, 2.0, 3.0]);
}

#[test]
fn a_kindergartner_in_the_program_is_in_transitional_kindergarten() {
    for (grade, program, expected) in
        [("KN", "185", "TK"), ("KN", "135", "KG"), ("01", "185", "01"), ("TK", "135", "TK")]
    {
        let years = years(&[
            enrolment("A", &[(24, grade)]),
            common("SPRG", "A", &[(13, program), (14, "1"), (15, "20250901")]),
        ]);
        let expected: Grade = expected.parse().unwrap();
        assert_eq!(usize::from(byte(&years, Column::GradeLevel)), expected.index(), "{grade}");
        assert_eq!(byte(&years, Column::Homeless), 0, "who is in SPRG at all is in no other group");
    }
}

#[test]
fn who_never_came_or_does_not_attend_is_left_out() {
    let rows = [
        enrolment("A", &[]),
        enrolment("B", &[(26, "N470"), (25, "20250811")]),
        enrolment("C", &[(23, "40")]),
    ];
    let imported = read(&rows).unwrap();
    assert_eq!(imported.years[0].rows(), 1);
    assert_eq!((imported.report.rows, imported.report.filtered), (3, 2));
}

#[test]
fn exempt_students_have_no_attendance() {
    let years = years(&[enrolment("A", &[]), common("STAS", "A", &[(13, "Y"), (15, "180")])]);
    assert!(number(&years, Column::DaysExpected).is_nan());
}

#[test]
fn a_code_that_nobody_knows_is_told_and_the_row_kept() {
    let rows = [
        enrolment("A", &[(24, "99")]),
        common("SPRG", "A", &[(13, "999")]),
        common("SPRG", "A", &[(13, "999")]),
        common("SCSC", "A", &[(16, "5"), (18, "E")]),
    ];
    let imported = read(&rows).unwrap();
    let groups: Vec<String> =
        imported.report.problems.groups().map(|group| group.to_string()).collect();
    assert!(
        groups.iter().any(|group| group.contains("SENR grade has the code \"99\"")),
        "{groups:?}"
    );
    assert!(groups.iter().any(|group| group.contains("SPRG program has the code \"999\"")));
    let listed = imported.report.unmapped.values();
    let listed: Vec<_> = listed
        .iter()
        .map(|it| (it.column.as_str(), it.value.as_str(), it.count, it.read_as_in_words()))
        .collect();
    let expected = [
        ("SCSC letter", "\"E\"", 1, "missing"),
        ("SENR grade", "\"99\"", 1, "missing"),
        ("SPRG program", "\"999\"", 2, "missing"),
    ];
    assert_eq!(listed, expected);
    assert_eq!(imported.years[0].rows(), 1);
}

#[test]
fn an_impossible_change_of_language_status_is_told() {
    let rows = [
        enrolment("A", &[]),
        common("SELA", "A", &[(13, "RFEP"), (14, "20200820")]),
        common("SELA", "A", &[(13, "EL"), (14, "20240820")]),
    ];
    let imported = read(&rows).unwrap();
    let group = imported.report.problems.groups().next().unwrap().to_string();
    assert!(group.contains("goes from RFEP to EL"), "{group}");
}

#[test]
fn bad_files_are_refused_with_line_and_remedy() {
    for (rows, what) in [
        (vec![row("SSID,Grade", 1, &[])], "not of a CALPADS record type"),
        (vec![row("SENR", 12, &[(7, "2025-2026")])], "too few fields"),
        (vec![enrolment("A", &[(22, "08/11/2025")])], "is not a date"),
        (vec![enrolment("A", &[(22, "")])], "no start date"),
        (vec![enrolment("A", &[(25, "20250101")])], "ends before it begins"),
        (vec![enrolment("", &[])], "is empty"),
        (vec![enrolment("A", &[(5, "30")])], "reports for"),
        (vec![common("SELA", "A", &[(13, "EL"), (14, "20180820")])], "which students"),
        (vec![common("STAS", "A", &[(15, "many")])], "is not a number"),
    ] {
        let refused = read(&rows).unwrap_err();
        let groups = groups(&refused);
        assert!(groups.iter().any(|group| group.contains(what)), "{what}: {groups:?}");
        assert!(groups.iter().all(|group| group.contains("calpads.txt line 1")), "{groups:?}");
    }
}
