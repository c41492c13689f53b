//! A survey of students: answers by student count as the shares that they
//! make, and answers that cannot be a student's are refused.

use std::{
    fs,
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::survey::SurveyMap;
use peerlight_tests::{
    harness::Program,
    survey_file::{self, Answers, CONSTRUCTS},
};
use serde_json::Value;

use crate::fixture::{Fixture, held};

const GUIDE: &str = include_str!("../../docs/running-a-node.md");

/// A district and what its students answered.
struct District {
    fixture: Fixture,
    answers: Vec<Answers>,
}

impl District {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let folder = fixture.data.join(&fixture.nodes[0].district);
        let mut reader = csv::Reader::from_path(folder.join("student_years_2025.csv")).unwrap();
        let header = reader.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|column| column == name).unwrap();
        let mut answers = Vec::new();
        for (number, row) in (0..).zip(reader.records()) {
            let row = row.unwrap();
            let grade: Result<u8, _> = row[at("grade_level")].parse();
            if grade.is_ok_and(|grade| grade >= 5) {
                answers.push(answers_of(&row[at("student_id")], number));
            }
        }
        assert!(answers.len() > 50, "only {} students answered", answers.len());
        Self { fixture, answers }
    }

    fn program(&self) -> &Program {
        &self.fixture.nodes[0].program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.fixture.root().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn measures(&self) -> Value {
        self.program().json(&["measures", "--groups"]).unwrap()["measures"].clone()
    }

    /// The four shares of each student as a file of student years.
    fn write_shares(&self, path: &Path) {
        let mut writer = csv::Writer::from_path(path).unwrap();
        writer.write_record([&["school_year", "student_id"][..], &CONSTRUCTS].concat()).unwrap();
        for answers in &self.answers {
            let mut row = vec!["2025".to_owned(), answers.id.clone()];
            let shares = answers.shares();
            if shares.iter().all(Option::is_none) {
                continue;
            }
            row.extend(shares.map(|share| share.map_or(String::new(), |it| it.to_string())));
            writer.write_record(row).unwrap();
        }
        writer.flush().unwrap();
    }
}

/// What a student answers, without any pattern that a mistake could hide in.
fn answers_of(id: &str, number: usize) -> Answers {
    let said = |construct: usize, item: usize| {
        let draw = (number * 31 + construct * 17 + item * 7 + number / 5) % 11;
        u8::try_from(draw % 5 + 1).ok().filter(|_| draw != 4)
    };
    let all = [0, 1, 2, 3].map(|construct| [0, 1, 2].map(|item| said(construct, item)));
    Answers { id: id.to_owned(), said: all }
}

fn problems(answer: &Value) -> String {
    let groups = answer["problems"].as_array().unwrap().iter();
    let line = |group: &Value| {
        let text = |name: &str| group[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} ({})", text("column"), text("problem"), group["count"])
    };
    groups.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn answers_of_students_count_as_the_shares_of_positive_items_would() {
    let district = District::new();
    let map = district.write("survey.toml", &survey_file::map());
    let mut answers = district.answers.clone();
    answers.push(answers_of("stranger-77", 3));
    let export = district.path("answers.csv");
    let left_out = survey_file::write(&export, &answers, 11).unwrap();
    let without = answers.iter().filter(|it| it.shares().iter().all(Option::is_none)).count();

    let path = export.display().to_string();
    let import = ["import", "survey", &path, "--map", &map];
    let answer = district.program().json(&import).unwrap();
    assert_eq!(answer["filtered"], left_out + without);
    assert_eq!(answer["rows"], answers.len() + left_out);
    let told = problems(&answer);
    for part in [
        "Status is a preview or a test",
        "Finished is no: the answer was not finished",
        "ExternalReference answered more than once",
        "ExternalReference is empty",
        "school_id is in no source: the student is left out (1)",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("stranger-77"), "{told}");
    assert_eq!(answer["unknown_columns"], serde_json::json!(["Q5_TEXT"]));

    let by_answers = district.measures();
    let is_climate = |measure: &&Value| measure["measure"] == "climate_safety";
    assert!(by_answers.as_array().unwrap().iter().any(|it| is_climate(&it)), "{by_answers}");
    let shares = district.path("shares.csv");
    district.write_shares(&shares);
    let path = shares.display().to_string();
    let as_shares = ["import", "csv", &path, "--source", "survey", "--accept-change"];
    district.program().run(&as_shares).unwrap();
    assert_eq!(district.measures(), by_answers, "from answers as from shares");
}

#[test]
fn the_map_in_the_guide_is_one_that_is_read() {
    let (_, section) = GUIDE.split_once("### Surveys of students").unwrap();
    let (_, map) = section.split_once("```toml\n").unwrap();
    let (map, _) = map.split_once("```").unwrap();
    SurveyMap::parse(map).unwrap();
}

#[test]
fn answers_that_are_no_students_are_refused_and_nothing_is_applied() {
    let district = District::new();
    let export = district.path("answers.csv");
    survey_file::write(&export, &district.answers, 11).unwrap();
    let before = held(district.program());
    let map = survey_file::map();
    let of_staff = map.replace("student_id", "staff_id");
    let anonymous = map.replace("student_id = \"ExternalReference\"", "");
    let no_column = map.replace("ExternalReference", "Id");
    let no_question = map.replace("\"Q3_1\"", "\"Q3_9\"");
    for (name, map, more, told) in [
        ("staff.toml", of_staff, &[][..], "unknown field `staff_id`"),
        ("anonymous.toml", anonymous, &[], "another unit of privacy"),
        ("column.toml", no_column, &[], "another unit of privacy"),
        ("question.toml", no_question, &[], "is missing from the file's header"),
        ("year.toml", map, &["--year", "2023-24"], "is not in 2023-24"),
    ] {
        let map = district.write(name, &map);
        let path = export.display().to_string();
        let arguments = [&["import", "survey", &path, "--map", &map][..], more].concat();
        let output = district.program().command(&arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(output.status.code(), Some(6), "{name}: {said}");
        assert!(said.contains(told), "{name}: {said}");
        for answers in &district.answers {
            assert!(!said.contains(&answers.id), "{name} shows an id");
        }
    }
    assert_eq!(held(district.program()), before);
}
