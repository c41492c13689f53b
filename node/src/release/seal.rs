//! Puts a stored payload into an envelope for the hub. Sealing again gives
//! other bytes around the same payload; what is inside never changes.

use peerlight_proto::{
    document,
    envelope::{self, EnvelopeError},
    names::{ConsortiumId, MemberId},
    units::UnixSeconds,
    v1::{EnvelopeHeader, EnvelopeKey, HubKeys},
};
use ring::signature::Ed25519KeyPair;

use crate::store::outbox::OutboxRelease;

/// Who sends, from which consortium, with which signing key.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The consortium.
    pub consortium: &'a ConsortiumId,
    /// The member.
    pub member: &'a MemberId,
    /// Signs envelopes.
    pub signing_key: &'a Ed25519KeyPair,
}

/// Why a release cannot be sealed. It stays in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// None of the hub's envelope keys is active.
    #[error(
        "none of the hub's envelope keys is active now: fetch them again with \
         `peerlight-node sync`, and check this machine's clock"
    )]
    NoActiveKey,
    /// The envelope could not be made.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

/// The newest of the hub's keys that nodes may seal to now.
pub fn active_key(keys: &HubKeys, now: UnixSeconds) -> Option<&EnvelopeKey> {
    keys.envelope_keys
        .iter()
        .filter(|key| (key.active_from_seconds..key.active_until_seconds).contains(&now.0))
        .max_by_key(|key| key.active_from_seconds)
}

/// The authenticated header of a release.
pub fn header(sender: Sender<'_>, key: &EnvelopeKey, release: &OutboxRelease) -> EnvelopeHeader {
    let entry = &release.entry;
    let previous = release.previous_payload_digest;
    EnvelopeHeader {
        consortium: sender.consortium.to_string(),
        sender: sender.member.to_string(),
        sender_key_id: document::key_id(&document::public_key(sender.signing_key)),
        recipient_key_id: key.key_id.clone(),
        kind: release.kind.into(),
        program: entry.program.to_string(),
        period: entry.period.to_string(),
        release_id: entry.release_id.to_string(),
        sequence: release.sequence,
        payload_digest: entry.payload_digest.as_bytes().to_vec(),
        previous_payload_digest: previous.map(|hash| hash.as_bytes().to_vec()).unwrap_or_default(),
        ledger_sequence: entry.sequence,
        ledger_head: entry.head.as_bytes().to_vec(),
        charter_hash: entry.charter_hash.as_bytes().to_vec(),
        directory_hash: entry.directory_hash.as_bytes().to_vec(),
        created_at_seconds: entry.charged_at.0,
        ..EnvelopeHeader::default()
    }
}

/// Seals a stored payload to the hub's active key.
pub fn seal(
    sender: Sender<'_>,
    keys: &HubKeys,
    release: &OutboxRelease,
    payload: &[u8],
    now: UnixSeconds,
) -> Result<Vec<u8>, SealError> {
    let key = active_key(keys, now).ok_or(SealError::NoActiveKey)?;
    let header = header(sender, key, release);
    Ok(envelope::seal(header, payload, &key.public_key, sender.signing_key)?)
}
