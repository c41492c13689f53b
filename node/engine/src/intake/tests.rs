//! An import as a data lead meets it: what is read, what is refused, what is
//! said about it.

use std::collections::BTreeMap;

use peerlight_proto::{
    directory::{Directory, Level, School},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{GradeSet, SchoolYear},
};

use super::*;
use crate::student::{Column, MISSING, Values};

pub(super) fn schools() -> Schools {
    let school = |id: &str, lea: &str| School {
        id: SchoolId::new(id).unwrap(),
        lea: MemberId::new(lea).unwrap(),
        name: String::new(),
        level: Level::K12,
        school_type: "regular".to_owned(),
        grades: GradeSet::ALL,
        county: None,
        enrollment: None,
        features: BTreeMap::new(),
    };
    let directory = Directory {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: SchoolYear::ending(2026).unwrap(),
        features_source: String::new(),
        schools: vec![school("10", "A"), school("20", "A"), school("30", "B")],
    };
    Schools::new(&directory, &MemberId::new("A").unwrap())
}

/// A row's number; NaN where it is missing.
pub(super) fn number(years: &StudentYears, column: Column, row: usize) -> f64 {
    match years.values(column) {
        Some(Values::Numbers(numbers)) => numbers[row],
        _ => f64::NAN,
    }
}

/// A row's flag, code, grade or whole number.
pub(super) fn byte(years: &StudentYears, column: Column, row: usize) -> u8 {
    match years.values(column) {
        Some(Values::Bytes(bytes)) => bytes[row],
        _ => MISSING,
    }
}

/// Reads lines of comma-separated cells; the first is the header.
fn import(mapping: Mapping, lines: &[&str]) -> Result<Imported, Refused> {
    let mut intake = Intake::new(schools(), mapping);
    let header: Vec<String> = lines[0].split(',').map(str::to_owned).collect();
    if let Some(layout) = intake.begin("a.csv", &header) {
        for (line, text) in (2..).zip(&lines[1..]) {
            intake.row(&layout, line, text.split(',').map(str::as_bytes));
        }
    }
    intake.finish()
}

fn told(report: &Report) -> Vec<String> {
    report.problems.groups().map(|group| group.to_string()).collect()
}

const HEADER: &str = "school_year,school_id,student_id,grade_level,days_absent";

#[test]
fn rows_are_ordered_by_school_and_split_by_year() {
    let imported = import(
        Mapping::default(),
        &[HEADER, "2026,20,s1,04,1.5", "2025,10,s1,03,2", "2026,10,s2,05,"],
    )
    .unwrap();
    let [before, now] = imported.years.as_slice() else { panic!("two years") };
    assert_eq!((before.rows(), now.rows()), (1, 2));
    assert_eq!(
        (now.schools.as_slice(), now.school.as_slice()),
        (["10", "20"].map(String::from).as_slice(), [0, 1].as_slice())
    );
    assert_eq!((now.students.get(0), now.students.get(1)), (&b"s2"[..], &b"s1"[..]));
    let Some(Values::Numbers(days)) = now.values(Column::DaysAbsent) else { panic!("days") };
    assert!(days[0].is_nan() && days[1].to_bits() == 1.5_f64.to_bits());
}

#[test]
fn more_rows_than_fit_in_memory_are_refused_and_let_go() {
    let read = |most_bytes| {
        let mut intake = Intake::new(schools(), Mapping::default());
        intake.most_bytes = most_bytes;
        let header: Vec<String> = HEADER.split(',').map(str::to_owned).collect();
        let layout = intake.begin("a.csv", &header).unwrap();
        for line in 2..20_002 {
            let row = format!("{},10,s{line},04,1", 2025 + line % 2);
            intake.row(&layout, line, row.split(',').map(str::as_bytes));
        }
        intake.finish()
    };
    // Ids of up to six characters and their ends, two numbers, one byte.
    let imported = read(20_000 * (6 + 4 + 4 + 4 + 8 + 8 + 1)).unwrap();
    assert_eq!(imported.years.iter().map(StudentYears::rows).sum::<usize>(), 20_000);
    let told = told(&read(8_192 * 16).unwrap_err().report);
    assert!(told[0].contains("more student years than fit in memory at once"), "{told:?}");
    assert!(told[0].contains("a.csv line 8192"), "{told:?}");
}

