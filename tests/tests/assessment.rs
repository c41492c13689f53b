//! A district's year from a roster and the files of the state's testing system
//! and of the Clearinghouse: counted as if it had been one file, and refused
//! for the right reason where a file is not what it should be.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use peerlight_tests::{
    harness::Program,
    score_file::{self, Learner, Score},
};
use serde_json::Value;

use crate::fixture::Fixture;

/// What the score files tell instead of the roster.
const SCORES: [&str; 8] = [
    "grade_assessed",
    "ela_scale_score",
    "math_scale_score",
    "ela_level",
    "math_level",
    "test_name",
    "college_enrolled_date",
    "college_level",
];

/// A district whose 2024-25 is in one file, and what stands in it.
struct District {
    fixture: Fixture,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl District {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let folder = fixture.data.join(&fixture.nodes[0].district);
        let mut reader = csv::Reader::from_path(folder.join("student_years_2025.csv")).unwrap();
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        Self { header, rows: rows.collect(), fixture }
    }

    fn program(&self) -> &Program {
        &self.fixture.nodes[0].program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.fixture.root().join(name)
    }

    /// A row's cell.
    fn text<'a>(&self, row: &'a [String], column: &str) -> &'a str {
        &row[self.header.iter().position(|name| name == column).unwrap()]
    }

    /// Imports; what the program answered.
    fn import(&self, format: &str, path: &Path, more: &[&str]) -> Value {
        let path = path.display().to_string();
        self.program().json(&[&["import", format, &path], more].concat()).unwrap()
    }

    /// Imports the roster: everything but the scores.
    fn import_roster(&self) {
        let path = self.path("roster.csv");
        let mut writer = csv::Writer::from_path(&path).unwrap();
        let is_kept = |column: &usize| !SCORES.contains(&self.header[*column].as_str());
        let kept: Vec<usize> = (0..self.header.len()).filter(is_kept).collect();
        for row in std::iter::once(&self.header).chain(&self.rows) {
            writer.write_record(kept.iter().map(|column| &row[*column])).unwrap();
        }
        writer.flush().unwrap();
        self.import("csv", &path, &["--accept-change"]);
    }

    /// Every score of the district, as the state has it.
    fn scores(&self) -> Vec<Score> {
        let mut scores = Vec::new();
        for row in &self.rows {
            for (record_type, subject) in [("01", "ela"), ("02", "math")] {
                let of = |column: &str| self.text(row, column).to_owned();
                let scale = of(&format!("{subject}_scale_score"));
                if scale.is_empty() {
                    continue;
                }
                scores.push(Score {
                    ssid: of("statewide_id"),
                    record_type,
                    grade: of("grade_assessed"),
                    scale,
                    level: of(&format!("{subject}_level")),
                });
            }
        }
        scores
    }

    /// The exact value of every measure.
    fn measures(&self) -> Value {
        self.program().json(&["measures", "--groups"]).unwrap()["measures"].clone()
    }

    /// The row of `sources` of a source of 2024-25.
    fn source(&self, name: &str) -> Value {
        let answer = self.program().json(&["sources"]).unwrap();
        let mut rows = answer["sources"].as_array().unwrap().iter();
        let is_it = |row: &&Value| row["source"] == name && row["school_year"] == 2025;
        rows.find(is_it).unwrap().clone()
    }
}

