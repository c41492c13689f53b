//! Reads CALPADS files: one, or every one of a folder, as they were uploaded
//! to the state or extracted from it.
//!
//! Only opens and splits; what fields and codes mean is the engine's to say.

use std::path::Path;

use peerlight_node_engine::intake::{Schools, calpads::Calpads, table::Day};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};

use super::{
    Read,
    error::{SourceError, failed},
    folder::{self, name},
    rows::{Delimiter, Rows, RowsError},
};

/// Name of this source.
pub const SOURCE: &str = "calpads";

/// Endings of files that are read from a folder.
const ENDINGS: [&str; 3] = [".txt", ".csv", ".dat"];

/// Reads every file; refuses them all where one has a fatal error. `until` is
/// the last day that they tell of.
pub fn read(path: &Path, until: Option<Day>, schools: Schools) -> Result<Read, SourceError> {
    let is_calpads = |name: &str| ENDINGS.iter().any(|ending| name.ends_with(ending));
    let wanted = ".txt, .csv or .dat file (also .gz) of CALPADS";
    let paths = folder::files(path, is_calpads, wanted)?;
    let mut digest = Context::new(&SHA256);
    let mut calpads = Calpads::new(schools, until);
    for path in &paths {
        read_file(path, &mut calpads, &mut digest)?;
    }
    let imported = calpads.finish()?;
    let digest = digest.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    let files = paths.iter().map(|path| name(path)).collect();
    Ok(Read { source: SOURCE.to_owned(), imported, digest, files, kept: None })
}

fn read_file(path: &Path, calpads: &mut Calpads, digest: &mut Context) -> Result<(), SourceError> {
    let failed = failed(path);
    let mut rows = Rows::open(path, Delimiter::Caret, digest).map_err(&failed)?;
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
