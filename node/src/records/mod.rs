//! Student years on the disk: columnar, sorted by school, sealed, one file an
//! import and school year, and one a year that several sources make together.
//!
//! ```text
//! StudentYears ──▶ Parquet ──AES-256-GCM──▶ file ◀── named by a row of `import` or `combined_year`
//!                  ids     ──AES-256-GCM──▶   under a second key: counting never opens them
//! file ──▶ column chunks ──threads──▶ the engine's kernel
//! ```
//!
//! Beside them, sealed alike: answers to surveys that are no student's, and rows
//! that a source's next files may change.
//!
//! A file is written under another name, flushed, and renamed before any row
//! names it; what no row names is swept. Nothing here prints a value.

mod contact;
mod count;
mod decode;
mod drill;
mod encode;
mod forget;
mod held;
mod import;
mod kept;
mod keys;
mod layout;
mod part;
mod priors;
mod responses;
mod seal;
#[cfg(test)]
mod tests;
mod write;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::StudentYears;
use peerlight_proto::units::hexadecimal;
use ring::rand::{SecureRandom, SystemRandom};

pub use contact::{Met, meet, meet_rows};
pub use count::{CountError, Year, count, count_met};
pub use decode::RecordFile;
pub use drill::{Student, students};
pub use forget::{ForgetError, Remainder, forget};
pub use held::{effective_columns, ids, year};
pub use import::{Applied, ImportError, ImportOptions, Outcome, apply, sweep};
pub use keys::{IdKind, RecordKeys};
pub use part::RowIds;
pub use responses::AppliedResponses;
pub use write::to_parquet;

/// Ending of a sealed file.
const ENDING: &str = ".records";

/// Ending while a file is written.
const UNFINISHED: &str = ".unfinished";

/// The folder of sealed files, and the keys that open them.
#[derive(Debug)]
pub struct Records {
    folder: PathBuf,
    keys: RecordKeys,
}

/// Held while an import is applied.
#[derive(Debug)]
pub struct Lock {
    _file: fs::File,
}

/// Records cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file system failed.
    #[error("the records file {path} could not be {what}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The file was altered, cut short, or sealed under other keys.
    #[error(
        "the records file {0} does not open under this node's keys: \
         restore it and the keys from the same backup, or import the year again"
    )]
    Sealed(PathBuf),
    /// The content is not what this version writes.
    #[error("the records file {path} cannot be read ({reason}): import the year again")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The system gave no randomness.
    #[error("this system gave no randomness to seal records with")]
    Randomness,
}

impl Records {
    /// Opens the folder, made if it is not there.
    pub fn open(folder: impl Into<PathBuf>, keys: RecordKeys) -> Result<Self, RecordsError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(failed(&folder, "created"))?;
        Ok(Self { folder, keys })
    }

    /// Writes and seals the student years of one school year; the name of the
    /// finished file.
    pub fn write(&self, years: &StudentYears) -> Result<String, RecordsError> {
        let columns = write::to_parquet(years, |kind, id| self.keys.pseudonym(kind, id))
            .map_err(|error| content(&self.folder, &error))?;
        let year = years.school_year.ending_year().to_string();
        self.write_sealed(&year, columns, part::ids(years))
    }

    /// Seals columns and ids in a file whose name begins so, and is new; the
    /// name of the finished file.
    fn write_sealed(
        &self,
        start: &str,
        columns: Vec<u8>,
        ids: Vec<u8>,
    ) -> Result<String, RecordsError> {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).map_err(|_| RecordsError::Randomness)?;
        let name = format!("{start}-{}{ENDING}", hexadecimal(&random));
        let path = self.folder.join(&name);
        let sealed = seal::seal(&self.keys, &name, columns, ids)?;
        let unfinished = self.folder.join(format!("{name}{UNFINISHED}"));
        let written = write_flushed(&unfinished, &sealed)
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| fs::File::open(&self.folder)?.sync_all());
        if written.is_err() {
            // A full disk: make room again; the sweep at start would as well.
            let _ = fs::remove_file(&unfinished);
        }
        written.map_err(failed(&path, "written"))?;
        Ok(name)
    }

    /// Opens a sealed file for counting.
    pub fn read(&self, name: &str) -> Result<RecordFile, RecordsError> {
        let path = self.folder.join(name);
        let sealed = fs::read(&path).map_err(failed(&path, "read"))?;
        self.open_columns(name, sealed)
    }

    /// Opens a sealed file with its ids, to combine it with others.
    pub fn read_part(&self, name: &str) -> Result<StudentYears, RecordsError> {
        let path = self.folder.join(name);
        let sealed = fs::read(&path).map_err(failed(&path, "read"))?;
        let ids = seal::open_ids(&self.keys, name, &sealed);
        let ids = ids.ok_or_else(|| RecordsError::Sealed(path.clone()))?;
        let file = self.open_columns(name, sealed)?;
        part::student_years(&file, &ids).map_err(|error| content(&path, &error))
    }

    /// Opens who the rows of a sealed file are about, in the file's order.
    pub fn read_ids(&self, name: &str, rows: usize) -> Result<RowIds, RecordsError> {
        let path = self.folder.join(name);
        let sealed = fs::read(&path).map_err(failed(&path, "read"))?;
        let ids = seal::open_ids(&self.keys, name, &sealed);
        let ids = ids.ok_or_else(|| RecordsError::Sealed(path.clone()))?;
        part::read_ids(rows, &ids).map_err(|error| content(&path, &error))
    }

    fn open_columns(&self, name: &str, sealed: Vec<u8>) -> Result<RecordFile, RecordsError> {
        let path = self.folder.join(name);
        let opened = seal::open(&self.keys, name, sealed);
        let bytes = opened.ok_or_else(|| RecordsError::Sealed(path.clone()))?;
        RecordFile::open(bytes).map_err(|error| content(&path, &error))
    }

    /// Keeps other programs from importing until it is dropped; `None` where
    /// one of them does so now.
    pub fn lock(&self) -> Result<Option<Lock>, RecordsError> {
        // Beside the folder: what is in it is records.
        let path = self.folder.with_extension("lock");
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed(&path, "created"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(failed(&path, "locked")(error)),
        }
    }

    /// Removes files that no import names, and unfinished ones; how many.
    pub fn sweep(&self, named: &BTreeSet<String>) -> Result<usize, RecordsError> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.folder).map_err(failed(&self.folder, "listed"))? {
            let entry = entry.map_err(failed(&self.folder, "listed"))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_ours = name.ends_with(ENDING) || name.ends_with(UNFINISHED);
            if is_ours && !named.contains(&name) {
                fs::remove_file(entry.path()).map_err(failed(&entry.path(), "removed"))?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn write_flushed(path: &Path, parts: &[Vec<u8>]) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.sync_all()
}

fn failed(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> RecordsError {
    move |source| RecordsError::File { path: path.to_owned(), what, source }
}

fn content(path: &Path, error: &parquet::errors::ParquetError) -> RecordsError {
    RecordsError::Content { path: path.to_owned(), reason: error.to_string() }
}
