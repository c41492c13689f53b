//! Reads a OneRoster CSV bundle: a zip, or the folder it was unpacked to; a
//! delta over the rows that are held of the bundles before.
//!
//! ```text
//! bundle ──split──▶ the engine ──what a delta needs──▶ Keeping ──▶ Kept
//! held rows ───────▶    ╵  (for a delta)
//! ```
//!
//! Only unpacks, splits and keeps; what the files mean, and which row replaces
//! which, is the engine's to say.

mod bundle;
mod kept;
#[cfg(test)]
mod tests;

use std::{fmt, path::Path};

use peerlight_node_engine::intake::{
    Schools,
    oneroster::{Mode, OneRoster, Table},
    table::Day,
};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};
use zeroize::Zeroizing;

use self::{
    bundle::Bundle,
    kept::{Held, Keeping, NotHeld},
};
use super::{
    Kept, Read,
    error::SourceError,
    rows::{Rows, RowsError},
};

/// Name of this source.
pub const SOURCE: &str = "oneroster";

/// Files that a whole bundle must have.
const REQUIRED: [Table; 3] = [Table::AcademicSessions, Table::Orgs, Table::Users];

/// What is held of the bundles before: [`Kept::rows`] as they were, and the
/// digest of the import they came from. Shows nothing of it.
pub struct Before {
    /// The rows.
    pub rows: Zeroizing<Vec<u8>>,
    /// The import's digest.
    pub sha256: ContentHash,
}

impl fmt::Debug for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Before(..)")
    }
}

/// A bundle being read.
struct Reading {
    bundle: Bundle,
    roster: OneRoster,
    keeping: Keeping,
    digest: Context,
    files: Vec<String>,
}

/// Reads every file of a bundle; refuses them all where one has a fatal error.
/// `until` is the last day that it tells of. `before` is asked for where the
/// bundle is a delta: what is held of the bundles before, if anything.
pub fn read(
    path: &Path,
    until: Option<Day>,
    schools: Schools,
    before: impl FnOnce() -> Result<Option<Before>, SourceError>,
) -> Result<Read, SourceError> {
    let mut reading = Reading {
        bundle: Bundle::open(path)?,
        roster: OneRoster::new(schools, until),
        keeping: Keeping::new(),
        digest: Context::new(&SHA256),
        files: Vec::new(),
    };
    if let Some(position) = reading.bundle.find(Table::Manifest) {
        reading.whole(Table::Manifest, position)?;
    }
    if !reading.roster.is_delta() {
        return reading.bulk();
    }
    match before()? {
        Some(before) => reading.delta(&before),
        None => match reading.roster.without_held() {
            Ok(_) => unreachable!("a delta without rows to change is refused"),
            Err(refused) => Err(refused.into()),
        },
    }
}

impl Reading {
    fn bulk(mut self) -> Result<Read, SourceError> {
        for table in Table::ORDER.into_iter().skip(1) {
            match self.bundle.find(table) {
                Some(position) => drop(self.whole(table, position)?),
                None if REQUIRED.contains(&table) => {
                    self.roster.missing(&self.bundle.name(), table);
                }
                None => {}
            }
        }
        self.finish(None)
    }

    /// Reads a delta, which may have whole tables beside those that changed.
    fn delta(mut self, before: &Before) -> Result<Read, SourceError> {
        let not_held = |NotHeld| SourceError::NotHeld;
        let mut held = Held::open(&before.rows).map_err(not_held)?;
        let mut has_changed = false;
        // What was read before is changed by the bytes of this bundle.
        self.digest.update(before.sha256.as_bytes());
        for table in Table::ORDER.into_iter().skip(1) {
            let position = self.bundle.find(table);
            match (self.roster.mode(table), position) {
                (Mode::Bulk, Some(position)) => {
                    let now = self.whole(table, position)?;
                    has_changed |= now != digest_of(&mut held, table).map_err(not_held)?;
                }
                (Mode::Delta, Some(position)) => {
                    self.changes(table, position)?;
                    self.held(&mut held, table).map_err(not_held)?;
                    for (line, cells) in self.roster.take_changes(table) {
                        self.keeping.keep(table, line, cells.iter().map(String::as_str));
                    }
                }
                (Mode::Absent, _) => self.held(&mut held, table).map_err(not_held)?,
                (_, None) => self.roster.missing(&self.bundle.name(), table),
            }
        }
        has_changed |= self.roster.has_changed();
        let read = self.finish(Some(before.sha256))?;
        // What is held says all of it already: the import is the one in force.
        Ok(if has_changed { read } else { Read { digest: before.sha256, kept: None, ..read } })
    }

