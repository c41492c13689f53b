//! Whole exports, from their three header rows to shares of students.

use super::*;
use crate::{
    intake::{
        Headed, Imported, Refused, Report, StudentYears,
        tests::{number, schools},
    },
    student::Column,
};

const MAP: &str = "
student_id = \"Id\"
[scale.agree]
none = [\"Does not apply\"]
values = { \"Never\" = 1, \"Rarely\" = 2, \"Often\" = 3, \"Always\" = 4, \"1\" = 1, \"4\" = 4 }
[construct.climate_safety]
scale = \"agree\"
items = [\"Q1\", \"Q2\", \"Q3\"]
reversed = [\"Q3\"]
[construct.climate_support]
scale = \"agree\"
items = [\"Q4\"]
";

const HEADER: [&str; 10] = [
    "\u{feff}StartDate",
    "Status",
    "Finished",
    "RecordedDate",
    "Id",
    "Q1",
    "Q2",
    "Q3",
    "Q4",
    "Q5_TEXT",
];
const QUESTIONS: [&str; 10] =
    ["Start Date", "Response Type", "Finished", "Recorded", "Id", "Safe?", "b", "c", "d", "More?"];
const IMPORT_IDS: [&str; 10] = [
    "{\"ImportId\":\"startDate\",\"timeZone\":\"America/Los_Angeles\"}",
    "{\"ImportId\":\"status\"}",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
];

/// An answer of a student to Q1 to Q4, given at this hour.
fn answer<'a>(hour: &'a str, id: &'a str, said: [&'a str; 4]) -> Vec<&'a str> {
    let [q1, q2, q3, q4] = said;
    vec!["", "IP Address", "True", hour, id, q1, q2, q3, q4, "my name is Kim"]
}

const MORNING: &str = "2026-02-11 08:05:00";
const NOON: &str = "2026-02-11 12:00:00";

fn read(map: &str, files: &[&[Vec<&str>]]) -> Result<Imported, Refused> {
    let mut import = Survey::new(schools(), SurveyMap::parse(map).unwrap(), None);
    for (number, rows) in files.iter().enumerate() {
        import.begin(&format!("{number}.csv"));
        for (line, cells) in (1..).zip(*rows) {
            import.row(line, cells);
        }
        assert!(import.has_header());
    }
    import.finish()
}

/// One file with the three rows of a header.
fn export(rows: &[Vec<&str>]) -> Result<Imported, Refused> {
    let head = [HEADER.to_vec(), QUESTIONS.to_vec(), IMPORT_IDS.to_vec()];
    read(MAP, &[&[&head[..], rows].concat()])
}

fn told(report: &Report) -> String {
    let lines: Vec<String> = report.problems.groups().map(|group| group.to_string()).collect();
    lines.join("\n")
}

/// The shares of safety and support of a student, by the local id.
fn shares(years: &StudentYears, id: &str) -> Vec<f64> {
    let row = (0..years.rows()).find(|row| years.students.get(*row) == id.as_bytes()).unwrap();
    let columns = [Column::ClimateSafety, Column::ClimateSupport].into_iter();
    columns.map(|column| number(years, column, row)).collect()
}

#[test]
fn answers_become_shares_of_positive_items_with_reversed_ones_turned_round() {
    let imported = export(&[
        answer(MORNING, "a1", ["Always", "Rarely", "Never", "Often"]),
        answer(MORNING, "a2", ["4", "", "Always", "1"]),
        answer(MORNING, "a3", ["Never", "Does not apply", "", "ALWAYS"]),
    ])
    .unwrap();
    let [years] = imported.years.as_slice() else { panic!("one year") };
    assert_eq!(years.school_year.ending_year(), 2026);
    assert_eq!(shares(years, "a1"), [2.0 / 3.0, 1.0]);
    assert_eq!(shares(years, "a2"), [0.5, 0.0]);
    let of_third = shares(years, "a3");
    assert!(of_third[0].is_nan(), "one of three items is too few");
    assert_eq!(of_third[1..], [1.0]);
    assert_eq!((imported.report.rows, imported.report.filtered), (3, 0));
    let told = told(&imported.report);
    assert!(told.contains("climate_safety has fewer than 2 items answered"), "{told}");
    for absent in ["climate_belonging", "climate_discipline"] {
        assert!(told.contains(&format!("{absent} has no items in the map")), "{told}");
    }
    assert!(!told.contains("sel_"), "{told}");
    assert!(imported.report.unknown_columns.contains("Q5_TEXT"));
    assert!(!imported.report.unknown_columns.contains("StartDate"));
}

#[test]
fn every_row_that_does_not_count_is_counted_with_its_reason() {
    let all = ["Always"; 4];
    let with = |at: usize, text: &'static str| {
        let mut cells = answer(MORNING, "b2", all);
        cells[at] = text;
        cells
    };
    let imported = export(&[
        answer(MORNING, "a1", all),
        with(1, "Survey Preview"),
        with(1, "2"),
        with(1, "Spam"),
        with(1, "33"),
        with(2, "False"),
        with(2, "perhaps"),
        with(4, ""),
        answer(MORNING, "b9", ["", "", "", ""]),
    ])
    .unwrap();
    assert_eq!((imported.report.rows, imported.report.filtered), (9, 8));
    assert_eq!(imported.years[0].rows(), 1);
    let told = told(&imported.report);
    for part in [
        "Status is a preview or a test (2 times): 0.csv line 5; 0.csv line 6",
        "Status is spam",
        "Status says nothing that is known",
        "Finished is no",
        "Finished is neither yes nor no",
        "Id is empty",
        "another unit of privacy",
        "too few items of every construct",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let unmapped: Vec<String> =
        imported.report.unmapped.values().into_iter().map(|value| value.value).collect();
    assert_eq!(unmapped, ["\"perhaps\"", "\"33\""]);
}

#[test]
fn an_answer_on_no_scale_is_listed_and_counts_as_missing() {
    let imported = export(&[
        answer(MORNING, "a1", ["Always", "Yes", "Never", "Often"]),
        answer(MORNING, "a2", ["Always", "Yes", "Never", "Often"]),
    ])
    .unwrap();
    assert_eq!(shares(&imported.years[0], "a1"), [1.0, 1.0]);
    let values = imported.report.unmapped.values();
    let [only] = values.as_slice() else { panic!("one value") };
    assert_eq!((only.column.as_str(), only.value.as_str(), only.count), ("Q2", "\"Yes\"", 2));
    assert_eq!(only.read_as_in_words(), "missing");
}

#[test]
fn the_last_answer_of_a_student_counts_whatever_the_order_of_rows_and_files() {
    let head = [HEADER.to_vec(), QUESTIONS.to_vec(), IMPORT_IDS.to_vec()];
    let first = [
        answer(NOON, "12345", ["Always", "Always", "Never", "Always"]),
        answer(MORNING, "12345", ["Never"; 4]),
    ];
    let second =
        [answer("11/2/2026 9:00", "12346", ["Never"; 4]), answer(NOON, "a3", ["Often"; 4])];
    let second = [&head[..], &second].concat();
    // A file without the rows of Qualtrics is read as well.
    let third = [HEADER.to_vec(), answer(MORNING, "12346", ["Always"; 4])];
    let imported = read(MAP, &[&[&head[..], &first].concat(), &second, &third]).unwrap();
    let years = &imported.years[0];
    assert_eq!(shares(years, "12345"), [1.0, 1.0]);
    assert_eq!(shares(years, "12346"), [2.0 / 3.0, 1.0]);
    assert_eq!(imported.report.filtered, 2);
    let told = told(&imported.report);
    let twice = "Id answered more than once (2 times): 0.csv line 5 (***45); 2.csv line 2 (***46)";
    assert!(told.contains(twice), "{told}");
    let places: Vec<String> = (0..years.rows()).map(|row| years.place(row).to_string()).collect();
    assert!(places.contains(&"2.csv line 2".to_owned()), "{places:?}");
    assert!(!told.contains("Kim") && !told.contains("12345"), "{told}");
}

#[test]
fn exports_that_do_not_fit_the_map_are_refused() {
    let refused = |map: &str, rows: &[Vec<&str>]| told(&read(map, &[rows]).unwrap_err().report);
    let one = || answer(MORNING, "a1", ["Always"; 4]);
    let lacking: Vec<&str> = HEADER[..8].to_vec();
    assert!(refused(MAP, &[lacking]).contains("Q4 is missing from the file's header"));
    let mut twice = HEADER.to_vec();
    twice[9] = "Q1";
    assert!(refused(MAP, &[twice]).contains("Q1 is twice in the file's header"));
    let narrow = one()[..7].to_vec();
    assert!(refused(MAP, &[HEADER.to_vec(), narrow]).contains("7 instead of 10"));
    let other_year = [HEADER.to_vec(), one(), answer("2026-09-01 08:00:00", "a2", ["Always"; 4])];
    assert!(refused(MAP, &other_year).contains("RecordedDate is not in 2025-26"));
    let undated = [HEADER.to_vec(), answer("2/11/2026 8:05", "a1", ["Always"; 4])];
    assert!(refused(MAP, &undated).contains("give it with --year"));
    let labels = [HEADER.to_vec(), answer(MORNING, "a1", ["Agree"; 4])];
    assert!(refused(MAP, &labels).contains("no answer counts"));

    let mut import = Survey::new(schools(), SurveyMap::parse(MAP).unwrap(), None);
    import.begin("anonymous.csv");
    import.row(1, &["Status", "Finished", "Q1", "Q2", "Q3", "Q4"]);
    assert!(!import.has_header());
    import.no_header(6);
    let refused = told(&import.finish().unwrap_err().report);
    assert!(refused.contains("another unit of privacy"), "{refused}");
}

#[test]
fn statewide_ids_get_their_zeros_back_and_what_is_none_is_left_out() {
    let map = MAP.replace("student_id", "statewide_id");
    let rows = [
        HEADER.to_vec(),
        answer(MORNING, "123456789", ["Always"; 4]),
        answer(MORNING, "kim@example.org", ["Always"; 4]),
    ];
    let imported = read(&map, &[&rows]).unwrap();
    assert_eq!(imported.years[0].statewide.get(0), b"0123456789");
    assert!(told(&imported.report).contains("Id is not a statewide id"));
}
