//! A district whose people approve every release, by its real program: what
//! waits is not drawn, what is withheld never comes, what was drawn stays.

use std::fs;

use peerlight_tests::harness::Node;
use serde_json::Value;

use crate::fixture::{Fixture, all_delivered_once, charges, releases};

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
