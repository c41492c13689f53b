//! Whole files, from title to student years.

use peerlight_proto::units::SchoolYear;

use super::*;
use crate::{
    intake::{
        Headed, Imported, Refused, Report, StudentYears,
        tests::{byte, number, schools},
    },
    student::{Column, MISSING},
};

const CAASPP: [&str; 15] = [
    "RecordType",
    "SSID",
    "StudentLastName",
    "CALPADSGrade",
    "GradeAssessed",
    "CALPADSIDEAIndicator",
    "ConditionCode",
    "Attemptedness",
    "IncludeIndicator",
    "ScaleScore",
    "StandardErrorMeasurement",
    "AchievementLevels",
    "GradeAssessedMinus1",
    "ScaleScoreMinus1",
    "AchievementLevelMinus1",
];

/// A CAASPP row as it counts, with some cells changed.
fn row<'a>(record: &'a str, ssid: &'a str, changes: &[(&str, &'a str)]) -> Vec<&'a str> {
    let mut cells = vec![
        record, ssid, "Núñez", "04", "04", "Yes", "", "Y", "Y", "2480", "25", "3", "03", "2431",
        "2",
    ];
    for (column, text) in changes {
        let position = CAASPP.iter().position(|name| name == column).unwrap();
        cells[position] = text;
    }
    cells
}

fn in_year(ending: u32) -> Options {
    Options { year: Some(SchoolYear::ending(ending).unwrap()), ..Options::default() }
}

fn in_2026() -> Options {
    in_year(2026)
}

fn read(
    format: Format,
    options: Options,
    header: &[&str],
    rows: &[Vec<&str>],
) -> Result<Imported, Refused> {
    let mut import = Assessments::new(format, schools(), options);
    import.begin("scores.csv");
    import.row(1, &["The title of the file", ""]);
    import.row(2, header);
    for (line, cells) in (3..).zip(rows) {
        import.row(line, cells);
    }
    assert!(import.has_header());
    import.finish()
}

fn caaspp(rows: &[Vec<&str>]) -> Result<Imported, Refused> {
    read(Format::Caaspp, in_2026(), &CAASPP, rows)
}

fn told(report: &Report) -> Vec<String> {
    report.problems.groups().map(|group| group.to_string()).collect()
}

#[test]
fn the_rows_of_a_student_become_one_student_year_without_a_school() {
    let rows = [
        row("01", "1000000001", &[]),
        row("02", "1000000001", &[("ScaleScore", "2520"), ("AchievementLevels", "")]),
        row("6", "1000000001", &[("ScaleScore", "410"), ("ScaleScoreMinus1", "")]),
    ];
    let imported = caaspp(&rows).unwrap();
    let [years] = imported.years.as_slice() else { panic!("one year") };
    assert_eq!((years.rows(), years.school[0]), (1, StudentYears::NO_SCHOOL));
    assert_eq!(years.statewide.get(0), b"1000000001");
    for (column, expected) in [
        (Column::ElaScaleScore, 2480.0),
        (Column::ElaSem, 25.0),
        (Column::ElaPriorScaleScore, 2431.0),
        (Column::MathScaleScore, 2520.0),
        (Column::ScienceScaleScore, 410.0),
    ] {
        assert_eq!((column, number(years, column, 0)), (column, expected));
    }
    let levels = [Column::ElaLevel, Column::MathLevel, Column::ElaPriorLevel];
    assert_eq!(levels.map(|column| byte(years, column, 0)), [3, MISSING, 2]);
    let grades = [Column::GradeAssessed, Column::PriorGradeLevel];
    assert_eq!(grades.map(|column| byte(years, column, 0)), [5, 4]);
    assert_eq!(years.names[&Column::TestName], ["Smarter Balanced"]);
    assert!(!imported.report.columns.contains(Column::StudentsWithDisabilities));
    assert_eq!((imported.report.rows, imported.report.filtered), (3, 0));
}

