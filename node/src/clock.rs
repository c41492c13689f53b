//! Where this program's time comes from: the system, or a test's own hand.
//!
//! The only file that reads the system clock. Everything else takes a
//! [`Clock`], so that calendars, expiry and renewal can be tested by moving it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use peerlight_proto::units::UnixSeconds;
use rustls::{pki_types::UnixTime, time_provider::TimeProvider};
use tokio::sync::watch;

/// Longest time between two looks at the machine's clock: one that was set, or
/// a machine that slept, is noticed within it.
const LOOK: Duration = Duration::from_secs(20);

/// Tells the time, and waits for it.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Hand>),
}

/// A clock that moves only when told; for tests.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Hand>);

#[derive(Debug)]
struct Hand {
    now: watch::Sender<UnixSeconds>,
    /// What was waited for last.
    awaited: watch::Sender<UnixSeconds>,
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// The time.
    pub fn now(&self) -> UnixSeconds {
        match &self.0 {
            Source::System => UnixSeconds(system_seconds()),
            Source::Manual(hand) => *hand.now.borrow(),
        }
    }

    /// Waits until it is `at`. The machine's clock may be set and the machine
    /// may sleep, so it is looked at again and again.
    pub async fn wait_until(&self, at: UnixSeconds) {
        match &self.0 {
            Source::System => loop {
                let left = at.0 - self.now().0;
                if left <= 0 {
                    return;
                }
                tokio::time::sleep(LOOK.min(Duration::from_secs(left.unsigned_abs()))).await;
            },
            Source::Manual(hand) => {
                hand.awaited.send_replace(at);
                let mut now = hand.now.subscribe();
                // The hand is held by this clock: the channel does not close.
                let _ = now.wait_for(|now| *now >= at).await;
            }
        }
    }
}

impl ManualClock {
    /// A clock set to `at`.
    pub fn at(at: UnixSeconds) -> Self {
        Self(Arc::new(Hand { now: watch::Sender::new(at), awaited: watch::Sender::new(at) }))
    }

    /// What it shows.
    pub fn now(&self) -> UnixSeconds {
        *self.0.now.borrow()
    }

    /// Moves it forward, or backward if negative.
    pub fn advance(&self, seconds: i64) {
        self.0.now.send_modify(|now| now.0 += seconds);
    }

    /// Waits until somebody waits for a time to come; gives that time.
    pub async fn awaited(&self) -> UnixSeconds {
        let mut awaited = self.0.awaited.subscribe();
        let to_come = awaited.wait_for(|at| *at > self.now()).await;
        to_come.map_or_else(|_| self.now(), |at| *at)
    }

    /// A clock that shows what this hand sets.
    pub fn clock(&self) -> Clock {
        Clock(Source::Manual(Arc::clone(&self.0)))
    }
}

/// TLS judges certificates by the same clock as everything else.
impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
fn system_seconds() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

/// An instant as people read it: `2026-08-15 07:30 UTC`.
pub struct InWords(pub UnixSeconds);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match chrono::DateTime::from_timestamp(self.0.0, 0) {
            Some(instant) => write!(f, "{}", instant.format("%Y-%m-%d %H:%M UTC")),
            None => write!(f, "{} s", self.0.0),
        }
    }
}

/// An instant as the name of a file: `20260815T073000Z`.
pub fn stamp(at: UnixSeconds) -> String {
    chrono::DateTime::from_timestamp(at.0, 0)
        .map_or_else(|| at.0.to_string(), |instant| instant.format("%Y%m%dT%H%M%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let hand = ManualClock::at(UnixSeconds(100));
        let clock = hand.clock();
        assert_eq!(clock.now(), UnixSeconds(100));
        hand.advance(5);
        assert_eq!(clock.now(), UnixSeconds(105));
    }

    #[tokio::test]
    async fn whoever_waits_is_seen_and_goes_on_when_the_hand_moves() {
        let hand = ManualClock::at(UnixSeconds(100));
        let clock = hand.clock();
        let waiting = tokio::spawn(async move {
            clock.wait_until(UnixSeconds(90)).await;
            clock.wait_until(UnixSeconds(160)).await;
            clock.now()
        });
        assert_eq!(hand.awaited().await, UnixSeconds(160));
        hand.advance(59);
        assert!(!waiting.is_finished());
        hand.advance(1);
        assert_eq!(waiting.await.unwrap(), UnixSeconds(160));
    }

    #[test]
    fn instants_are_shown_in_universal_time() {
        assert_eq!(InWords(UnixSeconds(0)).to_string(), "1970-01-01 00:00 UTC");
    }
}