#[test]
fn all_errors_are_told_at_once_and_nothing_is_handed_out() {
    let refused = import(
        Mapping::default(),
        &[
            HEADER,
            "2026,10,1234501,04,x",
            "2026,99,1234502,04,1",
            "2026,30,1234503,14,1",
            ",10,1234504,04,1",
            "2026,10,1234505,04",
            "26,10,1234506,04,400",
        ],
    )
    .unwrap_err();
    let told = told(&refused.report).join("\n");
    for part in [
        "days_absent is not a number: a.csv line 2 (\"x\")",
        "days_absent is out of range: a.csv line 7 (\"400\")",
        "school_id is not in the directory: a.csv line 3 (\"99\")",
        "school_id is a school that B reports for: a.csv line 4",
        "grade_level is not a grade level: a.csv line 4 (\"14\")",
        "school_year is empty: a.csv line 5",
        "school_year is not a school year: a.csv line 7 (\"26\")",
        "a row has another number of cells than the header: a.csv line 6 (4 instead of 5)",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    assert!(!told.contains("12345"), "no id is shown:\n{told}");
}

#[test]
fn a_student_who_is_there_twice_is_refused_naming_both_lines() {
    let refused = import(
        Mapping::default(),
        &[HEADER, "2026,10,1234572,04,1", "2025,10,1234572,03,1", "2026,20,1234572,04,2"],
    )
    .unwrap_err();
    assert_eq!(
        told(&refused.report),
        ["student_id is there twice in 2025-26: a.csv line 2 (***72, again in a.csv line 4). \
          keep one row a student and year: the school of record"]
    );
}

#[test]
fn one_statewide_id_under_two_local_ids_is_one_student_twice() {
    let refused = import(
        Mapping::default(),
        &[
            "school_year,school_id,student_id,statewide_id,grade_level",
            "2026,10,s1,9876543210,04",
            "2026,10,s2,9876543210,04",
            "2026,10,s3,,04",
            "2026,10,s4,,04",
        ],
    )
    .unwrap_err();
    let told = told(&refused.report);
    assert!(told.len() == 1 && told[0].starts_with("statewide_id is there twice"), "{told:?}");
}

#[test]
fn an_id_in_the_wrong_column_is_masked_too() {
    let refused = import(Mapping::default(), &[HEADER, "2026,10,1234572,04,1234572"]).unwrap_err();
    assert!(told(&refused.report)[0].contains("(***72)"), "{:?}", told(&refused.report));
}

#[test]
fn a_header_that_lacks_a_key_or_has_a_column_twice_is_refused() {
    let refused = import(Mapping::default(), &["school_year,student_id,gpa,gpa"]).unwrap_err();
    let told = told(&refused.report).join("\n");
    for part in [
        "school_id is missing from the file's header",
        "grade_level is missing from the file's header",
        "gpa is filled by two columns of the file",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
}

#[test]
fn unknown_columns_are_named_and_ignored_and_absent_ones_are_not_there() {
    let header = format!("{HEADER},shoe_size");
    let imported = import(Mapping::default(), &[&header, "2026,10,s1,04,1,38"]).unwrap();
    assert_eq!(imported.report.unknown_columns.iter().collect::<Vec<_>>(), ["shoe_size"]);
    assert!(imported.report.columns.contains(Column::DaysAbsent));
    assert!(!imported.report.columns.contains(Column::Gpa));
}

#[test]
fn a_part_of_a_year_needs_neither_school_nor_grade_and_says_so() {
    let header = "school_year,statewide_id,ela_level";
    let imported = import(Mapping::default(), &[header, "2026,S1,3"]).unwrap();
    let years = &imported.years[0];
    assert_eq!(years.school, [StudentYears::NO_SCHOOL]);
    assert_eq!((years.students.get(0), years.statewide.get(0)), (&b""[..], &b"S1"[..]));
    let told = told(&imported.report).join("\n");
    for part in ["school_id is missing from the file's header", "grade_level is missing"] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    let refused = import(Mapping::default(), &[header, "2026,,3"]).unwrap_err();
    assert!(format!("{:?}", refused.report.problems).contains("or a statewide_id"));
}

#[test]
fn a_value_that_no_code_stands_for_is_listed_with_its_count() {
    let mapping = Mapping {
        value: [(
            Column::Gender,
            [("Female".to_owned(), "F".to_owned()), (Mapping::ANY_OTHER.to_owned(), String::new())]
                .into(),
        )]
        .into(),
        ..Mapping::default()
    };
    let header = "school_year,school_id,student_id,grade_level,gender,homeless";
    let lines = [
        header,
        "2026,10,s1,04,Female,1",
        "2026,10,s2,04,Mujer,perhaps",
        "2026,10,s3,04,Mujer,perhaps",
        "2026,10,1234572,04,,1234572",
    ];
    let refused = import(mapping, &lines).unwrap_err();
    let listed: Vec<String> = refused
        .report
        .unmapped
        .values()
        .into_iter()
        .map(|it| {
            let read_as = it.read_as.unwrap_or_else(|| "refused".to_owned());
            format!("{} {} {} {}: {read_as}", it.column, it.value, it.count, it.first)
        })
        .collect();
    assert_eq!(
        listed,
        [
            "gender \"Mujer\" 2 a.csv line 3: ",
            "homeless \"perhaps\" 2 a.csv line 3: refused",
            "homeless ***72 1 a.csv line 5: refused",
        ]
    );
}

#[test]
fn the_share_of_rows_with_a_value_is_known_even_where_the_import_is_refused() {
    let lines = [HEADER, "2026,10,s1,04,1.5", "2026,20,s2,,2", "2026,10,s3,05,", "2026,99,s4,05,"];
    let refused = import(Mapping::default(), &lines).unwrap_err();
    let filled: Vec<_> =
        refused.report.coverage.iter().map(|it| (it.column.name(), it.filled, it.rows)).collect();
    assert_eq!(filled, [("grade_level", 3, 4), ("days_absent", 2, 4)]);
}

#[test]
fn a_file_without_rows_is_refused() {
    let refused = import(Mapping::default(), &[HEADER]).unwrap_err();
    assert!(told(&refused.report)[0].starts_with("there are no rows"));
}

#[test]
fn a_mapping_renames_maps_filters_fills_in_and_derives() {
    let text = |text: &str| text.to_owned();
    let mapping = Mapping {
        rename: [
            (text("SCHOOL"), vec![Column::SchoolId]),
            (text("ID"), vec![Column::StudentId]),
            (text("GRADE"), vec![Column::GradeLevel, Column::GradeAssessed]),
            (text("SCORE"), vec![Column::ElaScaleScore]),
            (text("SEX"), vec![Column::Gender]),
        ]
        .into(),
        value: [(
            Column::Gender,
            [(text("Female"), text("F")), (text(Mapping::ANY_OTHER), text(""))].into(),
        )]
        .into(),
        constant: [(Column::SchoolYear, text("2026")), (Column::TestName, text("SB"))].into(),
        filter: vec![Filter { column: text("VALID"), keep: vec![text("yes")], drop: vec![] }],
        derive: vec![Derivation {
            level: Column::ElaLevel,
            score: Column::ElaScaleScore,
            cuts: [("04".parse().unwrap(), vec![2416.0, 2473.0, 2533.0])].into(),
        }],
    };
    mapping.check().unwrap();
    let imported = import(
        mapping,
        &[
            "VALID,SCHOOL,ID,GRADE,SCORE,SEX",
            "yes,10,a,4,2473,Female",
            "yes,10,b,4,2400,?",
            "yes,10,c,5,2500,Female",
            "no,10,d,4,2600,Female",
        ],
    )
    .unwrap();
    assert_eq!((imported.report.rows, imported.report.filtered), (4, 1));
    let years = &imported.years[0];
    let bytes = |column| match years.values(column) {
        Some(Values::Bytes(bytes)) => bytes.clone(),
        _ => panic!("bytes"),
    };
    assert_eq!(bytes(Column::ElaLevel), [3, 1, 255]);
    assert_eq!(bytes(Column::GradeAssessed), [5, 5, 6]);
    assert_eq!(bytes(Column::Gender), [0, 255, 0]);
    assert_eq!(bytes(Column::TestName), [0, 0, 0]);
    assert_eq!(years.names[&Column::TestName], ["SB"]);
}

#[test]
fn a_mapping_that_fills_a_column_twice_is_refused() {
    let mapping = Mapping {
        rename: [("A".to_owned(), vec![Column::Gpa])].into(),
        constant: [(Column::Gpa, "4".to_owned())].into(),
        ..Mapping::default()
    };
    assert_eq!(mapping.check(), Err(MappingError::Twice("gpa")));
}

#[test]
fn a_lost_tenth_of_the_rows_or_ten_points_of_a_group_ask_for_a_word() {
    let of = |english_learners: usize, rows: usize| {
        let mut lines =
            vec!["school_year,school_id,student_id,grade_level,english_learner".to_owned()];
        lines.extend(
            (0..rows).map(|row| format!("2026,10,s{row},04,{}", u8::from(row < english_learners))),
        );
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Shape::of(&import(Mapping::default(), &lines).unwrap().years[0])
    };
    let before = of(40, 100);
    let changes = |now: &Shape| now.changes_since(&before, ChangeLimits::default());
    assert!(changes(&of(36, 90)).is_empty(), "exactly the limit is not more than it");
    assert_eq!(changes(&of(35, 89))[0].to_string(), "the number of rows went from 100 to 89 rows");
    assert_eq!(
        changes(&of(51, 100))[0].to_string(),
        "the share of english_learner EL went from 40.0 to 51.0 %"
    );
    assert_eq!(
        Shape::from_text(&before.to_text()).as_ref().map(Shape::to_text),
        Some(before.to_text())
    );
}

#[test]
fn a_view_has_rows_and_one_year_of_it_can_be_taken() {
    let year = SchoolYear::ending(2026).unwrap();
    let mut intake = Intake::new(schools(), Mapping::default()).only(year);
    let header = ["school_year", "school_id", "student_id", "gpa"].map(str::to_owned);
    let layout = intake.begin("view a.b", &header).unwrap();
    for (row, cells) in (1..).zip(["2025,10,s1,9", "2025-26,10,s2,x", "2025-26,10,s2,1"]) {
        intake.row(&layout, row, cells.split(',').map(str::as_bytes));
    }
    let refused = intake.finish().unwrap_err();
    assert_eq!((refused.report.rows, refused.report.filtered), (3, 1));
    let text = told(&refused.report).join("\n");
    for part in [
        "grade_level is missing from the file's header: view a.b. ",
        "gpa is not a number: view a.b row 2 (\"x\"). ",
        "student_id is there twice in 2025-26: view a.b row 2 (***, again in view a.b row 3). ",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}
