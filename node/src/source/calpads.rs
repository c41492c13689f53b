//! Reads CALPADS files: one, or every one of a folder, as they were uploaded
//! to the state or extracted from it.
//!
//! Only opens and splits; what fields and codes mean is the engine's to say.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::{Refused, Schools, calpads::Calpads, table::Day};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};

use super::{
    Read,
    rows::{Delimiter, Rows, RowsError, name},
};

/// Name of this source.
pub const SOURCE: &str = "calpads";

/// Endings of files that are read from a folder.
const ENDINGS: [&str; 3] = [".txt", ".csv", ".dat"];

/// CALPADS files that cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum CalpadsError {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder has nothing to read.
    #[error("{0} has no .txt, .csv or .dat file (also .gz) of CALPADS")]
    Nothing(PathBuf),
    /// The content is refused.
    #[error(transparent)]
    Refused(Box<Refused>),
}

/// Reads every file; refuses them all where one has a fatal error. `until` is
/// the last day that they tell of.
pub fn read(path: &Path, until: Option<Day>, schools: Schools) -> Result<Read, CalpadsError> {
    let paths = files(path)?;
    let mut digest = Context::new(&SHA256);
    let mut calpads = Calpads::new(schools, until);
    for path in &paths {
        read_file(path, &mut calpads, &mut digest)?;
    }
    let imported = calpads.finish().map_err(|refused| CalpadsError::Refused(Box::new(refused)))?;
    let digest = digest.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    let files = paths.iter().map(|path| name(path)).collect();
    Ok(Read { source: SOURCE.to_owned(), imported, digest, files })
}

/// The file itself, or the files of a folder, ordered by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, CalpadsError> {
    let failed = |source| CalpadsError::File { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = name(&path).to_ascii_lowercase();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        if !name.starts_with('.') && ENDINGS.iter().any(|ending| plain.ends_with(ending)) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(CalpadsError::Nothing(path.to_owned())) } else { Ok(files) }
}

fn read_file(path: &Path, calpads: &mut Calpads, digest: &mut Context) -> Result<(), CalpadsError> {
    let failed = |source| CalpadsError::File { path: path.to_owned(), source };
    let mut rows = Rows::open(path, Delimiter::Caret, digest).map_err(failed)?;
    calpads.begin(&name(path));
    loop {
        match rows.next() {
            Ok(Some((line, record))) => calpads.row(line, record.iter()),
            Ok(None) => return Ok(()),
            Err(RowsError::Broken { line, what, remedy }) => {
                calpads.unreadable(line, what, remedy);
                return Ok(());
            }
            Err(RowsError::File(source)) => return Err(failed(source)),
        }
    }
}
