//! Whole reports, from their titles to student years.

use peerlight_proto::units::SchoolYear;

use super::*;
use crate::{
    intake::{
        Headed, Imported, Refused, Report, StudentYears,
        tests::{byte, number, schools},
    },
    student::{Column, MISSING},
};

/// A file's name and its rows, the titles and the header among them.
type File<'a> = (&'a str, Vec<Vec<&'a str>>);

const TITLE: &[&str] = &["Academic Year: 2025-2026", ""];

const PROFILE: [&str; 11] = [
    "Textbox1",
    "SchoolCode",
    "SSID",
    "LocalID",
    "Gender",
    "Grade",
    "EthnicityRace",
    "Homeless",
    "SocioEconomicallyDisadvantaged",
    "ELAStatus",
    "ELAStatusStartDate",
];

fn profile(rows: &[[&'static str; 10]]) -> File<'static> {
    let mut all = vec![TITLE.to_vec(), PROFILE.to_vec()];
    all.extend(rows.iter().map(|row| [&[""], &row[..]].concat()));
    ("8.1_StudentProfileList(EOY3).csv", all)
}

fn absences(rows: &[[&'static str; 5]]) -> File<'static> {
    let header = ["School Code", "SSID", "Grade", "Days Expected (A)", "Days Absent (C+E+F+G)"];
    let mut all = vec![TITLE.to_vec(), header.to_vec()];
    all.extend(rows.iter().map(|row| row.to_vec()));
    ("14.2_StudentAbsencesStudentList (9).csv", all)
}

fn incidents(rows: &[[&'static str; 4]]) -> File<'static> {
    let header = ["SSID", "IncidentIDLocal", "IncidentResult", "DurationDays"];
    let mut all = vec![TITLE.to_vec(), header.to_vec()];
    all.extend(rows.iter().map(|row| row.to_vec()));
    ("7.12 IncidentResultsStudentList.csv", all)
}

fn cohort(rows: &[[&'static str; 3]]) -> File<'static> {
    let mut all = vec![TITLE.to_vec(), vec!["SchoolCode", "SSID", "CohortCategory"]];
    all.extend(rows.iter().map(|row| row.to_vec()));
    ("15.2 - Cohort Outcome - Student Details.csv", all)
}

fn totals(rows: &[[&'static str; 3]]) -> File<'static> {
    let mut all = vec![TITLE.to_vec(), vec!["SchoolCode", "HSDiplomaGraduates", "Dropouts"]];
    all.extend(rows.iter().map(|row| row.to_vec()));
    ("15.1.csv", all)
}

fn read(year: Option<u32>, files: &[File<'_>]) -> Result<Imported, Refused> {
    let year = year.map(|year| SchoolYear::ending(year).unwrap());
    let mut import = Reports::new(schools(), year, None);
    for (name, rows) in files {
        import.begin(name);
        for (line, cells) in (1..).zip(rows) {
            import.row(line, cells);
        }
        if !import.has_header() {
            import.no_header(9);
        }
    }
    import.finish()
}

fn told(report: &Report) -> String {
    let lines: Vec<String> = report.problems.groups().map(|group| group.to_string()).collect();
    lines.join("\n")
}

fn refused(year: Option<u32>, files: &[File<'_>]) -> String {
    told(&read(year, files).unwrap_err().report)
}

fn row_of(years: &StudentYears, ssid: &str) -> usize {
    (0..years.rows()).find(|row| years.statewide.get(*row) == ssid.as_bytes()).unwrap()
}

fn school_of(years: &StudentYears, row: usize) -> &str {
    years.schools.get(years.school[row] as usize).map_or("", String::as_str)
}

#[test]
fn the_lists_of_a_year_make_its_student_years() {
    let imported = read(
        None,
        &[
            profile(&[
                ["10", "1000000001", "a", "F", "1.0", "Hispanic", "N", "Y", "EL", "8/15/2018"],
                ["20", "1000000001", "a", "F", "1.0", "Hispanic", "Y", "N", "EL", "8/15/2018"],
                ["10", "1000000002", "b", "N", "KN", "Black/African Am", "", "N", "EO", ""],
                ["", "", "", "", "", "", "", "", "", ""],
            ]),
            absences(&[
                ["10", "1000000001", "01", "120", "13"],
                ["20", "1000000001", "01", "60.0", "7.5"],
                ["10", "1000000002", "KN", "180", "0"],
                ["", "Total", "", "360", "20"],
            ]),
            incidents(&[
                ["1000000001", "I1", "110 - In-School Suspension", "1.5"],
                ["1000000001", "I1", "110 - In-School Suspension", "1.5"],
                ["1000000001", "I2", "Out-of-School Suspension", "1"],
                ["1000000002", "I2", "300 - Other Means", "3"],
            ]),
        ],
    )
    .unwrap();
    let [years] = imported.years.as_slice() else { panic!("one year") };
    assert_eq!((years.school_year.ending_year(), years.rows()), (2026, 2));
    let (first, second) = (row_of(years, "1000000001"), row_of(years, "1000000002"));
    assert_eq!(school_of(years, first), "10", "most days were expected there");
    assert_eq!(years.students.get(first), b"a");
    for (column, expected) in [
        (Column::DaysExpected, 180.0),
        (Column::DaysAbsent, 20.5),
        (Column::DaysExpectedAtSchool, 120.0),
        (Column::DaysAbsentAtSchool, 13.0),
        (Column::DaysSuspended, 2.5),
    ] {
        assert_eq!((column, number(years, column, first)), (column, expected));
    }
    assert_eq!(number(years, Column::DaysSuspended, second).to_bits(), 0.0_f64.to_bits());
    for (column, values) in [
        (Column::GradeLevel, [2, 1]),
        (Column::Gender, [0, 2]),
        (Column::RaceEthnicity, [4, 0]),
        (Column::Homeless, [1, 0]),
        (Column::SocioeconomicallyDisadvantaged, [1, 0]),
        (Column::EnglishLearner, [1, 0]),
        (Column::LongTermEnglishLearner, [1, MISSING]),
        (Column::IncidentsSuspended, [2, 0]),
        (Column::Foster, [MISSING; 2]),
        (Column::EnrolledOnOctoberCensus, [MISSING; 2]),
        (Column::Expelled, [0; 2]),
    ] {
        let found = [first, second].map(|row| byte(years, column, row));
        assert_eq!((column, found), (column, values));
    }
    let told = told(&imported.report);
    assert!(told.contains("EnrollmentStartDate is not in report 8.1"), "{told}");
    assert!(told.contains("IncidentIDLocal has the same result twice"), "{told}");
    assert!(told.contains("SSID is empty: not a student's row"), "{told}");
    assert!(!told.contains("1000000001"), "{told}");
}

#[test]
fn dates_of_enrolment_tell_the_school_of_record_and_the_census_days() {
    let header = [
        "SchoolCode",
        "SSID",
        "Grade",
        "EthnicityRace",
        "SocioEconomicallyDisadvantaged",
        "EnrollmentStatus",
        "EnrollmentStartDate",
        "EnrollmentExitDate",
        "ExitReason",
        "CompletionStatus",
    ];
    let row = |school, ssid, status, start, end, exit| {
        vec![school, ssid, "07", "White", "N", status, start, end, exit, ""]
    };
    let file = vec![
        header.to_vec(),
        row("10", "1000000001", "10 - Primary", "8/11/2025", "1/30/2026 12:00:00 AM", "T160"),
        row("20", "1000000001", "10 - Primary", "2/2/2026", "", ""),
        row("10", "1000000002", "10", "8/11/2025", "8/11/2025", "N470"),
        row("10", "1000000003", "40", "8/11/2025", "", ""),
    ];
    let imported = read(Some(2026), &[("8.1.csv", file)]).unwrap();
    let years = &imported.years[0];
    assert_eq!((years.rows(), school_of(years, 0)), (1, "20"));
    assert_eq!(byte(years, Column::EnrolledOnOctoberCensus, 0), 0);
    assert_eq!(byte(years, Column::EnrolledOnMarchCensus, 0), 1);
    assert_eq!(imported.report.filtered, 2);
}

#[test]
fn a_cohort_is_told_once_a_student_and_its_totals_are_compared() {
    let students = [
        ["10", "1000000001", "HSDiplomaGraduate"],
        ["10", "1000000002", "Dropout"],
        ["10", "1000000003", "RemovedFromCohort"],
        ["20", "1000000003", "HSDiplomaGraduate"],
        ["10", "1000000003", "RemovedFromCohort"],
        ["20", "1000000004", "Something new"],
    ];
    let right = [["10", "1", "1"], ["20", "1", "0"], ["Total", "2", "1"]];
    let imported = read(None, &[cohort(&students), totals(&right)]).unwrap();
    let years = &imported.years[0];
    assert_eq!(years.rows(), 3);
    for (ssid, school, outcome) in
        [("1000000001", "10", 0), ("1000000002", "10", 3), ("1000000003", "20", 0)]
    {
        let row = row_of(years, ssid);
        assert_eq!(school_of(years, row), school);
        assert_eq!(byte(years, Column::CohortOutcome, row), outcome, "{ssid}");
        assert_eq!(byte(years, Column::GradeLevel, row), 13, "{ssid}");
        assert_eq!(number(years, Column::CohortYear, row).to_bits(), 2026.0_f64.to_bits());
    }
    let agrees = told(&imported.report);
    assert!(agrees.contains("every total of report 15.1 is the number"), "{agrees}");
    assert!(agrees.contains("SSID is in the cohorts of two schools (2 times)"), "{agrees}");
    let values = imported.report.unmapped.values();
    assert_eq!(values[0].value, "\"Something new\"");

    let wrong = [["10", "2", "1"], ["20", "1", "0"]];
    let imported = read(None, &[cohort(&students), totals(&wrong)]).unwrap();
    let differs = told(&imported.report);
    let expected = "HSDiplomaGraduates in report 15.1 is not the number of students that 15.2 \
                    has: 15.1.csv line 3 (2 instead of 1, school 0000010)";
    assert!(differs.contains(expected), "{differs}");
    assert!(!differs.contains("every total"), "{differs}");
}

#[test]
fn files_that_cannot_be_a_years_reports_are_refused_with_a_remedy() {
    let students = || absences(&[["10", "1000000001", "01", "120", "13"]]);
    let of = |rows: Vec<Vec<&'static str>>| ("report.csv", rows);
    let without_year = ("14.2.csv", students().1[1..].to_vec());
    let other_year = ("14.2 2023-24.csv", students().1);
    let not_a_number = absences(&[["10", "1000000001", "01", "many", "13"]]);
    let elsewhere = absences(&[["30", "1000000001", "01", "120", "13"]]);
    let nowhere = absences(&[["7654321", "1000000001", "01", "120", "13"]]);
    let bad_id = absences(&[["10", "10000000012345", "01", "120", "13"]]);
    let cut = of(vec![students().1[0].clone(), students().1[1].clone(), vec!["10", "1000000001"]]);
    let lacking = of(vec![vec!["SSID", "Days Expected (A)", "SchoolCode"]]);
    for (year, file, what) in [
        (None, without_year, "give it with --year"),
        (Some(2024), students(), "is of 2025-26 by its title, and of 2023-24 by --year"),
        (None, other_year, "is of 2025-26 by its title, and of 2023-24 by its name"),
        (None, of(vec![vec!["SSID", "Grade"], vec!["1000000001", "01"]]), "14.2 Student Absences"),
        (None, incidents(&[["1000000001", "I1", "100", "1"]]), "together with 8.1 or 14.2"),
        (None, totals(&[["10", "1", "1"]]), "import it together with 15.2"),
        (None, not_a_number, "Days"),
        (None, elsewhere, "is a school that B reports for"),
        (None, nowhere, "is not in the directory"),
        (None, bad_id, "is not a number of 10 digits"),
        (None, cut, "2 instead of 5"),
        (None, lacking, "DaysAbsentCEFG is missing from the file's header"),
    ] {
        let name = file.0;
        let told = refused(year, &[file]);
        assert!(told.contains(what) && told.contains(name), "{what}: {told}");
        assert!(!told.contains("1000000001"), "{told}");
    }
}
