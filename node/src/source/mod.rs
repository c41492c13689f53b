//! Where student years and public lists of schools come from, and how a district's own columns become
//! Peerlight's.
//!
//! Every reader of student years ends in a [`Read`]; what becomes of it is
//! the same for all of them.

use std::fmt;

use peerlight_node_engine::intake::Imported;
use peerlight_proto::units::ContentHash;
use zeroize::Zeroizing;

mod aside;
pub mod assessment;
pub mod calpads;
pub mod calpads_report;
pub mod csv;
pub mod edfi;
mod error;
mod folder;
mod foreign;
mod headed;
pub mod mapping;
pub mod oneroster;
pub mod progress;
mod rows;
pub mod schools;
mod suggest;
pub mod survey;
mod trust;
pub mod warehouse;
mod workbook;

pub use error::SourceError;
pub use suggest::suggest;

/// What was read from one source.
#[derive(Debug)]
pub struct Read {
    /// The source's name: its format, such as `csv`, or the name it was given
    /// to be told from another of the same format. Checked by
    /// [`is_source_name`].
    pub source: String,
    /// Student years, and what was noticed.
    pub imported: Imported,
    /// SHA-256 over the bytes of everything that was read and how it was
    /// understood, such as a mapping: the same digest changes nothing.
    pub digest: ContentHash,
    /// Names of the files, without their folders; or what else was read.
    pub files: Vec<String>,
    /// What the source's next files may change; none where they never do, or
    /// nothing changed.
    pub kept: Option<Kept>,
}

/// Rows of a source that its next files may change, as the source's reader
/// writes them. They have ids of students, and show nothing of it.
pub struct Kept {
    /// The rows.
    pub rows: Zeroizing<Vec<u8>>,
    /// Digest of the import that was changed to these rows; none where they are
    /// a whole of their own.
    pub over: Option<ContentHash>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(..)")
    }
}

/// Whether a source may have this name: 1 to 32 small letters, digits, `_`
/// and `-`, as settings name it.
pub fn is_source_name(name: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=32).contains(&name.len()) && name.bytes().all(is_plain)
}
