//! `import edfi`: interchange files.

use std::path::PathBuf;

use clap::Args;
use peerlight_proto::units::SchoolYear;

use super::{
    super::Context,
    apply::{ApplyArgs, reading},
};
use crate::{
    error::Error,
    source::edfi::{self, Wanted},
};

#[derive(Args)]
#[command(after_help = "Give all files of a school year together: they replace what this source
told of that year. Which descriptor means what is data: --descriptors overrides
it, and the report lists every value that has no meaning yet.")]
pub struct EdFiArgs {
    /// A folder with interchange files (.xml, .xml.gz), or one of them.
    path: PathBuf,
    /// The school year to take, such as 2025-26; records of others are left out.
    #[arg(long)]
    year: SchoolYear,
    /// What this district's descriptors mean, before what is shipped.
    #[arg(long, value_name = "FILE")]
    descriptors: Option<PathBuf>,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn run(args: &EdFiArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(edfi::SOURCE)?;
    let node = context.node(&[]).await?;
    let wanted = Wanted {
        year: args.year,
        until: args.apply.last_day(&node),
        descriptors: args.descriptors.clone(),
    };
    let path = args.path.clone();
    let read = reading(&node, move |schools| Ok(edfi::files(&path, &wanted, schools)?));
    args.apply.apply(&node, read.await).await
}
