//! Reads Peerlight CSV: a file, or every student-year file of a folder, plain
//! or compressed with gzip.
//!
//! Only opens, decompresses and splits; what the cells mean is the engine's
//! to say. Reads each file once, row by row.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use csv::{ByteRecord, ReaderBuilder};
use flate2::read::MultiGzDecoder;
use peerlight_node_engine::intake::{Intake, Mapping, MappingError, Refused, Schools};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};

use super::Read;

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
    let failed = |error: csv::Error| CsvError::File { path: path.clone(), source: error.into() };
    let mut reader = reader(open(&path)?);
    let text = |record: &ByteRecord| -> Vec<String> {
        record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect()
    };
    let mut records = reader.byte_records();
    let header = records.next().transpose().map_err(failed)?.unwrap_or_default();
    let sampled = records.take(rows).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    Ok((text(&header), sampled.iter().map(text).collect()))
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
    let file = name(path);
    let mut reader = reader(Hashed { inner: open(path)?, context });
    let mut record = ByteRecord::new();
    let header = match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()),
        Ok(false) => {
            let remedy = "the first row names the columns";
            intake.unreadable(&file, 1, "the file is empty", remedy);
            return Ok(());
        }
        Err(error) => return refuse(path, intake, &file, 1, error),
    };
    let header: Vec<String> = header.collect();
    let Some(layout) = intake.begin(&file, &header) else { return Ok(()) };
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                intake.row(&layout, line, record.iter());
            }
            Ok(false) => return Ok(()),
            Err(error) => {
                let line = reader.position().line();
                return refuse(path, intake, &file, line, error);
            }
        }
    }
}

/// A file that ends too early or is not gzip is a problem like any other; a
/// disk that fails is not.
fn refuse(
    path: &Path,
    intake: &mut Intake,
    file: &str,
    line: u64,
    error: csv::Error,
) -> Result<(), CsvError> {
    let source = match error.into_kind() {
        // Its conversion would hide which kind of failure it was.
        csv::ErrorKind::Io(source) => source,
        _ => io::Error::from(io::ErrorKind::InvalidData),
    };
    match source.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            let remedy = "copy the file again: it is cut short or not what its name says";
            intake.unreadable(file, line, "the file cannot be read further", remedy);
            Ok(())
        }
        _ => Err(CsvError::File { path: path.to_owned(), source }),
    }
}

fn reader<R: io::Read>(source: R) -> csv::Reader<R> {
    ReaderBuilder::new().has_headers(false).flexible(true).from_reader(source)
}

fn open(path: &Path) -> Result<Box<dyn io::Read>, CsvError> {
    let failed = |source| CsvError::File { path: path.to_owned(), source };
    let file = BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?);
    let is_gzip = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Hashes what is read on its way.
struct Hashed<'a> {
    inner: Box<dyn io::Read>,
    context: &'a mut Context,
}

impl io::Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.context.update(&buffer[..read]);
        Ok(read)
    }
}
