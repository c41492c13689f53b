//! From bytes to cells: which line is the header, which delimiter, which
//! encoding. A file has one of each; a second one is a fault with its line.

use std::{
    borrow::Cow,
    io::{BufRead, BufReader, Cursor, Read},
};

use csv::{ByteRecord, ReaderBuilder};
use peerlight_hub_engine::public::{
    Imported,
    format::Format,
    header::{DELIMITERS, Header},
    intake::{Intake, Stated},
};

/// Lines among which the header may be: exported sheets have titles above it.
const HEAD_LINES: usize = 8;

const DAMAGED: &str = "fetch the file again: it is damaged or ends in the middle";

/// Where the header is and how its line is split.
struct Head {
    /// The first lines, as they are.
    lines: Vec<Vec<u8>>,
    /// The header's position among them.
    at: usize,
    delimiter: u8,
}

/// Takes a whole table.
pub fn take(
    format: Format,
    stated: &Stated,
    stream: &mut dyn Read,
) -> Result<Imported, Vec<String>> {
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    let head = head(format, &mut stream)?;
    let above = head.at as u64;
    let rest = Cursor::new(head.lines[head.at..].concat()).chain(stream);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(head.delimiter)
        // Only files with commas quote what holds one.
        .quoting(matches!(head.delimiter, b',' | b';'))
        .from_reader(rest);
    let mut decoder = Decoder::default();
    let mut record = ByteRecord::new();
    let mut intake: Option<Intake> = None;
    loop {
        let line = above + reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let problem = format!("cannot be read further ({error}): {DAMAGED}");
                let Some(mut intake) = intake else {
                    return Err(vec![format!("line {line}: {problem}")]);
                };
                intake.unreadable(line, problem);
                return intake.finish();
            }
        }
        let line = above + record.position().map_or(line, csv::Position::line);
        let cells = decoder.cells(line, &record);
        match (&mut intake, cells) {
            (Some(intake), Ok(cells)) => {
                intake.row(line, &cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>());
            }
            (Some(intake), Err(problem)) => intake.unreadable(line, problem),
            (None, Err(problem)) => return Err(vec![format!("line {line}: {problem}")]),
            (None, Ok(cells)) => {
                let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
                intake = Some(Intake::begin(format, line, &cells, stated.clone())?);
            }
        }
    }
    match intake {
        Some(intake) => intake.finish(),
        None => Err(vec!["line 1: the file is empty: fetch it again".to_owned()]),
    }
}

/// Whether a table begins with the format's header.
pub fn has_header(format: Format, stream: &mut dyn Read) -> bool {
    let Ok(head) = head(format, &mut BufReader::new(stream)) else { return false };
    let line = String::from_utf8_lossy(&head.lines[head.at]).into_owned();
    let names: Vec<&str> =
        line.split(char::from(head.delimiter)).map(|name| name.trim().trim_matches('"')).collect();
    Header::find(format, &names).is_ok()
}

/// The line and delimiter that find most of the format's columns.
fn head(format: Format, stream: &mut impl BufRead) -> Result<Head, Vec<String>> {
    let mut lines = Vec::new();
    for number in 1..=HEAD_LINES {
        let mut line = Vec::new();
        match stream.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => lines.push(line),
            Err(error) => {
                return Err(vec![format!("line {number}: cannot be read ({error}): {DAMAGED}")]);
            }
        }
    }
    let Some(first) = lines.first_mut() else {
        return Err(vec!["line 1: the file is empty: fetch it again".to_owned()]);
    };
    if first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]) {
        return Err(vec!["line 1: the file is UTF-16: save it as UTF-8".to_owned()]);
    }
    if first.starts_with(b"\xef\xbb\xbf") {
        first.drain(..3);
    }
    let mut best = (0, 0, b',');
    for (at, line) in lines.iter().enumerate() {
        let line = String::from_utf8_lossy(line);
        for delimiter in DELIMITERS {
            let matches = Header::matches(format, &line, delimiter);
            if matches > best.0 {
                best = (matches, at, delimiter);
            }
        }
    }
    let (_, at, delimiter) = best;
    Ok(Head { lines, at, delimiter })
}

/// How letters beyond ASCII are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Windows1252,
}

/// Reads letters, in one encoding a file.
#[derive(Default)]
struct Decoder {
    seen: Option<(Encoding, u64)>,
}

impl Decoder {
    fn cells<'a>(
        &mut self,
        line: u64,
        record: &'a ByteRecord,
    ) -> Result<Vec<Cow<'a, str>>, String> {
        if !record.as_slice().is_ascii() {
            let utf8 = record.iter().all(|cell| std::str::from_utf8(cell).is_ok());
            let encoding = if utf8 { Encoding::Utf8 } else { Encoding::Windows1252 };
            let (first, first_line) = *self.seen.get_or_insert((encoding, line));
            if first != encoding {
                return Err(format!(
                    "is written in another encoding than line {first_line}: the file was put \
                     together from two; save it as UTF-8"
                ));
            }
        }
        Ok(record
            .iter()
            .map(|cell| match std::str::from_utf8(cell) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(cell.iter().map(|byte| windows_1252(*byte)).collect()),
            })
            .collect())
    }
}

/// Characters of Windows-1252 from 0x80 to 0x9f; those it leaves out are
/// control characters of the same number.
const SPECIAL: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => SPECIAL[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}
