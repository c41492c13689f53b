//! Rows of delimited files: opened, decompressed, hashed and split, one row in
//! memory at a time.
//!
//! Never holds more than a row, however large the file: a row that does not
//! end is refused before it fills the memory.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    rc::Rc,
};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use flate2::read::MultiGzDecoder;
use ring::digest::Context;

use super::{foreign::Foreign, progress::Counted};

/// Longest row, bytes: a hundred times what the widest export needs.
const LONGEST_ROW: u64 = 1 << 20;

/// Bytes, and lines of them, that a delimiter is guessed from.
const START: u64 = 1 << 16;
const TITLES: usize = 20;

/// How a file separates its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// Commas; cells may be quoted.
    Comma,
    /// Carets; nothing is quoted.
    Caret,
    /// Tabs; cells may be quoted.
    Tab,
}

impl Delimiter {
    /// The delimiter that one of the first lines has most of. A file that
    /// cannot be unpacked is said to be so when its rows are read.
    pub(super) fn guess(path: &Path) -> io::Result<Self> {
        let mut start = Vec::new();
        // What is unpacked before a fault is enough to guess from.
        let _ = unpacked(path, File::open(path)?).take(START).read_to_end(&mut start);
        let count = |byte: u8| {
            let lines = start.split(|it| *it == b'\n').take(TITLES);
            lines.map(|line| line.split(|it| *it == byte).count()).max()
        };
        // The last of equals is taken: a file of one column is as good as one
        // with commas.
        let all = [Self::Tab, Self::Caret, Self::Comma];
        Ok(all.into_iter().max_by_key(|it| count(it.byte())).expect("there are three"))
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Caret => b'^',
            Self::Tab => b'\t',
        }
    }
}

/// Why a file cannot be read further.
#[derive(Debug)]
pub(super) enum RowsError {
    /// It is not what its name says, or cut short: a fault of the file.
    Broken {
        /// The line up to which it could be read.
        line: u64,
        /// What is wrong.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The disk failed.
    File(io::Error),
}

impl RowsError {
    /// Why a read failed.
    pub(super) fn of_io(line: u64, error: &io::Error) -> Self {
        if let Some(Foreign { what, remedy }) = Foreign::of_error(error) {
            return Self::Broken { line: 1, what, remedy };
        }
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::Broken {
                line,
                what: "a row is longer than 1 MiB",
                remedy: "look for a quotation mark that is not closed, and that lines end",
            },
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData => Self::Broken {
                line,
                what: "the file cannot be read further",
                remedy: "copy the file again: it is cut short or not what its name says",
            },
            kind => Self::File(kind.into()),
        }
    }
}

/// A file's rows.
pub(super) struct Rows<'a> {
    reader: csv::Reader<Bounded<'a>>,
    since_row: Since,
    record: ByteRecord,
}

impl<'a> Rows<'a> {
    /// Opens a file, decompressed if it is called `.gz`; every byte of it goes
    /// into `digest`.
    pub(super) fn open(
        path: &Path,
        delimiter: Delimiter,
        digest: &'a mut Context,
    ) -> io::Result<Self> {
        Ok(Self::of(open(path)?, delimiter, digest))
    }

    /// Rows of what is open already, such as a member of a zip.
    pub(super) fn of(
        inner: Box<dyn Read + 'a>,
        delimiter: Delimiter,
        digest: &'a mut Context,
    ) -> Self {
        let (inner, since_row) = Bounded::new(inner, digest);
        let mut builder = ReaderBuilder::new();
        // Left to itself the library counts lines that end in CRLF one short.
        builder.has_headers(false).flexible(true).terminator(Terminator::Any(b'\n'));
        builder.delimiter(delimiter.byte()).quoting(delimiter != Delimiter::Caret);
        Self { reader: builder.from_reader(inner), since_row, record: ByteRecord::new() }
    }

    /// The first row, as names of columns; none where the file is empty.
    pub(super) fn header(&mut self) -> Result<Option<Vec<String>>, RowsError> {
        let name = |cell: &[u8]| {
            let text = String::from_utf8_lossy(cell);
            text.trim_start_matches('\u{feff}').trim().to_owned()
        };
        Ok(self.next()?.map(|(_, record)| record.iter().map(name).collect()))
    }

