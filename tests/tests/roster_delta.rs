//! Rosters that are sent as changes, on the real node: a delta is applied once
//! over what is held, and never without it.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use peerlight_tests::harness::Program;
use serde_json::Value;

use crate::{
    fixture::{Fixture, held},
    raw_tables::{StudentYear, roster, student_years, write_zip},
};

/// Exit code of the node.
const DATA_REFUSED: i32 = 6;

const MANIFEST: &str = "propertyName,value\noneroster.version,1.1\n\
                        file.users,delta\nfile.enrollments,delta\n";

/// A delta of one time: the first student has left, the second is in `grade`,
/// and one has come.
fn write_delta(path: &Path, years: &[StudentYear], time: &str, grade: &str) -> PathBuf {
    let (left, moved) = (&years[0], &years[1]);
    let school = |year: &StudentYear| format!("org-{}", year["school_id"]);
    let mut users =
        "sourcedId,status,dateLastModified,orgSourcedIds,role,identifier,grades\n".to_owned();
    let mut enrollments = "sourcedId,status,dateLastModified,schoolSourcedId,userSourcedId,role,\
                           beginDate,endDate\n"
        .to_owned();
    for (id, status, year, student, grade) in [
        ("0", "tobedeleted", left, &left["student_id"], "05"),
        ("1", "active", moved, &moved["student_id"], grade),
        ("new", "active", moved, &"newcomer".to_owned(), "05"),
    ] {
        let school = school(year);
        writeln!(users, "usr-{id},{status},{time},{school},student,{student},{grade}").unwrap();
        let rest = format!("{school},usr-{id},student,2024-08-12,");
        writeln!(enrollments, "e-{id},{status},{time},{rest}").unwrap();
    }
    let files = [
        ("manifest.csv", MANIFEST.to_owned()),
        ("users.csv", users),
        ("enrollments.csv", enrollments),
    ];
    write_zip(path, &files)
}

fn import(program: &Program, path: &Path) -> Value {
    program.json(&["import", "oneroster", &path.display().to_string()]).unwrap()
}

/// What became of the year, and the roster's rows.
fn outcome(answer: &Value) -> (&str, u64) {
    let year = &answer["years"][0];
    (year["outcome"].as_str().unwrap(), year["rows"].as_u64().unwrap())
}

/// Files in the records folder that keep rows of a roster.
fn kept(program: &Program) -> usize {
    let files = fs::read_dir(program.home().join("records")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("kept-")).count()
}

fn grades_that_differ(answer: &Value) -> u64 {
    let groups = answer["problems"].as_array().unwrap().iter();
    let mut of_grade = groups.filter(|it| {
        it["column"] == "grade_level"
            && it["problem"].as_str().is_some_and(|it| it.contains("is not the same in"))
    });
    of_grade.next().map_or(0, |group| group["count"].as_u64().unwrap())
}

#[test]
fn a_delta_is_applied_once_over_the_bundle_that_is_held() {
    let fixture = Fixture::new(1);
    let program = &fixture.nodes[0].program;
    let years = student_years(&fixture);
    let at = |name: &str| fixture.root().join(name);
    let count = years.len() as u64;
    let grade = if years[1]["grade_level"] == "05" { "06" } else { "05" };
    let delta = write_delta(&at("delta.zip"), &years, "2025-03-01T08:00:00Z", grade);

    // Nothing is held yet.
    let before = held(program);
    let path = delta.display().to_string();
    let report = at("report");
    let folder = report.display().to_string();
    let arguments = ["import", "oneroster", &path, "--report", &folder];
    let failure = program.fails(&arguments).unwrap();
    assert_eq!(failure.code, Some(DATA_REFUSED), "{failure}");
    let told = fs::read_to_string(report.join("import-report.csv")).unwrap();
    assert!(told.contains("no whole bundle is held"), "{told}");
    assert!(told.contains("manifest.csv line 3"), "{told}");
    assert_eq!(held(program), before);

    let whole = write_zip(&at("whole.zip"), &roster(&years));
    let answer = import(program, &whole);
    assert_eq!((outcome(&answer), kept(program)), (("new", count), 1));
    assert_eq!(grades_that_differ(&answer), 0);

    let dry = program.json(&["import", "oneroster", &path, "--dry-run"]).unwrap();
    assert_eq!(outcome(&dry), ("checked, not applied", count));
    let answer = import(program, &delta);
    assert_eq!((outcome(&answer), kept(program)), (("replaced", count), 1));
    assert_eq!(grades_that_differ(&answer), 1, "the second student's: {answer:#}");

    // Again, and one that was exported before it: nothing changes.
    let after = held(program);
    assert_eq!(outcome(&import(program, &delta)), ("unchanged", count));
    let older = write_delta(&at("older.zip"), &years, "2025-02-01", "12");
    let answer = import(program, &older);
    assert_eq!(outcome(&answer), ("unchanged", count));
    assert!(answer.to_string().contains("is before that of the row held"), "{answer:#}");
    assert_eq!(held(program), after);
    let doctor = program.run(&["doctor", "--offline"]).unwrap();
    assert!(doctor.contains("2024-25 open"), "{doctor}");

    // The whole bundle takes the place of everything.
    let answer = import(program, &whole);
    assert_eq!((outcome(&answer), kept(program)), (("replaced", count), 1));
    assert_eq!(grades_that_differ(&answer), 0);
    assert_eq!(grades_that_differ(&import(program, &delta)), 1);

    // Nothing of a student is to be read in the kept rows.
    let files = fs::read_dir(program.home().join("records")).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"newcomer"), "{}", file.display());
    }
}
