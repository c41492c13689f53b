//! `join`: exchanges a one-use token for membership. The token comes from a
//! file or standard input, never from the command line.

use std::{io::Read, path::PathBuf};

use clap::Args;
use peerlight_proto::token::JoinToken;
use zeroize::Zeroizing;

use super::Context;
use crate::{error::Error, home, membership};

/// Join a consortium with the one-use token from the hub's operator.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node join --token token.txt
  peerlight-node join --token - < token.txt

The token names the hub and pins its certificate authority; nothing is sent to
anything else. A token works once and expires.")]
pub struct JoinArgs {
    /// File with the token; `-` for standard input.
    #[arg(long, value_name = "FILE|-")]
    token: PathBuf,
}

pub async fn run(args: &JoinArgs, context: &Context) -> Result<(), Error> {
    context.config(&[])?;
    let (home, clock) = (&context.home, &context.clock);
    let text = if args.token.as_os_str() == "-" {
        let mut text = Zeroizing::new(String::new());
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        Zeroizing::new(String::from_utf8_lossy(&home::read(&args.token)?).into_owned())
    };
    let token = JoinToken::parse(&text).map_err(|error| Error::Usage(error.to_string()))?;
    let joined = membership::join(home, &token, clock).await?;
    eprintln!("Joined {} as {}.", joined.consortium, joined.member);
    eprintln!("Hub {}, authority {}.", joined.hub, joined.pin.short());
    eprintln!("Next: peerlight-node import csv PATH, then peerlight-node charter show");
    Ok(())
}
