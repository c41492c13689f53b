//! What is put into the inbox of a node that serves: imported, refused, or
//! kept for a person, and never half of it; also when the node is killed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use peerlight_tests::{
    harness::{Node, Serving},
    survey_file::{self, Answers},
};
use serde_json::Value;

use crate::{edfi, fixture::Fixture, schedule::wait_until};

/// A district whose node looks into its inbox every second.
struct District {
    fixture: Fixture,
}

impl District {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let settings = fixture.nodes[0].program.home().join("node.toml");
        fs::write(settings, "inbox_seconds = 1\n").unwrap();
        Self { fixture }
    }

    fn node(&self) -> &Node {
        &self.fixture.nodes[0]
    }

    fn serve(&self) -> Serving {
        // The first sync would take its time; the inbox does not wait for it.
        let arguments = ["serve", "--pages-only"];
        let serving = self.node().program.serve(&arguments, &["The access code is in"]).unwrap();
        wait_until("the inbox is made", || self.inbox().join("waiting").is_dir());
        serving
    }

    fn inbox(&self) -> PathBuf {
        self.node().program.home().join("inbox")
    }

    /// The rows of the district's file, its header first.
    fn lines(&self) -> Vec<String> {
        let folder = self.fixture.data.join(&self.node().district);
        let text = fs::read_to_string(folder.join("student_years_2025.csv")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn put(&self, path: &str, lines: &[String]) {
        fs::write(self.inbox().join(path), lines.join("\n") + "\n").unwrap();
    }

    fn status(&self) -> Value {
        self.node().program.json(&["status"]).unwrap()["inbox"].clone()
    }

    /// Waits until something came to this end; gives its folder.
    fn ended(&self, end: &str, count: usize) -> PathBuf {
        let folder = self.inbox().join(end);
        let entries = || {
            let entries = fs::read_dir(&folder).unwrap();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            paths
        };
        wait_until(&format!("{count} in {end}"), || entries().len() >= count);
        entries().pop().unwrap()
    }

    /// Digest and number of rows of the imports in force of 2024-25.
    fn held(&self) -> Vec<(String, u64)> {
        self.imports(&["sources"])
    }

    fn imports(&self, arguments: &[&str]) -> Vec<(String, u64)> {
        let answer = self.node().program.json(arguments).unwrap();
        let rows = answer["sources"].as_array().unwrap().iter();
        let of = |row: &Value| {
            (row["sha256"].as_str().unwrap().to_owned(), row["rows"].as_u64().unwrap())
        };
        rows.filter(|row| row["school_year"] == 2025).map(of).collect()
    }

    fn audited(&self, action: &str) -> usize {
        let answer = self.node().program.json(&["audit"]).unwrap();
        let entries = answer["entries"].as_array().unwrap().iter();
        entries.filter(|it| it["actor"] == "inbox" && it["action"] == action).count()
    }
}

fn has_report(folder: &Path) -> String {
    assert!(folder.join("import-report.csv").is_file());
    fs::read_to_string(folder.join("import-report.html")).unwrap()
}

#[test]
fn files_are_imported_refused_or_kept_for_a_person() {
    let district = District::new();
    let serving = district.serve();
    let lines = district.lines();

    // One row less is no great change; an unfinished copy beside it is left.
    let fewer = &lines[..lines.len() - 1];
    district.put("csv/next.csv.part", &lines[..3]);
    district.put("csv/roster.csv", fewer);
    let done = district.ended("done", 1);
    assert!(has_report(&done).contains("Applied"));
    assert!(done.join("files/roster.csv").is_file());
    assert!(district.inbox().join("csv/next.csv.part").is_file());
    let applied = district.held();
    assert_eq!(applied[0].1, fewer.len() as u64 - 1);
    assert_eq!(district.audited("import csv"), 1);

    // A row too wide is refused, and what was held stays.
    let mut broken = lines.clone();
    broken[7].push_str(",1,2,3");
    district.put("csv/broken.csv", &broken);
    let refused = district.ended("refused", 1);
    assert!(has_report(&refused).contains("another number of cells"));
    assert_eq!(district.held(), applied);
    assert_eq!(district.audited("refuse import csv"), 1);

    // Half the rows wait until somebody runs the command that is shown.
    district.put("csv/half.csv", &lines[..lines.len() / 2]);
    let waiting = district.ended("waiting", 1);
    has_report(&waiting);
    assert_eq!(district.held(), applied);
    let command = district.status()["waiting"][0]["command"].as_str().unwrap().to_owned();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    district.node().program.run(&words).unwrap();
    assert_ne!(district.held(), applied);
    let accepted = district.ended("done", 2);
    assert_eq!(accepted.file_name(), waiting.file_name());
    assert!(district.status()["waiting"].as_array().unwrap().is_empty());

    let (_, said) = serving.terminate().unwrap();
    for id in district.fixture.ids() {
        assert!(id.len() < 5 || !said.contains(&id), "the log names {id}");
    }
}

#[test]
fn a_link_out_of_the_inbox_is_refused_and_never_followed() {
    let district = District::new();
    let before = district.held();
    let outside = district.fixture.root().join("elsewhere.csv");
    fs::write(&outside, district.lines()[..200].join("\n")).unwrap();
    let _serving = district.serve();
    std::os::unix::fs::symlink(&outside, district.inbox().join("csv/roster.csv")).unwrap();
    let refused = district.ended("refused", 1);
    assert!(has_report(&refused).contains("roster.csv"));
    assert!(has_report(&refused).contains("is a link"));
    assert_eq!(district.held(), before);
    assert!(outside.is_file());

    // A folder that is itself a link is not looked into.
    let strange = district.fixture.root().join("strange");
    fs::create_dir(&strange).unwrap();
    district.put("../../../strange/a.csv", &district.lines()[..200]);
    std::os::unix::fs::symlink(&strange, district.inbox().join("csv-strange")).unwrap();
    wait_until("the link is told", || {
        district.status()["in_no_folder_of_a_format"][0] == "csv-strange"
    });
    assert!(strange.join("a.csv").is_file());
}

#[test]
fn an_import_that_was_killed_is_imported_again_and_once() {
    let district = District::new();
    let lines = district.lines();
    let fewer = &lines[..lines.len() - 1];
    for pause in [0, 30, 120] {
        let serving = district.serve();
        district.put("csv/roster.csv", fewer);
        let roster = district.inbox().join("csv/roster.csv");
        wait_until("the file is taken", || !roster.exists());
        std::thread::sleep(std::time::Duration::from_millis(pause));
        serving.kill();
    }
    let _serving = district.serve();
    wait_until("nothing is left", || {
        district.status()["not_taken_yet"].as_array().unwrap().is_empty()
    });
    district.ended("done", 1);
    assert_eq!(district.held()[0].1, fewer.len() as u64 - 1);
    assert_eq!(district.held().len(), 1, "one import of the year is in force");
    assert_eq!(district.status()["refused"].as_array().unwrap().len(), 0);
    let all = district.imports(&["sources", "--all"]);
    assert_eq!(all.len(), 2, "it was applied once, after the fixture's own");
}

#[test]
fn answers_of_a_survey_are_imported_once_their_map_lies_beside_them() {
    let district = District::new();
    let lines = district.lines();
    let column = lines[0].split(',').position(|name| name == "student_id").unwrap();
    let said = [[Some(4); survey_file::ITEMS]; 4];
    let answers: Vec<Answers> = lines[1..40]
        .iter()
        .map(|line| Answers { id: line.split(',').nth(column).unwrap().to_owned(), said })
        .collect();
    let _serving = district.serve();
    survey_file::write(&district.inbox().join("survey/answers.csv"), &answers, 3).unwrap();
    let taken = || district.status()["not_taken_yet"].as_array().unwrap().is_empty();
    wait_until("the answers are taken", || !district.inbox().join("survey/answers.csv").exists());
    assert!(!taken(), "they wait for a map");
    fs::write(district.inbox().join("survey/map.toml"), survey_file::map()).unwrap();
    let done = district.ended("done", 1);
    assert!(has_report(&done).contains("Applied"));
    let rows: Vec<u64> = district.held().into_iter().map(|(_, rows)| rows).collect();
    assert!(rows.contains(&(answers.len() as u64)), "{rows:?}");
    assert!(district.inbox().join("survey/map.toml").is_file());
}

#[test]
fn answers_without_an_id_are_imported_and_wait_for_a_person_where_many_are_lost() {
    let district = District::new();
    let lines = district.lines();
    let column = lines[0].split(',').position(|name| name == "school_id").unwrap();
    let school = lines[1].split(',').nth(column).unwrap();
    let export = |people: usize| {
        let header = "Where,Q1".to_owned();
        let answer = |person: usize| format!("{school},{}", if person == 0 { "yes" } else { "no" });
        std::iter::once(header).chain((0..people).map(answer)).collect::<Vec<_>>()
    };
    let surveyed = || {
        let answer = district.node().program.json(&["measures", "--surveys"]).unwrap();
        let row = answer["surveys"][0].clone();
        (row["respondents"].as_u64().unwrap(), row["positive_items"].as_u64().unwrap())
    };
    let _serving = district.serve();
    let map = "respondent = \"parent\"\nschool = \"Where\"\nschool_year = \"2024-25\"\n\
               [scale.s]\npositive = 2\nvalues = { no = 1, yes = 2 }\n\
               [construct.climate_support]\nscale = \"s\"\nitems = [\"Q1\"]\n";
    fs::write(district.inbox().join("survey/map.toml"), map).unwrap();
    district.put("survey/answers.csv", &export(20));
    let done = district.ended("done", 1);
    assert!(has_report(&done).contains("counted on this node alone"));
    assert_eq!(surveyed(), (20, 1));

    district.put("survey/answers.csv", &export(5));
    let waiting = district.ended("waiting", 1);
    assert_eq!(surveyed(), (20, 1));
    let command = district.status()["waiting"][0]["command"].as_str().unwrap().to_owned();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    district.node().program.run(&words).unwrap();
    assert_eq!(surveyed(), (5, 1));
    let accepted = district.ended("done", 2);
    assert_eq!(accepted.file_name(), waiting.file_name());
}

#[test]
fn ed_fi_files_are_imported_for_the_school_year_that_their_folder_names() {
    let district = District::new();
    let school = district.lines()[1].clone();
    let column = district.lines()[0].split(',').position(|name| name == "school_id").unwrap();
    let school = school.split(',').nth(column).unwrap().to_owned();
    let made = district.fixture.root().join("2025-26");
    fs::create_dir(&made).unwrap();
    edfi::write_enrolments(&made, &school);
    let file = made.join("StudentEnrollment.xml");
    let text = fs::read_to_string(&file).unwrap().replace("Fifth grade", "Class five");
    fs::write(&file, &text).unwrap();
    let _serving = district.serve();

    // Which school year it is of, a file does not say.
    district.put("edfi/StudentEnrollment.xml", &[text]);
    let refused = district.ended("refused", 1);
    assert!(has_report(&refused).contains("named after their school year"));

    let map = "[grade]\n\"05\" = [\"Class five\"]\n";
    fs::write(district.inbox().join("edfi/map.toml"), map).unwrap();
    fs::rename(&made, district.inbox().join("edfi/2025-26")).unwrap();
    let done = district.ended("done", 1);
    let report = has_report(&done);
    assert!(report.contains("Applied") && !report.contains("Class five"), "{report}");
    let answer = district.node().program.json(&["sources"]).unwrap();
    let rows = answer["sources"].as_array().unwrap().iter();
    let ours: Vec<&Value> = rows.filter(|row| row["source"] == "edfi").collect();
    assert_eq!(ours.len(), 1, "{answer}");
    assert_eq!(ours[0]["rows"].as_u64(), Some(edfi::STUDENTS as u64));
    assert!(district.inbox().join("edfi/map.toml").is_file());
}
