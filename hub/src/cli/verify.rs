//! `verify`: checks a publication's folder, without a network.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::{Format, print_one};
use crate::{
    error::Error,
    home::Home,
    keys::Keys,
    publication::{
        PublicationError,
        verify::{from_hexadecimal, verify},
    },
};

/// Flags of `verify`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The publication's folder.
    folder: PathBuf,
    /// The consortium's root key, hexadecimal, as learned from somewhere else
    /// than the folder. Default: the key of the hub in --home, if one is there.
    #[arg(long)]
    root_key: Option<String>,
}

/// Checks a publication.
pub fn run(home: &Home, arguments: &Arguments, format: Format) -> Result<(), Error> {
    let known = match &arguments.root_key {
        Some(text) => {
            Some(from_hexadecimal(text).filter(|key| key.len() == 32).ok_or_else(|| {
                Error::Flag {
                    flag: "root-key",
                    problem: "write the key's 32 bytes as 64 hexadecimal digits".to_owned(),
                }
            })?)
        }
        None if home.config().exists() => Some(Keys::load(home)?.root_public()),
        None => None,
    };
    let verified = verify(&arguments.folder, known.as_deref()).map_err(PublicationError::from)?;
    if !verified.root_key_known {
        eprintln!(
            "the folder is whole and signed, by a hub whose root key is {}; compare that key \
             with one you know, or give it with --root-key",
            verified.root_key
        );
    }
    let manifest = &verified.manifest;
    print_one(
        &[
            ("verified", json!(true)),
            ("version", json!(manifest.version.as_str())),
            ("consortium", json!(manifest.consortium.as_str())),
            ("files", json!(manifest.files.len())),
            ("root_key", json!(verified.root_key)),
            ("root_key_known", json!(verified.root_key_known)),
        ],
        format,
    )
}
