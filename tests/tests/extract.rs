//! The students behind a number, on the node and nowhere else: as many as the
//! exact value counts, protected flags masked until a person unlocked them, and
//! every look on record.

use std::{fs, os::unix::fs::PermissionsExt};

use peerlight_tests::harness::Node;
use serde_json::Value;

use crate::fixture::Fixture;

/// Exit code where a person has to approve something first.
const APPROVAL_NEEDED: i32 = 9;

fn rows(path: &std::path::Path) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(path).unwrap().records().map(Result::unwrap).collect()
}

fn exact(node: &Node, measure: &str) -> Value {
    let answer = node.program.json(&["measures", "--measure", measure]).unwrap();
    let rows = answer["measures"].as_array().unwrap();
    rows.iter().find(|row| row["school_id"].is_null()).unwrap().clone()
}

#[test]
fn the_students_of_a_measure_are_those_it_counts_and_their_flags_stay_masked() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    node.approve().unwrap();
    let to = fixture.root().join("chronic.csv");
    let path = to.display().to_string();
    let ask = ["extract", "--measure", "chronic_absence", "--name", "A. Ruiz", "--to", &path];
    let said = node.program.run(&ask).unwrap();
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600, "{said}");

    let all = rows(&to);
    let exact = exact(node, "chronic_absence");
    assert_eq!(exact["students"].as_u64(), Some(all.len() as u64));
    let chronic = all.iter().filter(|row| &row[3] == "yes").count();
    assert_eq!(exact["numerator"].as_u64(), Some(chronic as u64));
    let known = fixture.ids();
    assert!(all.iter().all(|row| known.contains(&row[1])), "ids are the district's own");
    let text = fs::read_to_string(&to).unwrap();
    let header = text.lines().next().unwrap();
    let masked = header.split(',').position(|name| name == "homeless").unwrap();
    assert!(all.iter().all(|row| &row[masked] == "masked"));

    let failure = node.program.fails(&ask).unwrap();
    assert!(failure.said.contains("is there already"), "{failure}");
    let other = fixture.root().join("homeless.csv");
    let other_path = other.display().to_string();
    let by_flag = [
        "extract",
        "--measure",
        "chronic_absence",
        "--group",
        "flag:HOM",
        "--name",
        "A. Ruiz",
        "--to",
        &other_path,
    ];
    let failure = node.program.fails(&by_flag).unwrap();
    assert_eq!(failure.code, Some(APPROVAL_NEEDED), "{failure}");
    assert!(!other.exists());

    let unlock = [
        "extract",
        "unlock",
        "homeless",
        "--name",
        "A. Ruiz",
        "--title",
        "Liaison",
        "--reason",
        "McKinney-Vento services",
    ];
    node.program.run(&unlock).unwrap();
    node.program.run(&by_flag).unwrap();
    assert!(rows(&other).iter().all(|row| &row[masked] == "1"));
    let policy = node.program.run(&["extract", "policy", "--output", "csv"]).unwrap();
    assert!(policy.contains("homeless,unlocked,A. Ruiz,Liaison"), "{policy}");
    assert!(policy.contains("foster,masked"), "{policy}");

    let audit = node.program.run(&["audit", "--output", "csv"]).unwrap();
    assert_eq!(audit.matches("extract students").count(), 2, "{audit}");
    assert!(audit.contains("flag:HOM"), "{audit}");
    assert!(!known.iter().any(|id| audit.contains(&format!(",{id},"))));
}

#[test]
fn a_watch_list_names_who_is_near_chronic_absence_and_nobody_who_is_there() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    node.approve().unwrap();
    let to = fixture.root().join("near.csv");
    let path = to.display().to_string();
    let ask = ["extract", "--watch", "near_chronic", "--name", "A. Ruiz", "--to", &path];
    node.program.run(&ask).unwrap();
    let mut reader = csv::Reader::from_path(&to).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|known| known == name).unwrap();
    let (expected, absent) = (column("days_expected"), column("days_absent"));
    let mut listed = 0;
    for row in reader.records() {
        let row = row.unwrap();
        let share = row[absent].parse::<f64>().unwrap() / row[expected].parse::<f64>().unwrap();
        assert!((0.08..0.1).contains(&share), "{share}");
        listed += 1;
    }
    assert!(listed > 0, "some student is near");
    let lists = node.program.json(&["extract", "lists"]).unwrap();
    let of_list = |row: &&Value| row["watch_list"] == "near_chronic";
    let counted = lists["students"].as_array().unwrap().iter().filter(of_list);
    assert_eq!(counted.map(|row| row["students"].as_u64().unwrap()).sum::<u64>(), listed);
}
