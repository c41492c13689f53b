//! The charter and directory in force, with what follows from both: each
//! member's layouts, and so the largest envelope it can have reason to send.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use peerlight_proto::{
    charter::Charter,
    directory::Directory,
    envelope::padded_length,
    layout::{self, ReleaseLayout},
    names::{MemberId, PeriodId, ProgramId},
    units::ContentHash,
    v1::SignedDocument,
};

use crate::error::Error;

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
    layouts: Mutex<HashMap<MemberId, Arc<MemberLayouts>>>,
}

/// What one member can send.
#[derive(Debug)]
pub struct MemberLayouts {
    layouts: HashMap<(ProgramId, PeriodId), Arc<ReleaseLayout>>,
    /// No envelope of the member is larger, bytes.
    pub largest_envelope: usize,
}

/// A varint of 64 bits takes at most so many bytes.
const LARGEST_VALUE: usize = 10;
/// Field tag and length before a block's values, bytes, at most.
const BLOCK_OVERHEAD: usize = 32;
/// Signature, header, key and tag around a body, bytes, at most.
const FRAME_OVERHEAD: usize = 8192;

impl InForce {
    /// Charter and directory together.
    pub fn new(charter: Arc<SignedCharter>, directory: Arc<SignedDirectory>) -> Self {
        Self { charter, directory, layouts: Mutex::default() }
    }

    /// Refuses anything made under another charter or directory.
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

    /// What a member can send.
    pub fn layouts(&self, member: &MemberId) -> Arc<MemberLayouts> {
        let mut known = self.layouts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layouts) = known.get(member) {
            return Arc::clone(layouts);
        }
        let charter = &self.charter.charter;
        let layouts: HashMap<_, _> =
            layout::year_layouts(charter, &self.directory.directory, member)
                .into_iter()
                .flatten()
                .map(|layout| ((layout.program.clone(), layout.period.clone()), Arc::new(layout)))
                .collect();
        let largest = layouts.values().map(|layout| {
            let values = layout.cells() * LARGEST_VALUE;
            values + layout.blocks.len() * BLOCK_OVERHEAD + 4
        });
        let largest_envelope = padded_length(largest.max().unwrap_or(0)) + FRAME_OVERHEAD;
        let layouts = Arc::new(MemberLayouts { layouts, largest_envelope });
        known.insert(member.clone(), Arc::clone(&layouts));
        layouts
    }
}

impl MemberLayouts {
    /// The layout of one program and period, if the member can send it.
    pub fn find(&self, program: &ProgramId, period: &PeriodId) -> Option<Arc<ReleaseLayout>> {
        self.layouts.get(&(program.clone(), period.clone())).cloned()
    }
}
