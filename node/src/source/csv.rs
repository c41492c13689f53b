//! Reads Peerlight CSV: a file, or every student-year file of a folder, plain
//! or compressed with gzip.
//!
//! Only opens, decompresses and splits; what the cells mean is the engine's
//! to say. Reads each file once, row by row.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
};

use peerlight_node_engine::intake::{
    Intake, Mapping, Place, Problem, Schools, Severity, survey::ANONYMOUS,
};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};

use super::{
    Read, aside,
    error::{SourceError, failed},
    folder::{self, name},
    rows::{Delimiter, Rows, RowsError},
};

/// Name of this source, where it is not given another.
pub const SOURCE: &str = "csv";

/// Files of a folder that are not student years.
const OTHERS: [&str; 3] = ["schools", "districts", ANSWERS];

/// Name of a file of answers that are no student's.
const ANSWERS: &str = "survey_responses";

/// Reads every file; refuses them all where one has a fatal error.
pub fn read(path: &Path, mapping: &Mapping, schools: Schools) -> Result<Read, SourceError> {
    mapping.check()?;
    let paths = student_year_files(path)?;
    let mut context = Context::new(&SHA256);
    context.update(format!("{mapping:?}").as_bytes());
    let mut intake = Intake::new(schools, mapping.clone());
    for path in &paths {
        if is_answers(path) {
            let what = "is a file of answers that no student's id belongs to";
            intake.unreadable(&name(path), 1, what, ANONYMOUS);
        } else {
            read_file(path, &mut intake, &mut context)?;
        }
    }
    let mut imported = intake.finish()?;
    if fs::metadata(path).is_ok_and(|it| it.is_dir()) {
        for answers in folder::all(path)?.into_iter().filter(|path| is_answers(path)) {
            let (what, remedy) = ("the file was not read".to_owned(), ANONYMOUS.to_owned());
            let problem = Problem { severity: Severity::Notice, column: None, what, remedy };
            let place = Place { file: name(&answers), line: 0, value: None };
            imported.report.problems.add(problem, place);
        }
    }
    let digest = context.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    let files = paths.iter().map(|path| name(path)).collect();
    Ok(Read { source: SOURCE.to_owned(), imported, digest, files, kept: None })
}

fn is_answers(path: &Path) -> bool {
    name(path).split_once('.').is_some_and(|(stem, _)| stem.eq_ignore_ascii_case(ANSWERS))
}

/// The header and the first rows of a file, to suggest a mapping from.
pub fn sample(path: &Path, rows: usize) -> Result<(Vec<String>, Vec<Vec<String>>), SourceError> {
    let path = student_year_files(path)?.remove(0);
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

/// The file itself, or the student-year files of a folder, ordered by name.
fn student_year_files(path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let is_student_years =
        |name: &str| name.strip_suffix(".csv").is_some_and(|stem| !OTHERS.contains(&stem));
    let wanted = "student_years.csv or other .csv or .csv.gz file of student years";
    folder::files(path, is_student_years, wanted)
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
