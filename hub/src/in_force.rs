//! The charter and directory in force, and the ones immediately before: a
//! release whose noise was drawn under those is already paid for, so it is
//! still taken in. A stream goes on under those it was started under, however
//! many changes ago.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use peerlight_hub_engine::admission::Standards;
use peerlight_proto::{
    charter::Charter,
    directory::Directory,
    envelope::padded_length,
    layout,
    names::{ConsortiumId, MemberId},
    units::ContentHash,
    v1::SignedDocument,
};

use crate::{error::Error, hub::Hub, store::release};

/// A charter with its hash and signature.
#[derive(Debug)]
pub struct SignedCharter {
    /// What it says.
    pub charter: Charter,
    /// Its hash.
    pub hash: ContentHash,
    /// Its bytes and signature.
    pub signed: SignedDocument,
}

/// A directory with its hash and signature.
#[derive(Debug)]
pub struct SignedDirectory {
    /// What it says.
    pub directory: Directory,
    /// Its hash.
    pub hash: ContentHash,
    /// Its bytes and signature.
    pub signed: SignedDocument,
}

/// Charter and directory in force.
#[derive(Debug)]
pub struct InForce {
    /// The charter.
    pub charter: Arc<SignedCharter>,
    /// The directory.
    pub directory: Arc<SignedDirectory>,
    earlier_charter: Option<Arc<SignedCharter>>,
    earlier_directory: Option<Arc<SignedDirectory>>,
    largest: Mutex<HashMap<MemberId, usize>>,
}

/// A varint of 64 bits takes at most so many bytes.
const LARGEST_VALUE: usize = 10;
/// Field tag and length before a block's values, bytes, at most.
const BLOCK_OVERHEAD: usize = 32;
/// Signature, header, key and tag around a body, bytes, at most.
const FRAME_OVERHEAD: usize = 8192;

impl InForce {
    /// Charter and directory together, with the ones before them.
    pub fn new(
        (charter, earlier_charter): (Arc<SignedCharter>, Option<Arc<SignedCharter>>),
        (directory, earlier_directory): (Arc<SignedDirectory>, Option<Arc<SignedDirectory>>),
    ) -> Self {
        let largest = Mutex::default();
        Self { charter, directory, earlier_charter, earlier_directory, largest }
    }

    /// Refuses what names another charter or directory than those in force.
    pub fn admits(&self, charter: ContentHash, directory: ContentHash) -> Result<(), Error> {
        if charter != self.charter.hash {
            let number = self.charter.charter.number;
            return Err(Error::NotInForce { what: "charter", number });
        }
        if directory != self.directory.hash {
            let number = self.directory.directory.number;
            return Err(Error::NotInForce { what: "directory", number });
        }
        Ok(())
    }

    fn charters(&self) -> impl Iterator<Item = &Arc<SignedCharter>> {
        std::iter::once(&self.charter).chain(&self.earlier_charter)
    }

    fn directories(&self) -> impl Iterator<Item = &Arc<SignedDirectory>> {
        std::iter::once(&self.directory).chain(&self.earlier_directory)
    }

    /// The charter with this hash, or the one in force.
    pub fn charter_of(&self, hash: &[u8]) -> &SignedCharter {
        let named = self.charters().find(|known| known.hash.as_bytes() == hash);
        named.unwrap_or(&self.charter)
    }

    /// Whether these are charter and directory in force, or ones before them.
    pub fn knows(&self, charter: &[u8], directory: &[u8]) -> bool {
        self.charters().any(|known| known.hash.as_bytes() == charter)
            && self.directories().any(|known| known.hash.as_bytes() == directory)
    }

    /// Calls `check` with what releases are held against; `once_in_force` are
    /// the documents of a stream that was started before.
    pub fn against<T>(
        &self,
        consortium: &ConsortiumId,
        once_in_force: Option<(&Charter, &Directory)>,
        check: impl FnOnce(&Standards<'_>) -> T,
    ) -> T {
        let charters: Vec<_> = self.charters().map(|known| (known.hash, &known.charter)).collect();
        let directories: Vec<_> =
            self.directories().map(|known| (known.hash, &known.directory)).collect();
        check(&Standards {
            consortium,
            charters: &charters,
            directories: &directories,
            once_in_force,
        })
    }

    /// No envelope that a member has reason to send is larger, bytes; that of
    /// a stream which goes on under earlier documents is not either.
    pub async fn largest_envelope(&self, hub: &Hub, member: &MemberId) -> Result<usize, Error> {
        if let Some(&known) = self.known_largest().get(member) {
            return Ok(known);
        }
        let pairs = self.charters().flat_map(|c| self.directories().map(move |d| (c, d)));
        let mut largest =
            pairs.map(|(c, d)| largest_body(&c.charter, &d.directory, member)).max().unwrap_or(0);
        for (charter, directory) in release::list_documents(&hub.store, member).await? {
            if self.knows(charter.as_bytes(), directory.as_bytes()) {
                continue;
            }
            let charter = hub.charter_hashed(charter).await?;
            let charter = charter.filter(|it| {
                it.charter.policy.programs.iter().any(|program| program.continual.is_some())
            });
            let directory = hub.directory_hashed(directory).await?;
            if let (Some(charter), Some(directory)) = (charter, directory) {
                let body = largest_body(&charter.charter, &directory.directory, member);
                largest = largest.max(body);
            }
        }
        let largest = padded_length(largest) + FRAME_OVERHEAD;
        self.known_largest().insert(member.clone(), largest);
        Ok(largest)
    }

    fn known_largest(&self) -> MutexGuard<'_, HashMap<MemberId, usize>> {
        self.largest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest body of a member's releases under these documents, bytes.
fn largest_body(charter: &Charter, directory: &Directory, member: &MemberId) -> usize {
    let layouts = layout::year_layouts(charter, directory, member);
    let bodies = layouts
        .into_iter()
        .flatten()
        .map(|layout| layout.cells() * LARGEST_VALUE + layout.blocks.len() * BLOCK_OVERHEAD + 4);
    bodies.max().unwrap_or(0)
}