#[test]
fn every_row_that_is_left_out_is_counted_with_its_reason() {
    let rows = [
        row("01", "1000000001", &[]),
        row("03", "1000000002", &[]),
        row("04", "1000000002", &[]),
        row("01", "1000000003", &[("IncludeIndicator", "N")]),
        row("01", "1000000004", &[("IncludeIndicator", "T")]),
        row("01", "1000000005", &[("ConditionCode", "PGE"), ("ScaleScore", "")]),
        row("01", "1000000006", &[("Attemptedness", "N")]),
        row("01", "1000000007", &[("ScaleScore", "NS")]),
        row("09", "1000000008", &[]),
        row("01", "1000000001", &[]),
    ];
    let imported = caaspp(&rows).unwrap();
    let report = &imported.report;
    assert_eq!((report.rows, report.filtered, imported.years[0].rows()), (10, 9, 1));
    let told = told(report);
    for part in [
        "RecordType is 03: a California Alternate Assessment (CAA): scores.csv line 4.",
        "RecordType is 04: a California Alternate Assessment (CAA): scores.csv line 5.",
        "IncludeIndicator is N: scores.csv line 6.",
        "IncludeIndicator is T: scores.csv line 7.",
        "ConditionCode is PGE: not tested at a parent's or guardian's request: scores.csv line 8.",
        "Attemptedness is N: not attempted: scores.csv line 9.",
        "ScaleScore is empty: scores.csv line 10.",
        "RecordType is of a test that is not counted: scores.csv line 11.",
        "SSID has the same score of a test twice: scores.csv line 12.",
    ] {
        assert!(told.iter().any(|it| it.starts_with(part)), "{part} in {told:#?}");
    }
    let unmapped = report.unmapped.values();
    assert_eq!((unmapped.len(), unmapped[0].value.as_str()), (1, "\"09\""));
}

#[test]
fn a_lowest_score_that_the_state_gives_counts() {
    let rows = [row("01", "1000000001", &[("ConditionCode", "LOSS"), ("ScaleScore", "2131")])];
    let imported = caaspp(&rows).unwrap();
    let unmapped = imported.report.unmapped.values().len();
    assert_eq!((number(&imported.years[0], Column::ElaScaleScore, 0), unmapped), (2131.0, 0));
}

#[test]
fn faults_are_refused_with_line_and_remedy_and_no_whole_id() {
    for (rows, part) in [
        (
            vec![row("01", "1000000001", &[]), row("01", "1000000001", &[("ScaleScore", "2481")])],
            "SSID has two scores of one test: scores.csv line 4 (***01, also on line 3). keep",
        ),
        (vec![row("01", "", &[])], "SSID is empty: scores.csv line 3."),
        (vec![row("01", "12345678901", &[])], "not a number of 10 digits: scores.csv line 3"),
        (
            vec![row("01", "1000000001", &[("ScaleScore", "24,80")])],
            "ela_scale_score is not a number: scores.csv line 3 (\"24,80\")",
        ),
        (
            vec![row("01", "1000000001", &[])[..9].to_vec()],
            "another number of cells than the header: 9 instead of 15: scores.csv line 3",
        ),
    ] {
        let told = told(&caaspp(&rows).unwrap_err().report);
        assert!(told[0].contains(part), "{part} in {told:#?}");
        assert!(!told.concat().contains("1000000001"), "{told:#?}");
    }
}

#[test]
fn zeros_that_a_spreadsheet_took_are_put_back_and_said() {
    let imported = caaspp(&[row("1", "12345678", &[])]).unwrap();
    assert_eq!(imported.years[0].statewide.get(0), b"0012345678");
    assert!(told(&imported.report)[0].starts_with("SSID has fewer than 10 digits"));
}

#[test]
fn groups_are_taken_only_where_they_are_asked_for_under_either_years_name() {
    let header: Vec<&str> = ["RecordType", "SSID", "GradeAssessed", "IncludeIndicator"]
        .into_iter()
        .chain(["ScaleScore", "AchievementLevels", "CALPADSSpecialEducation", "ELAS"])
        .chain(["HispanicorLatino", "Asian", "White", "EconomicDisadvantageStatus"])
        .collect();
    let cells = |ssid, hispanic| {
        let row = ["01", ssid, "04", "Y", "2480", "3", "Yes", "RFEP", hispanic, "Yes", "Yes", "No"];
        row.to_vec()
    };
    let rows = [cells("1000000001", "Yes"), cells("1000000002", "No")];
    let options = Options { with_groups: true, ..in_2026() };
    let imported = read(Format::Caaspp, options, &header, &rows).unwrap();
    let years = &imported.years[0];
    let of = |column, row| byte(years, column, row);
    assert_eq!([0, 1].map(|row| of(Column::RaceEthnicity, row)), [4, 7]);
    assert_eq!(of(Column::StudentsWithDisabilities, 0), 1);
    assert_eq!(of(Column::SocioeconomicallyDisadvantaged, 0), 0);
    assert_eq!((of(Column::EnglishLearner, 0), of(Column::Reclassified, 0)), (0, 1));
}

#[test]
fn a_file_without_its_year_of_another_or_without_its_columns_is_refused() {
    for (file, options, header, part) in [
        ("scores.csv", Options::default(), &CAASPP[..], "does not say its school year"),
        ("Data_2024.csv", in_2026(), &CAASPP[..], "the file is of 2023-24, as its name says"),
        ("scores.csv", in_2026(), &CAASPP[..9], "ScaleScore is missing from the file's header"),
    ] {
        let mut import = Assessments::new(Format::Caaspp, schools(), options);
        import.begin(file);
        import.row(1, header);
        import.row(2, &row("01", "1000000001", &[])[..header.len()]);
        let told = told(&import.finish().unwrap_err().report);
        assert!(told.iter().any(|it| it.contains(part)), "{part} in {told:#?}");
    }
}

