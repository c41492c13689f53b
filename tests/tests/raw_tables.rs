//! A district's student years once as CSV and once as the files of other
//! systems: CALPADS and OneRoster tell the same students, or are refused whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use peerlight_tests::harness::Program;
use serde_json::Value;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::fixture::Fixture;

/// A row of the exported CSV, by column.
pub type StudentYear = BTreeMap<String, String>;

pub fn student_years(fixture: &Fixture) -> Vec<StudentYear> {
    let folder = fixture.data.join(&fixture.nodes[0].district);
    let mut reader = csv::Reader::from_path(folder.join("student_years_2025.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// A CALPADS row: positions from 1.
fn row(record: &str, width: usize, fields: &[(usize, &str)]) -> String {
    let mut cells = vec![""; width];
    cells[0] = record;
    for (position, text) in fields {
        cells[position - 1] = text;
    }
    cells.join("^") + "\r\n"
}

/// The district's year as it would have been uploaded to the state.
fn write_calpads(folder: &Path, years: &[StudentYear]) {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for year in years {
        let cell = |name: &str| year[name].as_str();
        let ids = (cell("school_id"), cell("statewide_id"), cell("student_id"));
        let (school, statewide, local) = ids;
        let mut add = |record: &'static str, row: String| {
            files.entry(record).or_default().push_str(&row);
        };
        let grade = if cell("grade_level") == "KG" { "KN" } else { cell("grade_level") };
        let enrolment = [
            (5, school),
            (7, "2024-2025"),
            (8, statewide),
            (9, local),
            (22, "20240812"),
            (23, "10"),
            (24, grade),
        ];
        add("SENR", row("SENR", 39, &enrolment));
        let common = |more: &[(usize, &'static str)]| {
            let mut all = vec![(5, school), (6, "2024-2025"), (7, statewide), (12, local)];
            all.extend_from_slice(more);
            all
        };
        let race = match cell("race_ethnicity") {
            "AA" => "600",
            "AI" => "100",
            "AS" => "205",
            "FI" => "400",
            "PI" => "303",
            "WH" => "700",
            _ => "",
        };
        let hispanic = if cell("race_ethnicity") == "HI" { "Y" } else { "N" };
        let mut person = vec![(7, school), (8, "2024-2025"), (9, statewide), (10, local)];
        person.extend([(19, cell("gender")), (23, hispanic), (25, race)]);
        if cell("race_ethnicity") == "MR" {
            person.extend([(25, "600"), (26, "700")]);
        }
        add("SINF", row("SINF", 42, &person));
        let english = if cell("english_learner") == "1" { "EL" } else { "EO" };
        add(
            "SELA",
            row("SELA", 16, &{
                let mut all = common(&[(14, "20220815")]);
                all.push((13, english));
                all
            }),
        );
        for (column, program) in [("homeless", "191"), ("foster", "190"), ("migrant", "135")] {
            if cell(column) == "1" {
                let mut all = common(&[(14, "1"), (15, "20240901")]);
                all.push((13, program));
                add("SPRG", row("SPRG", 26, &all));
            }
        }
        let mut days = common(&[(13, "N"), (17, "0"), (20, "0")]);
        days.extend([(15, cell("days_expected")), (19, cell("days_absent"))]);
        add("STAS", row("STAS", 21, &days));
        if !["", "0", "0.0"].contains(&cell("days_suspended")) {
            let mut all = common(&[(13, "I1"), (14, "110")]);
            all.push((16, cell("days_suspended")));
            add("SIRS", row("SIRS", 17, &all));
        }
    }
    fs::create_dir_all(folder).unwrap();
    for (record, content) in files {
        fs::write(folder.join(format!("{record}.txt")), content).unwrap();
    }
}

/// The bundle's files, zipped in the order given.
pub fn write_zip(path: &Path, files: &[(&str, String)]) -> PathBuf {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    path.to_owned()
}

/// The district's roster as a OneRoster bundle.
pub fn roster(years: &[StudentYear]) -> Vec<(&'static str, String)> {
    let mut orgs = String::from("sourcedId,status,dateLastModified,name,type,identifier\n");
    let mut users = String::from("sourcedId,orgSourcedIds,role,identifier,grades,password\n");
    let mut enrollments =
        String::from("sourcedId,schoolSourcedId,userSourcedId,role,beginDate,endDate\n");
    let mut schools = BTreeSet::new();
    for (number, year) in years.iter().enumerate() {
        let (school, grade, id) = (&year["school_id"], &year["grade_level"], &year["student_id"]);
        if schools.insert(school) {
            writeln!(orgs, "org-{school},,,School,school,{school}").unwrap();
        }
        writeln!(users, "usr-{number},org-{school},student,{id},{grade},hunter2").unwrap();
        writeln!(enrollments, "e-{number},org-{school},usr-{number},student,2024-08-12,").unwrap();
    }
    let manifest = "propertyName,value\noneroster.version,1.2\nfile.users,bulk\n".to_owned();
    let sessions = "sourcedId,type,startDate,endDate,schoolYear\n\
                    y,schoolYear,2024-08-12,2025-06-06,2025\n"
        .to_owned();
    vec![
        ("enrollments.csv", enrollments),
        ("manifest.csv", manifest),
        ("users.csv", users),
        ("orgs.csv", orgs),
        ("academicSessions.csv", sessions),
    ]
}

fn import(program: &Program, format: &str, path: &Path) -> Value {
    program.json(&["import", format, &path.display().to_string()]).unwrap()
}

/// Exact figures of all students for what the files tell in full.
fn of_everybody(program: &Program) -> Vec<Value> {
    let answer = program.json(&["measures"]).unwrap();
    let told = ["chronic_absence", "suspension", "ela_met"];
    let rows = answer["measures"].as_array().unwrap().iter();
    let rows: Vec<Value> =
        rows.filter(|row| told.iter().any(|measure| row["measure"] == *measure)).cloned().collect();
    assert!(rows.len() >= told.len(), "{answer:#}");
    rows
}

/// Columns on which the sources disagree.
fn disagreements(answer: &Value) -> Vec<String> {
    let groups = answer["problems"].as_array().unwrap().iter();
    let differing = groups.filter(|group| {
        group["problem"].as_str().is_some_and(|it| it.contains("is not the same in"))
    });
    differing.map(|group| group["column"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn calpads_files_tell_the_student_years_they_were_made_from() {
    let fixture = Fixture::new(1);
    let years = student_years(&fixture);
    let program = &fixture.nodes[0].program;
    let measures = of_everybody(program);
    let folder = fixture.root().join("calpads");
    write_calpads(&folder, &years);
    let answer = import(program, "calpads", &folder);
    let sources = program.json(&["sources"]).unwrap();
    let ours = sources["sources"].as_array().unwrap().iter();
    let calpads: Vec<&Value> = ours.filter(|source| source["source"] == "calpads").collect();
    assert_eq!(calpads.len(), 1, "{sources:#}");
    assert_eq!(calpads[0]["rows"].as_u64(), Some(years.len() as u64));
    // Who is what, and who was there: no column of the two differs, but for
    // those that CALPADS defines otherwise.
    let differing = disagreements(&answer);
    for column in [
        "grade_level",
        "gender",
        "race_ethnicity",
        "days_expected",
        "days_absent",
        "days_suspended",
    ] {
        assert!(!differing.iter().any(|it| it == column), "{column}: {answer:#}");
    }
    // CALPADS is now believed first, and says the same of everybody.
    assert_eq!(of_everybody(program), measures);
    // The same files again change nothing.
    let again = import(program, "calpads", &folder);
    assert!(again.to_string().contains("unchanged"), "{again:#}");
}

#[test]
fn a_oneroster_bundle_joins_the_year_and_a_bad_one_changes_nothing() {
    let fixture = Fixture::new(1);
    let years = student_years(&fixture);
    let program = &fixture.nodes[0].program;
    let files = roster(&years);
    let bundle = write_zip(&fixture.root().join("roster.zip"), &files);
    let answer = import(program, "oneroster", &bundle);
    assert!(!disagreements(&answer).iter().any(|column| column == "grade_level"), "{answer:#}");
    let before = program.json(&["sources"]).unwrap();

    let zip = |name: &str, files: &[(&str, String)]| write_zip(&fixture.root().join(name), files);
    let mut delta = files.clone();
    delta[1].1 = "propertyName,value\nfile.users,delta\n".to_owned();
    let without_users: Vec<_> =
        files.iter().filter(|(name, _)| *name != "users.csv").cloned().collect();
    let whole = fs::read(fixture.root().join("roster.zip")).unwrap();
    let cut = fixture.root().join("cut.zip");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let mut endless = files.clone();
    endless[0].1 =
        format!("sourcedId,schoolSourcedId,userSourcedId,role\n\"{}", "x".repeat(4 << 20));
    for (path, what) in [
        (zip("delta.zip", &delta), "delta"),
        (zip("without.zip", &without_users), "no users.csv"),
        (cut, "not a whole zip"),
        (zip("endless.zip", &endless), "longer than 1 MiB"),
    ] {
        let report = fixture.root().join("report");
        let [path, folder] = [&path, &report].map(|path| path.display().to_string());
        let failure = program.fails(&["import", "oneroster", &path, "--report", &folder]).unwrap();
        assert_eq!(failure.code, Some(6), "{what}: {failure}");
        // A zip that cannot be opened has no rows to report on.
        let told = fs::read_to_string(report.join("import-report.csv")).unwrap_or_default();
        let told = told + &failure.said;
        assert!(told.contains(what), "{what}: {told}");
        assert!(!told.contains("hunter2"), "a password is shown");
    }
    assert_eq!(program.json(&["sources"]).unwrap(), before);
}
