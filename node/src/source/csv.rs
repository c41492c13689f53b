//! Reads Peerlight CSV: a file, or every student-year file of a folder, plain
//! or compressed with gzip.
//!
//! Only opens, decompresses and splits; what the cells mean is the engine's
//! to say. Reads each file once, row by row.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::{Intake, Mapping, MappingError, Refused, Schools};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};

use super::{
    Read,
    rows::{Delimiter, Rows, RowsError, name},
};

/// Name of this source, where it is not given another.
pub const SOURCE: &str = "csv";

/// Files of a folder that are not student years.
const OTHERS: [&str; 3] = ["schools", "districts", "survey_responses"];

/// Files that cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder has no file of student years.
    #[error("{0} has no student_years.csv or other .csv or .csv.gz file of student years")]
    Nothing(PathBuf),
    /// The mapping is refused.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The content is refused.
    #[error(transparent)]
    Refused(Box<Refused>),
}

/// Reads every file; refuses them all where one has a fatal error.
pub fn read(path: &Path, mapping: &Mapping, schools: Schools) -> Result<Read, CsvError> {
    mapping.check()?;
    let paths = student_year_files(path)?;
    let mut context = Context::new(&SHA256);
    context.update(format!("{mapping:?}").as_bytes());
    let mut intake = Intake::new(schools, mapping.clone());
    for path in &paths {
        read_file(path, &mut intake, &mut context)?;
    }
    let imported = intake.finish().map_err(|refused| CsvError::Refused(Box::new(refused)))?;
    let digest = context.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    let files = paths.iter().map(|path| name(path)).collect();
    Ok(Read { source: SOURCE.to_owned(), imported, digest, files })
}

/// The header and the first rows of a file, to suggest a mapping from.
pub fn sample(path: &Path, rows: usize) -> Result<(Vec<String>, Vec<Vec<String>>), CsvError> {
    let path = student_year_files(path)?.remove(0);
    let failed = |source| CsvError::File { path: path.clone(), source };
    // Nothing is imported: the digest goes unused.
    let mut digest = Context::new(&SHA256);
    let mut source = Rows::open(&path, Delimiter::Comma, &mut digest).map_err(failed)?;
    sample_rows(&mut source, rows).map_err(|error| match error {
        RowsError::Broken { what, .. } => failed(io::Error::new(io::ErrorKind::InvalidData, what)),
        RowsError::File(source) => failed(source),
    })
}

fn sample_rows(
    source: &mut Rows<'_>,
    rows: usize,
) -> Result<(Vec<String>, Vec<Vec<String>>), RowsError> {
    let header = source.header()?.unwrap_or_default();
    let mut sampled = Vec::new();
    while sampled.len() < rows {
        let Some((_, record)) = source.next()? else { break };
        let text = |cell| String::from_utf8_lossy(cell).trim().to_owned();
        sampled.push(record.iter().map(text).collect());
    }
    Ok((header, sampled))
}

/// The file itself, or the student-year files of a folder, ordered by name.
fn student_year_files(path: &Path) -> Result<Vec<PathBuf>, CsvError> {
    let failed = |source| CsvError::File { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = name(&path);
        let stem = name.strip_suffix(".csv.gz").or_else(|| name.strip_suffix(".csv"));
        if stem.is_some_and(|stem| !OTHERS.contains(&stem) && !stem.starts_with('.')) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(CsvError::Nothing(path.to_owned())) } else { Ok(files) }
}

fn read_file(path: &Path, intake: &mut Intake, context: &mut Context) -> Result<(), CsvError> {
    let failed = |source| CsvError::File { path: path.to_owned(), source };
    let file = name(path);
    let rows = Rows::open(path, Delimiter::Comma, context).map_err(failed)?;
    match read_rows(rows, &file, intake) {
        Ok(()) => Ok(()),
        Err(RowsError::Broken { line, what, remedy }) => {
            intake.unreadable(&file, line, what, remedy);
            Ok(())
        }
        Err(RowsError::File(source)) => Err(failed(source)),
    }
}

fn read_rows(mut rows: Rows<'_>, file: &str, intake: &mut Intake) -> Result<(), RowsError> {
    let Some(header) = rows.header()? else {
        let remedy = "the first row names the columns";
        intake.unreadable(file, 1, "the file is empty", remedy);
        return Ok(());
    };
    let Some(layout) = intake.begin(file, &header) else { return Ok(()) };
    while let Some((line, record)) = rows.next()? {
        intake.row(&layout, line, record.iter());
    }
    Ok(())
}
