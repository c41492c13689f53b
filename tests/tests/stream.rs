//! Running counts by the real programs: paid for once, drawn step by step, and
//! gone on with under their own charter when the consortium changes it.

use std::fs;

use peerlight_tests::harness::Node;
use serde_json::Value;

use crate::fixture::{Fixture, all_delivered_once, charges};

const PROGRAM: &str = "chronic_absence_in_year";
const BY: [&str; 4] = ["--name", "B. Example", "--title", "Director of Data"];

/// A policy that is the shipped one but for what may be shown.
const OTHER_DISPLAY: &str = "[policy.display]
point_reliability = 0.9
band_reliability = 0.5
minimum_enrollment = 10
claim_probability = 0.8
";

fn approve(node: &Node, releases: &[&str]) {
    node.program.run(&[&["release", "approve"], releases, &BY[..]].concat()).unwrap();
}

/// Of the program's charges, what each cost.
fn paid(node: &Node) -> Vec<u64> {
    let ledger = node.program.json(&["ledger"]).unwrap();
    let charges = ledger["charges"].as_array().unwrap().iter();
    let of_program = charges.filter(|charge| charge["program"] == PROGRAM);
    of_program.map(|charge| charge["pico_rho"].as_u64().unwrap()).collect()
}

/// The rows of the program in a preview.
fn previewed(node: &Node) -> Vec<Value> {
    let preview = node.program.json(&["preview"]).unwrap();
    let rows = preview["programs"].as_array().unwrap().iter();
    rows.filter(|row| row["program"] == PROGRAM).cloned().collect()
}

fn sum(rows: &[Value], field: &str) -> u64 {
    rows.iter().map(|row| row[field].as_u64().unwrap()).sum()
}

#[test]
fn a_running_count_is_previewed_once_and_paid_for_at_its_first_step() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let before = previewed(node);
    assert!(before.iter().all(|row| row["releases"] == 10 && row["period"] == "month-1"));
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    let paid = paid(node);
    assert_eq!(paid.len(), 10);
    assert_eq!(paid[0], sum(&before, "pico_rho"));
    assert!(paid[1..].iter().all(|later| *later == 0));
    assert!(previewed(node).is_empty(), "every step was drawn");
    let shown = node.program.run(&["ledger"]).unwrap();
    assert_eq!(shown.matches("paid at step 1").count(), 18, "{shown}");
}

#[test]
fn a_running_count_goes_on_under_its_charter_when_that_changes() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let settings = node.program.home().join("node.toml");
    fs::write(settings, "release_policy = \"approve\"\n").unwrap();
    approve(node, &[PROGRAM, "month-1"]);
    approve(node, &[PROGRAM, "month-2"]);
    node.program.fails(&["sync"]).unwrap();
    assert_eq!(paid(node).len(), 2);
    let left = previewed(node);
    assert!(left.iter().all(|row| row["releases"] == 8 && row["l2_squared"] == 0));

    let file = fixture.root().join("policy.toml");
    fs::write(&file, OTHER_DISPLAY).unwrap();
    change_charter(&fixture, &["charter", "propose", &file.to_string_lossy()]);
    node.approve().unwrap();
    approve(node, &["--all-due"]);
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    let paid = paid(node);
    assert_eq!(paid.len(), 10);
    assert!(paid[0] > 0 && paid[1..].iter().all(|later| *later == 0));

    assert!(earlier(node, PROGRAM, "month-2") && earlier(node, PROGRAM, "month-10"));
    assert!(!earlier(node, "suspension", "annual") && !earlier(node, "off_track", "month-1"));
}

#[test]
fn a_running_count_ends_as_it_began_although_the_new_charter_has_none() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let settings = node.program.home().join("node.toml");
    fs::write(&settings, "release_policy = \"approve\"\n").unwrap();
    approve(node, &[PROGRAM, "month-1"]);
    node.program.fails(&["sync"]).unwrap();
    assert_eq!(paid(node).len(), 1);
    fs::write(&settings, "").unwrap();
    change_charter(&fixture, &["charter", "propose", "--offer", "suspension"]);
    node.approve().unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    assert_eq!(paid(node).len(), 10);
    assert!(earlier(node, PROGRAM, "month-10") && !earlier(node, "suspension", "annual"));
    assert!(charges(node).iter().all(|(program, _)| program != "off_track"));
}

/// Puts another charter in force, under which the node draws nothing unasked.
fn change_charter(fixture: &Fixture, propose: &[&str]) {
    let node = &fixture.nodes[0];
    let before = charges(node);
    fixture.consortium.hub.run(propose).unwrap();
    assert_eq!(node.program.fails(&["sync"]).unwrap().code, Some(9));
    assert_eq!(charges(node), before);
}

/// Whether a release was made under an earlier charter than the one approved.
fn earlier(node: &Node, program: &str, period: &str) -> bool {
    let list = node.program.json(&["release", "list"]).unwrap();
    let mut drawn = list["releases"].as_array().unwrap().iter();
    let release = drawn.find(|it| it["program"] == program && it["period"] == period).unwrap();
    let id = release["release_id"].as_str().unwrap();
    let told = node.program.command(&["release", "show", id]).output().unwrap();
    assert!(told.status.success());
    String::from_utf8(told.stderr).unwrap().contains("under an earlier charter")
}
