//! How a sealed envelope becomes a stored release and a receipt.
//!
//! ```text
//! envelope ──verify, open, admit──▶ release ──many in one commit──▶ receipt
//!           blocking threads                 one writer
//! ```
//!
//! A receipt leaves only after the commit that stores its release.

mod admit;
mod writer;

use std::sync::Arc;

use peerlight_proto::{names::MemberId, v1::SignedReceipt};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    error::Error,
    hub::Hub,
    in_force::InForce,
    store::{
        incident::{self, Incident},
        member,
        release::Inserted,
    },
};

/// Envelopes being received hold at most so much memory together, in KiB.
const ROOM_KIBIBYTES: u32 = 1 << 20;

/// Takes in releases; clones share one writer.
#[derive(Clone)]
pub struct Intake {
    hub: Arc<Hub>,
    writer: writer::Writer,
    room: Arc<Semaphore>,
}

impl Intake {
    /// Starts the writer.
    pub fn start(hub: &Arc<Hub>) -> Self {
        let room = Arc::new(Semaphore::new(ROOM_KIBIBYTES as usize));
        Self { hub: Arc::clone(hub), writer: writer::Writer::start(hub.store.clone()), room }
    }

    /// Waits until an envelope of `bytes` may be received.
    pub async fn room(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Error> {
        let kibibytes = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(ROOM_KIBIBYTES);
        self.room.acquire_many(kibibytes).await.map_err(|_| Error::Stopping)
    }

    /// Verifies, opens, admits and stores an envelope that `caller` sent.
    pub async fn take(
        &self,
        caller: MemberId,
        in_force: Arc<InForce>,
        frame: Vec<u8>,
    ) -> Result<SignedReceipt, Error> {
        let key = member::find_signing_key(&self.hub.store, &caller).await?;
        let key = key.ok_or(Error::Anonymous)?;
        let hub = Arc::clone(&self.hub);
        let sender = caller.clone();
        let admitted = tokio::task::spawn_blocking(move || {
            admit::admit(&hub, &in_force, &sender, &key, &frame)
        });
        let release = admitted.await.map_err(|_| Error::Stopping)??;
        let receipt = release.receipt.clone();
        let sequence = release.head.sequence;
        match self.writer.insert(release).await? {
            Inserted::New => Ok(receipt),
            Inserted::AlreadyHeld(receipt) => Ok(receipt),
            Inserted::Contradicts(what) => {
                let description = format!(
                    "release number {sequence} contradicts one the hub holds: same {what}, \
                     other content"
                );
                tracing::warn!(member = %caller, %description, "equivocation");
                let at = self.hub.now();
                let kind = "equivocation".to_owned();
                let incident = Incident { at, member: caller, kind, description };
                incident::insert(&self.hub.store, &incident).await?;
                Err(Error::Equivocation { what })
            }
        }
    }
}
