//! Bundles as the standard lays them out, and what they are refused for.

use super::*;
use crate::{
    intake::{Imported, Refused, tests::schools},
    student::{Column, Values},
};

const MANIFEST: &str = "propertyName,value\noneroster.version,1.1\nfile.users,bulk";
const SESSIONS: &str = "sourcedId,status,type,startDate,endDate,schoolYear\n\
    y,active,schoolYear,2025-08-11,2026-06-05,2026\nt,active,term,2025-08-11,2025-12-19,2026";
const ORGS: &str =
    "sourcedId,status,name,type,identifier\ns1,active,One,school,10\ns2,,Two,school,20";
const USERS: &str = "sourcedId,status,orgSourcedIds,role,identifier,grades,password\n\
    u1,active,s1,student,1001,07,secret\nu2,,\"s1,s2\",student,1002,\"08,09\",\n\
    u3,active,s1,teacher,2001,,\nu4,tobedeleted,s1,student,1004,07,\nu5,,s2,student,1005,13,";
const DEMOGRAPHICS: &str = "sourcedId,sex,asian,white,hispanicOrLatinoEthnicity\n\
    u1,female,true,true,false\nu2,male,true,false,true";
const ENROLLMENTS: &str = "schoolSourcedId,userSourcedId,role,beginDate,endDate\n\
    s1,u1,student,2025-08-11,2025-12-19\ns1,u1,student,2026-01-06,2026-06-05\n\
    s1,u2,student,2025-08-11,2025-12-19\ns2,u2,student,2026-01-06,2026-06-05\n\
    s1,u3,teacher,,\ns1,u9,student,,";

fn whole() -> Vec<(Table, &'static str)> {
    vec![
        (Table::Manifest, MANIFEST),
        (Table::AcademicSessions, SESSIONS),
        (Table::Orgs, ORGS),
        (Table::Users, USERS),
        (Table::Demographics, DEMOGRAPHICS),
        (Table::Enrollments, ENROLLMENTS),
    ]
}

/// Cuts a line at commas outside quotation marks.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for character in line.trim().chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(character),
        }
    }
    cells
}

fn read(files: &[(Table, &str)]) -> Result<Imported, Refused> {
    let mut roster = OneRoster::new(schools(), None);
    for (table, content) in files {
        let mut lines = content.lines();
        let name = format!("{}.csv", table.file());
        if roster.begin(*table, &name, &cells(lines.next().unwrap())) {
            for (line, row) in (2..).zip(lines) {
                let cells = cells(row);
                roster.row(line, cells.iter().map(String::as_bytes));
            }
        }
    }
    roster.finish()
}

#[test]
fn a_roster_gives_school_grade_and_race_of_students_alone() {
    let imported = read(&whole()).unwrap();
    let [years] = imported.years.as_slice() else { panic!("one year") };
    let ids: Vec<&[u8]> = (0..years.rows()).map(|row| years.students.get(row)).collect();
    assert_eq!(ids, [b"1001".as_slice(), b"1002", b"1005"]);
    let schools: Vec<&str> =
        years.school.iter().map(|school| years.schools[*school as usize].as_str()).collect();
    assert_eq!(schools, ["10", "20", "20"]);
    let bytes = |column| match years.values(column) {
        Some(Values::Bytes(bytes)) => bytes.clone(),
        _ => panic!("{column:?} is there"),
    };
    // Two races are "two or more"; Hispanic comes before every race.
    assert_eq!(bytes(Column::RaceEthnicity)[..2], [7, 4]);
    assert_eq!(bytes(Column::Gender)[..2], [0, 1]);
    assert_eq!(bytes(Column::GradeLevel)[..2], [8, 9]);
    // Two terms at one school with the winter break between: one enrolment.
    assert_eq!(bytes(Column::ContinuouslyEnrolled), [1, 0, 1]);
    assert!(!format!("{imported:?}").contains("1001"));
}

#[test]
fn orphans_are_told_and_deleted_rows_left_out() {
    let imported = read(&whole()).unwrap();
    let groups: Vec<String> =
        imported.report.problems.groups().map(|group| group.to_string()).collect();
    assert!(groups.iter().any(|group| group.contains("is not in users.csv")), "{groups:?}");
    assert!(imported.report.filtered >= 2);
}

#[test]
fn values_that_the_standard_does_not_define_are_listed_and_not_dropped_unseen() {
    let mut files = whole();
    for (table, content) in [
        (
            Table::Users,
            "sourcedId,orgSourcedIds,role,identifier,grades\n\
             u1,s1,student,1001,07\nu2,s1,student,1002,7th\nu3,s1,teacher,2001,all\n\
             u6,s1,Student,1006,07\nu7,s1,student,1007,1007",
        ),
        (Table::Demographics, "sourcedId,sex,asian\nu1,F,true\nu2,Female,yes"),
    ] {
        files.iter_mut().filter(|file| file.0 == table).for_each(|file| file.1 = content);
    }
    let report = read(&files).unwrap().report;
    let listed: Vec<String> = report
        .unmapped
        .values()
        .iter()
        .map(|it| format!("{} {} {} line {}", it.column, it.value, it.count, it.first.line))
        .collect();
    let expected = [
        "demographics asian \"yes\" 1 line 3",
        "demographics sex \"F\" 1 line 2",
        "users grades \"7th\" 1 line 3",
        "users grades *** 1 line 6",
        "users role \"Student\" 1 line 5",
    ];
    assert_eq!(listed, expected);
}

#[test]
fn a_roster_without_demographics_still_counts() {
    let mut files = whole();
    files.retain(|(table, _)| *table != Table::Demographics);
    let imported = read(&files).unwrap();
    assert!(imported.years[0].values(Column::RaceEthnicity).is_none());
}

#[test]
fn bundles_that_cannot_be_used_are_refused() {
    let with = |table: Table, content: &'static str| {
        let mut files = whole();
        files.iter_mut().filter(|file| file.0 == table).for_each(|file| file.1 = content);
        files
    };
    for (files, what) in [
        (with(Table::Manifest, "propertyName,value\noneroster.version,2.0"), "does not read"),
        (with(Table::Users, "sourcedid,identifier,grades"), "missing from the header"),
        (with(Table::Users, "sourcedId,identifier,grades\nu1,1"), "another number of cells"),
        (
            with(
                Table::Users,
                "sourcedId,identifier,grades,role\nu1,1,07,student\nu1,1,07,student",
            ),
            "is there twice",
        ),
        (with(Table::AcademicSessions, SESSIONS.lines().next().unwrap()), "no school year"),
        (with(Table::Orgs, "sourcedId,type,identifier\ns1,school,30\ns2,school,30"), "reports for"),
    ] {
        let refused = read(&files).unwrap_err();
        let groups: Vec<String> =
            refused.report.problems.groups().map(|group| group.to_string()).collect();
        assert!(groups.iter().any(|group| group.contains(what)), "{what}: {groups:?}");
    }
}
