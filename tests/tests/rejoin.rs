//! Members whose certificate was revoked or expired: refused with a sentence,
//! back with a new token, and nothing drawn or paid a second time.

use std::fs;

use peerlight_tests::harness::{Failure, Node};

use crate::fixture::{Fixture, all_delivered_once, charges, issue_certificate, now, releases};

const DAY: i64 = 24 * 3600;

/// Approves some programs only, so that more is due after another approval.
fn offer(node: &Node, programs: &str) {
    let by = ["--name", "A. Example", "--title", "Superintendent", "--yes", "--offer", programs];
    node.program.run(&[&["charter", "approve"][..], &by].concat()).unwrap();
}

fn refused(node: &Node, token: &str) -> Failure {
    let error = node.program.run_with(&["join", "--token", "-"], token).unwrap_err();
    error.downcast().unwrap()
}

fn membership(node: &Node) -> (String, String) {
    let read = |name| fs::read_to_string(node.program.home().join(name)).unwrap();
    (read("membership.toml"), read("keys/certificate.pem"))
}

#[test]
fn a_revoked_node_joins_again_and_goes_on_where_it_was() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let hub = &fixture.consortium.hub;
    offer(node, "enrolled,tested");
    node.sync().unwrap();
    let before = releases(node);
    assert!(!before.is_empty());

    let early = hub.run(&["member", "token", &node.district]).unwrap();
    hub.run(&["member", "revoke", &node.district]).unwrap();
    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");
    assert!(failure.said.contains("revoked") && failure.said.contains("token"), "{failure}");
    assert_eq!(refused(node, &early).code, Some(4), "revoking voids tokens");
    assert_eq!(releases(node).len(), before.len());

    fixture.consortium.join(node).unwrap();
    node.sync().unwrap();
    assert_eq!(releases(node), before, "nothing is drawn or sent again");
    all_delivered_once(&fixture, node);
    node.approve().unwrap();
    node.sync().unwrap();
    let after = releases(node);
    assert!(after.len() > before.len());
    assert_eq!(after[..before.len()], before, "the sequence goes on");
    all_delivered_once(&fixture, node);
    let log = node.program.run(&["audit", "--output", "csv"]).unwrap();
    assert!(log.contains("join again"), "{log}");
}

#[test]
fn an_expired_certificate_is_refused_spends_nothing_and_is_replaced() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let today = now();
    issue_certificate(&fixture, node, today - 91 * DAY, today - DAY);
    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");
    assert!(failure.said.contains("the certificate has expired"), "{failure}");
    assert!(failure.said.contains("new join token"), "{failure}");
    assert!(releases(node).is_empty() && charges(node).is_empty());
    assert_eq!(fixture.held(&node.district), 0);

    fixture.consortium.join(node).unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);

    // Once more with everything sent: nothing is spent a second time.
    let sent = releases(node);
    issue_certificate(&fixture, node, today - 91 * DAY, today - DAY);
    assert_eq!(node.program.fails(&["sync"]).unwrap().code, Some(4));
    fixture.consortium.join(node).unwrap();
    node.sync().unwrap();
    assert_eq!(releases(node), sent);
    all_delivered_once(&fixture, node);
}

#[test]
fn only_the_same_member_replaces_a_membership_and_only_when_it_must() {
    let fixture = Fixture::new(2);
    let theirs = Fixture::new(1);
    let (node, other) = (&fixture.nodes[0], &fixture.nodes[1]);
    let token = |fixture: &Fixture, node: &Node| {
        fixture.consortium.hub.run(&["member", "token", &node.district]).unwrap()
    };
    let before = membership(node);
    let own = token(&fixture, node);
    let good = refused(node, &own);
    assert!(good.code == Some(4) && good.said.contains("is good until"), "{good}");

    fixture.consortium.hub.run(&["member", "suspend", &node.district]).unwrap();
    let suspended = refused(node, &own);
    assert!(suspended.code == Some(4) && suspended.said.contains("suspended"), "{suspended}");
    fixture.consortium.hub.run(&["member", "suspend", &node.district, "--lift"]).unwrap();

    for stranger in [token(&fixture, other), token(&theirs, &theirs.nodes[0])] {
        let failure = refused(node, &stranger);
        assert_eq!(failure.code, Some(4), "{failure}");
        assert!(failure.said.contains("make another --home"), "{failure}");
    }
    assert_eq!(membership(node), before, "nothing was changed");

    // The token that was not needed before is still good when it is.
    fs::remove_file(node.program.home().join("keys/certificate.pem")).unwrap();
    node.program.run_with(&["join", "--token", "-"], &own).unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}
