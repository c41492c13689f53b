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

use admit::{Admitted, Envelope};
use peerlight_hub_engine::admission::{Mover, Rejection};
use peerlight_proto::{names::MemberId, v1::SignedReceipt};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit},
};

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
        let runtime = Handle::current();
        let admitted = tokio::task::spawn_blocking(move || {
            let envelope = Envelope { caller: &sender, signing_key: &key, frame: &frame };
            admit::admit(&hub, &in_force, &envelope, &runtime)
        });
        let admitted = admitted.await.map_err(|_| Error::Stopping)?;
        let release = match admitted {
            Ok(Admitted::New(release)) => release,
            Ok(Admitted::AlreadyHeld(receipt)) => return Ok(receipt),
            Err(Error::Rejected(rejection)) if rejection.mover() == Mover::Alarm => {
                return Err(self.alarm(caller, rejection).await?);
            }
            Err(error) => return Err(error),
        };
        let receipt = release.receipt.clone();
        // Another call of the same member may have been faster since: the
        // database has the last word.
        match self.writer.insert(*release).await? {
            Inserted::New => Ok(receipt),
            Inserted::AlreadyHeld(receipt) => Ok(receipt),
            Inserted::Contradicts(reused) => {
                Err(self.alarm(caller, Rejection::Equivocation(reused)).await?)
            }
        }
    }

    /// Leaves the operator a note about a broken promise; gives the refusal.
    async fn alarm(&self, member: MemberId, rejection: Rejection) -> Result<Error, Error> {
        let description = rejection.to_string();
        tracing::warn!(%member, %description, "a member contradicts itself");
        let at = self.hub.now();
        let kind = match rejection {
            Rejection::Chain => "broken_chain",
            _ => "equivocation",
        };
        let incident = Incident { at, member, kind: kind.to_owned(), description };
        incident::insert(&self.hub.store, &incident).await?;
        Ok(Error::Rejected(rejection))
    }
}
