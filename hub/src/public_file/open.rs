//! Opens a file as one stream of bytes: plain, gzip, or the one table of the
//! format inside a zip. What it is shows in its first bytes, not in its name.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use peerlight_hub_engine::public::format::Format;
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};
use zip::{ZipArchive, result::ZipError};

use super::{bounded::Bounded, text};
use crate::error::Error;

/// Most that is read of a file.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes when unpacked.
    pub bytes: u64,
    /// Bytes of one line.
    pub line: usize,
}

impl Limits {
    /// Several times what the largest state publishes.
    pub const USUAL: Self = Self { bytes: 8 << 30, line: 1 << 20 };
}

/// Bytes of a zip's member in which its header is looked for.
const HEAD: u64 = 64 << 10;

/// SHA-256 of a file's bytes.
pub fn digest(path: &Path) -> Result<ContentHash, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            read => context.update(&buffer[..read]),
        }
    }
    Ok(ContentHash::from_bytes(context.finish().as_ref()).expect("SHA-256 has 32 bytes"))
}

/// Hands the table of a file to `take`.
pub fn with_table<T>(
    format: Format,
    path: &Path,
    limits: Limits,
    take: impl FnOnce(&mut dyn Read) -> T,
) -> Result<T, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut first = Vec::new();
    (&file).take(4).read_to_end(&mut first).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let file = BufReader::with_capacity(1 << 16, file);
    let refused = |fault| Error::Refused { path: path.to_owned(), faults: vec![fault] };
    let bounded = |stream| Bounded::new(stream, limits.bytes, limits.line);
    match first.as_slice() {
        [0x1f, 0x8b, ..] => {
            let stream: Box<dyn Read> = Box::new(MultiGzDecoder::new(file));
            Ok(take(&mut bounded(stream)))
        }
        b"PK\x03\x04" => {
            let mut archive = ZipArchive::new(file).map_err(|error| refused(damaged(&error)))?;
            let member = member(format, &mut archive, limits).map_err(refused)?;
            let member = archive.by_index(member).map_err(|error| refused(damaged(&error)))?;
            Ok(take(&mut Bounded::new(member, limits.bytes, limits.line)))
        }
        _ => Ok(take(&mut bounded(Box::new(file)))),
    }
}

fn damaged(error: &ZipError) -> String {
    format!("line 1: the zip cannot be read ({error}): fetch it again")
}

/// The member whose header is the format's; the error says why there is none.
fn member<R: Read + Seek>(
    format: Format,
    archive: &mut ZipArchive<R>,
    limits: Limits,
) -> Result<usize, String> {
    let mut names = Vec::new();
    let mut fitting = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = member.name().map_err(|error| damaged(&error))?.into_owned();
        if name.starts_with("xl/") {
            return Err("line 1: this is an Excel workbook: save its sheet of schools as CSV, \
                        codes as text so that they keep their leading zeros"
                .to_owned());
        }
        let ending = Path::new(&name).extension().map(OsStr::to_ascii_lowercase);
        if !ending.is_some_and(|ending| ending == "txt" || ending == "csv") {
            continue;
        }
        let mut head = Vec::new();
        let mut start = Bounded::new(member.take(HEAD), limits.bytes, limits.line);
        let read: io::Result<usize> = start.read_to_end(&mut head);
        if read.is_ok() && text::has_header(format, &mut Cursor::new(&head)) {
            fitting.push(index);
        }
        names.push(name);
    }
    match fitting.as_slice() {
        [only] => Ok(*only),
        [] => Err(format!(
            "line 1: none of the zip's tables ({}) has the header of the {}: unpack it and import \
             the right file",
            names.join(", "),
            format.label()
        )),
        _ => Err(format!(
            "line 1: {} of the zip's tables ({}) have the header of the {}: unpack it and import \
             them one by one",
            fitting.len(),
            names.join(", "),
            format.label()
        )),
    }
}
