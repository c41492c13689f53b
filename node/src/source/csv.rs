//! Reads Peerlight CSV: a file, or every file of student years and of answers to
//! surveys of a folder, plain or compressed with gzip.
//!
//! Only opens, decompresses and splits; what the cells mean is the engine's
//! to say. Reads each file once, row by row.

use std::{
    io,
    path::{Path, PathBuf},
    thread,
};

use peerlight_node_engine::intake::{Imported, Intake, Mapping, Schools, survey::ResponseFile};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};

use super::{
    Read, aside,
    error::{SourceError, failed},
    folder::{self, name},
    headed,
    rows::{Delimiter, Rows, RowsError},
};

/// Name of this source, where it is not given another.
pub const SOURCE: &str = "csv";

/// Files of a folder that are not student years.
const OTHERS: [&str; 2] = ["schools", "districts"];

/// What a folder should have.
const WANTED: &str = "student_years.csv or other .csv or .csv.gz file of student years";

/// How the name of a file of answers begins that are no student's.
const ANSWERS: &str = "survey_responses";

/// Reads every file; refuses them all where one has a fatal error. The mapping
/// is that of student years.
pub fn read(path: &Path, mapping: &Mapping, schools: Schools) -> Result<Read, SourceError> {
    mapping.check()?;
    let (student_years, answers) = files(path)?;
    let mut context = Context::new(&SHA256);
    context.update(format!("{mapping:?}").as_bytes());
    let mut intake = Intake::new(schools.clone(), mapping.clone());
    for path in &student_years {
        read_file(path, &mut intake, &mut context)?;
    }
    let mut responses = ResponseFile::new(schools);
    for path in &answers {
        headed::delimited(path, &mut responses, &mut context).map_err(failed(path))?;
    }
    let student_years_read = (!student_years.is_empty()).then(|| intake.finish());
    let answers_read = (!answers.is_empty()).then(|| responses.finish());
    let imported = Imported::together(student_years_read.into_iter().chain(answers_read))?;
    let digest = context.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    let files = student_years.iter().chain(&answers).map(|path| name(path)).collect();
    Ok(Read { source: SOURCE.to_owned(), imported, digest, files, kept: None })
}

/// The files of student years, and those of answers that are no student's.
fn files(path: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), SourceError> {
    let is_table =
        |name: &str| name.strip_suffix(".csv").is_some_and(|stem| !OTHERS.contains(&stem));
    let (answers, student_years) =
        folder::files(path, is_table, WANTED)?.into_iter().partition(|path| is_answers(path));
    Ok((student_years, answers))
}

fn is_answers(path: &Path) -> bool {
    name(path).to_ascii_lowercase().starts_with(ANSWERS)
}

/// The header and the first rows of a file, to suggest a mapping from.
pub fn sample(path: &Path, rows: usize) -> Result<(Vec<String>, Vec<Vec<String>>), SourceError> {
    let (student_years, answers) = files(path)?;
    let path = student_years.into_iter().chain(answers).next().expect("there is a file");
    let failed = failed(&path);
    // Nothing is imported: the digest goes unused.
    let mut digest = Context::new(&SHA256);
    let mut source = Rows::open(&path, Delimiter::Comma, &mut digest).map_err(&failed)?;
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

fn read_file(path: &Path, intake: &mut Intake, context: &mut Context) -> Result<(), SourceError> {
    let failed = failed(path);
    let file = name(path);
    let rows = Rows::open(path, Delimiter::Comma, context).map_err(&failed)?;
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
    let threads = thread::available_parallelism().map_or(1, usize::from);
    aside::read(&mut rows, &layout, intake, threads)
}
