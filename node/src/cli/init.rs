//! `init`: makes a node's folder and keys. It never overwrites a key.

use clap::Args;

use super::Context;
use crate::{error::Error, node::Node};

/// Make a new node: its folder, keys and settings.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node init --home /var/lib/peerlight

Afterwards back up the folder's keys/: records and ledger cannot be read without them.
Then join: peerlight-node join --token token.txt")]
pub struct InitArgs {}

pub async fn run(_: &InitArgs, context: &Context) -> Result<(), Error> {
    let home = &context.home;
    Node::create(home).await?;
    eprintln!("A new node is in {}.", home.path().display());
    eprintln!("Back up {}: without it nothing here can be read again.", home.keys().display());
    eprintln!("Next: peerlight-node join --home {} --token FILE", home.path().display());
    Ok(())
}
