//! CALPADS reports as offices export them, made from known student years:
//! titles above the header, columns called "textbox", totals below.

use std::{collections::BTreeMap, fs, path::Path};

use crate::score_file::Table;

/// A student year, by column of `student_years.csv`.
pub type StudentYear = BTreeMap<String, String>;

/// Race and ethnicity as the reports spell them.
const RACES: [(&str, &str); 8] = [
    ("AA", "Black/African Am"),
    ("AI", "Am Indian/Alskn Nat"),
    ("AS", "Asian"),
    ("FI", "Filipino"),
    ("HI", "Hispanic"),
    ("PI", "Nat Hwiin/Othr Pac Islndr"),
    ("WH", "White"),
    ("MR", "Multiple"),
];

/// Outcomes of a cohort as 15.2 spells them, and the column of 15.1 that counts
/// each.
const OUTCOMES: [(&str, &str, &str); 6] = [
    ("graduated_4yr", "HSDiplomaGraduate", "HSDiplomaGraduates"),
    ("dropout", "Dropout", "Dropouts"),
    ("still_enrolled", "StillEnrolled", "StillEnrolled"),
    ("completer", "NonGraduateCompleter", "NonGraduateCompleters"),
    ("other_transfer", "OtherTransfers", "OtherTransfers"),
    ("transferred_out", "RemovedFromCohort", "RemovedFromCohort"),
];

/// Writes 8.1 and 7.12 as CSV, 14.2 as a workbook, 15.2 and 15.1 as CSV into a
/// folder. `academic_year` is spelt as in `2024-2025`.
pub fn write(folder: &Path, years: &[StudentYear], academic_year: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let title = format!("Academic Year: {academic_year}");
    let enrolled: Vec<&StudentYear> =
        years.iter().filter(|year| !year["days_expected"].is_empty()).collect();
    let csv = |name: &str, table: &Table| -> anyhow::Result<()> {
        let path = folder.join(name);
        table.write_delimited(&path, b',')?;
        let titles = format!("Report\r\n\"{title}\"\r\n\r\n").into_bytes();
        Ok(fs::write(&path, [titles, fs::read(&path)?].concat())?)
    };
    csv("8.1_StudentProfileList(EOY3).csv", &profile(&enrolled))?;
    csv("7.12_IncidentResultsStudentList (1).csv", &incidents(&enrolled))?;
    let absences = folder.join("14.2_StudentAbsencesStudentList.xlsx");
    absence_list(&enrolled).write_workbook(&absences, "14.2", &title)?;
    let (students, totals) = cohort(years);
    csv("15.2 - Cohort Outcome - Student Details.csv", &students)?;
    csv("15.1 - Cohort Outcome - Count.csv", &totals)
}

fn letter(flag: &str) -> &'static str {
    if flag == "1" { "Y" } else { "N" }
}

fn grade(year: &StudentYear) -> &str {
    if year["grade_level"] == "KG" { "KN" } else { &year["grade_level"] }
}

/// Columns that every list has of its students.
fn student(year: &StudentYear) -> [(&str, &str); 4] {
    [
        ("SchoolCode", &year["school_id"]),
        ("SSID", &year["statewide_id"]),
        ("StudentName", "Núñez, Kim"),
        ("LocalID", &year["student_id"]),
    ]
}

