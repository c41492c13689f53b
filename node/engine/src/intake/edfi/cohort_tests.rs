//! Four years of enrolments, and the graduation cohort that they make.

use super::{
    tests::{of, problems, read, read_as},
    *,
};
use crate::{intake::tests::number, student::Column};

/// An enrolment in a high school from a day on, until another with its exit.
fn in_high_school(student: &str, grade: &str, days: [&str; 2], exit: &str) -> Element {
    let mut lines = vec![
        "schoolReference/schoolId=10".to_owned(),
        format!("entryGradeLevel=x#{grade} grade"),
        format!("entryDate={}", days[0]),
    ];
    if !exit.is_empty() {
        lines.push(format!("exitWithdrawDate={}", days[1]));
        lines.push(format!("exitWithdrawType=x#{exit}"));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    of(student, "StudentSchoolAssociation", &lines)
}

/// Four years of a high school: who graduated, dropped out, moved away, got
/// another diploma, and is still there; and who left before them each year.
fn four_years() -> Vec<Element> {
    let diploma = |student: &str, kind: &str| {
        of(student, "StudentAcademicRecord", &[&format!("diploma/diplomaType=x#{kind}")])
    };
    let mut records = vec![diploma("a1", "Regular diploma"), diploma("b2", "Modified diploma")];
    for student in ["a1", "b2"] {
        for (grade, ending) in [("Ninth", 2023), ("Tenth", 2024), ("Eleventh", 2025)] {
            let days = [format!("{}-08-10", ending - 1), format!("{ending}-06-05")];
            let days = [days[0].as_str(), days[1].as_str()];
            records.push(in_high_school(student, grade, days, "End of school year"));
        }
        let days = ["2025-08-10", "2026-06-05"];
        records.push(in_high_school(student, "Twelfth", days, "Graduated"));
    }
    let first = "2022-08-10";
    records.push(in_high_school("c3", "Ninth", [first, "2023-11-01"], "Dropped out"));
    records.push(in_high_school("d4", "Ninth", [first, "2024-11-01"], "Moved out of state"));
    // One enrolment that goes on since the ninth grade.
    records.push(in_high_school("e5", "Ninth", [first, ""], ""));
    // Of the cohort before.
    records.push(in_high_school("f6", "Ninth", ["2021-08-10", "2022-12-01"], "Dropped out"));
    records
}

#[test]
fn a_cohort_is_told_of_four_years_of_enrolments_and_its_diplomas() {
    let imported = read_as(&four_years(), EdFi::with_cohort).unwrap();
    let years = &imported.years[0];
    let values = years.values(Column::CohortOutcome).unwrap();
    let told: Vec<(&[u8], String)> = (0..years.rows())
        .map(|row| {
            let outcome = crate::intake::cell_text(Column::CohortOutcome, values, row, &[]);
            (years.students.get(row), outcome)
        })
        .collect();
    let expected = ["graduated_4yr", "completer", "dropout", "transferred_out", "still_enrolled"];
    let ids = [b"a1", b"b2", b"c3", b"d4", b"e5"].map(<[u8; 2]>::as_slice);
    let expected: Vec<(&[u8], String)> = ids.into_iter().zip(expected.map(str::to_owned)).collect();
    assert_eq!(told, expected);
    assert_eq!(number(years, Column::CohortYear, 2) as u16, 2026);
}

#[test]
fn a_cohort_is_not_told_unless_asked_for_and_refused_where_years_are_missing() {
    let silent = read(&four_years()).unwrap();
    assert!(silent.years[0].values(Column::CohortOutcome).is_none());
    let only_one = [in_high_school("a1", "Twelfth", ["2025-08-10", "2026-06-05"], "Graduated")];
    let mut unknown = four_years();
    unknown.push(in_high_school("g7", "Tenth", ["2024-08-10", "2024-09-01"], "Vanished"));
    for (records, what) in [
        (only_one.to_vec(), "no enrolment in grades 9 to 12 ended in 2022-23"),
        (unknown, "an exit has no meaning"),
    ] {
        let refused = read_as(&records, EdFi::with_cohort).unwrap_err();
        let problems = problems(&refused.report);
        assert!(problems.iter().any(|it| it.contains(what)), "{problems:?}");
    }
}
