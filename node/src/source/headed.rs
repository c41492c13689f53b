//! Reads files whose header stands in one of their first rows: one, or every
//! one of a folder, delimited (plain or gzip) or a workbook.
//!
//! Only opens, hashes and splits; what columns mean is the engine's to say.
//! Cells that are not UTF-8 are read as unreadable text: only names of people
//! and schools can be such, and none of them is used.

use std::{
    io,
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::{Headed, Imported};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};

use super::{
    Read,
    error::{SourceError, failed},
    folder::{self, name},
    rows::{Delimiter, Rows, RowsError},
    workbook,
};

/// Endings of files that are read from a folder.
const ENDINGS: [&str; 3] = [".csv", ".txt", ".xlsx"];

/// Files of one import, and the digest of what was read of them.
pub(super) struct Files {
    paths: Vec<PathBuf>,
    digest: Context,
}

impl Files {
    /// The file, or the files of a folder.
    pub(super) fn find(path: &Path) -> Result<Self, SourceError> {
        let is_readable = |name: &str| ENDINGS.iter().any(|ending| name.ends_with(ending));
        let paths = folder::files(path, is_readable, ".csv, .txt or .xlsx file")?;
        Ok(Self { paths, digest: Context::new(&SHA256) })
    }

    /// Takes into the digest what decides how the files are understood.
    pub(super) fn understood_by(&mut self, text: &str) {
        self.digest.update(text.as_bytes());
    }

    /// Hands every row to the import. `sheet` names the only sheet of workbooks
    /// to read.
    pub(super) fn read(
        &mut self,
        sheet: Option<&str>,
        import: &mut impl Headed,
    ) -> Result<(), SourceError> {
        for path in &self.paths {
            let is_workbook = name(path).to_ascii_lowercase().ends_with(".xlsx");
            let done = if is_workbook {
                workbook::read(path, sheet, import, &mut self.digest)
            } else {
                delimited(path, import, &mut self.digest)
            };
            done.map_err(failed(path))?;
        }
        Ok(())
    }

    /// What was read.
    pub(super) fn end(self, source: &str, imported: Imported) -> Read {
        let digest = self.digest.finish();
        let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
        let files = self.paths.iter().map(|path| name(path)).collect();
        Read { source: source.to_owned(), imported, digest, files, kept: None }
    }
}

/// Hands every row of a delimited file to an import; what was read goes into
/// `digest`.
pub(super) fn delimited(
    path: &Path,
    import: &mut impl Headed,
    digest: &mut Context,
) -> io::Result<()> {
    import.begin(&name(path));
    let delimiter = Delimiter::guess(path)?;
    let mut rows = Rows::open(path, delimiter, digest)?;
    let mut widest = 0;
    while import.wants_rows() {
        match rows.next() {
            Ok(Some((line, record))) => {
                if !import.has_header() {
                    widest = widest.max(record.len());
                }
                let cells = record.iter().map(|cell| std::str::from_utf8(cell));
                let cells: Vec<&str> = cells.map(|cell| cell.unwrap_or("\u{fffd}")).collect();
                import.row(line, &cells);
            }
            Ok(None) => break,
            Err(RowsError::Broken { line, what, remedy }) => {
                import.unreadable(line, what, remedy);
                return Ok(());
            }
            Err(RowsError::File(source)) => return Err(source),
        }
    }
    if !import.has_header() {
        import.no_header(widest);
    }
    Ok(())
}
