//! The keys of the records folder, each for one purpose, derived from the
//! node's master key.
//!
//! A pseudonym is the same for the same student in every year, so that earlier
//! scores are found; without the key it says nothing.

use std::fmt;

use peerlight_node_engine::privacy::journal::{Pseudonym, Student};
use ring::hmac;
use zeroize::Zeroizing;

use crate::keys::MasterKey;

/// Bytes of a pseudonym: the first half of an HMAC-SHA256.
pub(super) const PSEUDONYM: usize = 16;

/// Which of a student's ids it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// The district's own.
    Local,
    /// The state's.
    Statewide,
}

/// Keys that seal records and make pseudonyms.
pub struct RecordKeys {
    pub(super) records: Zeroizing<[u8; 32]>,
    pub(super) ids: Zeroizing<[u8; 32]>,
    pseudonym: hmac::Key,
}

impl RecordKeys {
    /// The keys of a node.
    pub fn new(master: &MasterKey) -> Self {
        let key = |purpose| master.derive(purpose);
        Self::from_keys(key("records"), key("student ids"), &key("student pseudonyms"))
    }

    /// Takes three independent keys.
    pub fn from_keys(
        records: Zeroizing<[u8; 32]>,
        ids: Zeroizing<[u8; 32]>,
        pseudonym: &[u8; 32],
    ) -> Self {
        Self { records, ids, pseudonym: hmac::Key::new(hmac::HMAC_SHA256, pseudonym) }
    }

    /// The pseudonyms of a row's ids, which may be empty: those that a file of
    /// the same row would have.
    pub(super) fn student(&self, local: &[u8], statewide: &[u8]) -> Student {
        let of = |kind, id: &[u8]| {
            let is_there = !id.is_empty();
            is_there.then(|| Pseudonym::from_le_bytes(self.pseudonym(kind, id)))
        };
        Student { statewide: of(IdKind::Statewide, statewide), local: of(IdKind::Local, local) }
    }

    /// The pseudonym of an id: local and statewide ids never have the same.
    pub fn pseudonym(&self, kind: IdKind, id: &[u8]) -> [u8; PSEUDONYM] {
        let mut context = hmac::Context::with_key(&self.pseudonym);
        context.update(match kind {
            IdKind::Local => &[0],
            IdKind::Statewide => &[1],
        });
        context.update(id);
        let tag = context.sign();
        tag.as_ref()[..PSEUDONYM].try_into().expect("SHA-256 has more bytes than a pseudonym")
    }
}

impl fmt::Debug for RecordKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKeys")
    }
}
