//! Rows of .xlsx workbooks, one row in memory at a time.
//!
//! A workbook is a zip of XML, so what a few bytes unpack to is not known
//! before: everything in it is unpacked once, to nowhere, within limits,
//! before a parser sees it.

use std::{
    fs,
    io::{self, Cursor, Read as _},
    path::Path,
};

use calamine::{DataRef, Reader as _, SheetType, Xlsx};
use peerlight_node_engine::intake::Headed;
use ring::digest::Context;
use zip::ZipArchive;

use super::{folder::name, progress};

/// Largest workbook, bytes.
const LARGEST: u64 = 64 << 20;

/// Most that a workbook may unpack to, bytes.
const UNPACKED: u64 = 1 << 30;

/// Most that its texts may take, bytes: they are held in memory.
const TEXTS: u64 = 256 << 20;

/// Most parts in a workbook.
const PARTS: usize = 4_096;

/// Rows and columns that the format allows.
const ROWS: u32 = 1_048_576;
const COLUMNS: u32 = 16_384;

/// Bytes of the texts' beginning in which their number stands.
const OPENING: u64 = 1_024;

/// Fewest bytes that a text takes: `<si/>`.
const SHORTEST_TEXT: u64 = 5;

/// Begins files of older spreadsheets, and of workbooks with a password.
const COMPOUND: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

const AS_CSV: &str = "save its sheet as CSV UTF-8 and import that";
const AGAIN: &str = "download it again: it is cut short or damaged";

/// Why a workbook cannot be read: what is wrong, and what to do.
type Bad = (String, &'static str);

/// Reads the sheet of this name, or every sheet that has the format's header.
pub(super) fn read(
    path: &Path,
    sheet: Option<&str>,
    import: &mut impl Headed,
    digest: &mut Context,
) -> io::Result<()> {
    let file = name(path);
    let bytes = if fs::metadata(path)?.len() > LARGEST {
        let what = format!("the workbook is larger than {} MB", LARGEST >> 20);
        Err((what, AS_CSV))
    } else {
        Ok(fs::read(path)?)
    };
    let read = bytes.and_then(|bytes| {
        progress::advance(bytes.len() as u64);
        digest.update(&bytes);
        check(&bytes)?;
        sheets(bytes, &file, sheet, import)
    });
    if let Err((what, remedy)) = read {
        import.begin(&file);
        import.unreadable(1, &what, remedy);
    }
    Ok(())
}

/// Unpacks everything, to nowhere, within the limits.
fn check(bytes: &[u8]) -> Result<(), Bad> {
    if bytes.starts_with(&COMPOUND) {
        let what = "the workbook is of the old .xls format, or has a password";
        return Err((what.to_owned(), "save it as .xlsx without a password, or as CSV UTF-8"));
    }
    let damaged = || ("the file is not a whole workbook".to_owned(), AGAIN);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    if archive.len() > PARTS {
        return Err((format!("the workbook has more than {PARTS} parts"), AS_CSV));
    }
    let mut left = UNPACKED;
    for part in 0..archive.len() {
        let mut part = archive.by_index(part).map_err(|_| damaged())?;
        let is_texts =
            part.name().is_ok_and(|name| name.to_ascii_lowercase().ends_with("sharedstrings.xml"));
        let most = if is_texts { left.min(TEXTS) } else { left };
        let mut opening = Vec::new();
        part.by_ref().take(OPENING).read_to_end(&mut opening).map_err(|_| damaged())?;
        let rest = io::copy(&mut part.by_ref().take(most), &mut io::sink());
        let size = opening.len() as u64 + rest.map_err(|_| damaged())?;
        if size > most {
            let what = format!("the workbook unpacks to more than {} MB", most >> 20);
            return Err((what, AS_CSV));
        }
        // The parser makes room for as many texts as are announced.
        if is_texts && announced(&opening).is_some_and(|texts| texts > size / SHORTEST_TEXT) {
            return Err(damaged());
        }
        left -= size;
    }
    Ok(())
}

/// How many texts the opening of the texts announces.
fn announced(opening: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(opening);
    let (_, after) = text.split_once("uniqueCount=")?;
    let digits = after.trim_start_matches(['"', '\'']);
    let end = digits.find(|it: char| !it.is_ascii_digit()).unwrap_or(digits.len());
    // More digits than a number can have are more texts than there can be.
    Some(digits[..end].parse().unwrap_or(u64::MAX))
}

fn sheets(
    bytes: Vec<u8>,
    file: &str,
    wanted: Option<&str>,
    import: &mut impl Headed,
) -> Result<(), Bad> {
    let damaged = |_| ("the workbook cannot be understood".to_owned(), AS_CSV);
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let all = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let mut names: Vec<String> = all.map(|sheet| sheet.name.clone()).collect();
    if let Some(wanted) = wanted {
        let there = names.join(", ");
        names.retain(|name| name == wanted);
        if names.is_empty() {
            let what = format!("the workbook has no sheet {wanted}; its sheets are: {there}");
            return Err((what, "name one of them with --sheet, or leave --sheet out"));
        }
    }
    let mut without = Vec::new();
    let mut widest = 0;
    for name in &names {
        import.begin(&format!("{file}, sheet {name}"));
        let mut cells = workbook.worksheet_cells_reader(name).map_err(damaged)?;
        let mut row = Row { number: 0, cells: Vec::new() };
        while import.wants_rows() {
            let Some(cell) = cells.next_cell().map_err(damaged)? else { break };
            let (number, column) = cell.get_position();
            if number >= ROWS || column >= COLUMNS {
                let what =
                    format!("the sheet {name} has more than {ROWS} rows or {COLUMNS} columns");
                return Err((what, AS_CSV));
            }
            if number != row.number {
                widest = widest.max(row.hand_on(import));
                row.number = number;
            }
            row.set(column as usize, text(cell.get_value()));
        }
        widest = widest.max(row.hand_on(import));
        if !import.has_header() {
            without.push(name.as_str());
        }
    }
    if without.len() == names.len() {
        // One column is no fault of a workbook's separators.
        import.no_header(widest.max(2));
    } else if !without.is_empty() {
        let what = format!("sheets without a header were passed over: {}", without.join(", "));
        import.notice(&what, "nothing has to be done if they hold no students");
    }
    Ok(())
}

/// A row as far as it has been read.
struct Row {
    /// From 0.
    number: u32,
    cells: Vec<String>,
}

impl Row {
    fn set(&mut self, column: usize, text: String) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
    }

    /// Hands the row on, as wide as the header, and begins another; tells how
    /// many cells it had.
    fn hand_on(&mut self, import: &mut impl Headed) -> usize {
        while self.cells.last().is_some_and(String::is_empty) {
            self.cells.pop();
        }
        let width = self.cells.len();
        if width > 0 && import.wants_rows() {
            // A sheet leaves empty cells at the end of a row out.
            self.cells.resize(width.max(import.width().unwrap_or(0)), String::new());
            let cells: Vec<&str> = self.cells.iter().map(String::as_str).collect();
            import.row(u64::from(self.number) + 1, &cells);
        }
        self.cells.clear();
        width
    }
}

/// A cell as a file of text would have it.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}
