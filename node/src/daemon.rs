//! The scheduler: syncs when the cron expression says to try, again after a
//! failure with growing delays, until it is told to stop.
//!
//! What is due is decided inside a sync, by the charter's calendar; this file
//! only decides when to call. Whatever waits is in the database, so stopping
//! at any moment loses nothing.

use chrono_tz::Tz;
use peerlight_node_engine::schedule::{self, Clocks, Tries};
use tokio::sync::watch;

use crate::{
    calendar,
    clock::InWords,
    error::{Error, Exit},
    keys::Keys,
    node::Node,
    sync::{self, Synced},
};

/// Syncs until `stop` becomes true.
pub async fn run(node: &Node, mut stop: watch::Receiver<bool>) -> Result<(), Error> {
    let seed = seed(node)?;
    let mut tries = Tries::default();
    loop {
        // A sync that is cut short loses nothing; one that waits for a hub
        // which does not answer must not hold up a machine that shuts down.
        tries = tokio::select! {
            after = attempt(node, tries) => after,
            () = told(&mut stop) => return Ok(()),
        };
        let now = node.clock.now();
        let cron = calendar::next_cron(&node.config.sync_cron, zone(node).await, now)?;
        let spread = u32::try_from(node.config.sync_jitter_seconds).unwrap_or(u32::MAX);
        let clocks = Clocks { node: now, hub: None };
        let next = schedule::next_try(clocks, cron, tries, spread, seed);
        tracing::info!(next = %InWords(next), "waiting");
        tokio::select! {
            () = node.clock.wait_until(next) => {}
            () = told(&mut stop) => return Ok(()),
        }
    }
}

/// Waits until told to stop; nobody left who could tell means the same.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn attempt(node: &Node, before: Tries) -> Tries {
    let outcome = sync::sync(node).await;
    let last = Some(node.clock.now());
    let error = match outcome {
        Ok(Synced { drawn, receipts, blocked, awaiting, problem, .. }) => {
            tracing::info!(drawn, receipts, "synced");
            for (program, period) in awaiting {
                tracing::warn!(%program, %period, "awaits approval: see \"release list\"");
            }
            for it in blocked {
                tracing::warn!(program = %it.program, period = %it.period, "{}", it.reason);
            }
            problem
        }
        Err(error) => Some(error),
    };
    match error {
        None => Tries { failures: 0, last },
        Some(error) if error.exit() == Exit::Unreachable => {
            tracing::warn!("{error}");
            Tries { failures: before.failures.saturating_add(1), last }
        }
        // Somebody has to act first; the next regular time looks again.
        Some(error) => {
            tracing::error!("{error}");
            Tries { failures: 0, last }
        }
    }
}

/// The charter's zone; UTC before there is a charter.
async fn zone(node: &Node) -> Tz {
    let charter = node.documents().await.ok();
    charter.and_then(|it| calendar::zone(&it.charter.document).ok()).unwrap_or(Tz::UTC)
}

/// A number of this node's own, so that members do not all call at once.
fn seed(node: &Node) -> Result<u64, Error> {
    let key = Keys::open(&node.home)?.master().derive("schedule seed");
    let (first, _) = key.split_first_chunk::<8>().expect("the key has 32 bytes");
    Ok(u64::from_be_bytes(*first))
}