#[test]
fn a_file_of_something_else_is_refused_by_what_it_lacks() {
    for (cells, widest, part) in [
        (&["a", "b"][..], 2, "choose the right file or --sheet; its header names RecordType, SSID"),
        (&["011000000001"][..], 1, "download it as .csv, .xlsx or _DLMTR.CSV"),
    ] {
        let mut import = Assessments::new(Format::Caaspp, schools(), in_2026());
        import.begin("other.csv");
        for line in 1..=20 {
            assert!(import.wants_rows());
            import.row(line, cells);
        }
        assert!(!import.wants_rows() && !import.has_header());
        import.no_header(widest);
        let told = told(&import.finish().unwrap_err().report);
        assert!(told[0].contains(part), "{told:#?}");
    }
}

const ELPAC: [&str; 9] = [
    "RecordType",
    "SSID",
    "GradeAssessed",
    "IncludeIndicator",
    "OverallScaleScore",
    "OverallPL",
    "GradeAssessedMinus1",
    "OverallScaleScoreMinus1",
    "OverallPLMinus1",
];

#[test]
fn progress_is_told_of_those_with_two_scores_of_one_test() {
    let rows = [
        vec!["21", "1000000001", "04", "Y", "1479", "2", "03", "1467", "2"],
        vec!["21", "1000000002", "04", "Y", "1478", "2", "03", "1467", "2"],
        vec!["21", "1000000003", "04", "Y", "1478", "2", "", "", ""],
        vec!["21", "1000000004", "KN", "Y", "1478", "2", "KN", "1467", "2"],
        vec!["23", "1000000005", "04", "Y", "340", "2", "03", "330", "2"],
        vec!["23", "1000000006", "04", "Y", "340", "2", "03", "1467", "2"],
        vec!["22", "1000000007", "04", "Y", "340", "2", "", "", ""],
        vec!["21", "1000000008", "04", "T", "1478", "2", "03", "1467", "2"],
    ];
    let imported = read(Format::Elpac, in_2026(), &ELPAC, &rows).unwrap();
    let years = &imported.years[0];
    let progress = (0..years.rows()).map(|row| byte(years, Column::ElpiProgress, row));
    assert_eq!(progress.collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!((imported.report.rows, imported.report.filtered), (8, 5));

    let before = in_year(2022);
    let imported = read(Format::Elpac, before, &ELPAC, &rows).unwrap();
    assert_eq!(imported.years[0].rows(), 2, "the alternate test counts from 2023");
}

#[test]
fn the_first_college_after_graduation_counts_in_the_year_of_graduation() {
    let header = [
        "Your Unique Identifier",
        "Record Found Y/N",
        "2-year / 4-year",
        "Enrollment Begin",
        "HIGH_SCHOOL_GRAD_DATE",
    ];
    let rows = [
        vec!["70001_", "Y", "4-year", "20270820", "20260605"],
        vec!["70001_", "Y", "2-year", "20260824", "20260605"],
        vec!["70001_", "Y", "4-year", "20260824", "20260605"],
        vec!["70001_", "Y", "2-year", "20260115", "20260605"],
        vec!["70002_", "N", "", "", "20260605"],
        vec!["70003_", "Y", "2-year", "20250901", "20250715"],
        vec!["70004_", "Y", "Vocational", "20260901", "20260605"],
        vec!["70004_", "Y", "4-year", "", "20260605"],
    ];
    let imported = read(Format::Nsc, Options::default(), &header, &rows).unwrap();
    let of: Vec<u16> = imported.years.iter().map(|years| years.school_year.ending_year()).collect();
    assert_eq!(of, [2025, 2026], "graduated in July is of the year before");
    let years = &imported.years[1];
    assert_eq!((years.rows(), years.students.get(0)), (2, &b"70001"[..]));
    let begins = crate::intake::days_of("2026-08-24").unwrap();
    let levels = [0, 1].map(|row| byte(years, Column::CollegeLevel, row));
    let first = number(years, Column::CollegeEnrolledDate, 0);
    assert_eq!((first, levels), (begins, [4, MISSING]));
    assert_eq!((imported.report.rows, imported.report.filtered), (8, 3));
    assert_eq!(imported.report.unmapped.values()[0].value, "\"Vocational\"");

    let only = in_year(2025);
    let imported = read(Format::Nsc, only, &header, &rows).unwrap();
    assert_eq!((imported.years.len(), imported.years[0].rows()), (1, 1));
}
