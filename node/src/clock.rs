//! Where this program's time comes from: the system, or a test's own hand.
//!
//! The only file that reads the system clock. Everything else takes a
//! [`Clock`], so that calendars, expiry and renewal can be tested by moving it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use peerlight_proto::units::UnixSeconds;
use rustls::{pki_types::UnixTime, time_provider::TimeProvider};

/// Tells the time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

/// A clock that moves only when told; for tests.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still.
    pub fn fixed(at: UnixSeconds) -> Self {
        ManualClock::at(at).clock()
    }

    /// The time.
    pub fn now(&self) -> UnixSeconds {
        match &self.0 {
            Source::System => UnixSeconds(system_seconds()),
            Source::Manual(seconds) => UnixSeconds(seconds.load(Ordering::SeqCst)),
        }
    }
}

impl ManualClock {
    /// A clock set to `at`.
    pub fn at(at: UnixSeconds) -> Self {
        Self(Arc::new(AtomicI64::new(at.0)))
    }

    /// Moves it forward, or backward if negative.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
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

    #[test]
    fn instants_are_shown_in_universal_time() {
        assert_eq!(InWords(UnixSeconds(0)).to_string(), "1970-01-01 00:00 UTC");
    }
}
