//! Where student years and public lists of schools come from, and how a district's own columns become
//! Peerlight's.
//!
//! Every reader of student years ends in a [`Read`]; what becomes of it is
//! the same for all of them.

use peerlight_node_engine::intake::Imported;
use peerlight_proto::units::ContentHash;

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
}

/// Whether a source may have this name: 1 to 32 small letters, digits, `_`
/// and `-`, as settings name it.
pub fn is_source_name(name: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=32).contains(&name.len()) && name.bytes().all(is_plain)
}
