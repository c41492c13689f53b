//! One district's year from three exports: roster, attendance, scores. Joined
//! by the ids they share, believed in the order that the district sets, and
//! never half applied.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use peerlight_tests::harness::{Node, Program};
use serde_json::Value;

use crate::fixture::{Fixture, held};

const ATTENDANCE: [&str; 3] = ["days_expected", "days_absent", "days_suspended"];
const SCORES: [&str; 6] = [
    "grade_assessed",
    "ela_scale_score",
    "math_scale_score",
    "ela_level",
    "math_level",
    "test_name",
];

/// The rows of a file of student years.
struct Export {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Export {
    fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        Self { header, rows: rows.collect() }
    }

    fn at(&self, column: &str) -> usize {
        self.header.iter().position(|name| name == column).unwrap()
    }

    /// Writes the columns that are `wanted`.
    fn write(&self, path: &Path, wanted: impl Fn(&str) -> bool) -> String {
        let kept: Vec<usize> =
            (0..self.header.len()).filter(|column| wanted(&self.header[*column])).collect();
        let mut writer = csv::Writer::from_path(path).unwrap();
        for row in std::iter::once(&self.header).chain(&self.rows) {
            writer.write_record(kept.iter().map(|column| &row[*column])).unwrap();
        }
        writer.flush().unwrap();
        path.display().to_string()
    }
}

/// A district whose 2024-25 was split into three files, with its node.
struct District {
    fixture: Fixture,
    export: Export,
    roster: String,
    attendance: String,
    scores: String,
}

impl District {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let folder = fixture.data.join(&fixture.nodes[0].district);
        let export = Export::read(&folder.join("student_years_2025.csv"));
        let to = |name: &str| fixture.root().join(name);
        let is_elsewhere = |name: &str| ATTENDANCE.contains(&name) || SCORES.contains(&name);
        let roster = export.write(&to("roster.csv"), |name| !is_elsewhere(name));
        let attendance = export.write(&to("attendance.csv"), |name| {
            ["school_year", "student_id"].contains(&name) || ATTENDANCE.contains(&name)
        });
        let scores = export.write(&to("scores.csv"), |name| {
            ["school_year", "statewide_id"].contains(&name) || SCORES.contains(&name)
        });
        Self { fixture, export, roster, attendance, scores }
    }

    fn node(&self) -> &Node {
        &self.fixture.nodes[0]
    }

    fn program(&self) -> &Program {
        &self.node().program
    }

    /// Imports one file of the three as its own source.
    fn import(&self, file: &str, source: &str) -> Value {
        self.program().json(&["import", "csv", file, "--source", source]).unwrap()
    }

    /// Imports the roster in the place of the whole file, which told more.
    fn import_roster(&self) {
        let import = ["import", "csv", &self.roster];
        let failure = self.program().fails(&import).unwrap();
        assert_eq!(failure.code, Some(9), "{failure}");
        let told = "the share of rows that have days_absent went from 100.0 to 0.0 %";
        assert!(failure.said.contains(told), "{failure}");
        self.program().run(&[import.as_slice(), &["--accept-change"]].concat()).unwrap();
    }

    fn import_all(&self) {
        self.import_roster();
        self.import(&self.attendance, "attendance");
        self.import(&self.scores, "scores");
    }

    fn measures(&self) -> Value {
        self.program().json(&["measures", "--groups"]).unwrap()
    }

    /// The sources of 2024-25, by name.
    fn sources(&self) -> BTreeMap<String, Value> {
        let answer = self.program().json(&["sources"]).unwrap();
        let rows = answer["sources"].as_array().unwrap().clone().into_iter();
        let rows = rows.filter(|row| row["school_year"] == 2025);
        rows.map(|row| (row["source"].as_str().unwrap().to_owned(), row)).collect()
    }

    /// What is in force and on the disk.
    fn state(&self) -> (Value, Value, Vec<PathBuf>) {
        held(self.program())
    }

    /// The attendance with another number of days absent for some students.
    fn other_attendance(&self, name: &str, students: usize) -> String {
        let at = self.export.at("days_absent");
        let mut rows = self.export.rows.clone();
        for row in rows.iter_mut().take(students) {
            row[at] = "179".to_owned();
        }
        let header = self.export.header.clone();
        Export { header, rows }.write(&self.fixture.root().join(name), |name| {
            ["school_year", "student_id"].contains(&name) || ATTENDANCE.contains(&name)
        })
    }
}

