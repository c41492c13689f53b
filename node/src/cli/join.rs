//! `join`: exchanges a one-use token for membership. The token comes from a
//! file or standard input, never from the command line.

use std::{io::Read, path::PathBuf};

use clap::Args;
use peerlight_proto::token::JoinToken;
use zeroize::Zeroizing;

use super::Context;
use crate::{
    error::Error,
    home,
    join::{self, Joined},
    store::audit,
    sync,
};

/// Join a consortium with the one-use token from the hub's operator.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node join --token token.txt
  peerlight-node join --token - < token.txt

The token names the hub and pins its certificate authority; nothing is sent to
anything else. A token works once and expires. A node whose certificate expired or
was revoked joins again in the same way, as the same member of the same
consortium: ledger, releases, receipts, approvals and records stay.")]
pub struct JoinArgs {
    /// File with the token; `-` for standard input.
    #[arg(long, value_name = "FILE|-")]
    token: PathBuf,
}

pub async fn run(args: &JoinArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let text = if args.token.as_os_str() == "-" {
        let mut text = Zeroizing::new(String::new());
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        Zeroizing::new(String::from_utf8_lossy(&home::read(&args.token)?).into_owned())
    };
    let token = JoinToken::parse(&text).map_err(|error| Error::Usage(error.to_string()))?;
    let Joined { membership: joined, again } = join::join(&node, &token).await?;
    let (done, action) = if again { ("Joined again:", "join again") } else { ("Joined", "join") };
    eprintln!("{done} {} as {}.", joined.consortium, joined.member);
    eprintln!("Hub {}, authority {}.", joined.hub, joined.pin.short());
    audit::insert(&node.store, node.clock.now(), "peerlight-node", action, joined.member.as_str())
        .await?;
    match sync::refresh(&node).await {
        Ok(documents) => {
            let directory = &documents.directory.document;
            eprintln!(
                "Fetched charter {} and directory {}, which has {} schools of this member.",
                documents.charter.document.number,
                directory.number,
                directory.schools_of(&joined.member).count(),
            );
        }
        // A hub without a charter yet is no reason to have joined in vain.
        Err(error) => eprintln!("Its charter was not fetched yet: {error}"),
    }
    if again {
        eprintln!("Ledger, releases, approvals and records are as they were.");
        eprintln!("Next: peerlight-node sync");
    } else {
        eprintln!("Next: peerlight-node import csv PATH, then peerlight-node charter show");
    }
    Ok(())
}
