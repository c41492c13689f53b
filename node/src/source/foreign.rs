//! Files that are not the text that their reader expects, known by how they
//! begin: said to be what they are, instead of being read as nonsense.
//!
//! Looks at the first bytes and nothing else.

use std::{error, fmt, io};

/// First bytes, what they are, and what to do.
const KNOWN: [(&[u8], &str, &str); 7] = [
    (
        b"PK\x03\x04",
        "the file is a workbook or a zip, not text",
        "save the sheet as CSV UTF-8, or unpack the zip",
    ),
    (b"\xd0\xcf\x11\xe0", "the file is an old Excel workbook, not text", "save it as CSV UTF-8"),
    (b"%PDF", "the file is a PDF, not text", "export the rows behind it as text"),
    (b"\x1f\x8b", "the file is compressed with gzip", "end its name in .gz, such as file.csv.gz"),
    (b"\xff\xfe", UTF_16, AS_UTF_8),
    (b"\xfe\xff", UTF_16, AS_UTF_8),
    (b"PAR1", "the file is Parquet, not text", "export it as CSV UTF-8"),
];

const UTF_16: &str = "the file is UTF-16";
const AS_UTF_8: &str = "save it as UTF-8 (in a spreadsheet: CSV UTF-8)";

/// What a file is instead of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What it is.
    pub(super) what: &'static str,
    /// What to do.
    pub(super) remedy: &'static str,
}

impl Foreign {
    /// What begins so; `None` for text.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        let known = KNOWN.iter().find(|(first, ..)| start.starts_with(first));
        known.map(|(_, what, remedy)| Self { what, remedy })
    }

    /// What an error of reading says of the file.
    pub(super) fn of_error(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl error::Error for Foreign {}

impl From<Foreign> for io::Error {
    fn from(foreign: Foreign) -> Self {
        Self::new(io::ErrorKind::InvalidData, foreign)
    }
}