fn problems(answer: &Value) -> String {
    let groups = answer["problems"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |group: &Value| {
        let count = &group["count"];
        format!("{} {} ({count})", text(&group["column"]), text(&group["problem"]))
    };
    groups.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn three_exports_make_the_same_year_as_one() {
    let district = District::new();
    let whole = district.measures();
    assert!(whole["measures"].as_array().unwrap().len() > 20, "{whole}");
    let files = |(_, _, files): (Value, Value, Vec<PathBuf>)| files.len();
    assert_eq!(files(district.state()), 3, "a year of one source has one file");

    district.import_roster();
    assert_ne!(district.measures(), whole);
    let attendance = district.import(&district.attendance, "attendance");
    assert!(problems(&attendance).contains("school_id is missing"), "{attendance}");
    let scores = district.import(&district.scores, "scores");
    let students = district.export.rows.len();
    let found = format!(
        "student_id is empty in rows of scores, whose statewide_id says who they are ({students})"
    );
    assert!(problems(&scores).contains(&found), "{}", problems(&scores));
    assert_eq!(district.measures(), whole, "counted from three sources as from one");

    let sources = district.sources();
    assert_eq!(sources.keys().collect::<Vec<_>>(), ["attendance", "csv", "scores"]);
    for (name, row) in &sources {
        assert_eq!(row["rows_joined"], students, "{name}");
        assert_eq!(row["rows_without_school"], 0, "{name}");
    }
    let first = sources["attendance"]["first_for_columns"].as_array().unwrap();
    assert_eq!(first.len(), ATTENDANCE.len(), "{first:?}");
    // Two years of one file, and the year of three sources with theirs.
    assert_eq!(files(district.state()), 2 + 4);
    let doctor = district.program().run(&["doctor", "--offline"]).unwrap();
    assert!(doctor.contains("2024-25 open"), "{doctor}");

    let before = district.state();
    let again = district.import(&district.scores, "scores");
    assert_eq!(again["years"][0]["outcome"], "unchanged");
    assert_eq!(district.state(), before, "the same bytes change nothing");
    district.node().sync().unwrap();
}

#[test]
fn sources_that_differ_are_told_and_the_one_that_is_believed_can_be_set() {
    let district = District::new();
    district.import_all();
    let other = district.other_attendance("sis.csv", 40);
    let told = district.import(&other, "sis");
    let line =
        "days_absent is not the same in attendance and sis: that of attendance is taken (40)";
    assert!(problems(&told).contains(line), "{}", problems(&told));
    for id in district.fixture.ids() {
        assert!(id.len() < 5 || !told.to_string().contains(&id), "{id} is shown in {told}");
    }
    let before = district.measures();

    let with = |arguments: &[&str]| {
        let mut command = district.program().command(arguments);
        command.env("PEERLIGHT_NODE_COLUMN_PRECEDENCE", "days_absent=sis>attendance");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let sources = with(&["sources", "--output", "json"]);
    assert_eq!(sources["combined_under_other_settings"], serde_json::json!([2025]));
    let setting = &sources["settings"][2];
    assert_eq!(setting["value"], "days_absent=sis>attendance");
    assert_eq!(setting["origin"], "environment PEERLIGHT_NODE_COLUMN_PRECEDENCE");
    assert_eq!(district.measures(), before, "nothing changes before a person imports");

    let again = with(&["import", "csv", &other, "--source", "sis", "--output", "json"]);
    assert_eq!(again["years"][0]["outcome"], "combined under new settings");
    let taken = "days_absent is not the same in sis and attendance: that of sis is taken (40)";
    assert!(problems(&again).contains(taken), "{}", problems(&again));
    assert_ne!(district.measures(), before);
    let first = district.sources()["sis"]["first_for_columns"].clone();
    assert_eq!(first, serde_json::json!(["days_absent"]));

    // A source is replaced alone: the others stay as they are.
    let same = district.other_attendance("sis.csv", 0);
    district.import(&same, "sis");
    assert_eq!(district.measures(), before);
}

#[test]
fn a_refused_import_leaves_every_source_as_it_was_and_writes_its_report() {
    let district = District::new();
    district.import_all();
    let (state, measures) = (district.state(), district.measures());
    let scores = fs::read_to_string(&district.scores).unwrap();
    let bad = district.fixture.root().join("bad.csv");
    let first = scores.lines().nth(1).unwrap();
    let twice = format!("{scores}{first}\n");
    let header_alone = scores.lines().next().unwrap();
    let statewide = first.split(',').nth(1).unwrap();
    let unreadable = format!("{header_alone}\n2025,{statewide},99,,,,,\n");
    let few: Vec<&str> = scores.lines().take(20).collect();
    let report = district.fixture.root().join("report");
    for (text, code, told) in [
        (twice, 6, "statewide_id is there twice in 2024-25"),
        (unreadable, 6, "grade_assessed is not a grade level"),
        (few.join("\n"), 9, "number of rows went from"),
    ] {
        fs::write(&bad, text).unwrap();
        let bad = bad.display().to_string();
        let folder = report.display().to_string();
        let import = ["import", "csv", &bad, "--source", "scores", "--report", &folder];
        let failure = district.program().fails(&import).unwrap();
        assert_eq!(failure.code, Some(code), "{failure}");
        let page = fs::read_to_string(report.join("import-report.html")).unwrap();
        assert!(page.contains("Not applied"), "{page}");
        assert!(page.contains(told), "{told} in {page}");
        assert!(!page.contains(statewide), "ids are masked");
        let rows = fs::read_to_string(report.join("import-report.csv")).unwrap();
        assert!(rows.starts_with("severity,count,column,what,first_places,remedy\n"), "{rows}");
        assert!(!rows.contains(statewide), "ids are masked");
        fs::remove_dir_all(&report).unwrap();
        assert_eq!(district.state(), state);
    }
    assert_eq!(district.measures(), measures);
    // A roster whose schools are lost would lose the students of all sources.
    let schoolless = fs::read_to_string(&district.roster).unwrap();
    fs::write(&bad, schoolless.replacen("school_id", "school", 1)).unwrap();
    let failure = district.program().fails(&["import", "csv", &bad.display().to_string()]).unwrap();
    assert_eq!(failure.code, Some(9), "{failure}");
    assert!(failure.said.contains("number of students of all sources together"), "{failure}");
    assert_eq!(district.state(), state);
}

#[test]
fn a_source_of_a_wrong_name_is_forgotten_and_the_others_make_the_year() {
    let district = District::new();
    let program = district.program();
    district.import_roster();
    district.import(&district.attendance, "attendance");
    let (without, before) = (district.measures(), district.sources());
    district.import(&district.scores, "scoers");
    let with = district.measures();
    assert_ne!(without, with);
    let forget = |source: &'static str, more: &[&'static str]| {
        let asked = ["sources", "forget", source, "--year", "2024-25", "--name", "A. Ruiz"];
        [asked.as_slice(), more].concat()
    };
    let refused = program.fails(&forget("scores", &[])).unwrap();
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.said.contains("it has attendance, csv, scoers"), "{refused}");
    program.run(&forget("scoers", &["--dry-run"])).unwrap();
    assert_eq!(district.measures(), with);
    let said = program.run(&forget("scoers", &[])).unwrap();
    assert!(said.contains("Sources that stay: "), "{said}");
    assert_eq!((district.measures(), district.sources().len()), (without, before.len()));
    let audit = program.run(&["audit"]).unwrap();
    assert!(audit.contains("forget scoers") && audit.contains("A. Ruiz"), "{audit}");

    // With the roster every student goes: a person says so, and may come back.
    let held = district.state();
    let asked = program.fails(&forget("csv", &[])).unwrap();
    assert_eq!(asked.code, Some(9), "{asked}");
    assert!(asked.said.contains("has 0 students instead of"), "{asked}");
    assert_eq!(district.state(), held);
    program.run(&forget("csv", &["--accept-change"])).unwrap();
    program.run(&forget("attendance", &[])).unwrap();
    assert!(district.sources().is_empty());
    district.import(&district.roster, "csv");
    district.import(&district.attendance, "attendance");
    district.import(&district.scores, "scores");
    assert_eq!(district.measures(), with);
}
