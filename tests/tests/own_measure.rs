//! A measure that the operator writes into the charter: an unchanged node
//! counts it, releases it with noise, and shows it exactly beside what it sent.
//! One that is written to look at other students is refused by name.

use std::{collections::BTreeMap, fs};

use peerlight_tests::harness::Node;
use serde_json::Value;

use crate::fixture::{Fixture, all_delivered_once, releases};

/// The shipped charter's enrolment, and one measure of our own over it.
const OWN: &str = r#"
[[policy.program]]
id = "enrolled"
kind = "count"
population = "enrolled"
grades = ["TK-12"]
share = 4000
margins = "count"
period = [{ id = "march", due = "{end}-03-20" }]

[[policy.program]]
id = "absent_a_week"
kind = "measure"
measure = "absent_a_week"
grades = ["TK-12"]
share = 5000
margins = "annual"
period = [{ id = "annual", due = "{end}-07-15" }]

[catalogue.setting.week]
value = 5.0
about = "School days of a week."

[[catalogue.measure]]
id = "absent_a_week"
label = "Absent for a week"
about = "Share of enrolled students absent for at least {week} days."
population = "enrolled"
better = "lower"
kind = "rate"
success = "days_absent >= week"

[[catalogue.year]]
school_year = 2025
status = "not_comparable"
measures = ["suspension"]
because = "a new system records it otherwise."
"#;

fn propose(fixture: &Fixture, text: &str) {
    let path = fixture.root().join("charter.toml");
    fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    fixture.consortium.hub.run(&["charter", "propose", &path]).unwrap();
}

/// Successes and students of the district by the input, of those enrolled for
/// 31 days.
fn by_input(fixture: &Fixture, year: u32, is_success: impl Fn(f64, f64) -> bool) -> (f64, f64) {
    let district = &fixture.nodes[0].district;
    let path = fixture.data.join(district).join(format!("student_years_{year}.csv"));
    let mut reader = csv::Reader::from_path(path).unwrap();
    let (mut successes, mut students) = (0.0, 0.0);
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row.unwrap();
        let days = |column: &str| row[column].parse::<f64>();
        let (Ok(expected), Ok(absent)) = (days("days_expected"), days("days_absent")) else {
            continue;
        };
        if expected >= 31.0 {
            students += 1.0;
            successes += f64::from(u8::from(is_success(absent, expected)));
        }
    }
    (successes, students)
}

/// The district's row of one measure.
fn district(node: &Node, measure: &str) -> (Value, Value) {
    let arguments = ["measures", "--measure", measure, "--sent", "--change"];
    let answer = node.program.json(&arguments).unwrap();
    let rows = answer["measures"].as_array().unwrap();
    let row = rows.iter().find(|row| row["school_id"].is_null()).unwrap();
    assert_eq!(row["measure"], measure);
    (row.clone(), answer["years"].clone())
}

#[test]
fn a_measure_written_into_the_charter_is_counted_released_and_shown_without_an_update() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    propose(&fixture, OWN);
    let shown = node.program.run(&["charter", "show"]).unwrap();
    assert!(shown.contains("new measure absent_a_week"), "{shown}");
    node.approve().unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    assert_eq!(releases(node).len(), 2);

    let near = |value: &Value, expected: f64, reach: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - expected).abs() <= reach, "{value} is not {expected} ± {reach}");
    };
    let (row, _) = district(node, "absent_a_week");
    let (successes, students) = by_input(&fixture, 2025, |absent, _| absent >= 5.0);
    let share = 100.0 * successes / students;
    assert_eq!(row["students"].as_f64(), Some(students));
    assert_eq!(row["numerator"].as_f64(), Some(successes));
    near(&row["value"], share, 1e-9);
    assert_eq!(row["released"], "yes");
    // Some 300 students and half of the year's budget: noise of a few points.
    near(&row["sent"], share, 40.0);
    assert_ne!(row["sent"], row["value"]);

    // What the charter does not release is computed all the same, and its
    // change is of rates that were not rounded.
    let (row, years) = district(node, "chronic_absence");
    let rate = |year| {
        let (successes, students) =
            by_input(&fixture, year, |absent, expected| absent * 10.0 >= expected);
        100.0 * successes / students
    };
    near(&row["value"], rate(2025), 1e-9);
    near(&row["change"], rate(2025) - rate(2024), 0.050_001);
    assert_eq!((&row["released"], &row["sent"]), (&"no".into(), &Value::Null));
    assert_eq!(years, Value::Array(Vec::new()));
    // A year that stands apart has no change, and says why.
    let (row, years) = district(node, "suspension");
    assert!(row["value"].is_number() && row["change"].is_null());
    let said = years[0].as_str().unwrap();
    assert!(said.contains("2024-25 is not comparable with other years: a new system"), "{said}");
}

#[test]
fn a_measure_that_looks_at_others_is_refused_with_the_reason_and_nothing_leaves() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    for (hostile, reason) in [
        ("count(student_id) > 1", "uses count, which looks at other rows"),
        ("student_id = '100001'", "names student_id, which no measure may look at"),
        ("days_absent > (SELECT 1)", "holds a sub-query"),
        ("days_absent", "where a condition is needed"),
        ("days_late > 5", "names days_late, which is neither a column"),
    ] {
        propose(&fixture, &OWN.replace("days_absent >= week", hostile));
        // Fetches it, whatever comes of showing it.
        node.program.command(&["charter", "show"]).output().unwrap();
        let approve = ["charter", "approve", "--name", "A", "--title", "B", "--yes"];
        let failure = node.program.fails(&approve).unwrap();
        assert!(failure.said.contains("the definition of absent_a_week"), "{failure}");
        assert!(failure.said.contains(reason), "{hostile}: {failure}");
    }
    let unbounded = OWN.replace(
        "kind = \"rate\"\nsuccess = \"days_absent >= week\"",
        concat!(
            "kind = \"mean\"\nvalue = \"days_absent\"\nlow = 0.0\nhigh = inf\n",
            "unit = \"days\"\nwithin_school_sd = 5.0",
        ),
    );
    let path = fixture.root().join("unbounded.toml");
    fs::write(&path, unbounded).unwrap();
    let path = path.display().to_string();
    let failure = fixture.consortium.hub.fails(&["charter", "propose", &path]).unwrap();
    assert!(failure.said.contains("the bounds of absent_a_week"), "{failure}");
    assert!(node.program.fails(&["sync"]).is_ok(), "nothing is approved");
    assert!(releases(node).is_empty());
    assert_eq!(fixture.held(&node.district), 0);
}
