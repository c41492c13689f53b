//! The inbox: a folder from which the daemon imports what is put into it.
//!
//! ```text
//! inbox/csv/*  ──unchanged for two looks──▶ inbox/csv/.taken ──import──▶ inbox/done/DATE-csv
//!       calpads/  oneroster/  caaspp/ …                             ├──▶ inbox/refused/DATE-csv
//!                                                                   └──▶ inbox/waiting/DATE-csv
//! ```
//!
//! The same import as the verb's, under the same gate; what changed too much
//! waits for a person. Files move by single renames, so that a process that is
//! killed at any moment imports them again, which changes nothing. Nothing is
//! followed out of the inbox, and nothing about a student is logged.

mod format;
mod look;
mod place;
mod standing;
mod take;

use std::collections::BTreeMap;

use tokio::sync::watch;

use self::{look::Batch, place::Folder};
pub use self::{
    look::Seen,
    place::Inbox,
    standing::{Standing, Waiting},
};
use crate::{error::Error, membership::Membership, node::Node};

/// What the daemon remembers from one look to the next.
#[derive(Debug, Default)]
struct Memory {
    seen: Seen,
    /// By format folder: why its files could not be imported yet, said once.
    said: BTreeMap<String, String>,
}

/// Looks into the inbox, again and again, until `stop` becomes true.
pub async fn run(node: &Node, mut stop: watch::Receiver<bool>) -> Result<(), Error> {
    let seconds = node.config.inbox_seconds;
    if seconds == 0 {
        return Ok(());
    }
    let inbox = Inbox::of(node);
    let mut memory = Memory::default();
    loop {
        // An import that is cut short is imported again at the next start.
        tokio::select! {
            () = look(node, &inbox, &mut memory) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        }
        let next = node.clock.now().0.saturating_add_unsigned(seconds);
        tokio::select! {
            () = node.clock.wait_until(peerlight_proto::units::UnixSeconds(next)) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        }
    }
}

/// One look: what was taken before, then what has stopped changing.
async fn look(node: &Node, inbox: &Inbox, memory: &mut Memory) {
    // A node that has not joined has no schools to check rows against.
    if !matches!(Membership::find(&node.home), Ok(Some(_))) {
        return;
    }
    let folders = match inbox.prepare() {
        Ok(folders) => folders,
        Err(error) => return memory.say("", &format!("the inbox cannot be used: {error}")),
    };
    if let Err(error) = take::release_accepted(node, inbox).await {
        memory.say("waiting", &error.to_string());
    }
    for folder in folders {
        match folder_once(node, inbox, &folder, &mut memory.seen).await {
            Ok(()) => drop(memory.said.remove(&folder.name)),
            Err(error) => memory.say(&folder.name, &error.to_string()),
        }
    }
}

/// Imports what one folder holds and has stopped changing.
async fn folder_once(
    node: &Node,
    inbox: &Inbox,
    folder: &Folder,
    seen: &mut Seen,
) -> Result<(), Error> {
    folder.recover()?;
    if folder.has_taken() {
        take::import(node, inbox, folder).await?;
    }
    let batches: Vec<Batch> = seen.quiet(folder)?;
    for batch in batches {
        folder.take(&batch.entries)?;
        take::import(node, inbox, folder).await?;
    }
    Ok(())
}

impl Memory {
    /// Logs why a folder waits, once for each reason.
    fn say(&mut self, folder: &str, why: &str) {
        if self.said.get(folder).is_none_or(|said| said != why) {
            tracing::warn!(folder, "the inbox tries again: {why}");
            self.said.insert(folder.to_owned(), why.to_owned());
        }
    }
}
