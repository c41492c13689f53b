//! Sends what waits in the outbox, in order, and checks the receipts.
//!
//! Stops at the first release that the hub did not take: the hub counts
//! releases without gaps, so sending later ones would only be refused too. One
//! that was refused is tried first the next time, with the same payload: its
//! reason may be gone, and nothing could follow it otherwise.

use peerlight_proto::names::ReleaseId;

use super::Called;
use crate::{
    error::Error,
    hub::Recovery,
    keys::Keys,
    node::Node,
    release::{
        receipt,
        seal::{self, Sender},
    },
    store::outbox::{self, OutboxRelease},
};

/// Sending stopped before everything was sent.
pub(super) struct Stopped {
    /// Receipts received before.
    pub receipts: usize,
    /// Why.
    pub error: Error,
}

/// Sends everything that waits; gives how many receipts came.
pub(super) async fn send(node: &Node, called: &Called) -> Result<usize, Stopped> {
    let mut receipts = 0;
    let stopped = |receipts, error| Stopped { receipts, error };
    let keys = Keys::open(&node.home).map_err(|error| stopped(0, error.into()))?;
    let waiting =
        outbox::list_unsent(&node.store).await.map_err(|error| stopped(0, error.into()))?;
    for release in &waiting {
        let id = &release.entry.release_id;
        match send_one(node, called, &keys, release).await {
            Ok(()) => receipts += 1,
            Err(error) => {
                if let Err(second) = note(node, id, &error).await {
                    tracing::error!(%second, "the failure could not be noted");
                }
                return Err(stopped(receipts, error));
            }
        }
        tracing::debug!(release = %id, program = %release.entry.program, "receipt verified");
    }
    Ok(receipts)
}

async fn send_one(
    node: &Node,
    called: &Called,
    keys: &Keys,
    release: &OutboxRelease,
) -> Result<(), Error> {
    let membership = &called.membership;
    let hub_keys = &called.documents.hub_keys.document;
    let envelope = seal(node, called, keys, release).await?;
    let signed = called.hub.send_release(&envelope).await?;
    receipt::record(
        &node.store,
        &hub_keys.receipt_key,
        &membership.consortium,
        &membership.member,
        &signed,
        node.clock.now(),
    )
    .await?;
    Ok(())
}

/// Puts a release's stored payload into an envelope for the hub of now.
pub(super) async fn seal(
    node: &Node,
    called: &Called,
    keys: &Keys,
    release: &OutboxRelease,
) -> Result<Vec<u8>, Error> {
    let membership = &called.membership;
    let sender = Sender {
        consortium: &membership.consortium,
        member: &membership.member,
        signing_key: keys.signing(),
    };
    let hub_keys = &called.documents.hub_keys.document;
    let payload = outbox::find_payload(&node.store, &release.entry.release_id).await?;
    let payload = payload.unwrap_or_default();
    Ok(seal::seal(sender, hub_keys, release, &payload, node.clock.now())?)
}

/// Keeps in the outbox why a release was not sent.
async fn note(node: &Node, id: &ReleaseId, error: &Error) -> Result<(), Error> {
    let now = node.clock.now();
    let refused = matches!(error, Error::Hub(hub) if hub.is_refusal());
    if refused {
        outbox::update_refused(&node.store, id, &error.to_string(), now).await?;
    } else {
        outbox::update_failed(&node.store, id, &error.to_string(), now).await?;
    }
    if let Error::Hub(hub) = error
        && hub.recovery() == Recovery::Tell
    {
        tracing::error!(release = %id, %error, "tell the hub's operator");
    }
    Ok(())
}
