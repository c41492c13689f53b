//! A district's year from exported CALPADS reports: the same figures as from
//! its student years, control totals compared, and what cannot be the year's
//! reports refused.

use std::{fs, path::PathBuf};

use peerlight_tests::{
    calpads_report::{self, StudentYear},
    harness::Program,
};
use serde_json::Value;

use crate::fixture::{Fixture, held};

/// A district with the folder of its reports.
struct District {
    fixture: Fixture,
    years: Vec<StudentYear>,
    folder: PathBuf,
}

impl District {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let data = fixture.data.join(&fixture.nodes[0].district);
        let mut reader = csv::Reader::from_path(data.join("student_years_2025.csv")).unwrap();
        let years: Vec<StudentYear> = reader.deserialize().map(Result::unwrap).collect();
        let folder = fixture.root().join("reports");
        calpads_report::write(&folder, &years, "2024-2025").unwrap();
        Self { fixture, years, folder }
    }

    fn program(&self) -> &Program {
        &self.fixture.nodes[0].program
    }

    fn import(&self) -> Value {
        let path = self.folder.display().to_string();
        self.program().json(&["import", "calpads-report", &path]).unwrap()
    }

    /// Exact figures, also of groups, of what the reports tell in full.
    fn figures(&self) -> Vec<Value> {
        let answer = self.program().json(&["measures", "--groups"]).unwrap();
        let told = ["chronic_absence", "suspension", "graduation_4yr"];
        let rows = answer["measures"].as_array().unwrap().iter();
        let is_told = |row: &&Value| told.iter().any(|measure| row["measure"] == *measure);
        let rows: Vec<Value> = rows.filter(is_told).cloned().collect();
        for measure in told {
            assert!(rows.iter().any(|row| row["measure"] == measure), "{measure} in {answer:#}");
        }
        rows
    }
}

fn problems(answer: &Value) -> String {
    let groups = answer["problems"].as_array().unwrap().iter();
    let line = |group: &Value| format!("{} {}", group["column"], group["problem"]);
    groups.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn exported_reports_tell_the_student_years_they_were_made_from() {
    let district = District::new();
    let before = district.figures();
    let answer = district.import();
    let told = problems(&answer);
    for column in [
        "school_id",
        "grade_level",
        "gender",
        "race_ethnicity",
        "homeless",
        "foster",
        "migrant",
        "students_with_disabilities",
        "socioeconomically_disadvantaged",
        "english_learner",
        "days_expected",
        "days_absent",
        "days_suspended",
        "cohort_year",
        "cohort_outcome",
    ] {
        assert!(!told.contains(&format!("\"{column}\" \"is not the same")), "{column}: {told}");
    }
    assert!(told.contains("every total of report 15.1 is the number of students"), "{told}");
    // The reports are believed before the file, and say the same.
    assert_eq!(district.figures(), before);
    let sources = district.program().json(&["sources"]).unwrap();
    let sources = sources["sources"].as_array().unwrap();
    let ours = sources.iter().find(|source| source["source"] == "calpads-report").unwrap();
    assert_eq!(ours["rows_joined"].as_u64(), Some(district.years.len() as u64), "{ours}");
    assert!(district.import().to_string().contains("unchanged"));

    // A total that 15.2 does not bear out is told, and stops nothing.
    let path = district.folder.join("15.1 - Cohort Outcome - Count.csv");
    let text = fs::read_to_string(&path).unwrap();
    let last = text.trim_end().rsplit_once("\r\n").unwrap().1;
    let mut cells: Vec<String> = last.split(',').map(str::to_owned).collect();
    cells[2] = "999".to_owned();
    fs::write(&path, text.replace(last, &cells.join(","))).unwrap();
    let told = problems(&district.import());
    assert!(told.contains("HSDiplomaGraduates\" \"in report 15.1 is not the number"), "{told}");
}

#[test]
fn what_cannot_be_the_years_reports_is_refused_and_nothing_is_applied() {
    let district = District::new();
    let before = held(district.program());
    let at = |name: &str| district.folder.join(name);
    let incidents = at("7.12_IncidentResultsStudentList (1).csv");
    let profile = at("8.1_StudentProfileList(EOY3).csv");
    let totals = at("15.1 - Cohort Outcome - Count.csv");
    let write = |name: &str, text: &str| {
        let path = district.fixture.root().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let whole = String::from_utf8_lossy(&fs::read(&profile).unwrap()).into_owned();
    let school = &district.years[0]["school_id"];
    let elsewhere = write("elsewhere.csv", &whole.replace(school.as_str(), "9999999"));
    let unknown = write("1.17.csv", "LCFF Unduplicated Pupil\r\nSchoolCode,SSID\r\n1,1\r\n");
    let mut ids = district.years.iter().map(|year| &year["statewide_id"]);
    let at_id = ids.find_map(|id| whole.rfind(id.as_str())).unwrap();
    let cut = write("cut.csv", &whole[..at_id + 11]);
    for (path, more, what, remedy) in [
        (&profile, &["--year", "2023-24"][..], "is of 2024-25 by its title", "by themselves"),
        (&incidents, &[], "does not tell which students there were", "8.1 or 14.2"),
        (&totals, &[], "has totals and no students", "together with 15.2"),
        (&elsewhere, &[], "is not in the directory", "correct the id"),
        (&unknown, &[], "no header of a report that is read", "14.2 Student Absences"),
        (&cut, &[], "another number of cells", "cut short"),
    ] {
        let text = path.display().to_string();
        let arguments = [&["import", "calpads-report", &text][..], more].concat();
        let output = district.program().command(&arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(6), "{text}: {said}");
        assert!(said.contains(what) && said.contains(remedy), "{text}: {said}");
        for year in district.years.iter().take(30) {
            assert!(!said.contains(&year["statewide_id"]), "{text} shows an id");
        }
    }
    assert_eq!(held(district.program()), before);
}
