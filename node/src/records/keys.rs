//! The keys of the records folder, each for one purpose, derived from the
//! node's master key.
//!
//! A pseudonym is the same for the same student in every year, so that earlier
//! scores are found; without the key it says nothing.

use std::fmt;

use ring::hmac;
use zeroize::Zeroizing;

use crate::keys::MasterKey;

/// Bytes of a pseudonym: the first half of an HMAC-SHA256.
pub(super) const PSEUDONYM: usize = 16;

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

    /// The pseudonym of an id; `kind` keeps local and statewide ids apart.
    pub(super) fn pseudonym(&self, kind: u8, id: &[u8]) -> [u8; PSEUDONYM] {
        let mut context = hmac::Context::with_key(&self.pseudonym);
        context.update(&[kind]);
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
