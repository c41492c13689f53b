//! Checks the hub's receipt against what was sent, then keeps it.

use peerlight_proto::{
    document,
    names::{ConsortiumId, MemberId, ReleaseId},
    units::UnixSeconds,
    v1::{Receipt, SignedReceipt},
};
use prost::Message;

use crate::store::{Inserted, Store, StoreError, outbox, outbox::OutboxRelease, receipts};

/// Why a receipt is not believed. The release is sent again.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// It is not signed by the hub's receipt key.
    #[error(
        "the receipt is not signed by the hub's receipt key: fetch the hub's keys again with \
         `peerlight-node sync`"
    )]
    Signature,
    /// The signed bytes are not a receipt.
    #[error("the receipt cannot be read: update this program")]
    Unreadable,
    /// It is for a release that this node does not have.
    #[error("the receipt is for release {0}, which this node never drew")]
    UnknownRelease(String),
    /// It says something else than was sent.
    #[error(
        "the receipt of release {release_id} states another {field} than was sent: \
         tell the hub's operator"
    )]
    Differs {
        /// The release.
        release_id: ReleaseId,
        /// What differs.
        field: &'static str,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a receipt's signature, then parses it.
pub fn verify(receipt_key: &[u8], signed: &SignedReceipt) -> Result<Receipt, ReceiptError> {
    document::verify_detached(receipt_key, document::RECEIPT, &signed.receipt, &signed.signature)
        .map_err(|_| ReceiptError::Signature)?;
    Receipt::decode(signed.receipt.as_slice()).map_err(|_| ReceiptError::Unreadable)
}

/// Refuses a receipt that differs from the release it is for.
pub fn check(
    receipt: &Receipt,
    consortium: &ConsortiumId,
    member: &MemberId,
    release: &OutboxRelease,
) -> Result<(), ReceiptError> {
    let entry = &release.entry;
    let fields = [
        ("consortium", receipt.consortium == consortium.as_str()),
        ("member", receipt.member == member.as_str()),
        ("release id", receipt.release_id == entry.release_id.as_str()),
        ("sequence", receipt.sequence == release.sequence),
        ("payload digest", receipt.payload_digest == entry.payload_digest.as_bytes()),
        ("ledger position", receipt.ledger_sequence == entry.sequence),
        ("ledger head", receipt.ledger_head == entry.head.as_bytes()),
    ];
    match fields.into_iter().find(|(_, same)| !same) {
        Some((field, _)) => {
            Err(ReceiptError::Differs { release_id: entry.release_id.clone(), field })
        }
        None => Ok(()),
    }
}

/// Verifies a receipt against the release it names and keeps it; the release
/// is then sent. Receiving it twice changes nothing.
pub async fn record(
    store: &Store,
    receipt_key: &[u8],
    consortium: &ConsortiumId,
    member: &MemberId,
    signed: &SignedReceipt,
    now: UnixSeconds,
) -> Result<(Receipt, Inserted), ReceiptError> {
    let receipt = verify(receipt_key, signed)?;
    let unknown = || ReceiptError::UnknownRelease(receipt.release_id.chars().take(64).collect());
    let id = ReleaseId::new(receipt.release_id.as_str()).map_err(|_| unknown())?;
    let release = outbox::find(store, &id).await?.ok_or_else(unknown)?;
    check(&receipt, consortium, member, &release)?;
    let inserted = receipts::insert(store, &id, signed, now).await?;
    Ok((receipt, inserted))
}
