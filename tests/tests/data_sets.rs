//! Public data sets, file by file: each is imported, or refused for its reason.
//!
//! They are not part of Peerlight: where they are not present these tests do
//! nothing, and say so. The maps that read them are ours, in `tests/maps`.

mod place;
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use peerlight_tests::harness::Program;
use serde_json::Value;

use self::{
    place::{Place, rows, sets},
    table::{CASES, Case, Expected},
};

/// Exit code of the node.
const DATA_REFUSED: i32 = 6;

/// What an import says, as JSON; and whether it was applied.
fn import(program: &Program, arguments: &[&str]) -> (bool, Value) {
    let arguments = [&["import"], arguments, &["--accept-change", "--output", "json"]].concat();
    let output = program.command(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let is_known = output.status.success() || output.status.code() == Some(DATA_REFUSED);
    assert!(is_known, "{arguments:?}: {said}");
    let answer = serde_json::from_slice(&output.stdout);
    let answer = answer.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said}"));
    (output.status.success(), answer)
}

/// School year, rows and students of each year that was imported.
fn years(answer: &Value) -> Vec<(u64, u64, u64)> {
    let years = answer["years"].as_array().unwrap().iter();
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value}"));
    let of = |year: &Value| {
        (number(&year["school_year"]), number(&year["rows"]), number(&year["students"]))
    };
    years.map(of).collect()
}

/// Every fatal problem in words: what, where, and what to do.
fn reasons(answer: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let groups = answer["problems"].as_array().unwrap().iter();
    let fatal = groups.filter(|group| group["severity"] == "fatal");
    fatal
        .map(|group| {
            let [first, ..] = group["first"].as_array().unwrap().as_slice() else {
                panic!("a problem without a place: {group}")
            };
            let (file, line) = (text(&first["file"]), &first["line"]);
            let (column, remedy) = (text(&group["column"]), text(&group["remedy"]));
            assert!(!file.is_empty() && !remedy.is_empty(), "{group}");
            let value = text(&first["value"]);
            format!("{column} {}: {file} line {line} ({value}). {remedy}", text(&group["problem"]))
        })
        .collect()
}

/// What is not as the table has it.
fn complaint(case: &Case, place: &Place) -> Option<String> {
    let file = sets().unwrap().join(case.set).join(case.file).display().to_string();
    let words: Vec<String> = case.how.split(' ').map(|word| place::word(word, &file)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (is_applied, answer) = import(place.node(case.set), &words);
    let (reasons, years) = (reasons(&answer).join("; "), years(&answer));
    let is_expected = match case.expected {
        Expected::Imported(expected) => is_applied && years == expected,
        Expected::Refused(expected) => {
            let is_named = |part: &&str| reasons.contains(part);
            !is_applied && expected.iter().all(is_named) && reasons.contains(case.file)
        }
    };
    let words = format!("{} {}: {years:?} {reasons}", case.file, case.how);
    (!is_expected).then_some(words)
}

#[test]
fn every_file_of_every_set_is_imported_or_refused_for_its_reason() {
    let Some(sets) = sets() else { return };
    let told: BTreeSet<(&str, &str)> = CASES.iter().map(|case| (case.set, case.file)).collect();
    for set in place::SETS {
        for entry in fs::read_dir(sets.join(set)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(told.contains(&(set, &name)), "{set}/{name} is in no row of the table");
        }
    }
    let place = Place::new(&sets);
    let complaints: Vec<String> = CASES.iter().filter_map(|case| complaint(case, &place)).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    proficiency_is_the_published_one(&place, &sets);
}

/// The demonstration state's own counts of district 470, school by school, are
/// the node's.
fn proficiency_is_the_published_one(place: &Place, sets: &Path) {
    let node = place.node("sgpdata_demo_state");
    let approve = ["charter", "approve", "--name", "A. Example", "--title", "Superintendent"];
    node.run(&[&approve[..], &["--yes"]].concat()).unwrap();
    let answer = node.json(&["measures", "--measure", "ela_met"]).unwrap();
    let measured = answer["measures"].as_array().unwrap().iter().filter_map(|row| {
        let counts = (row["numerator"].as_i64()?, row["students"].as_i64()?);
        Some((row["school_id"].as_str()?.to_owned(), counts))
    });
    let measured: BTreeMap<String, (i64, i64)> = measured.collect();
    let summary = "sgpdata_demo_state/expected_summary_school_district_state_reading.shared.csv.gz";
    let mut met = 0;
    for row in rows(&sets.join(summary)) {
        let of = [&row["level"], &row["year"], &row["grade"], &row["subgroup"]];
        if of != ["SCHOOL", "2024_2025", "ALL", "ALL"] || !measured.contains_key(&row["id"]) {
            continue;
        }
        let count = |name: &str| row[name].parse::<f64>().unwrap() as i64;
        assert_eq!(measured[&row["id"]], (count("n_prof"), count("n_valid")), "{}", row["id"]);
        met += 1;
    }
    assert!(met >= 40, "{met} schools were compared");
}

#[test]
fn a_file_that_was_refused_is_imported_once_it_is_mended_as_the_refusal_says() {
    let Some(sets) = sets() else { return };
    let place = Place::new(&sets);
    let folder = tempfile::tempdir().unwrap();
    let mended = folder.path().join("mended.csv");
    let file = mended.display().to_string();

    // Its last row is a cell short.
    let set = "assessment_vendor_samples";
    let text = fs::read_to_string(sets.join(set).join(table::MAP_GROWTH)).unwrap();
    fs::write(&mended, text + ",\"\"\n").unwrap();
    let map = place::word("map_growth.toml", "");
    let (is_applied, answer) = import(place.node(set), &["csv", &file, "--map", &map]);
    assert!(is_applied, "{:#?}", reasons(&answer));
    assert_eq!(years(&answer), [(2022, 3, 3)]);

    // Four students are there twice in a year.
    let set = "eeptools";
    let mut seen = BTreeSet::new();
    let mut writer = csv::Writer::from_path(&mended).unwrap();
    let columns = ["sid", "school_year", "male", "race_ethnicity"];
    writer.write_record(columns).unwrap();
    for row in rows(&sets.join(set).join("stuatt.shared.csv.gz")) {
        if seen.insert((row["sid"].clone(), row["school_year"].clone())) {
            writer.write_record(columns.map(|column| &row[column])).unwrap();
        }
    }
    writer.flush().unwrap();
    let map = place::word("eeptools_stuatt.toml", "");
    let (is_applied, answer) = import(place.node(set), &["csv", &file, "--map", &map]);
    assert!(is_applied, "{:#?}", reasons(&answer));
    let of_years = years(&answer);
    assert_eq!(of_years.iter().map(|(_, rows, _)| rows).sum::<u64>(), seen.len() as u64);
    // No school is told, so nobody is counted yet.
    assert!(of_years.iter().all(|(_, _, students)| *students == 0), "{of_years:?}");
}