fn problems(answer: &Value) -> String {
    let groups = answer["problems"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |group: &Value| {
        format!("{} {} ({})", text(&group["column"]), text(&group["problem"]), group["count"])
    };
    groups.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_roster_and_score_files_make_the_same_year_as_one_file() {
    let district = District::new();
    let whole = district.measures();
    district.import_roster();
    assert_ne!(district.measures(), whole, "the roster has no scores");

    let (table, left_out) = score_file::caaspp(&district.scores(), 7);
    let workbook = district.path("01000010000000_TestedStudentScoreData_2025.xlsx");
    table.write_workbook(&workbook, "Data", "2024-25 CAASPP Student Score Data File").unwrap();
    let answer = district.import("caaspp", &workbook, &[]);
    assert_eq!((&answer["rows"], &answer["filtered"]), (&table.rows().into(), &left_out.into()));
    let told = problems(&answer);
    for part in [
        "RecordType is 03: a California Alternate Assessment (CAA)",
        "IncludeIndicator is T",
        "ConditionCode is PGE: not tested at a parent's or guardian's request",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let students: BTreeSet<String> =
        district.scores().into_iter().map(|score| score.ssid).collect();
    assert_eq!(district.source("caaspp")["rows_joined"], students.len());

    let graduates: Vec<(String, Option<(String, String)>)> = district
        .rows
        .iter()
        .filter(|row| !district.text(row, "cohort_outcome").is_empty())
        .map(|row| {
            let of = |column| district.text(row, column).to_owned();
            let begin = of("college_enrolled_date").replace('-', "");
            (of("student_id"), (!begin.is_empty()).then(|| (begin, of("college_level"))))
        })
        .collect();
    assert!(graduates.iter().any(|(_, college)| college.is_some()));
    let path = district.path("return.csv");
    score_file::nsc(&graduates, "20250605").write_delimited(&path, b',').unwrap();
    district.import("nsc", &path, &[]);
    assert_eq!(district.measures(), whole, "counted from three sources as from one");

    // The same rows in the state's other shapes, replacing the workbook's.
    for (name, delimiter) in [("x_StudentScoreData_2025_DLMTR.CSV", b'^'), ("scores.csv", b',')] {
        let path = district.path(name);
        table.write_delimited(&path, delimiter).unwrap();
        let answer = district.import("caaspp", &path, &["--year", "2024-25"]);
        assert_eq!(answer["filtered"], left_out, "{name}");
        assert_eq!(district.measures(), whole, "{name}");
    }
}

#[test]
fn progress_of_english_learners_comes_from_two_years_of_elpac_scores() {
    let district = District::new();
    let learners: Vec<Learner> = district
        .rows
        .iter()
        .filter(|row| district.text(row, "english_learner") == "1")
        .filter(|row| !["TK", "KG", "01"].contains(&district.text(row, "grade_level")))
        .zip(["1250", "1400", ""].into_iter().cycle())
        .map(|(row, before)| Learner {
            ssid: district.text(row, "statewide_id").to_owned(),
            grades: ["04", "03"].map(str::to_owned),
            scores: ["1400", before].map(str::to_owned),
        })
        .collect();
    let path = district.path("ELPAC_2025.csv");
    score_file::elpac(&learners).write_delimited(&path, b'^').unwrap();
    let answer = district.import("elpac", &path, &[]);
    let without = learners.iter().filter(|learner| learner.scores[1].is_empty()).count();
    let source = district.source("elpac");
    assert_eq!(source["rows_joined"], learners.len() - without);
    assert_eq!(source["columns"], serde_json::json!(["elpi_progress"]));
    let expected = format!("OverallScaleScoreMinus1 is empty: no progress is told ({without})");
    assert!(problems(&answer).contains(&expected), "{answer}");
}

/// Writes a zip of one part that unpacks to many zeros.
fn write_bomb(path: &Path) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default().large_file(true);
    zip.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..1_100).for_each(|_| zip.write_all(&zeros).unwrap());
    zip.finish().unwrap();
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused_with_a_remedy_and_nothing_is_applied() {
    let district = District::new();
    let (table, _) = score_file::caaspp(&district.scores(), 7);
    let at = |name: &str| district.path(name);
    let in_year = &["--year", "2025"][..];

    table.write_workbook(&at("good.xlsx"), "Data", "Title").unwrap();
    let whole = fs::read(at("good.xlsx")).unwrap();
    fs::write(at("cut.xlsx"), &whole[..whole.len() / 2]).unwrap();
    fs::write(at("old.xlsx"), [0xd0, 0xcf, 0x11, 0xe0, 0, 0]).unwrap();
    write_bomb(&at("bomb.xlsx"));
    let texts = "<sst uniqueCount=\"999999999999\"><si/></sst>";
    score_file::write_workbook(&at("liar.xlsx"), "Data", "", texts).unwrap();
    let rows = "<row r=\"9999999\"><c r=\"A9999999\"><v>1</v></c></row>";
    score_file::write_workbook(&at("tall.xlsx"), "Data", rows, "").unwrap();
    File::create(at("huge.xlsx")).unwrap().set_len((64 << 20) + 1).unwrap();
    table.write_delimited(&at("StudentScoreData_2024.csv"), b',').unwrap();
    table.write_delimited(&at("unnamed.csv"), b',').unwrap();
    let lacking = table.only(|column| column != "IncludeIndicator");
    lacking.write_delimited(&at("lacking.csv"), b'^').unwrap();
    fs::write(at("fixed.txt"), "010000000001Nunez          042480\r\n".repeat(50)).unwrap();
    fs::write(at("utf16.csv"), [0xff, 0xfe, b'R', 0, b'\n', 0]).unwrap();
    fs::write(at("line.csv"), vec![b'x'; 100 << 20]).unwrap();
    let mut cut = GzEncoder::new(Vec::new(), Compression::fast());
    cut.write_all(&fs::read(at("unnamed.csv")).unwrap()).unwrap();
    let cut = cut.finish().unwrap();
    fs::write(at("cut.csv.gz"), &cut[..cut.len() / 2]).unwrap();

    let state = |district: &District| {
        let program = district.program();
        (program.json(&["records", "--all"]).unwrap(), program.json(&["sources", "--all"]).unwrap())
    };
    let before = state(&district);
    for (name, more, what, remedy) in [
        ("cut.xlsx", in_year, "not a whole workbook", "download it again"),
        ("old.xlsx", in_year, "old .xls format, or has a password", "save it as .xlsx"),
        ("bomb.xlsx", in_year, "unpacks to more than 1024 MB", "save its sheet as CSV"),
        ("liar.xlsx", in_year, "not a whole workbook", "download it again"),
        ("tall.xlsx", in_year, "more than 1048576 rows", "save its sheet as CSV"),
        ("huge.xlsx", in_year, "larger than 64 MB", "save its sheet as CSV"),
        (
            "good.xlsx",
            &["--year", "2025", "--sheet", "Scores"],
            "has no sheet Scores; its sheets are: Data",
            "leave --sheet out",
        ),
        ("StudentScoreData_2024.csv", in_year, "is of 2023-24", "its own --year"),
        ("unnamed.csv", &[], "does not say its school year", "--year"),
        ("lacking.csv", in_year, "is missing from the file's header", "all its columns"),
        ("fixed.txt", in_year, "no header of a CAASPP student score file", "not as fixed width"),
        ("utf16.csv", in_year, "is UTF-16", "CSV UTF-8"),
        ("line.csv", in_year, "longer than 1 MiB", "that lines end"),
        ("cut.csv.gz", in_year, "cannot be read further", "copy the file again"),
    ] {
        let path = at(name).display().to_string();
        let arguments = [&["import", "caaspp", &path][..], more].concat();
        let output = district.program().command(&arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(6), "{name}: {said}");
        assert!(said.contains(what) && said.contains(remedy), "{name}: {said}");
        assert!(said.contains(name), "{name} in {said}");
        for score in district.scores().iter().take(20) {
            assert!(!said.contains(&score.ssid), "{name} shows an id");
        }
    }
    assert_eq!(state(&district), before);
}

#[test]
fn a_folder_of_a_workbook_and_a_text_file_is_read_as_one() {
    let district = District::new();
    let (table, left_out) = score_file::caaspp(&district.scores(), 7);
    let halves = table.halves();
    let folder = district.path("files");
    fs::create_dir(&folder).unwrap();
    for (half, name) in halves.iter().zip(["a_2025.xlsx", "b_2025.csv"]) {
        let path = folder.join(name);
        if name.ends_with("xlsx") {
            half.write_workbook(&path, "Data", "Title").unwrap();
        } else {
            half.write_delimited(&path, b',').unwrap();
        }
    }
    let answer = district.import("caaspp", &folder, &["--dry-run"]);
    assert_eq!((&answer["rows"], &answer["filtered"]), (&table.rows().into(), &left_out.into()));
}
