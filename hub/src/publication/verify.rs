//! Checks a publication's folder without a network: every file is the one that
//! was listed, the list is signed, and the key that signed it is the hub's.
//!
//! ```text
//! root key (known from joining, or given) ──signs──▶ hub-keys.bin ──names──▶ receipt key
//!                                          receipt key ──signs──▶ manifest.json ──lists──▶ files
//! ```

use std::{collections::BTreeSet, io, path::Path};

use peerlight_proto::{
    document,
    units::hexadecimal,
    v1::{HubKeys, SignedDocument},
};
use prost::Message;

use super::manifest::{BESIDE, Entry, HUB_KEYS, MANIFEST, Manifest, ROOT_KEY, SIGNATURE};

/// Why a publication does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file cannot be read.
    #[error("{file} of the publication cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A file does not have the form it should have.
    #[error("{file} of the publication {problem}; download the folder again")]
    Malformed {
        /// The file.
        file: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// The key list is not signed by the root key.
    #[error("the publication's key list is not signed by root key {root}")]
    Chain {
        /// The root key, hexadecimal.
        root: String,
    },
    /// The manifest is not signed by the hub.
    #[error("the publication's manifest is not signed by the hub's key: it was altered or forged")]
    Signature,
    /// Files differ from what was published.
    #[error("the publication was altered: {}", .0.join("; "))]
    Altered(Vec<String>),
}

/// A publication that verifies.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// What it is and has.
    pub manifest: Manifest,
    /// The root key its signatures lead to, hexadecimal.
    pub root_key: String,
    /// Whether that is a key the caller knew; if not, it only is as
    /// trustworthy as the folder it came in.
    pub root_key_known: bool,
}

/// Bytes of hexadecimal text.
pub fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Checks the publication in `folder`, against the root key if it is known.
pub fn verify(folder: &Path, known_root: Option<&[u8]>) -> Result<Verified, VerifyError> {
    let read = |file: &str| {
        std::fs::read(folder.join(file))
            .map_err(|source| VerifyError::Unreadable { file: file.to_owned(), source })
    };
    let hexadecimal_of = |file: &'static str| {
        let text = String::from_utf8(read(file)?).unwrap_or_default();
        let problem = "is not hexadecimal";
        from_hexadecimal(&text).ok_or(VerifyError::Malformed { file, problem })
    };
    let root = known_root.map_or_else(|| hexadecimal_of(ROOT_KEY), |key| Ok(key.to_vec()))?;

    let signed = SignedDocument::decode(read(HUB_KEYS)?.as_slice())
        .map_err(|_| VerifyError::Malformed { file: HUB_KEYS, problem: "is not a key list" })?;
    document::verify(&root, document::HUB_KEYS, &signed)
        .map_err(|_| VerifyError::Chain { root: hexadecimal(&root) })?;
    let keys = HubKeys::decode(signed.document.as_slice())
        .map_err(|_| VerifyError::Malformed { file: HUB_KEYS, problem: "is not a key list" })?;

    let bytes = read(MANIFEST)?;
    let signature = hexadecimal_of(SIGNATURE)?;
    document::verify_detached(&keys.receipt_key, document::PUBLICATION, &bytes, &signature)
        .map_err(|_| VerifyError::Signature)?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|_| VerifyError::Malformed { file: MANIFEST, problem: "is not a manifest" })?;

    let faults = faults(folder, &manifest)?;
    if !faults.is_empty() {
        return Err(VerifyError::Altered(faults));
    }
    let root_key = hexadecimal(&root);
    Ok(Verified { manifest, root_key, root_key_known: known_root.is_some() })
}

/// What differs from the manifest, all of it.
fn faults(folder: &Path, manifest: &Manifest) -> Result<Vec<String>, VerifyError> {
    let mut faults = Vec::new();
    for entry in &manifest.files {
        match std::fs::read(folder.join(&entry.name)) {
            Ok(content) if Entry::of(&entry.name, &content) == *entry => {}
            Ok(_) => faults.push(format!("{} is not the file that was published", entry.name)),
            Err(_) => faults.push(format!("{} is missing", entry.name)),
        }
    }
    let listed: BTreeSet<&str> =
        manifest.files.iter().map(|entry| entry.name.as_str()).chain(BESIDE).collect();
    let unreadable =
        |source| VerifyError::Unreadable { file: folder.display().to_string(), source };
    for found in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = found.map_err(unreadable)?.file_name();
        let name = name.to_string_lossy();
        if !listed.contains(name.as_ref()) {
            faults.push(format!("{name} was added"));
        }
    }
    faults.sort();
    Ok(faults)
}
