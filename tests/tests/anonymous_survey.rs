//! Answers of staff, parents and students without an id: counted exactly on the
//! node, school by school, and nowhere else. Nothing of what leaves changes.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

use peerlight_node_engine::intake::survey::SurveyMap;
use peerlight_tests::harness::Program;
use serde_json::Value;

use crate::fixture::{Fixture, held};

const GUIDE: &str = include_str!("../../docs/running-a-node.md");

const MAP: &str = "respondent = \"staff\"
school = \"School\"
school_year = \"2024-25\"
[schools]
\"The first one\" = \"FIRST\"
[scale.agree]
values = { \"1\" = 1, \"2\" = 2, \"3\" = 3, \"4\" = 4, \"5\" = 5 }
[construct.climate_safety]
scale = \"agree\"
items = [\"Q1\", \"Q2\", \"Q3\"]
reversed = [\"Q2\"]
least = 1
";

/// A district, its schools, and files for it.
struct District {
    fixture: Fixture,
    schools: Vec<String>,
}

/// What one member of staff said: the school's position, and three answers from
/// 1 to 5 or none.
type Said = (usize, [Option<u32>; 3]);

impl District {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let path = fixture.data.join(&fixture.nodes[0].district).join("student_years_2025.csv");
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().clone();
        let at = header.iter().position(|name| name == "school_id").unwrap();
        let mut schools: Vec<String> =
            reader.records().map(|row| row.unwrap()[at].to_owned()).collect();
        schools.sort();
        schools.dedup();
        schools.retain(|id| !id.is_empty());
        assert!(schools.len() > 1, "{schools:?}");
        Self { fixture, schools }
    }

    fn program(&self) -> &Program {
        &self.fixture.nodes[0].program
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.fixture.root().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn map(&self) -> String {
        self.write("staff.toml", &MAP.replace("FIRST", &self.schools[0]))
    }

    /// An export as Qualtrics writes it; the first school by its name.
    fn export(&self, name: &str, said: &[Said]) -> String {
        let mut text = String::from(
            "Status,School,Q1,Q2,Q3,Comment\nResponse Type,Where?,a,b,c,d\n\
             \"{\"\"ImportId\"\":\"\"status\"\"}\",x,x,x,x,x\n",
        );
        for (school, answers) in said {
            let school =
                if *school == 0 { "The first one" } else { self.schools[*school].as_str() };
            let cell = |answer: &Option<u32>| answer.map_or(String::new(), |it| it.to_string());
            let answers: Vec<String> = answers.iter().map(cell).collect();
            writeln!(text, "0,{school},{},I am the nurse", answers.join(",")).unwrap();
        }
        self.write(name, &text)
    }

    fn surveys(&self) -> Vec<Value> {
        let answer = self.program().json(&["measures", "--surveys"]).unwrap();
        answer["surveys"].as_array().unwrap().clone()
    }

    /// Everything that says what leaves this node.
    fn leaves(&self) -> Vec<Value> {
        let verbs = [&["release", "list"][..], &["preview"], &["plan"], &["ledger"]];
        verbs.map(|verb| self.program().json(verb).unwrap()).to_vec()
    }

    /// The exact values of students.
    fn students(&self) -> Value {
        self.program().json(&["measures"]).unwrap()["measures"].clone()
    }
}

/// Answers without a pattern that a mistake could hide in.
fn answers(people: usize, schools: usize) -> Vec<Said> {
    let draw = |person: usize, item: usize| (person * 37 + item * 11 + person / 3) % 7;
    let answer =
        |person, item| u32::try_from(draw(person, item)).ok().filter(|it| (1..=5).contains(it));
    (0..people).map(|it| (it * it % schools, [0, 1, 2].map(|item| answer(it, item)))).collect()
}

/// By school, none for the district: respondents, mean of shares in percent,
/// positive and answered items.
fn expected(said: &[Said]) -> BTreeMap<Option<usize>, (u64, f64, u64, u64)> {
    let mut sums: BTreeMap<Option<usize>, (u64, f64, u64, u64)> = BTreeMap::new();
    for (school, answers) in said {
        let is_positive =
            |(item, answer): (usize, u32)| if item == 1 { answer < 3 } else { answer > 3 };
        let given = (0..).zip(answers).filter_map(|(item, answer)| Some((item, (*answer)?)));
        let given: Vec<bool> = given.map(is_positive).collect();
        let positive = given.iter().filter(|it| **it).count() as u64;
        let answered = given.len() as u64;
        if answered == 0 {
            continue;
        }
        for unit in [None, Some(*school)] {
            let (people, mean, all_positive, all) = sums.entry(unit).or_default();
            *people += 1;
            *mean += 100.0 * positive as f64 / answered as f64;
            *all_positive += positive;
            *all += answered;
        }
    }
    for (people, mean, ..) in sums.values_mut() {
        *mean /= *people as f64;
    }
    sums
}

fn check(district: &District, said: &[Said]) {
    let expected = expected(said);
    let shown = district.surveys();
    assert_eq!(shown.len(), expected.len(), "{shown:?}");
    for (school, (people, mean, positive, answered)) in expected {
        let id = school.map_or(Value::Null, |school| district.schools[school].clone().into());
        let row = shown.iter().find(|row| row["school_id"] == id).unwrap();
        assert_eq!(row["measure"], "cc_staff_safety");
        assert_eq!(row["respondents"], people, "{row}");
        assert!((row["mean_of_shares"].as_f64().unwrap() - mean).abs() < 1e-9, "{row}: {mean}");
        assert_eq!(
            (&row["positive_items"], &row["answered_items"]),
            (&positive.into(), &answered.into())
        );
        assert_eq!(row["released"], "never");
    }
}

#[test]
fn answers_of_staff_are_counted_exactly_here_and_change_nothing_that_leaves() {
    let district = District::new();
    let (leaves, students, before) =
        (district.leaves(), district.students(), held(district.program()));
    let said = answers(60, district.schools.len());
    let (export, map) = (district.export("staff.csv", &said), district.map());
    let import = ["import", "survey", &export, "--map", &map];

    let checked = district.program().json(&[&import[..], &["--dry-run"]].concat()).unwrap();
    assert_eq!(checked["responses"][0]["outcome"], "checked, not applied");
    assert_eq!(held(district.program()), before, "a dry run holds nothing");
    let applied = district.program().json(&import).unwrap();
    assert_eq!(applied["responses"][0]["outcome"], "new");
    assert_eq!(applied["responses"][0]["respondent"], "staff");
    assert_eq!(applied["years"], serde_json::json!([]));
    check(&district, &said);

    // Sealed: one more file, in which no school's id can be read.
    let (_, sources, files) = held(district.program());
    let new: Vec<&PathBuf> = files.iter().filter(|file| !before.2.contains(file)).collect();
    let [sealed] = new.as_slice() else { panic!("one new file of {files:?}") };
    let bytes = fs::read(sealed).unwrap();
    let id = district.schools[1].as_bytes();
    assert!(!bytes.windows(id.len()).any(|window| window == id));
    assert_eq!(sources["responses"][0]["respondent"], "staff");
    assert_eq!(sources["responses"][0]["in_force"], true);

    // The same once more, then more answers, then far fewer, then a stranger.
    let again = district.program().json(&import).unwrap();
    assert_eq!(again["responses"][0]["outcome"], "unchanged");
    let more = answers(90, district.schools.len());
    district.export("staff.csv", &more);
    let replaced = district.program().json(&import).unwrap();
    assert_eq!(replaced["responses"][0]["outcome"], "replaced");
    check(&district, &more);
    district.export("staff.csv", &more[..50]);
    let fewer = district.program().fails(&import).unwrap();
    assert!(fewer.to_string().contains("number of answers of staff"), "{fewer}");
    check(&district, &more);
    let text = fs::read_to_string(&export).unwrap() + "0,999999,5,1,5,\n";
    fs::write(&export, text).unwrap();
    let stranger = district.program().fails(&import).unwrap();
    assert_eq!(stranger.code, Some(6), "{stranger}");
    check(&district, &more);

    assert_eq!(district.leaves(), leaves, "what leaves");
    assert_eq!(district.students(), students, "values of students");
    let answer = district.program().json(&["measures"]).unwrap();
    assert_eq!(answer["surveys"].as_array().unwrap().len(), district.surveys().len());
    let shown = district.program().run(&["measures", "--measure", "cc_staff_safety"]).unwrap();
    assert!(shown.contains("never") && shown.contains("district"), "{shown}");
}

#[test]
fn a_folder_of_student_years_brings_its_survey_responses_or_neither() {
    let district = District::new();
    let folder = district.fixture.data.join(&district.fixture.nodes[0].district);
    let [first, second, ..] = district.schools.as_slice() else { panic!("two schools") };
    let path = folder.join("survey_responses.csv");
    let header = "school_year,school_id,respondent,grade_level,climate_support,sel_self_efficacy\n";
    let rows = format!(
        "2025,{first},parent,,0.5,\n2025,{first},parent,,1,\n2025,{second},student,07,0.25,0.75\n"
    );
    fs::write(&path, format!("{header}{rows}")).unwrap();
    let folder = folder.display().to_string();
    let import = ["import", "csv", &folder];
    let answer = district.program().json(&import).unwrap();
    let told = |name: &str| -> Vec<(Value, Value)> {
        let rows = answer["responses"].as_array().unwrap().iter();
        rows.map(|row| (row["respondent"].clone(), row[name].clone())).collect()
    };
    assert_eq!(told("rows"), [("student".into(), 1.into()), ("parent".into(), 2.into())]);
    assert!(!answer["years"].as_array().unwrap().is_empty(), "{answer}");
    let shown: Vec<String> = district
        .surveys()
        .iter()
        .filter(|row| row["school_id"].is_null())
        .map(|row| {
            format!("{} {} {}", row["measure"], row["mean_of_shares"], row["answered_items"])
        })
        .collect();
    assert_eq!(
        shown,
        [
            "\"sel_self_efficacy\" 75.0 null",
            "\"cc_student_support\" 25.0 null",
            "\"cc_parent_support\" 75.0 null",
        ]
    );
    let text = district.program().run(&["measures", "--surveys"]).unwrap();
    assert!(text.contains("items not known"), "{text}");

    // One bad share, and neither the answers nor the student years are applied.
    let before = held(district.program());
    let broken = format!("{header}{rows}2025,{first},nurse,,0.5,\n2025,{first},staff,,50,\n");
    fs::write(&path, broken).unwrap();
    let output = district.program().command(&import).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    let wrong = ["is nobody who is known", "is out of range", "survey_responses.csv:6 \"50\""];
    for part in wrong {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(held(district.program()), before);
    // The file alone is read as well.
    fs::write(&path, format!("{header}2025,{first},staff,,0.5,\n")).unwrap();
    let path = path.display().to_string();
    let alone = district.program().json(&["import", "csv", &path]).unwrap();
    assert_eq!(alone["responses"][0]["respondent"], "staff");
    assert_eq!(district.surveys().iter().filter(|row| row["school_id"].is_null()).count(), 4);
}

#[test]
fn the_map_of_answers_without_an_id_in_the_guide_is_one_that_is_read() {
    let (_, section) = GUIDE.split_once("### Surveys without students' ids").unwrap();
    let (_, map) = section.split_once("```toml\n").unwrap();
    let (map, _) = map.split_once("```").unwrap();
    SurveyMap::parse(map).unwrap();
}
