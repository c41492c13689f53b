//! `release`: sealed releases that were carried here by hand, for a district
//! whose network lets it ask the hub but not send to it. They are verified,
//! opened, admitted and receipted exactly like those that come over gRPC.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Subcommand;
use peerlight_proto::{
    names::MemberId,
    v1::{Receipt, SignedReceipt},
};
use prost::Message;
use serde_json::json;

use super::output::{Format, Table};
use crate::{error::Error, home, hub::Hub, intake::Intake, membership};

/// Verbs of `release`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take in files that `peerlight-node release export` wrote, in their order.
    Import {
        /// The member that exported them.
        member: MemberId,
        /// The files; of a folder, those whose names end in .envelope, by name.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Folder for the receipts, to be carried back; one file a release.
        #[arg(long, value_name = "FOLDER")]
        receipts: PathBuf,
    },
}

/// Runs one verb.
pub async fn run(hub: Hub, verb: Verb, format: Format) -> Result<(), Error> {
    let Verb::Import { member, files, receipts } = verb;
    membership::check_may_send(&membership::find(&hub, &member).await?)?;
    home::create(&receipts)?;
    let hub = Arc::new(hub);
    let intake = Intake::start(&hub);
    let mut rows = Vec::new();
    let mut problem = None;
    for file in in_order(&files)? {
        match take(&hub, &intake, &member, &file, &receipts).await {
            Ok((receipt, written)) => rows.push(vec![
                json!(file.display().to_string()),
                json!(receipt.release_id),
                json!(receipt.sequence),
                json!(written.display().to_string()),
            ]),
            Err(error) => {
                eprintln!("{} was not taken in, nor were those after it", file.display());
                problem = Some(error);
                break;
            }
        }
    }
    let columns = &["file", "release_id", "sequence", "receipt"];
    Table { name: "releases", columns, rows }.print(format)?;
    match problem {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

async fn take(
    hub: &Hub,
    intake: &Intake,
    member: &MemberId,
    file: &Path,
    receipts: &Path,
) -> Result<(Receipt, PathBuf), Error> {
    let in_force = hub.in_force().await?;
    let limit = in_force.largest_envelope(hub, member).await?;
    let failed = |source| Error::File { path: file.to_owned(), source };
    if fs::metadata(file).map_err(failed)?.len() > limit as u64 {
        return Err(Error::TooLarge { limit });
    }
    let signed: SignedReceipt = intake.take(member.clone(), in_force, home::read(file)?).await?;
    let receipt = Receipt::decode(signed.receipt.as_slice())
        .expect("the hub reads the receipts that it signs");
    let written = receipts.join(format!("{:06}-{}.receipt", receipt.sequence, receipt.release_id));
    home::write_private(&written, &signed.encode_to_vec())?;
    Ok((receipt, written))
}

/// The files, a folder's own in its place.
fn in_order(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |source| Error::File { path: path.clone(), source };
        let entries = fs::read_dir(path).map_err(failed)?;
        let mut own = Vec::new();
        for entry in entries {
            let file = entry.map_err(failed)?.path();
            if file.extension().is_some_and(|it| it == "envelope") {
                own.push(file);
            }
        }
        own.sort();
        files.append(&mut own);
    }
    Ok(files)
}