    /// Reads a whole file; the digest of what is kept of its rows.
    fn whole(&mut self, table: Table, position: usize) -> Result<ContentHash, SourceError> {
        let (file, rows) = self.bundle.rows(position, &mut self.digest)?;
        let (roster, keeping) = (&mut self.roster, &mut self.keeping);
        let mut content = Context::new(&SHA256);
        let done = each_row(rows, |row| match row {
            Row::Header(header) => roster.begin(table, &file, header),
            Row::Cells(line, cells) => {
                let kept = roster.row(line, cells.iter());
                // The manifest is each bundle's own.
                if let Some(kept) = kept.filter(|_| table != Table::Manifest) {
                    add(&mut content, &kept);
                    keeping.keep(table, line, kept);
                }
                true
            }
        });
        self.settle(file, done)?;
        Ok(finished(content))
    }

    /// Reads the changed rows of a table.
    fn changes(&mut self, table: Table, position: usize) -> Result<(), SourceError> {
        let (file, rows) = self.bundle.rows(position, &mut self.digest)?;
        let roster = &mut self.roster;
        let done = each_row(rows, |row| match row {
            Row::Header(header) => roster.begin_changes(table, &file, header),
            Row::Cells(line, cells) => {
                roster.change(line, cells.iter());
                true
            }
        });
        self.settle(file, done)
    }

    /// Notes what is wrong with a file that was read.
    fn settle(&mut self, file: String, done: Result<(), RowsError>) -> Result<(), SourceError> {
        if let Err(RowsError::Broken { line, what, remedy }) = &done {
            self.roster.unreadable(&file, *line, what, remedy);
        }
        self.files.push(file);
        match done {
            Ok(()) | Err(RowsError::Broken { .. }) => Ok(()),
            Err(RowsError::File(source)) => Err(self.bundle.failed(source)),
        }
    }

    /// Reads the rows of a table that are held, but for those that changed.
    fn held(&mut self, held: &mut Held<impl std::io::Read>, table: Table) -> Result<(), NotHeld> {
        self.roster.begin_held(table);
        while let Some((line, cells)) = held.next(table)? {
            if self.roster.held_row(line, &cells) {
                self.keeping.keep(table, line, cells);
            }
        }
        Ok(())
    }

    fn finish(self, over: Option<ContentHash>) -> Result<Read, SourceError> {
        let imported = self.roster.finish()?;
        let kept = Some(Kept { rows: self.keeping.finish(), over });
        let (digest, files) = (finished(self.digest), self.files);
        Ok(Read { source: SOURCE.to_owned(), imported, digest, files, kept })
    }
}

/// The first row of a file, or another one with its line.
enum Row<'a> {
    Header(&'a [String]),
    Cells(u64, &'a csv::ByteRecord),
}

/// Hands out every row of a file, as long as they are wanted.
fn each_row(mut rows: Rows<'_>, mut take: impl FnMut(Row<'_>) -> bool) -> Result<(), RowsError> {
    let header = rows.header()?.unwrap_or_default();
    let mut is_wanted = take(Row::Header(&header));
    while is_wanted {
        let Some((line, cells)) = rows.next()? else { break };
        is_wanted = take(Row::Cells(line, cells));
    }
    Ok(())
}

/// The digest of the rows of a table that are held.
fn digest_of(held: &mut Held<impl std::io::Read>, table: Table) -> Result<ContentHash, NotHeld> {
    let mut content = Context::new(&SHA256);
    while let Some((_, cells)) = held.next(table)? {
        add(&mut content, &cells);
    }
    Ok(finished(content))
}

fn add(content: &mut Context, cells: &[&str]) {
    for cell in cells {
        content.update(&(cell.len() as u64).to_le_bytes());
        content.update(cell.as_bytes());
    }
}

fn finished(digest: Context) -> ContentHash {
    let digest = digest.finish();
    ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes")
}
