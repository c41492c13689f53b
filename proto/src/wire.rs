//! Between the noisy payload's bytes and its blocks.
//!
//! The payload's digest is over its bytes: they are encoded once, by the node,
//! stored with the ledger's charge, and never encoded again.

use prost::Message;

use crate::{layout::ReleaseLayout, v1};

/// Why a payload is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The bytes are not a payload.
    #[error("the release's payload cannot be read")]
    Unreadable,
    /// It has another shape than charter and directory define.
    #[error(
        "block {block} of the release has {found} values where charter and directory define {expected}"
    )]
    Shape {
        /// Position of the block.
        block: usize,
        /// Values it has.
        found: usize,
        /// Values it should have.
        expected: usize,
    },
}

/// The bytes of noisy blocks. Only the node's privacy module has values to
/// pass here.
pub fn encode_payload(blocks: Vec<Vec<i64>>) -> Vec<u8> {
    let blocks = blocks.into_iter().map(|values| v1::PayloadBlock { values }).collect();
    v1::ReleasePayload { blocks }.encode_to_vec()
}

/// The noisy blocks of a payload, if it has the layout's shape.
pub fn decode_payload(
    payload: &[u8],
    layout: &ReleaseLayout,
) -> Result<Vec<Vec<i64>>, PayloadError> {
    let message = v1::ReleasePayload::decode(payload).map_err(|_| PayloadError::Unreadable)?;
    let expected = layout.blocks.len();
    let found = message.blocks.len();
    if found != expected {
        return Err(PayloadError::Shape { block: found.min(expected), found, expected });
    }
    for (block, (sent, planned)) in message.blocks.iter().zip(&layout.blocks).enumerate() {
        let (found, expected) = (sent.values.len(), planned.cells());
        if found != expected {
            return Err(PayloadError::Shape { block, found, expected });
        }
    }
    Ok(message.blocks.into_iter().map(|block| block.values).collect())
}
