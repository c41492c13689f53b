//! `manifest.json`: which files a publication has, and what they are from.

use std::path::Path;

use peerlight_proto::{
    charter::PublicationScope,
    names::{ConsortiumId, ReleaseId},
    units::{ContentHash, SchoolYear, UnixSeconds},
};
use serde::{Deserialize, Serialize};

/// Its own file name.
pub const MANIFEST: &str = "manifest.json";
/// File with the signature over it, hexadecimal.
pub const SIGNATURE: &str = "manifest.sig";
/// File with the key list, an encoded `SignedDocument`.
pub const HUB_KEYS: &str = "hub-keys.bin";
/// File with the root key, hexadecimal.
pub const ROOT_KEY: &str = "root-key.txt";

/// Files that the manifest cannot list, because they vouch for it.
pub const BESIDE: [&str; 4] = [MANIFEST, SIGNATURE, HUB_KEYS, ROOT_KEY];

/// What a publication is and has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Shape of this file.
    pub schema_version: u32,
    /// The consortium.
    pub consortium: ConsortiumId,
    /// The publication's name, also its folder's.
    pub version: ReleaseId,
    /// When it was made, Unix seconds.
    pub created_seconds: UnixSeconds,
    /// The reporting year, by ending year.
    pub school_year: SchoolYear,
    /// Network, or schools too.
    pub scope: PublicationScope,
    /// The charter's number.
    pub charter_number: u32,
    /// The charter's SHA-256.
    pub charter_hash: ContentHash,
    /// The directory's SHA-256.
    pub directory_hash: ContentHash,
    /// The benchmark run it is from.
    pub benchmark_run: u64,
    /// Every file but those that vouch for this one, by name.
    pub files: Vec<Entry>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// Its length, bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: ContentHash,
}

impl Entry {
    /// The entry of a file with this content.
    pub fn of(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            bytes: content.len() as u64,
            sha256: ContentHash::of(content),
        }
    }
}

impl Manifest {
    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("every part of a manifest has a JSON form")
    }
}

/// A publication as listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// What it is and has.
    pub manifest: Manifest,
    /// Names of all its files, those beside the manifest included.
    pub files: Vec<(String, u64)>,
}

/// The publications in a folder, newest first. Folders that are not whole
/// publications are passed over.
pub fn list(publications: &Path) -> Vec<Listed> {
    let Ok(folders) = std::fs::read_dir(publications) else { return Vec::new() };
    let mut listed: Vec<Listed> = folders.filter_map(|folder| read(&folder.ok()?.path())).collect();
    listed.sort_by(|one, other| {
        let key =
            |listed: &Listed| (listed.manifest.created_seconds, listed.manifest.version.clone());
        key(other).cmp(&key(one))
    });
    listed
}

fn read(folder: &Path) -> Option<Listed> {
    let manifest: Manifest =
        serde_json::from_slice(&std::fs::read(folder.join(MANIFEST)).ok()?).ok()?;
    if folder.file_name()?.to_str()? != manifest.version.as_str() {
        return None;
    }
    let beside = BESIDE.iter().filter_map(|name| {
        let length = std::fs::metadata(folder.join(name)).ok()?.len();
        Some(((*name).to_owned(), length))
    });
    let files = manifest.files.iter().map(|entry| (entry.name.clone(), entry.bytes));
    Some(Listed { files: files.chain(beside).collect(), manifest })
}
