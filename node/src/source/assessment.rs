//! Reads CAASPP, ELPAC and Clearinghouse files: one, or every one of a folder,
//! delimited (plain or gzip) or a workbook.
//!
//! Only opens and splits; what columns and codes mean is the engine's to say.
//! Cells that are not UTF-8 are read as unreadable text: only names of people
//! and schools can be such, and none of them is used.

use std::{io, path::Path};

use peerlight_node_engine::intake::{
    Schools,
    assessment::{Assessments, Format, Options},
};
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

/// How UTF-16 text begins.
const UTF_16: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// Name of the source that files of a format are.
pub const fn source_of(format: Format) -> &'static str {
    match format {
        Format::Caaspp => "caaspp",
        Format::Elpac => "elpac",
        Format::Nsc => "nsc",
    }
}

/// Reads every file; refuses them all where one has a fatal error. `sheet`
/// names the only sheet of workbooks to read.
pub fn read(
    path: &Path,
    format: Format,
    options: Options,
    sheet: Option<&str>,
    schools: Schools,
) -> Result<Read, SourceError> {
    let is_readable = |name: &str| ENDINGS.iter().any(|ending| name.ends_with(ending));
    let paths = folder::files(path, is_readable, ".csv, .txt or .xlsx file")?;
    let mut digest = Context::new(&SHA256);
    digest.update(format!("{format:?} {options:?} {sheet:?}").as_bytes());
    let mut import = Assessments::new(format, schools, options);
    for path in &paths {
        let is_workbook = name(path).to_ascii_lowercase().ends_with(".xlsx");
        let done = if is_workbook {
            workbook::read(path, sheet, &mut import, &mut digest)
        } else {
            delimited(path, &mut import, &mut digest)
        };
        done.map_err(failed(path))?;
    }
    let imported = import.finish()?;
    let digest = digest.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    let files = paths.iter().map(|path| name(path)).collect();
    Ok(Read { source: source_of(format).to_owned(), imported, digest, files })
}

fn delimited(path: &Path, import: &mut Assessments, digest: &mut Context) -> io::Result<()> {
    import.begin(&name(path));
    let delimiter = Delimiter::guess(path)?;
    let mut rows = Rows::open(path, delimiter, digest)?;
    let mut widest = 0;
    while import.wants_rows() {
        match rows.next() {
            Ok(Some((line, record))) => {
                if record
                    .get(0)
                    .is_some_and(|cell| UTF_16.iter().any(|mark| cell.starts_with(mark)))
                {
                    let remedy = "save it as CSV UTF-8";
                    import.unreadable(line, "the file is UTF-16", remedy);
                    return Ok(());
                }
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
