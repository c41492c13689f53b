//! Where the hub takes the time from; the only file that may ask the system.
//!
//! A test moves a [`Clock::manual`] by hand, so that expiry needs no waiting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use peerlight_proto::units::UnixSeconds;

/// A day, seconds.
pub const DAY: i64 = 24 * 3600;

/// A source of instants; clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual(start: UnixSeconds) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.0))))
    }

    /// Moves a manual clock; the system's clock is not moved.
    pub fn advance(&self, seconds: i64) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(seconds, Ordering::SeqCst);
        }
    }

    /// Now.
    pub fn now(&self) -> UnixSeconds {
        match &self.0 {
            Source::Manual(now) => UnixSeconds(now.load(Ordering::SeqCst)),
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                UnixSeconds(since.unwrap_or(Duration::ZERO).as_secs() as i64)
            }
        }
    }

    /// Now, as TLS asks for it.
    pub fn tls_time(&self) -> rustls::pki_types::UnixTime {
        rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(
            self.now().0.max(0) as u64
        ))
    }
}
