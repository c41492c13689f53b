//! Compares what the hub last received with what this node has drawn: finds a
//! node that was restored from an old backup, or copied, before it spends a
//! budget twice; and a hub that was, before anything is missing there.

use peerlight_proto::{
    names::{ConsortiumId, MemberId},
    v1::SignedReceipt,
};

use super::receipt::{self, ReceiptError};
use crate::store::{
    Store,
    outbox::{self, OutboxState},
};

/// What to do when this node is behind its own history.
const PROCEDURE: &str = "this node was restored from an old backup or copied; stop every copy of \
     it, restore the newest backup of its database, and sync again. Nothing is released until then";

/// How node and hub stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The hub holds everything it gave a receipt for.
    InStep,
    /// The hub has lost what it gave receipts for: releases after this
    /// position are to be sent again, with the same payloads.
    HubBehind {
        /// Position of the last release the hub holds; 0 for none.
        after: u64,
    },
}

/// Why nothing may be released.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// The hub holds releases this node does not know of.
    #[error(
        "the hub holds release {hub} of this node, whose own history ends at {node}: {PROCEDURE}"
    )]
    Ahead {
        /// The hub's last release.
        hub: u64,
        /// This node's last release.
        node: u64,
    },
    /// The hub holds another release at the same position.
    #[error(
        "the hub holds another release {sequence} of this node than its own history: {PROCEDURE}"
    )]
    NotAncestor {
        /// The position.
        sequence: u64,
    },
    /// The hub's receipt is not believed.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
}

/// Compares the hub's last receipt for this member, if it has one, with this
/// node's history. To be done at start and at every sync, before anything is
/// drawn or sent.
pub async fn compare(
    store: &Store,
    receipt_key: &[u8],
    consortium: &ConsortiumId,
    member: &MemberId,
    last: Option<&SignedReceipt>,
) -> Result<Standing, StandingError> {
    let drawn = outbox::list(store).await.map_err(ReceiptError::from)?;
    let own_last = drawn.last().map_or(0, |release| release.sequence);
    let mut held = 0;
    if let Some(signed) = last {
        let receipt = receipt::verify(receipt_key, signed)?;
        let sequence = receipt.sequence;
        if sequence > own_last {
            return Err(StandingError::Ahead { hub: sequence, node: own_last });
        }
        let ours = drawn.iter().find(|release| release.sequence == sequence);
        let other = |ours| receipt::check(&receipt, consortium, member, ours).is_err();
        if ours.is_none_or(other) {
            return Err(StandingError::NotAncestor { sequence });
        }
        held = sequence;
    }
    let sent = drawn.iter().filter(|release| release.state == OutboxState::Sent);
    let missing = sent.filter(|release| release.sequence > held).count();
    Ok(if missing == 0 { Standing::InStep } else { Standing::HubBehind { after: held } })
}
