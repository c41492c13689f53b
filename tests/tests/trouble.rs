//! Hubs that are down, nodes that die, members that are revoked: nothing is
//! lost, nothing is sent twice, no budget is spent twice.

use peerlight_tests::harness::Failure;

use crate::fixture::{Fixture, all_delivered_once, alter, charges, releases, start_sync};

#[test]
fn a_hub_that_is_down_gets_each_release_once_when_it_is_back() {
    let mut fixture = Fixture::new(1);
    let node = fixture.nodes[0].clone();
    fixture.consortium.stop();
    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(5), "{failure}");
    let drawn = releases(&node);
    assert!(drawn.iter().all(|release| release["receipt_verified"] == false));

    fixture.consortium.start().unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, &node);
    let (held, charged) = (releases(&node).len(), charges(&node).len());
    node.sync().unwrap();
    assert_eq!((releases(&node).len(), charges(&node).len()), (held, charged));
}

#[test]
fn a_line_that_is_cut_in_mid_release_costs_nothing_twice() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let mut cut = 0;
    for bytes in [3_000, 9_000, 27_000] {
        fixture.relay.cut_after(bytes);
        if let Err(error) = node.program.run(&["sync"]) {
            let failure: Failure = error.downcast().unwrap();
            assert_eq!(failure.code, Some(5), "{failure}");
            cut += 1;
        }
    }
    assert!(cut > 0, "no sync was cut");
    fixture.relay.mend();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}

#[test]
fn a_node_killed_in_mid_sync_sends_and_pays_once() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    for bytes in [1, 8_000, 20_000] {
        let goal = fixture.relay.sent() + bytes;
        let mut sync = start_sync(node);
        // Ends by itself if it had less to send.
        while fixture.relay.sent() < goal && sync.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        sync.kill().unwrap();
        sync.wait().unwrap();
    }
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}

#[test]
fn a_hub_killed_in_mid_sync_keeps_what_it_receipted() {
    let mut fixture = Fixture::new(1);
    let node = fixture.nodes[0].clone();
    let goal = fixture.relay.sent() + 12_000;
    let mut sync = start_sync(&node);
    while fixture.relay.sent() < goal && sync.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    fixture.consortium.stop();
    sync.wait().unwrap();
    fixture.consortium.start().unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, &node);
}

#[test]
fn a_revoked_or_suspended_member_is_refused_and_told_so() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let hub = &fixture.consortium.hub;
    hub.run(&["member", "suspend", &node.district]).unwrap();
    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");
    hub.run(&["member", "suspend", &node.district, "--lift"]).unwrap();
    hub.run(&["member", "revoke", &node.district]).unwrap();
    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");
    assert_eq!(fixture.held(&node.district), 0);
}

#[test]
fn a_token_works_once() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let token = fixture.consortium.hub.run(&["member", "token", &node.district]).unwrap();
    let second = fixture.consortium.node("second");
    second.program.run(&["init"]).unwrap();
    second.program.run_with(&["join", "--token", "-"], &token).unwrap();
    let third = fixture.consortium.node("third");
    third.program.run(&["init"]).unwrap();
    let refused = third.program.run_with(&["join", "--token", "-"], &token).unwrap_err();
    let failure: Failure = refused.downcast().unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");
}

#[test]
fn a_new_charter_stops_releases_until_it_is_approved() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    fixture.consortium.hub.run(&["charter", "propose", "--preset", "strict"]).unwrap();
    let failure = node.program.fails(&["sync"]).unwrap();
    assert_eq!(failure.code, Some(9), "{failure}");
    assert!(releases(node).is_empty());
    assert_eq!(fixture.held(&node.district), 0);
    node.approve().unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}

#[test]
fn a_refused_release_is_sent_again_once_the_reason_is_gone() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    // The node told it of its approval, and the hub has lost that.
    let database = fixture.consortium.hub.home().join("hub.db");
    alter(&database, &["DELETE FROM approval"]);
    for _ in 0..2 {
        let failure = node.program.fails(&["sync"]).unwrap();
        assert!(failure.said.contains("run `charter approve` and sync again"), "{failure}");
        let drawn = releases(node);
        let refused = drawn.iter().filter(|release| release["state"] == "refused").count();
        assert_eq!(refused, 1, "what follows the refused one is not even tried");
        assert_eq!(charges(node).len(), drawn.len());
    }
    assert_eq!(fixture.held(&node.district), 0);
    node.approve().unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}

#[test]
fn a_node_of_another_consortium_is_refused() {
    let (ours, theirs) = (Fixture::new(1), Fixture::new(1));
    let stranger = &theirs.nodes[0];
    let (old, new) = (theirs.relay.address().port(), ours.relay.address().port());
    let mut redirected = 0;
    // Where the node keeps the hub's address is its own business.
    for entry in std::fs::read_dir(stranger.program.home()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let other = text.replace(&old.to_string(), &new.to_string());
        redirected += usize::from(other != text);
        std::fs::write(&path, other).unwrap();
    }
    assert!(redirected > 0, "the node was not sent elsewhere");
    let failure = stranger.program.fails(&["sync"]).unwrap();
    assert!(matches!(failure.code, Some(4 | 5)), "{failure}");
    assert_eq!(ours.held(&ours.nodes[0].district), 0);
}
