//! `init`: makes a node's folder and keys. It never overwrites a key.

use clap::Args;

use super::Context;
use crate::{config::Config, error::Error, keys::Keys};

/// Make a new node: its folder, keys and settings.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node init --home /var/lib/peerlight

Afterwards back up the folder's keys/: records and ledger cannot be read without them.
Then join: peerlight-node join --token token.txt")]
pub struct InitArgs {}

pub fn run(_: &InitArgs, context: &Context) -> Result<(), Error> {
    let home = &context.home;
    home.create()?;
    Keys::create(home)?;
    // The settings last: a home without them is not initialised.
    Config::create(home)?;
    eprintln!("A new node is in {}.", home.path().display());
    eprintln!("Back up {}: without it nothing here can be read again.", home.keys().display());
    eprintln!("Next: peerlight-node join --home {} --token FILE", home.path().display());
    Ok(())
}
