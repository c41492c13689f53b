//! A hub that changes its charter, or lies about it: the district reads what
//! changed in words, and nothing leaves under what it has not approved.

use crate::fixture::{Fixture, all_delivered_once, alter, charges, releases};

const BY: [&str; 5] = ["--name", "A. Example", "--title", "Superintendent", "--yes"];

fn nothing_left(fixture: &Fixture) {
    let node = &fixture.nodes[0];
    assert!(releases(node).is_empty() && charges(node).is_empty());
    assert_eq!(fixture.held(&node.district), 0);
}

#[test]
fn a_larger_budget_is_shown_in_words_and_refused_at_the_districts_ceiling() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    fixture.consortium.hub.run(&["charter", "propose", "--preset", "detailed"]).unwrap();
    let shown = node.program.run(&["charter", "show"]).unwrap();
    for part in [
        "epsilon: 4 → 8",
        "thirteen school years compose to: epsilon 18.",
        "How often:",
        "until then nothing is released",
    ] {
        assert!(shown.contains(part), "{part} is missing from {shown}");
    }
    let approve = [&["charter", "approve"][..], &BY].concat();
    let failure = node.program.fails(&approve).unwrap();
    assert_eq!(failure.code, Some(7), "{failure}");
    assert!(failure.said.contains("ceiling of 4"), "{failure}");
    assert_eq!(node.program.fails(&["sync"]).unwrap().code, Some(9));
    nothing_left(&fixture);

    // A district that wants to can raise it, and says so itself.
    node.program.run(&[&approve[..], &["--ceiling-epsilon", "8"]].concat()).unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}

#[test]
fn a_charter_with_an_older_number_or_another_signature_is_refused() {
    let mut fixture = Fixture::new(1);
    let node = fixture.nodes[0].clone();
    let database = fixture.consortium.hub.home().join("hub.db");
    let hub = &fixture.consortium.hub;
    hub.run(&["charter", "propose", "--preset", "strict"]).unwrap();
    node.program.run(&["charter", "show"]).unwrap();

    // The hub goes back to the charter that this district approved.
    fixture.consortium.stop();
    alter(&database, &["DELETE FROM document WHERE kind = 'charter' AND number = 2"]);
    fixture.consortium.start().unwrap();
    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");
    assert!(failure.said.contains("number 2 was received before"), "{failure}");
    nothing_left(&fixture);

    // Somebody with the node's disk writes another signature under the charter.
    let held = node.program.home().join("node.db");
    alter(&held, &["UPDATE document SET signature = zeroblob(64) WHERE kind = 'charter'"]);
    for verb in ["sync", "preview"] {
        let failure = node.program.fails(&[verb]).unwrap();
        assert_eq!(failure.code, Some(4), "{failure}");
        assert!(failure.said.contains("it is refused and not stored"), "{failure}");
    }
}
