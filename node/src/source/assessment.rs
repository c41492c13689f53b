//! Reads CAASPP, ELPAC and Clearinghouse files: one, or every one of a folder,
//! delimited (plain or gzip) or a workbook.
//!
//! Only opens and splits; what columns and codes mean is the engine's to say.
//! Cells that are not UTF-8 are read as unreadable text: only names of people
//! and schools can be such, and none of them is used.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::{
    Refused, Schools,
    assessment::{Assessments, Format, Options},
};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};

use super::{
    Read,
    rows::{Delimiter, Rows, RowsError, name},
    workbook,
};

/// Endings of files that are read from a folder.
const ENDINGS: [&str; 3] = [".csv", ".txt", ".xlsx"];

/// How UTF-16 text begins.
const UTF_16: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// Assessment files that cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum AssessmentError {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder has nothing to read.
    #[error("{0} has no .csv, .txt or .xlsx file")]
    Nothing(PathBuf),
    /// The content is refused.
    #[error(transparent)]
    Refused(Box<Refused>),
}

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
) -> Result<Read, AssessmentError> {
    let paths = files(path)?;
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
        done.map_err(|source| AssessmentError::File { path: path.clone(), source })?;
    }
    let imported =
        import.finish().map_err(|refused| AssessmentError::Refused(Box::new(refused)))?;
    let digest = digest.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    let files = paths.iter().map(|path| name(path)).collect();
    Ok(Read { source: source_of(format).to_owned(), imported, digest, files })
}

/// The file itself, or the files of a folder, ordered by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, AssessmentError> {
    let failed = |source| AssessmentError::File { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let is_readable = |path: &Path| {
        let name = name(path).to_ascii_lowercase();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        // Spreadsheets leave "~$" files beside those that are open.
        !name.starts_with(['.', '~']) && ENDINGS.iter().any(|ending| plain.ends_with(ending))
    };
    let entries = fs::read_dir(path).map_err(failed)?;
    let paths: io::Result<Vec<PathBuf>> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(failed)?;
    paths.retain(|path| is_readable(path));
    paths.sort();
    if paths.is_empty() { Err(AssessmentError::Nothing(path.to_owned())) } else { Ok(paths) }
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
