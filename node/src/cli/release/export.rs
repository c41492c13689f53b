//! `release export`: sealed envelopes as files, to be carried by hand.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use peerlight_proto::names::ReleaseId;

use crate::{
    cli::Context,
    error::{Error, Exit},
    sync::{self, Exported, Wish},
};

#[derive(Args)]
pub struct ExportArgs {
    /// The release.
    #[arg(required_unless_present = "all_waiting")]
    release_id: Option<ReleaseId>,
    /// Every release that the hub has given no receipt for.
    #[arg(long, conflicts_with = "release_id")]
    all_waiting: bool,
    /// The file to write; with --all-waiting a folder, one file a release. What
    /// is there is not overwritten.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub async fn run(args: &ExportArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let wish = args.release_id.clone().map_or(Wish::AllWaiting, Wish::One);
    let exported = sync::export(&node, &wish).await.inspect_err(|error| {
        if error.exit() == Exit::Unreachable {
            eprintln!(
                "Nothing was written: an export needs the hub's last signed receipt, fetched now, \
                 so that an old copy of this node exports nothing twice."
            );
        }
    })?;
    if wish == Wish::AllWaiting {
        fs::create_dir_all(&args.to).map_err(|error| refused(&args.to, &error))?;
    }
    for Exported { release, envelope } in &exported {
        let path = match wish {
            Wish::One(_) => args.to.clone(),
            // Sorted by name, they are in the order in which the hub takes them.
            Wish::AllWaiting => {
                let id = &release.entry.release_id;
                args.to.join(format!("{:06}-{id}.envelope", release.sequence))
            }
        };
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
            file.write_all(envelope)?;
            file.sync_all()
        };
        write().map_err(|error| refused(&path, &error))?;
        println!("{}", path.display());
    }
    eprintln!(
        "{} sealed to the hub's key of today. They wait in the outbox until a receipt comes.",
        exported.len()
    );
    Ok(())
}

fn refused(path: &Path, error: &std::io::Error) -> Error {
    Error::Absent(format!("cannot write {}: {error}", path.display()))
}
