//! A district whose people approve every release, by its real program: what
//! waits is not drawn, what is withheld never comes, what was drawn stays.

use std::fs;

use peerlight_tests::harness::Node;
use serde_json::Value;

use crate::{
    fixture::{Fixture, all_delivered_once, charges, releases},
    schedule::wait_until,
};

const BY: [&str; 4] = ["--name", "B. Example", "--title", "Director of Data"];

fn ask_for_approval(node: &Node) {
    let settings = node.program.home().join("node.toml");
    fs::write(settings, "release_policy = \"approve\"\n").unwrap();
}

fn not_drawn(node: &Node) -> Vec<Value> {
    let answer = node.program.json(&["release", "list"]).unwrap();
    answer["not_drawn"].as_array().unwrap().clone()
}

fn in_state(node: &Node, state: &str) -> Vec<String> {
    let pending = not_drawn(node);
    let found = pending.iter().filter(|it| it["state"] == state);
    found.map(|it| it["program"].as_str().unwrap().to_owned()).collect()
}

fn release(node: &Node, arguments: &[&str]) {
    node.program.run(&[&["release"], arguments, &BY[..]].concat()).unwrap();
}

#[test]
fn nothing_leaves_before_a_person_approved_that_very_release() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    ask_for_approval(node);
    let shown = node.program.run(&["config", "show", "--origin", "--output", "csv"]).unwrap();
    assert!(shown.contains("release_policy,approve,node.toml"), "{shown}");

    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(9), "{failure}");
    assert!(failure.said.contains("await approval"), "{failure}");
    assert!(failure.said.contains("Awaiting approval: enrolled period-1."), "{failure}");
    assert!(releases(node).is_empty() && charges(node).is_empty());
    assert_eq!(fixture.held(&node.district), 0);
    let awaiting = in_state(node, "awaiting approval");
    assert!(awaiting.len() > 5, "{awaiting:?}");
    let status = node.program.json(&["status"]).unwrap();
    assert_eq!(status["releases_awaiting_approval"], awaiting.len());

    release(node, &["approve", "enrolled", "period-1"]);
    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(9), "the others still wait: {failure}");
    assert_eq!(charges(node), [("enrolled".to_owned(), "period-1".to_owned())]);
    assert_eq!(fixture.held(&node.district), 1);

    release(node, &["approve", "--all-due"]);
    assert!(in_state(node, "awaiting approval").is_empty());
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    assert!(charges(node).len() > 5);
    let log = node.program.run(&["audit", "--output", "csv"]).unwrap();
    assert!(log.contains("B. Example,approve release,enrolled period-1"), "{log}");
}

#[test]
fn a_withheld_release_never_comes_and_a_drawn_one_cannot_be_withheld() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    release(node, &["withhold", "suspension", "annual", "--reason", "codes were wrong"]);
    // Under the policy that asks nobody, too.
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    assert!(charges(node).iter().all(|(program, _)| program != "suspension"));
    assert_eq!(in_state(node, "withheld"), ["suspension"]);
    let shown = node.program.run(&["release", "list"]).unwrap();
    assert!(shown.contains("withheld by B. Example"), "{shown}");
    assert!(shown.contains("codes were wrong"), "{shown}");

    let refused = [&["release", "approve", "suspension", "annual"], &BY[..]].concat();
    let failure = node.program.fails(&refused).unwrap();
    assert!(failure.code == Some(4) && failure.said.contains("never drawn"), "{failure}");
    let late = ["release", "withhold", "enrolled", "march", "--reason", "second thoughts"];
    let failure = node.program.fails(&[&late[..], &BY[..]].concat()).unwrap();
    assert!(failure.code == Some(4) && failure.said.contains("drawn already"), "{failure}");
    let unknown = ["release", "withhold", "enrolled", "never", "--reason", "x"];
    let failure = node.program.fails(&[&unknown[..], &BY[..]].concat()).unwrap();
    assert!(failure.code == Some(2) && failure.said.contains("preview"), "{failure}");

    // The hub holds what came, and nothing says why the other did not.
    let database = fs::read(fixture.consortium.hub.home().join("hub.db")).unwrap();
    for secret in ["codes were wrong", "B. Example", "withheld"] {
        let found = database.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "the hub's database holds {secret:?}");
    }
    // Growth waits for its round, and from now on for a person as well.
    ask_for_approval(node);
    release(node, &["approve", "--all-due"]);
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    assert!(charges(node).iter().all(|(program, _)| program != "suspension"));
}

/// A charter with one count and one running total of four steps, all of them
/// past; the district approves it.
fn follow_a_running_year(fixture: &Fixture) {
    let steps = ["2024-10-01", "2024-12-01", "2025-02-01", "2025-04-01"];
    let periods: Vec<String> = (1..)
        .zip(steps)
        .map(|(step, due)| format!("{{ id = \"step-{step}\", due = \"{due}\" }}"))
        .collect();
    let policy = format!(
        "[[policy.program]]\nid = \"enrolled\"\nkind = \"count\"\npopulation = \"enrolled\"\n\
         grades = [\"TK-12\"]\nshare = 800\nmargins = \"count\"\n\
         period = [{{ id = \"march\", due = \"2025-03-20\" }}]\n\
         [[policy.program]]\nid = \"absence\"\nkind = \"measure\"\nmeasure = \"chronic_absence\"\n\
         grades = [\"TK-12\"]\nshare = 1800\nmargins = \"in_year\"\ncontinual = {{ changes = 2 }}\n\
         period = [{}]\n",
        periods.join(", ")
    );
    let file = fixture.root().join("policy.toml");
    fs::write(&file, policy).unwrap();
    fixture.consortium.hub.run(&["charter", "propose", &file.display().to_string()]).unwrap();
    let node = &fixture.nodes[0];
    let shown = node.program.run(&["charter", "show"]).unwrap();
    assert!(shown.contains("4 times a year as one running total"), "{shown}");
    node.approve().unwrap();
}

#[test]
fn a_running_total_is_drawn_step_by_approved_step_and_ends_where_one_is_withheld() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    follow_a_running_year(&fixture);
    ask_for_approval(node);
    // The second alone does not help: the first comes before it.
    release(node, &["approve", "absence", "step-2"]);
    assert_eq!(node.program.fails(&["sync"]).unwrap().code, Some(9));
    assert!(charges(node).is_empty());

    release(node, &["approve", "absence", "step-1"]);
    assert_eq!(node.program.fails(&["sync"]).unwrap().code, Some(9));
    let drawn = ["step-1", "step-2"].map(|step| ("absence".to_owned(), step.to_owned()));
    assert_eq!(charges(node), drawn);
    assert_eq!(fixture.held(&node.district), 2);

    release(node, &["withhold", "absence", "step-3", "--reason", "the year was closed"]);
    assert_eq!(in_state(node, "withheld"), ["absence", "absence"], "the last goes with it");
    release(node, &["approve", "--all-due"]);
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    assert_eq!(charges(node).len(), 3, "the count came, and no step after the second");
}

#[test]
fn the_scheduler_waits_for_people_too() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    ask_for_approval(node);
    let serving =
        node.program.serve(&["serve", "--listen", "127.0.0.1:0"], &["The access code"]).unwrap();
    wait_until("a sync", || serving.said().contains("awaits approval"));
    assert!(releases(node).is_empty() && charges(node).is_empty());
    serving.terminate().unwrap();
    assert_eq!(fixture.held(&node.district), 0);
}
