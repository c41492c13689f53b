//! The scheduler: when it calls the hub, what it does while the hub is away,
//! and that it ends when told to.

use std::{net::TcpListener, thread, time::Duration};

use peerlight_node::{
    clock::{Clock, ManualClock},
    daemon,
    home::Home,
    node::Node as OpenNode,
};
use peerlight_proto::units::UnixSeconds;
use peerlight_tests::harness::Serving;
use tokio::sync::watch;

use crate::fixture::{Fixture, all_delivered_once, charges, releases};

/// Spread of the regular times in these tests, seconds.
const JITTER: i64 = 300;
const HOUR: i64 = 3600;

/// Looks again and again, for a minute at most.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{what} did not come to pass within a minute");
}

/// Moves time to when the scheduler next wants to try; gives how long it
/// waited, seconds. The try before it is over then.
async fn next_try(hand: &ManualClock) -> i64 {
    let seconds = hand.awaited().await.0 - hand.now().0;
    hand.advance(seconds);
    seconds
}

#[test]
fn it_backs_off_while_the_hub_is_away_and_keeps_its_hours_again_afterwards() {
    let mut fixture = Fixture::new(1);
    let node = fixture.nodes[0].clone();
    fixture.consortium.stop();
    let start = Clock::system().now();
    // Hourly, and not within the time that five tries take.
    let minute = (start.0 / 60 + 50) % 60;
    let cron = ("sync_cron", format!("{minute} * * * *"));
    let jitter = ("sync_jitter_seconds", JITTER.to_string());
    let attempts = |fixture: &Fixture| fixture.relay.traffic().len();

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let hand = ManualClock::at(start);
    let (stop, stopped) = watch::channel(false);
    let before = attempts(&fixture);
    let home = Home::at(node.program.home());
    let open = runtime.block_on(OpenNode::open(home, hand.clock(), &[cron, jitter])).unwrap();
    let running = runtime.spawn(async move { daemon::run(&open, stopped).await });
    for failures in 1..=4 {
        let waited = runtime.block_on(next_try(&hand));
        let least = 60 << (failures - 1);
        assert!((least..least * 3 / 2).contains(&waited), "{failures} failures: {waited} s");
    }
    runtime.block_on(hand.awaited());
    assert_eq!(attempts(&fixture) - before, 5, "one try at the start and one each time");
    assert!(releases(&node).is_empty() && charges(&node).is_empty());

    fixture.consortium.start().unwrap();
    runtime.block_on(next_try(&hand));
    // It has synced, and waits for the next regular time.
    let regular = runtime.block_on(hand.awaited());
    all_delivered_once(&fixture, &node);
    let sent = releases(&node);
    let of_the_hour = |at: UnixSeconds| (at.0 - minute * 60).rem_euclid(HOUR);
    assert!(of_the_hour(regular) < JITTER, "{} s after its minute", of_the_hour(regular));
    assert!(regular.0 - hand.now().0 < HOUR + JITTER);

    runtime.block_on(next_try(&hand));
    let following = runtime.block_on(hand.awaited());
    assert!(of_the_hour(following) < JITTER, "{} s after its minute", of_the_hour(following));
    assert!((HOUR - JITTER..HOUR + JITTER).contains(&(following.0 - regular.0)));
    assert_eq!(releases(&node), sent, "what was due is sent once");

    stop.send(true).unwrap();
    runtime.block_on(running).unwrap().unwrap();
}

#[test]
fn it_stops_at_once_although_the_hub_does_not_answer() {
    let fixture = Fixture::new(1);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ("hub_address", silent.local_addr().unwrap().to_string());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (stop, stopped) = watch::channel(false);
    let home = Home::at(fixture.nodes[0].program.home());
    let open = runtime.block_on(OpenNode::open(home, Clock::system(), &[address])).unwrap();
    let running = runtime.spawn(async move { daemon::run(&open, stopped).await });
    let (_called, _) = silent.accept().unwrap();
    stop.send(true).unwrap();
    // Shorter than a call to the hub may take.
    let ended = async { tokio::time::timeout(Duration::from_secs(5), running).await };
    runtime.block_on(ended).unwrap().unwrap().unwrap();
}

#[test]
fn the_program_syncs_on_its_cron_survives_a_hub_that_is_away_and_stops_on_sigterm() {
    let mut fixture = Fixture::new(1);
    let node = fixture.nodes[0].clone();
    fixture.consortium.stop();
    let settings = node.program.home().join("node.toml");
    std::fs::write(settings, "sync_cron = \"* * * * * *\"\nsync_jitter_seconds = 0\n").unwrap();
    let serving: Serving =
        node.program.serve(&["serve", "--listen", "127.0.0.1:0"], &["The access code"]).unwrap();
    wait_until("a try without a hub", || {
        serving.said().matches("cannot reach the hub").count() > 1
    });
    assert!(releases(&node).is_empty());

    fixture.consortium.start().unwrap();
    let syncs = |serving: &Serving| serving.said().matches("synced").count();
    wait_until("the first sync", || syncs(&serving) > 0);
    all_delivered_once(&fixture, &node);
    let sent = releases(&node);
    let so_far = syncs(&serving);
    wait_until("two more syncs", || syncs(&serving) > so_far + 1);
    assert_eq!(releases(&node), sent, "what was due is sent once");

    let (status, said) = serving.terminate().unwrap();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("Stopped; nothing is lost."), "{said}");
    all_delivered_once(&fixture, &node);
}
