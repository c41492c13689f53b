//! Seals releases into bytes to be carried by hand, where this machine may ask
//! the hub how it stands but a release must travel another way.
//!
//! Nothing is sealed before the hub's last signed receipt for this member was
//! fetched and compared with this node's history, within the same call: a
//! restored or copied node must not export a second draw. Noise is never drawn
//! here.

use peerlight_proto::names::ReleaseId;

use super::{call, check_history, outbound};
use crate::{
    error::Error,
    keys::Keys,
    node::Node,
    store::{
        audit,
        outbox::{self, OutboxRelease},
    },
};

/// Which releases to seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This one, sent before or not.
    One(ReleaseId),
    /// Every one that has no receipt yet.
    AllWaiting,
}

/// A sealed release.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The release.
    pub release: OutboxRelease,
    /// Its envelope, as [`super::sync`] would send it.
    pub envelope: Vec<u8>,
}

/// Seals what is wished to the hub's key of today, in order. What was drawn
/// stays in the outbox until its receipt comes.
pub async fn export(node: &Node, wish: &Wish) -> Result<Vec<Exported>, Error> {
    let called = call(node).await?;
    check_history(node, &called).await?;
    let releases = match wish {
        Wish::AllWaiting => outbox::list_unsent(&node.store).await?,
        Wish::One(id) => outbox::find(&node.store, id).await?.into_iter().collect(),
    };
    if releases.is_empty() {
        return Err(Error::Absent(match wish {
            Wish::AllWaiting => "no release waits to be sent: nothing was written".to_owned(),
            Wish::One(id) => format!("there is no release {id}: see \"release list\""),
        }));
    }
    let keys = Keys::open(&node.home)?;
    let mut exported = Vec::with_capacity(releases.len());
    for release in releases {
        let envelope = outbound::seal(node, &called, &keys, &release).await?;
        let id = release.entry.release_id.as_str();
        audit::insert(&node.store, node.clock.now(), "peerlight-node", "export release", id)
            .await?;
        exported.push(Exported { release, envelope });
    }
    Ok(exported)
}
