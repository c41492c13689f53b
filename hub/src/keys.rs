//! The hub's signing and envelope keys.
//!
//! ```text
//! root       signs charter, directory, key list, growth tables; pinned at joining
//! receipt    signs receipts and publications; named by the key list
//! envelope   opens releases: pending 1 day, active 30, grace 14, then destroyed
//! ```
//!
//! Secrets live in the key folder alone and are never shown.

use std::sync::{Arc, RwLock};

use peerlight_proto::{
    document::{key_id, public_key},
    envelope::EnvelopeSecret,
    units::{UnixSeconds, hexadecimal},
    v1::{EnvelopeKey, HubKeys},
};
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    clock::DAY,
    error::Error,
    home::{self, Home},
};

const PENDING_SECONDS: i64 = DAY;
const ACTIVE_SECONDS: i64 = 30 * DAY;
const GRACE_SECONDS: i64 = 14 * DAY;

const ROOT: &str = "root.pk8";
const RECEIPT: &str = "receipt.pk8";
const ENVELOPE: &str = "envelope.toml";

/// The hub's keys.
pub struct Keys {
    /// Signs charter, directory, key list and growth tables.
    pub root: Ed25519KeyPair,
    /// Signs receipts and publications.
    pub receipt: Ed25519KeyPair,
    envelope: RwLock<Vec<Slot>>,
}

/// One envelope key and its dates.
struct Slot {
    public: EnvelopeKey,
    secret: Arc<EnvelopeSecret>,
}

/// How the envelope keys are written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    secret: SecretText,
    public: String,
    active_from_seconds: i64,
    active_until_seconds: i64,
    opens_until_seconds: i64,
}

/// Hexadecimal digits of a secret, wiped when dropped.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct SecretText(String);

/// Whether a rotation changed the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// A key was added or destroyed.
    Changed,
    /// Nothing was due.
    Unchanged,
}

impl Keys {
    /// Makes new keys and writes them into the key folder.
    pub fn create(home: &Home, now: UnixSeconds) -> Result<Self, Error> {
        for name in [ROOT, RECEIPT] {
            let random = SystemRandom::new();
            let key = Ed25519KeyPair::generate_pkcs8(&random)
                .map_err(|_| Error::Key { path: home.key(name) })?;
            home::write_private(&home.key(name), key.as_ref())?;
        }
        write(home, &[fresh(now.0)])?;
        Self::load(home)
    }

    /// Reads the keys from the key folder.
    pub fn load(home: &Home) -> Result<Self, Error> {
        Ok(Self {
            root: signing(home, ROOT)?,
            receipt: signing(home, RECEIPT)?,
            envelope: RwLock::new(envelope(home)?),
        })
    }

    /// The root's public key.
    pub fn root_public(&self) -> Vec<u8> {
        public_key(&self.root)
    }

    /// The key that opens envelopes sealed to `id`, if it still does.
    pub fn opens(&self, id: &str, now: UnixSeconds) -> Option<Arc<EnvelopeSecret>> {
        let slots = self.envelope.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let slot = slots.iter().find(|slot| slot.public.key_id == id)?;
        (now.0 < slot.public.opens_until_seconds).then(|| Arc::clone(&slot.secret))
    }

    /// The list that nodes are given, newest key first.
    pub fn list(&self, consortium: &str, number: u64) -> HubKeys {
        let slots = self.envelope.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        HubKeys {
            consortium: consortium.to_owned(),
            number,
            envelope_keys: slots.iter().map(|slot| slot.public.clone()).collect(),
            receipt_key: public_key(&self.receipt),
        }
    }

    /// Adds the next key a day before the last one ends, and destroys those
    /// past their grace.
    pub fn rotate(&self, home: &Home, now: UnixSeconds) -> Result<Rotated, Error> {
        let mut entries: Vec<Entry> = entries(home)?;
        let before = entries.len();
        entries.retain(|entry| now.0 < entry.opens_until_seconds);
        let destroyed = before - entries.len();
        let last = entries.iter().map(|entry| entry.active_until_seconds).max();
        let due = last.is_none_or(|last| last - now.0 <= PENDING_SECONDS);
        if due {
            entries.insert(0, fresh(last.map_or(now.0, |last| last.max(now.0))));
        }
        if due || destroyed > 0 {
            write(home, &entries)?;
        }
        *self.envelope.write().unwrap_or_else(std::sync::PoisonError::into_inner) = envelope(home)?;
        Ok(if due || destroyed > 0 { Rotated::Changed } else { Rotated::Unchanged })
    }
}

