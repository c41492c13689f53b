//! One envelope: signature first, then header, then the payload inside.
//!
//! Nothing of the header is believed before the caller's own signing key has
//! verified it, and nothing of the payload before it matches the digest that
//! was signed. Blocking: opening costs milliseconds.

use std::sync::Arc;

use peerlight_hub_engine::admission::{Announced, Caller, Standing, check_header, check_payload};
use peerlight_proto::{
    document, envelope,
    names::MemberId,
    units::{ContentHash, UnixSeconds, hexadecimal},
    v1::{EnvelopeHeader, EnvelopeKind, MemberStatus, Receipt, SignedReceipt},
};
use prost::Message;
use tokio::runtime::Handle;

use crate::{
    error::Error,
    hub::Hub,
    in_force::{InForce, SignedCharter, SignedDirectory},
    store::{
        approval, inconsistent,
        release::{self, Head, NewRelease},
    },
};

/// An envelope as it came in.
pub struct Envelope<'a> {
    /// Who the connection's certificate names.
    pub caller: &'a MemberId,
    /// The key the caller signs with.
    pub signing_key: &'a [u8],
    /// The bytes.
    pub frame: &'a [u8],
}

/// What an envelope turned out to be.
pub enum Admitted {
    /// A release to store, with its receipt.
    New(Box<NewRelease>),
    /// One that is stored, with the receipt it got then.
    AlreadyHeld(SignedReceipt),
}

/// Verifies and opens an envelope and signs its receipt. Stores nothing.
pub fn admit(
    hub: &Hub,
    in_force: &InForce,
    envelope: &Envelope<'_>,
    runtime: &Handle,
) -> Result<Admitted, Error> {
    let verified = envelope::read(envelope.frame)?.verify(envelope.signing_key)?;
    let header = &verified.header;
    let caller = envelope.caller;
    if header.sender_key_id != document::key_id(envelope.signing_key) {
        return Err(refused("sender key", "is not the one that signed it"));
    }
    if header.ledger_sequence > i64::MAX as u64 || header.ledger_head.len() > 64 {
        return Err(refused("ledger position", "is out of range"));
    }
    let now = hub.now();
    match runtime.block_on(stand(hub, in_force, caller, header))? {
        Standing::SameAgain(known) => {
            let found = release::find_receipt(&hub.store, caller, &known.release_id);
            let receipt = runtime.block_on(found)?;
            receipt.map(Admitted::AlreadyHeld).ok_or_else(|| inconsistent("release", "receipt"))
        }
        Standing::New(announced) => {
            let secret = hub.keys.opens(&header.recipient_key_id, now).ok_or(refused(
                "recipient key",
                "is unknown or has ended: fetch the hub's key list and seal again",
            ))?;
            let payload = verified.open(&secret)?;
            check_payload(&announced, &payload)?;
            let receipt = receipt(hub, header, now);
            let release = new_release(caller, header, announced, receipt, payload, now);
            Ok(Admitted::New(Box::new(release)))
        }
    }
}

/// Holds a header against what is in force, what was approved and what is held.
async fn stand(
    hub: &Hub,
    in_force: &InForce,
    member: &MemberId,
    header: &EnvelopeHeader,
) -> Result<Standing, Error> {
    let started = once_in_force(hub, in_force, header).await?;
    let charter = match &started {
        Some((charter, _)) => charter,
        None => in_force.charter_of(&header.charter_hash),
    };
    let offered = approval::find_offered(&hub.store, member, charter.hash).await?;
    let year = charter.charter.school_year.ending_year();
    let history = release::find_history(&hub.store, member, header, year).await?;
    let caller = Caller { member, status: MemberStatus::Full, offered: offered.as_ref() };
    let once =
        started.as_ref().map(|(charter, directory)| (&charter.charter, &directory.directory));
    let standing = in_force.against(&hub.config.consortium, once, |standards| {
        check_header(header, &caller, standards, &history, hub.now())
    })?;
    Ok(standing)
}

/// The documents that a step of a stream names, where they are older than
/// those that other releases are held against.
async fn once_in_force(
    hub: &Hub,
    in_force: &InForce,
    header: &EnvelopeHeader,
) -> Result<Option<(Arc<SignedCharter>, Arc<SignedDirectory>)>, Error> {
    if header.kind != EnvelopeKind::ContinualStep as i32
        || in_force.knows(&header.charter_hash, &header.directory_hash)
    {
        return Ok(None);
    }
    let hashes = (
        ContentHash::from_bytes(&header.charter_hash),
        ContentHash::from_bytes(&header.directory_hash),
    );
    // Malformed hashes are refused with the rest of the header.
    let (Ok(charter), Ok(directory)) = hashes else { return Ok(None) };
    let charter = hub.charter_hashed(charter).await?;
    Ok(charter.zip(hub.directory_hashed(directory).await?))
}

fn receipt(hub: &Hub, header: &EnvelopeHeader, now: UnixSeconds) -> SignedReceipt {
    let receipt = Receipt {
        consortium: header.consortium.clone(),
        member: header.sender.clone(),
        release_id: header.release_id.clone(),
        sequence: header.sequence,
        payload_digest: header.payload_digest.clone(),
        ledger_sequence: header.ledger_sequence,
        ledger_head: header.ledger_head.clone(),
        received_at_seconds: now.0,
    }
    .encode_to_vec();
    let signature = document::sign_detached(&hub.keys.receipt, document::RECEIPT, &receipt);
    SignedReceipt { receipt, signature }
}

fn new_release(
    caller: &MemberId,
    header: &EnvelopeHeader,
    announced: Announced,
    receipt: SignedReceipt,
    payload: Vec<u8>,
    now: UnixSeconds,
) -> NewRelease {
    let stored = announced.stored;
    NewRelease {
        previous_digest: hexadecimal(&header.previous_payload_digest),
        ledger_sequence: header.ledger_sequence,
        ledger_head: hexadecimal(&header.ledger_head),
        receipt,
        payload,
        head: Head {
            member: caller.clone(),
            release_id: stored.release_id,
            sequence: stored.sequence,
            school_year: stored.school_year,
            program: stored.program,
            period: stored.period,
            digest: stored.payload_digest,
            charter_hash: announced.charter_hash,
            directory_hash: announced.directory_hash,
            created_at: UnixSeconds(header.created_at_seconds),
            received_at: now,
            cells: announced.layout.cells() as u64,
        },
    }
}

const fn refused(field: &'static str, problem: &'static str) -> Error {
    Error::Release { field, problem }
}
