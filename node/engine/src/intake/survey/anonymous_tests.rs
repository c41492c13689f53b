//! Answers of people without an id: from an export by its map, and from
//! `survey_responses.csv`.

use super::*;
use crate::{
    intake::{Headed, Imported, Refused, Report, tests::schools},
    respondent::{Respondent, Responses, survey_values},
};

const STAFF: &str = "
respondent = \"staff\"
school = \"School\"
school_year = \"2025-26\"
[schools]
\"North\" = \"10\"
\"Central office\" = \"\"
[scale.agree]
values = { \"Never\" = 1, \"Rarely\" = 2, \"Often\" = 3, \"Always\" = 4 }
[construct.climate_safety]
scale = \"agree\"
items = [\"Q1\", \"Q2\", \"Q3\"]
reversed = [\"Q3\"]
least = 1
";

const HEADER: [&str; 5] = ["Status", "School", "Q1", "Q2", "Q3"];

fn read(import: &mut impl Headed, rows: &[&[&str]]) {
    import.begin("answers.csv");
    for (line, cells) in (1..).zip(rows) {
        import.row(line, cells);
    }
}

fn export(map: &str, rows: &[&[&str]]) -> Result<Imported, Refused> {
    let map = SurveyMap::parse(map).unwrap();
    let mut import = Survey::new(schools(), map, None);
    read(&mut import, rows);
    import.finish()
}

fn file(text: &str) -> Result<Imported, Refused> {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let mut import = ResponseFile::new(schools());
    read(&mut import, &rows);
    import.finish()
}

fn said(report: &Report) -> String {
    report.problems.groups().map(|group| group.to_string() + "\n").collect()
}

/// Every figure: school, measure, respondents, mean, items.
fn figures(responses: &Responses) -> Vec<String> {
    let line = |it: &crate::respondent::SurveyValue| {
        let school = it.school.as_deref().unwrap_or("all");
        format!("{school} {} {} {:.3} {:?}", it.measure, it.respondents, it.mean, it.items)
    };
    survey_values(responses).iter().map(line).collect()
}

#[test]
fn answers_of_staff_become_shares_by_school_with_reversed_items_turned_round() {
    let imported = export(
        STAFF,
        &[
            &HEADER,
            &["0", "North", "Always", "Always", "Never"],
            &["0", "10", "Always", "Never", ""],
            &["0", "20", "", "", "Always"],
            &["0", "20", "", "", ""],
            &["0", "Central office", "Always", "Always", "Never"],
            &["0", "", "Always", "Always", "Never"],
            &["1", "20", "Always", "Always", "Never"],
            &["0", "20", "Sometimes", "Rarely", "Never"],
        ],
    )
    .unwrap();
    assert!(imported.years.is_empty(), "they are no student years");
    let [staff] = imported.responses.as_slice() else { panic!("one administration") };
    assert_eq!((staff.respondent, staff.school_year.ending_year()), (Respondent::Staff, 2026));
    assert_eq!(
        figures(staff),
        [
            "all cc_staff_safety 4 0.500 Some((5, 8))",
            "10 cc_staff_safety 2 0.750 Some((4, 5))",
            "20 cc_staff_safety 2 0.250 Some((1, 3))",
        ]
    );
    let report = &imported.report;
    assert_eq!((report.rows, report.filtered), (8, 4));
    let told = said(report);
    for part in ["too few items of every", "School says no school (2 times)", "is a preview"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let values = report.unmapped.values();
    let [only] = values.as_slice() else { panic!("one value") };
    assert_eq!((only.column.as_str(), only.value.as_str()), ("Q1", "\"Sometimes\""));
}

#[test]
fn schools_that_are_not_the_districts_are_refused() {
    for (school, what) in [
        ("99", "School is not in the directory: answers.csv line 3 (\"99\")"),
        ("30", "School is a school that B reports for: answers.csv line 3 (\"30\")"),
    ] {
        let rows: [&[&str]; 3] =
            [&HEADER, &["0", "10", "Always", "", ""], &["0", school, "Always", "", ""]];
        let refused = export(STAFF, &rows).unwrap_err();
        let told = said(&refused.report);
        assert!(told.contains(what), "{what} in {told}");
    }
    let nothing = said(&export(STAFF, &[&HEADER]).unwrap_err().report);
    assert!(nothing.contains("there are no rows"), "{nothing}");
}

#[test]
fn a_column_tells_who_answered_and_strangers_are_listed_and_left_out() {
    let map =
        STAFF.replace("respondent = \"staff\"", "respondent_column = \"Role\"\ngrade = \"Grade\"");
    let map = map + "[respondents]\n\"Mother\" = \"parent\"\n";
    let header = ["Role", "Grade", "School", "Q1", "Q2", "Q3"];
    let answer = |role: &'static str, grade: &'static str| [role, grade, "10", "Always", "", ""];
    let rows = [
        answer("mother", ""),
        answer("Staff", ""),
        answer("student", "4"),
        answer("student", "5"),
        answer("student", "fifth"),
        answer("Driver", ""),
    ];
    let rows: Vec<&[&str]> = [&header].into_iter().chain(&rows).map(|row| &row[..]).collect();
    let imported = export(&map, &rows).unwrap();
    let all: Vec<String> = imported.responses.iter().flat_map(figures).collect();
    assert_eq!(
        all,
        [
            "all cc_student_safety 2 1.000 Some((2, 2))",
            "10 cc_student_safety 2 1.000 Some((2, 2))",
            "all cc_staff_safety 1 1.000 Some((1, 1))",
            "10 cc_staff_safety 1 1.000 Some((1, 1))",
            "all cc_parent_safety 1 1.000 Some((1, 1))",
            "10 cc_parent_safety 1 1.000 Some((1, 1))",
        ],
        "grade 4 is not counted, and an unknown one is"
    );
    let unmapped = imported.report.unmapped.values();
    let listed: Vec<(&str, &str)> =
        unmapped.iter().map(|it| (it.column.as_str(), it.value.as_str())).collect();
    assert_eq!(listed, [("Grade", "\"fifth\""), ("Role", "\"Driver\"")]);
    assert!(said(&imported.report).contains("Role says nobody who is known"));
    let without_role = export(&map, &[&header[1..]]).unwrap_err();
    assert!(said(&without_role.report).contains("Role is missing"));
}

#[test]
fn a_file_of_shares_has_the_mean_and_no_items() {
    let imported = file(
        "School_Year,school_id,respondent,grade_level,climate_safety,sel_self_efficacy,mood\n\
         2026,10,parent,,0.5,,x\n\
         2025-26,10,Parent,,1,,\n\
         2026,20,student,KG,1,1,\n\
         2026,20,student,12,0,0.25,\n\
         2025,20,staff,,0.1,,\n\
         2026,20,staff,,,,\n\
         2026,,staff,,1,,",
    )
    .unwrap();
    let all: Vec<String> = imported.responses.iter().flat_map(figures).collect();
    assert_eq!(
        all,
        [
            "all cc_staff_safety 1 0.100 None",
            "20 cc_staff_safety 1 0.100 None",
            "all sel_self_efficacy 1 0.250 None",
            "all cc_student_safety 1 0.000 None",
            "20 sel_self_efficacy 1 0.250 None",
            "20 cc_student_safety 1 0.000 None",
            "all cc_parent_safety 2 0.750 None",
            "10 cc_parent_safety 2 0.750 None",
        ]
    );
    let report = &imported.report;
    assert_eq!((report.rows, report.filtered), (7, 2));
    assert!(report.unknown_columns.iter().eq(["mood"]), "{:?}", report.unknown_columns);
    let told = said(report);
    assert!(told.contains("school_id says no school") && told.contains("no share"), "{told}");
}

#[test]
fn everything_that_is_wrong_with_a_file_of_shares_is_told_at_once() {
    let refused = file(
        "school_year,school_id,respondent,grade_level,climate_safety,sel_self_efficacy\n\
         2026,10,teacher,,1,\n\
         2026,10,staff,,1.01,\n\
         2026,10,staff,,-0.1,\n\
         2026,10,staff,,high,\n\
         2026,10,staff,,1,0.5\n\
         26,10,student,13,1,1\n\
         2026,99,student,,1,1\n\
         2026,30,student,,1,1\n\
         2026,10,student,,1",
    )
    .unwrap_err();
    let told = said(&refused.report);
    for part in [
        "respondent is nobody who is known: answers.csv line 2 (\"teacher\")",
        "climate_safety is out of range (2 times): answers.csv line 3 (\"1.01\")",
        "climate_safety is not a number: answers.csv line 5 (\"high\")",
        "sel_self_efficacy is asked of students alone: answers.csv line 6",
        "school_year is not a school year: answers.csv line 7 (\"26\")",
        "grade_level is not a grade level: answers.csv line 7 (\"13\")",
        "school_id is not in the directory: answers.csv line 8 (\"99\")",
        "school_id is a school that B reports for: answers.csv line 9 (\"30\")",
        "5 instead of 6: answers.csv line 10",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let lacking = file("school_year,school_id,respondent\n2026,10,staff").unwrap_err();
    assert!(said(&lacking.report).contains("climate_support, or another share, is missing"));
    let none = file("school_year,school_id,climate_safety\n2026,10,1").unwrap_err();
    assert!(said(&none.report).contains("respondent is missing from the file's header"));
}
