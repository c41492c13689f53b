//! Whole student years from facts.

use peerlight_proto::units::SchoolYear;

use super::*;
use crate::{
    intake::{
        Imported, Refused,
        tests::{byte, number, schools},
    },
    student::{Column, MISSING},
};

fn year() -> SchoolYear {
    SchoolYear::ending(2026).unwrap()
}

fn day(text: &str) -> Day {
    Day::read(text).unwrap()
}

fn spell(school: &'static str, start: &str, end: &str) -> Fact<'static> {
    Fact::Spell(Spell {
        school,
        grade: Some("07".parse().unwrap()),
        start: day(start),
        end: Day::read(end),
        is_primary: true,
        exit: None,
    })
}

fn gathered(facts: &[(&str, Fact<'_>)], told: &[Column]) -> Result<Imported, Refused> {
    let mut gather = Gather::new(schools(), JoinId::Statewide, None);
    gather.begin("facts");
    gather.covers(year());
    gather.tells(told.iter().copied());
    for (line, (student, fact)) in (1..).zip(facts) {
        gather.add(StudentIds { local: "", statewide: student }, fact, line);
    }
    gather.finish()
}

#[test]
fn a_student_who_moved_has_one_row_with_all_days_and_those_at_the_last_school() {
    let facts = [
        ("A", spell("10", "2025-08-11", "2026-01-30")),
        ("A", spell("20", "2026-02-02", "2026-06-05")),
        ("A", Fact::Attendance { year: year(), school: "10", expected: 100.0, absent: 4.0 }),
        ("A", Fact::Attendance { year: year(), school: "20", expected: 80.0, absent: 14.0 }),
    ];
    let imported = gathered(&facts, &[]).unwrap();
    let [years] = imported.years.as_slice() else { panic!("one year") };
    assert_eq!(years.rows(), 1);
    assert_eq!(years.schools[years.school[0] as usize], "20");
    let of = |column| number(years, column, 0);
    assert_eq!((of(Column::DaysExpected), of(Column::DaysAbsent)), (180.0, 18.0));
    assert_eq!((of(Column::DaysExpectedAtSchool), of(Column::DaysAbsentAtSchool)), (80.0, 14.0));
    assert_eq!(byte(years, Column::EnrolledOnOctoberCensus, 0), 0);
}

#[test]
fn silence_of_a_table_that_was_read_means_no_and_of_others_missing() {
    let facts = [
        ("A", spell("10", "2025-08-11", "2026-06-05")),
        ("B", spell("10", "2025-08-11", "2026-06-05")),
        ("A", Fact::Membership { column: Column::Homeless, from: day("2024-11-01"), to: None }),
        (
            "B",
            Fact::Membership {
                column: Column::Homeless,
                from: day("2024-11-01"),
                to: Some(day("2025-06-30")),
            },
        ),
        ("B", Fact::Removal { year: year(), incident: "1", kind: Removal::Suspension, days: 1.5 }),
    ];
    let imported = gathered(&facts, &[Column::Homeless, Column::DaysSuspended]).unwrap();
    let years = &imported.years[0];
    let flags = [0, 1].map(|row| byte(years, Column::Homeless, row));
    assert_eq!(flags, [1, 0]);
    let days: Vec<_> = (0..2).map(|row| number(years, Column::DaysSuspended, row)).collect();
    assert_eq!(days, [0.0, 1.5]);
    assert_eq!(byte(years, Column::Foster, 0), MISSING);
}

#[test]
fn years_that_are_only_history_make_no_rows() {
    let facts = [
        ("A", spell("10", "2022-08-11", "2026-06-05")),
        ("A", Fact::Language { status: LanguageStatus::Learner, from: day("2018-08-11") }),
    ];
    let imported = gathered(&facts, &[]).unwrap();
    assert_eq!(imported.years.len(), 1);
    assert_eq!(byte(&imported.years[0], Column::LongTermEnglishLearner, 0), 1);
}

#[test]
fn a_school_that_is_not_ours_and_a_row_without_an_id_are_refused() {
    let elsewhere = Fact::Attendance { year: year(), school: "30", expected: 1.0, absent: 0.0 };
    for (student, fact) in [("A", elsewhere), ("", spell("10", "2025-08-11", ""))] {
        let refused = gathered(&[(student, fact)], &[]).unwrap_err();
        let groups: Vec<String> =
            refused.report.problems.groups().map(|group| group.to_string()).collect();
        assert_eq!(groups.len(), 1, "{groups:?}");
        assert!(groups[0].contains("facts line 1"), "{groups:?}");
    }
}

#[test]
fn a_value_out_of_range_is_refused_with_its_column() {
    let fact = Fact::Value { year: year(), column: Column::ElaLevel, text: "7" };
    let refused = gathered(&[("A", fact)], &[]).unwrap_err();
    let group = refused.report.problems.groups().next().unwrap();
    assert_eq!(group.problem.column.as_deref(), Some("ela_level"));
}