fn profile(years: &[&StudentYear]) -> Table {
    let mut table = Table::new([
        "Textbox4",
        "SchoolCode",
        "SchoolName",
        "SSID",
        "StudentName",
        "LocalID",
        "Gender",
        "Grade",
        "EthnicityRace",
        "Homeless",
        "StudentswithDisabilities",
        "SocioEconomicallyDisadvantaged",
        "Foster",
        "TitleIPartCMigrant",
        "ELAStatus",
        "ELAStatusStartDate",
    ]);
    for (number, year) in years.iter().enumerate() {
        let race = RACES.iter().find(|(code, _)| *code == year["race_ethnicity"]);
        let is_learner = year["english_learner"] == "1";
        let mut cells = student(year).to_vec();
        cells.extend([
            ("Gender", year["gender"].as_str()),
            ("Grade", grade(year)),
            ("EthnicityRace", race.map_or("Missing", |(_, name)| *name)),
            ("Homeless", letter(&year["homeless"])),
            ("StudentswithDisabilities", letter(&year["students_with_disabilities"])),
            ("SocioEconomicallyDisadvantaged", letter(&year["socioeconomically_disadvantaged"])),
            ("Foster", letter(&year["foster"])),
            ("TitleIPartCMigrant", letter(&year["migrant"])),
            ("ELAStatus", if is_learner { "EL" } else { "EO" }),
            ("ELAStatusStartDate", "8/15/2022"),
        ]);
        table.push(&cells);
        // A second enrolment of the year says less of some students.
        if number % 40 == 7 {
            let says_no = ["Homeless", "Foster", "StudentswithDisabilities"];
            cells.iter_mut().filter(|(name, _)| says_no.contains(name)).for_each(|it| it.1 = "N");
            table.push(&cells);
        }
    }
    table.push(&[("StudentName", "Total")]);
    table
}

fn absence_list(years: &[&StudentYear]) -> Table {
    let mut table = Table::new([
        "",
        "School Code",
        "SSID",
        "StudentName",
        "LocalID",
        "Grade",
        "Days Expected (A)",
        "Days Absent (C+E+F+G)",
    ]);
    for year in years {
        let [school, ssid, name, local] = student(year);
        table.push(&[
            ("School Code", school.1),
            ssid,
            name,
            local,
            ("Grade", grade(year)),
            ("Days Expected (A)", &year["days_expected"]),
            ("Days Absent (C+E+F+G)", &year["days_absent"]),
        ]);
    }
    table
}

fn incidents(years: &[&StudentYear]) -> Table {
    let mut table = Table::new([
        "Textbox7",
        "SchoolCode",
        "SSID",
        "StudentName",
        "LocalID",
        "IncidentIDLocal",
        "IncidentResult",
        "DurationDays",
    ]);
    for (number, year) in years.iter().enumerate() {
        let days: f64 = year["days_suspended"].parse().unwrap_or_default();
        let id = format!("I{number}");
        let mut push = |result: &str, days: &str| {
            let more =
                [("IncidentIDLocal", &*id), ("IncidentResult", result), ("DurationDays", days)];
            table.push(&[&student(year)[..], &more].concat());
        };
        if days > 0.0 {
            push("110 - In-School Suspension", &year["days_suspended"]);
            // Repeated for a second offense.
            push("110 - In-School Suspension", &year["days_suspended"]);
        } else if number % 30 == 0 {
            push("300 - Other Means of Correction", "2");
        }
    }
    table
}

/// 15.2, and 15.1 which counts it.
fn cohort(years: &[StudentYear]) -> (Table, Table) {
    let mut students = Table::new([
        "Textbox2",
        "SchoolCode",
        "SSID",
        "StudentName",
        "LocalID",
        "EthnicityRace",
        "SocioEconomicallyDisadvantaged",
        "CohortCategory",
    ]);
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for year in years {
        let found = OUTCOMES.iter().find(|(outcome, ..)| *outcome == year["cohort_outcome"]);
        let Some((_, category, column)) = found else { continue };
        students.push(&[&student(year)[..], &[("CohortCategory", category)]].concat());
        *counts.entry((&year["school_id"], column)).or_default() += 1;
    }
    let columns = OUTCOMES.map(|(.., column)| column);
    let mut totals = Table::new([&["Textbox9", "SchoolCode"][..], &columns].concat());
    let schools: std::collections::BTreeSet<&str> =
        counts.keys().map(|(school, _)| *school).collect();
    for school in schools {
        let texts: Vec<String> = columns
            .iter()
            .map(|column| counts.get(&(school, column)).copied().unwrap_or_default().to_string())
            .collect();
        let cells = columns.iter().copied().zip(texts.iter().map(String::as_str));
        let cells: Vec<(&str, &str)> =
            std::iter::once(("SchoolCode", school)).chain(cells).collect();
        totals.push(&cells);
    }
    (students, totals)
}
