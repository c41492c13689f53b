//! One envelope: signature first, then header, then the payload inside.
//!
//! Nothing of the header is believed before the caller's own signing key has
//! verified it, and nothing of the payload before it matches the digest that
//! was signed. Blocking: opening costs milliseconds.

use peerlight_proto::{
    charter::ProgramKind,
    document, envelope,
    names::{MemberId, PeriodId, ProgramId, ReleaseId},
    units::{ContentHash, UnixSeconds, hexadecimal},
    v1::{EnvelopeHeader, EnvelopeKind, Receipt, SignedReceipt},
    wire,
};
use prost::Message;

use crate::{
    error::Error,
    hub::Hub,
    in_force::InForce,
    store::release::{Head, NewRelease},
};

/// Clocks of node and hub may differ by so much, seconds.
const CLOCK_SLACK_SECONDS: i64 = 24 * 3600;

/// Verifies and opens an envelope and signs its receipt. Stores nothing.
pub fn admit(
    hub: &Hub,
    in_force: &InForce,
    caller: &MemberId,
    signing_key: &[u8],
    frame: &[u8],
) -> Result<NewRelease, Error> {
    let verified = envelope::read(frame)?.verify(signing_key)?;
    let header = &verified.header;
    let now = hub.now();
    let (release_id, program, period) = check_header(hub, in_force, caller, signing_key, header)?;
    let layout = in_force.layouts(caller).find(&program, &period).ok_or_else(|| {
        peerlight_proto::layout::LayoutError::Unknown(program.clone(), period.clone())
    })?;
    let secret = hub.keys.opens(&header.recipient_key_id, now);
    let secret = secret.ok_or(refused(
        "recipient key",
        "is unknown or has ended: fetch the hub's key list and seal again",
    ))?;
    let payload = verified.open(&secret)?;
    let digest = ContentHash::of(&payload);
    if header.payload_digest != digest.as_bytes() {
        return Err(refused("payload digest", "is not that of its payload"));
    }
    wire::decode_payload(&payload, &layout)?;
    let receipt = Receipt {
        consortium: header.consortium.clone(),
        member: caller.to_string(),
        release_id: header.release_id.clone(),
        sequence: header.sequence,
        payload_digest: header.payload_digest.clone(),
        ledger_sequence: header.ledger_sequence,
        ledger_head: header.ledger_head.clone(),
        received_at_seconds: now.0,
    }
    .encode_to_vec();
    let signature = document::sign_detached(&hub.keys.receipt, document::RECEIPT, &receipt);
    Ok(NewRelease {
        previous_digest: hexadecimal(&header.previous_payload_digest),
        ledger_sequence: header.ledger_sequence,
        ledger_head: hexadecimal(&header.ledger_head),
        receipt: SignedReceipt { receipt, signature },
        payload,
        head: Head {
            member: caller.clone(),
            release_id,
            sequence: header.sequence,
            school_year: in_force.charter.charter.school_year.ending_year(),
            program,
            period,
            digest,
            charter_hash: in_force.charter.hash,
            directory_hash: in_force.directory.hash,
            created_at: UnixSeconds(header.created_at_seconds),
            received_at: now,
            cells: layout.cells() as u64,
        },
    })
}

/// What the header must say before anything is opened.
fn check_header(
    hub: &Hub,
    in_force: &InForce,
    caller: &MemberId,
    signing_key: &[u8],
    header: &EnvelopeHeader,
) -> Result<(ReleaseId, ProgramId, PeriodId), Error> {
    if header.sender != caller.as_str() {
        return Err(refused("sender", "is not the member whose certificate was shown"));
    }
    if header.sender_key_id != document::key_id(signing_key) {
        return Err(refused("sender key", "is not the one that signed it"));
    }
    if header.consortium != hub.config.consortium.as_str() {
        return Err(refused("consortium", "is another one"));
    }
    let hash = |what, bytes: &[u8]| ContentHash::from_bytes(bytes).map_err(|_| Error::Hash(what));
    in_force.admits(
        hash("charter hash", &header.charter_hash)?,
        hash("directory hash", &header.directory_hash)?,
    )?;
    if header.sequence == 0 || header.sequence > i64::MAX as u64 {
        return Err(refused("sequence", "must count from 1"));
    }
    if header.ledger_sequence > i64::MAX as u64 || header.ledger_head.len() > 64 {
        return Err(refused("ledger position", "is out of range"));
    }
    if !matches!(header.previous_payload_digest.len(), 0 | 32) {
        return Err(Error::Hash("previous payload digest"));
    }
    if header.created_at_seconds > hub.now().0 + CLOCK_SLACK_SECONDS {
        return Err(refused("date", "is in the future: check the node's clock"));
    }
    let program = ProgramId::new(header.program.clone())?;
    let kind = in_force.charter.charter.program(&program).map(|program| &program.kind);
    let expected = match kind {
        Some(ProgramKind::GrowthHistogram { .. }) => EnvelopeKind::GrowthSum,
        _ => EnvelopeKind::OneShot,
    };
    if header.kind != i32::from(expected) {
        return Err(refused("kind", "is not the kind its program releases"));
    }
    Ok((ReleaseId::new(header.release_id.clone())?, program, PeriodId::new(header.period.clone())?))
}

const fn refused(field: &'static str, problem: &'static str) -> Error {
    Error::Release { field, problem }
}