fn fresh(active_from_seconds: i64) -> Entry {
    let (secret, public) = EnvelopeSecret::generate();
    Entry {
        secret: SecretText(hexadecimal(secret.expose())),
        public: hexadecimal(&public),
        active_from_seconds,
        active_until_seconds: active_from_seconds + ACTIVE_SECONDS,
        opens_until_seconds: active_from_seconds + ACTIVE_SECONDS + GRACE_SECONDS,
    }
}

fn signing(home: &Home, name: &str) -> Result<Ed25519KeyPair, Error> {
    let path = home.key(name);
    let bytes = Zeroizing::new(home::read(&path)?);
    Ed25519KeyPair::from_pkcs8(&bytes).map_err(|_| Error::Key { path })
}

fn entries(home: &Home) -> Result<Vec<Entry>, Error> {
    let path = home.key(ENVELOPE);
    let text = Zeroizing::new(home::read(&path)?);
    let file: Option<File> =
        std::str::from_utf8(&text).ok().and_then(|text| toml::from_str(text).ok());
    file.map(|file| file.key).ok_or(Error::Key { path })
}

fn write(home: &Home, entries: &[Entry]) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Written<'a> {
        key: &'a [Entry],
    }
    let text = toml::to_string(&Written { key: entries }).expect("keys have a TOML form");
    home::write_private(&home.key(ENVELOPE), Zeroizing::new(text).as_bytes())
}

fn envelope(home: &Home) -> Result<Vec<Slot>, Error> {
    let broken = || Error::Key { path: home.key(ENVELOPE) };
    entries(home)?
        .into_iter()
        .map(|entry| {
            let secret = bytes(&entry.secret.0).ok_or_else(broken)?;
            let public_key = bytes(&entry.public).ok_or_else(broken)?;
            Ok(Slot {
                secret: Arc::new(EnvelopeSecret::from_bytes(secret).map_err(|_| broken())?),
                public: EnvelopeKey {
                    key_id: key_id(&public_key),
                    public_key,
                    active_from_seconds: entry.active_from_seconds,
                    active_until_seconds: entry.active_until_seconds,
                    opens_until_seconds: entry.opens_until_seconds,
                },
            })
        })
        .collect()
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    if !hexadecimal.is_ascii() || !hexadecimal.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..hexadecimal.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_keys_are_pending_then_active_then_in_grace_then_gone() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let start = UnixSeconds(1_000_000);
        let keys = Keys::create(&home, start).unwrap();
        let first = keys.list("c", 1).envelope_keys[0].clone();
        assert_eq!(first.active_from_seconds, start.0, "the first key has nobody to wait for");
        assert_eq!(keys.rotate(&home, start).unwrap(), Rotated::Unchanged);

        let late = UnixSeconds(start.0 + 29 * DAY);
        assert_eq!(keys.rotate(&home, late).unwrap(), Rotated::Changed);
        let both = keys.list("c", 2).envelope_keys;
        assert_eq!(both[0].active_from_seconds, late.0 + DAY, "pending for a day");

        let grace = UnixSeconds(first.opens_until_seconds - 1);
        assert!(keys.opens(&first.key_id, grace).is_some());
        let over = UnixSeconds(first.opens_until_seconds);
        assert!(keys.opens(&first.key_id, over).is_none());
        keys.rotate(&home, over).unwrap();
        assert!(keys.list("c", 3).envelope_keys.iter().all(|key| key.key_id != first.key_id));
        let left = std::fs::read_to_string(home.key(ENVELOPE)).unwrap();
        assert!(!left.contains(&hexadecimal(&first.public_key)));
    }

    #[test]
    fn a_hub_that_slept_for_a_year_wakes_with_a_key_that_is_active() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let keys = Keys::create(&home, UnixSeconds(0)).unwrap();
        let now = UnixSeconds(365 * DAY);
        keys.rotate(&home, now).unwrap();
        let list = keys.list("c", 2).envelope_keys;
        assert_eq!((list.len(), list[0].active_from_seconds), (1, now.0));
    }
}
