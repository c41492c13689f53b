//! Imports official public files: read whole or refused, then put in place of
//! the file of the same series and year. The same bytes twice change nothing.
//!
//! ```text
//! path ─ open ─▶ bytes (plain, gzip, zip; bounded) ─ text ─▶ cells ─▶ engine ─▶ store
//! ```

mod bounded;
mod open;
mod text;

use std::path::{Path, PathBuf};

use peerlight_hub_engine::public::{
    Imported,
    format::{Format, Use},
    intake::Stated,
};
use peerlight_proto::units::ContentHash;

pub use self::open::Limits;
use crate::{
    error::Error,
    hub::Hub,
    store::public_file::{self, Held},
};

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// No file of that series and year was held.
    New,
    /// It replaced the one that was held.
    Replaced,
    /// These very bytes are held already; nothing was changed.
    Unchanged,
}

impl Done {
    /// In a word, for output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "imported",
            Self::Replaced => "replaced",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What an import did, and with what.
#[derive(Debug)]
pub struct Outcome {
    /// What was done.
    pub done: Done,
    /// The file as it is held.
    pub held: Held,
    /// What was read.
    pub imported: Imported,
    /// Its schools that are in the directory in force.
    pub in_directory: usize,
}

/// Imports a file of results, or of the names of schools.
pub async fn import(
    hub: &Hub,
    format: Format,
    path: PathBuf,
    stated: Stated,
) -> Result<Outcome, Error> {
    if format.is_for() == Use::Features {
        let problem = format!(
            "{} says who is in the schools, which belongs in the directory: run \
             `peerlight-hub directory import --features {} {}`",
            format.as_str(),
            format.as_str(),
            path.display()
        );
        return Err(Error::Flag { flag: "FORMAT", problem });
    }
    let file_name =
        path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (imported, digest) = read(format, path, stated).await?;
    let known = public_file::find(&hub.store, &imported.source, imported.school_year).await?;
    let new = Held {
        source: imported.source.clone(),
        school_year: imported.school_year,
        format,
        file_name,
        digest,
        rows: imported.tally.rows,
        schools: imported.schools.len() as u64,
        results: imported.results.len() as u64,
        not_published: imported.tally.not_published,
        imported_at: hub.now(),
    };
    let (done, held) = match known {
        Some(known) if known.digest == digest => (Done::Unchanged, known),
        Some(_) => (Done::Replaced, new),
        None => (Done::New, new),
    };
    if done != Done::Unchanged {
        public_file::replace(&hub.store, &held, &imported).await?;
    }
    let in_directory = match hub.directory().await? {
        None => 0,
        Some(signed) => {
            let known = |id| signed.directory.school(id).is_some();
            imported.schools.iter().filter(|school| known(&school.id)).count()
        }
    };
    Ok(Outcome { done, held, imported, in_directory })
}

/// Reads a file with the usual limits, beside whatever else the hub does;
/// gives the SHA-256 of its bytes too.
pub async fn read(
    format: Format,
    path: PathBuf,
    stated: Stated,
) -> Result<(Imported, ContentHash), Error> {
    let reading =
        tokio::task::spawn_blocking(move || read_within(format, &path, &stated, Limits::USUAL));
    reading.await.map_err(|_| Error::Stopping)?
}

/// Reads a file within `limits`; every fault of it is in the error.
pub fn read_within(
    format: Format,
    path: &Path,
    stated: &Stated,
    limits: Limits,
) -> Result<(Imported, ContentHash), Error> {
    let digest = open::digest(path)?;
    let refused = |faults| Error::Refused { path: path.to_owned(), faults };
    let intake =
        open::with_table(format, path, limits, |stream| text::take(format, stated, stream))?;
    let imported = intake.map_err(refused)?;
    Ok((imported, digest))
}

#[cfg(test)]
mod tests;
