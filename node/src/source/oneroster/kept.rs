//! What is kept of a bundle's rows for the next delta: the columns that are
//! read, compressed. Only the records folder holds it, sealed; nothing shows
//! it.

use std::{
    io::{self, Write},
    str::FromStr,
};

use csv::{ReaderBuilder, StringRecord, Writer};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use peerlight_node_engine::intake::oneroster::Table;
use zeroize::Zeroizing;

/// The first row: what it is, in which version.
const VERSION: [&str; 2] = ["oneroster rows", "1"];

/// Why writing does not fail.
const MEMORY: &str = "memory can be written to";

/// Rows on their way to being kept, in the order of [`Table::ORDER`].
pub(super) struct Keeping(Writer<DeflateEncoder<Vec<u8>>>);

/// Why rows that are held are not read: they are not what this version writes.
#[derive(Debug)]
pub(super) struct NotHeld;

impl Keeping {
    pub(super) fn new() -> Self {
        let encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let mut keeping = Self(csv::WriterBuilder::new().flexible(true).from_writer(encoder));
        keeping.write(VERSION);
        keeping.0.write_record(None::<&[u8]>).expect(MEMORY);
        keeping
    }

    /// Keeps a row of a table and its line.
    pub(super) fn keep<'a>(
        &mut self,
        table: Table,
        line: u64,
        cells: impl IntoIterator<Item = &'a str>,
    ) {
        self.write([table.file(), &line.to_string()]);
        self.write(cells);
        self.0.write_record(None::<&[u8]>).expect(MEMORY);
    }

    fn write<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        cells.into_iter().try_for_each(|cell| self.0.write_field(cell)).expect(MEMORY);
    }

    /// Everything that was kept.
    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        let rows = self.0.into_inner().map_err(csv::IntoInnerError::into_error);
        let rows = rows.and_then(|mut encoder| {
            encoder.flush()?;
            encoder.finish()
        });
        Zeroizing::new(rows.expect(MEMORY))
    }
}

/// Rows that are held, table by table in the order of [`Table::ORDER`].
pub(super) struct Held<R> {
    reader: csv::Reader<R>,
    record: StringRecord,
    /// A row was read that belongs to a later table.
    is_ahead: bool,
}

impl<'a> Held<DeflateDecoder<&'a [u8]>> {
    /// Opens what was kept.
    pub(super) fn open(rows: &'a [u8]) -> Result<Self, NotHeld> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true);
        let reader = builder.from_reader(DeflateDecoder::new(rows));
        let mut held = Self { reader, record: StringRecord::new(), is_ahead: false };
        if held.read()? && held.record == VERSION[..] { Ok(held) } else { Err(NotHeld) }
    }
}

impl<R: io::Read> Held<R> {
    fn read(&mut self) -> Result<bool, NotHeld> {
        self.reader.read_record(&mut self.record).map_err(|_| NotHeld)
    }

    /// The next row of a table with its line; none where the table ends.
    pub(super) fn next(&mut self, table: Table) -> Result<Option<(u64, Vec<&str>)>, NotHeld> {
        let is_row = std::mem::take(&mut self.is_ahead) || self.read()?;
        if !is_row {
            return Ok(None);
        }
        if self.record.get(0) != Some(table.file()) {
            self.is_ahead = true;
            return Ok(None);
        }
        let line = self.record.get(1).and_then(|line| u64::from_str(line).ok());
        let cells = self.record.iter().skip(2).collect();
        Ok(Some((line.ok_or(NotHeld)?, cells)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_table_by_table() {
        let mut keeping = Keeping::new();
        keeping.keep(Table::Orgs, 2, ["s1", "", "one \"school\", ünï"]);
        keeping.keep(Table::Users, 2, ["u1"]);
        keeping.keep(Table::Users, 3, ["", ""]);
        let rows = keeping.finish();
        let mut held = Held::open(&rows).unwrap();
        assert!(held.next(Table::AcademicSessions).unwrap().is_none());
        let row = held.next(Table::Orgs).unwrap().unwrap();
        assert_eq!(row, (2, vec!["s1", "", "one \"school\", ünï"]));
        assert!(held.next(Table::Orgs).unwrap().is_none());
        assert_eq!(held.next(Table::Users).unwrap().unwrap(), (2, vec!["u1"]));
        assert_eq!(held.next(Table::Users).unwrap().unwrap(), (3, vec!["", ""]));
        assert!(held.next(Table::Users).unwrap().is_none());
        assert!(held.next(Table::Enrollments).unwrap().is_none());
        assert!(Held::open(b"not rows").is_err());
    }
}
