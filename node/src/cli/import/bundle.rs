//! `import calpads` and `import oneroster`: the files of one system, together.

use std::path::PathBuf;

use clap::Args;

use super::{
    super::Context,
    apply::{ApplyArgs, reading},
};
use crate::{
    error::Error,
    source::{calpads, oneroster},
};

#[derive(Args)]
#[command(after_help = "Import all files of a school year together: they replace what this source
told of that year. What other sources tell of the same students stays, and is
joined to it: see \"peerlight-node sources\".")]
pub struct BundleArgs {
    /// A folder with the files, or one file.
    path: PathBuf,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn calpads(args: &BundleArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(calpads::SOURCE)?;
    let node = context.node(&[]).await?;
    let (path, until) = (args.path.clone(), Some(args.apply.last_day(&node)));
    let read = reading(&node, move |schools| Ok(calpads::read(&path, until, schools)?));
    args.apply.apply(&node, read.await).await
}

pub async fn oneroster(args: &BundleArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(oneroster::SOURCE)?;
    let node = context.node(&[]).await?;
    let (path, until) = (args.path.clone(), Some(args.apply.last_day(&node)));
    let read = reading(&node, move |schools| Ok(oneroster::read(&path, until, schools)?));
    args.apply.apply(&node, read.await).await
}
