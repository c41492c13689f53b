//! `release receipt`: takes in the receipts of releases that were carried to
//! the hub by hand. Each is verified against the hub's receipt key and against
//! what was sent, like one that comes over the network.

use std::path::PathBuf;

use clap::Args;
use peerlight_proto::v1::SignedReceipt;
use prost::Message;

use crate::{cli::Context, error::Error, home, release::receipt};

#[derive(Args)]
pub struct ReceiptArgs {
    /// Files that `peerlight-hub release import` wrote.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub async fn run(args: &ReceiptArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = node.membership()?;
    let hub_keys = node.documents().await?.hub_keys.document;
    for file in &args.files {
        let signed = SignedReceipt::decode(home::read(file)?.as_slice())
            .map_err(|_| receipt::ReceiptError::Unreadable)?;
        let (receipt, _) = receipt::record(
            &node.store,
            &hub_keys.receipt_key,
            &membership.consortium,
            &membership.member,
            &signed,
            node.clock.now(),
        )
        .await?;
        println!("{}", receipt.release_id);
    }
    eprintln!("{} receipts verified and kept.", args.files.len());
    Ok(())
}