    /// The next row and the line it begins on; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &ByteRecord)>, RowsError> {
        loop {
            self.since_row.reset();
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) if self.record.len() == 1 && self.record.as_slice() == b"\r" => {}
                Ok(true) => break,
                Ok(false) => return Ok(None),
                Err(error) => return Err(self.refusal(error)),
            }
        }
        if self.record.as_slice().ends_with(b"\r") {
            self.record.trim();
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        Ok(Some((line, &self.record)))
    }

    fn refusal(&self, error: csv::Error) -> RowsError {
        let line = self.reader.position().line();
        let source = match error.into_kind() {
            // Its conversion would hide which kind of failure it was.
            csv::ErrorKind::Io(source) => source,
            _ => io::Error::from(io::ErrorKind::InvalidData),
        };
        RowsError::of_io(line, &source)
    }
}

/// Opens a file, decompressed if it is called `.gz`.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    Ok(unpacked(path, Counted(File::open(path)?)))
}

fn unpacked(path: &Path, file: impl Read + 'static) -> Box<dyn Read> {
    let file = BufReader::with_capacity(1 << 16, file);
    let is_gzip = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) }
}

/// Bytes read since a row began.
#[derive(Clone, Default)]
pub(super) struct Since(Rc<Cell<u64>>);

impl Since {
    /// A row begins.
    pub(super) fn reset(&self) {
        self.0.set(0);
    }
}

/// Hashes what is read on its way, and stops where a row does not end, or at
/// the start of what is no text.
pub(super) struct Bounded<'a> {
    inner: Box<dyn Read + 'a>,
    digest: &'a mut Context,
    since_row: Since,
    has_begun: bool,
}

impl<'a> Bounded<'a> {
    /// Reads what is open already.
    pub(super) fn new(inner: Box<dyn Read + 'a>, digest: &'a mut Context) -> (Self, Since) {
        let since_row = Since::default();
        (Self { inner, digest, since_row: since_row.clone(), has_begun: false }, since_row)
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let since_row = self.since_row.0.get();
        if since_row > LONGEST_ROW {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let read = self.inner.read(buffer)?;
        let begins = !std::mem::replace(&mut self.has_begun, true);
        if let Some(foreign) = Foreign::of(&buffer[..read]).filter(|_| begins) {
            return Err(foreign.into());
        }
        self.digest.update(&buffer[..read]);
        self.since_row.0.set(since_row + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ring::digest::SHA256;

    use super::*;

    fn rows_of(content: &[u8], delimiter: Delimiter) -> Result<Vec<(u64, usize)>, RowsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.txt");
        fs::write(&path, content).unwrap();
        let mut digest = Context::new(&SHA256);
        let mut rows = Rows::open(&path, delimiter, &mut digest).map_err(RowsError::File)?;
        let mut found = Vec::new();
        while let Some((line, record)) = rows.next()? {
            found.push((line, record.len()));
        }
        Ok(found)
    }

    #[test]
    fn rows_are_split_at_carets_without_quoting() {
        let found = rows_of(b"SENR^\"A^b\r\nSENR^^\n", Delimiter::Caret).unwrap();
        assert_eq!(found, [(1, 3), (2, 3)]);
    }

    #[test]
    fn what_is_no_text_is_named_and_not_read() {
        for (start, what) in [
            (b"PK\x03\x04rest".as_slice(), "workbook"),
            (b"\xff\xfea\0,\0b\0", "UTF-16"),
            (b"\x1f\x8b\x08", "gzip"),
        ] {
            let refused = rows_of(start, Delimiter::Comma).unwrap_err();
            let RowsError::Broken { line, what: found, .. } = refused else { panic!("{what}") };
            assert!(found.contains(what), "{found}");
            assert_eq!(line, 1);
        }
    }

    #[test]
    fn lines_are_those_of_an_editor_however_they_end() {
        for end in ["\n", "\r\n"] {
            let text = format!("a,b{end}\"1{end}2\",\"x\"{end}3,y{end}{end}");
            let found = rows_of(text.as_bytes(), Delimiter::Comma).unwrap();
            assert_eq!(found, [(1, 2), (2, 2), (4, 2)], "{end:?}");
        }
    }

    #[test]
    fn a_row_that_does_not_end_is_refused_before_it_fills_the_memory() {
        let mut endless = b"a,b\n\"".to_vec();
        endless.resize(8 << 20, b'x');
        for delimiter in [Delimiter::Comma, Delimiter::Caret] {
            let refused = rows_of(&endless, delimiter).unwrap_err();
            assert!(matches!(refused, RowsError::Broken { what, .. } if what.contains("1 MiB")));
        }
        let mut many = Vec::new();
        (0..200_000).for_each(|_| many.extend_from_slice(b"one,two,three\n"));
        assert_eq!(rows_of(&many, Delimiter::Comma).unwrap().len(), 200_000);
    }
}
