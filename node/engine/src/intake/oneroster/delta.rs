//! Changes of a bundle: rows that replace those of the bundle before.
//!
//! ```text
//! changed rows ──by sourcedId──▶ Changes
//! rows held    ──unless changed────────────▶ the reader
//! Changes      ──unless older than held────▶ the reader
//! ```
//!
//! A row is replaced whole, and one to be deleted stays as a mark, so that an
//! older delta cannot bring it back. Which rows those before were is the
//! shell's to keep.

use std::collections::HashMap;

use super::{
    reader::OneRoster,
    table::{Header, Table},
};
use crate::intake::{Imported, Refused, Severity, masked, shown, table::Day};

/// Columns that a changed row must fill.
const MARKS: [&str; 3] = ["sourcedId", "status", "dateLastModified"];

/// Changed rows of one table, by `sourcedId`.
#[derive(Default)]
pub(super) struct Changes {
    file: String,
    rows: HashMap<String, Change>,
    has_changed: bool,
}

/// A changed row, as it is kept.
struct Change {
    line: u64,
    cells: Vec<String>,
    modified: Modified,
    /// No row of this id is held.
    is_new: bool,
    /// The row held was changed later.
    is_older: bool,
}

/// When a row was changed: a day, or a moment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Modified {
    day: Day,
    /// Milliseconds since 1970, where the time is told.
    moment: Option<i64>,
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Changes(..)")
    }
}

impl OneRoster {
    /// Begins a file of changes with its header; whether its rows can be read.
    pub fn begin_changes(&mut self, table: Table, file: &str, header: &[String]) -> bool {
        self.changes = Changes {
            file: file.to_owned(),
            rows: HashMap::new(),
            has_changed: self.changes.has_changed,
        };
        if !self.begin(table, file, header) {
            return false;
        }
        let lacking = self.table.as_ref().map(|(_, header)| header.lacks(&MARKS));
        let lacking = lacking.unwrap_or_default();
        for name in &lacking {
            let remedy = "the standard has it in every delta: export again, or export all (bulk)";
            let what = "is missing from the header";
            self.fault(Severity::Fatal, Some(name), what, remedy, 1, None);
        }
        lacking.is_empty()
    }

    /// Notes one changed row of the file begun last.
    pub fn change<'a>(&mut self, line: u64, cells: impl Iterator<Item = &'a [u8]>) {
        let Some((table, header)) = self.table.take() else { return };
        if let Some(cells) = self.cells(&header, line, cells) {
            self.note_change(&header.pick(&cells, table), line);
        }
        self.table = Some((table, header));
    }

    fn note_change(&mut self, cells: &[&str], line: u64) {
        let [id, status, modified] = [cells[0], cells[1], cells[2]];
        let remedy = "the standard has it in every row of a delta: export again, or export all \
                      (bulk)";
        if id.is_empty() {
            return self.fault(Severity::Fatal, Some(MARKS[0]), "is empty", remedy, line, None);
        }
        if !["active", "tobedeleted"].iter().any(|known| status.eq_ignore_ascii_case(known)) {
            let value = Some(shown(status, [id, ""]));
            let what = "of a changed row is neither active nor tobedeleted";
            return self.fault(Severity::Fatal, Some(MARKS[1]), what, remedy, line, value);
        }
        let Some(modified) = Modified::read(modified) else {
            let value = Some(shown(modified, [id, ""]));
            let what = "of a changed row is not a time such as 2026-02-28T16:30:00Z";
            return self.fault(Severity::Fatal, Some(MARKS[2]), what, remedy, line, value);
        };
        let known = self.changes.rows.get(id);
        if known.is_some_and(|known| modified.is_before(known.modified)) {
            return;
        }
        let cells = cells.iter().map(|cell| (*cell).to_owned()).collect();
        let change = Change { line, cells, modified, is_new: true, is_older: false };
        self.changes.rows.insert(id.to_owned(), change);
    }

    /// Begins the rows of a table that are held from the bundles before.
    pub fn begin_held(&mut self, table: Table) {
        self.gather.begin(&format!("{}.csv as held", table.file()));
        self.table = Some((table, Header::kept(table)));
    }

    /// Reads one row that is held, as [`Table::kept`] has it, unless a change
    /// takes its place; whether it is to be kept.
    pub fn held_row(&mut self, line: u64, cells: &[&str]) -> bool {
        let Some((table, header)) = self.table.take() else { return false };
        let is_kept = cells.len() == header.width && self.changes.leave(cells);
        if is_kept {
            self.take_in(table, &header, cells, line);
        }
        self.table = Some((table, header));
        is_kept
    }

    /// Takes in the changes of the table, after the rows that are held; gives
    /// lines and rows that are to be kept.
    pub fn take_changes(&mut self, table: Table) -> Vec<(u64, Vec<String>)> {
        let rows = std::mem::take(&mut self.changes.rows);
        let mut changes: Vec<(String, Change)> = rows.into_iter().collect();
        changes.sort_by_key(|(_, change)| change.line);
        let file = std::mem::take(&mut self.changes.file);
        self.gather.begin(&file);
        let header = Header::kept(table);
        let mut kept = Vec::with_capacity(changes.len());
        for (id, change) in changes {
            let line = change.line;
            if change.is_older {
                let what = "of a changed row is before that of the row held: it is left out";
                let remedy = "import deltas in the order in which they were exported";
                self.fault(Severity::Notice, Some(MARKS[2]), what, remedy, line, Some(masked(&id)));
                self.gather.count_row(true);
                continue;
            }
            self.changes.has_changed |= change.is_new;
            let cells: Vec<&str> = change.cells.iter().map(String::as_str).collect();
            self.take_in(table, &header, &cells, line);
            kept.push((line, change.cells));
        }
        kept
    }

    /// Whether any change that was taken in says something that was not held.
    pub const fn has_changed(&self) -> bool {
        self.changes.has_changed
    }

    /// Ends the import of a delta for which no rows are held: it is refused.
    pub fn without_held(mut self) -> Result<Imported, Refused> {
        let what = "the bundle tells only what changed (delta), and no whole bundle is held";
        let remedy = "import the last whole bundle (bulk) first, then each delta since, in order";
        self.fault(Severity::Fatal, None, what, remedy, self.delta_line, None);
        self.gather.finish()
    }
}

impl Changes {
    /// Whether a row that is held stays; notes what the change of it is worth.
    fn leave(&mut self, held: &[&str]) -> bool {
        let Some(change) = self.rows.get_mut(held[0]) else { return true };
        let before = Modified::read(held[2]);
        change.is_older = before.is_some_and(|before| change.modified.is_before(before));
        change.is_new = false;
        self.has_changed |= !change.is_older && change.cells != held;
        change.is_older
    }
}

impl Modified {
    /// Reads `YYYY-MM-DD`, alone or with a time and a zone after it, as ISO 8601
    /// has them; UTC where no zone is told.
    fn read(text: &str) -> Option<Self> {
        let (date, time) = text.split_at_checked(10)?;
        let day = Day::read(date)?;
        if time.is_empty() {
            return Some(Self { day, moment: None });
        }
        let time = time.strip_prefix(['T', ' '])?;
        let (clock, zone) = match time.find(['Z', 'z', '+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, "Z"),
        };
        let seconds = seconds(clock)?;
        let east = match zone.split_at_checked(1)? {
            ("+", zone) => minutes(zone)?,
            ("-", zone) => -minutes(zone)?,
            (_, rest) => rest.is_empty().then_some(0)?,
        };
        let minutes = i64::from(day.number()) * 1_440 - east;
        Some(Self { day, moment: Some(minutes * 60_000 + seconds) })
    }

    /// Whether it was before another; moments of one day are compared only
    /// where both are told.
    fn is_before(self, other: Self) -> bool {
        match (self.moment, other.moment) {
            (Some(own), Some(other)) => own < other,
            _ => self.day < other.day,
        }
    }
}

/// Milliseconds of `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`.
fn seconds(clock: &str) -> Option<i64> {
    let mut parts = clock.splitn(3, ':');
    let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds: f64 = match parts.next() {
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
            text.parse().ok()?
        }
        Some(_) => return None,
        None => 0.0,
    };
    let is_time = hours < 24 && minutes < 60 && seconds < 61.0;
    is_time.then_some((hours * 60 + minutes) * 60_000 + (seconds * 1_000.0) as i64)
}

/// Minutes of a zone, `hh:mm`, `hhmm` or `hh`.
fn minutes(zone: &str) -> Option<i64> {
    let plain = zone.replace(':', "");
    let (hours, minutes) = plain.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { number(minutes)? };
    Some(number(hours)? * 60 + minutes)
}

/// A number of two digits.
fn number(text: &str) -> Option<i64> {
    let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_compared_across_zones_and_days_without_times_by_the_day() {
        let read = |text: &str| Modified::read(text).unwrap_or_else(|| panic!("{text}"));
        for (earlier, later) in [
            ("2026-02-28", "2026-03-01"),
            ("2026-02-28T23:59:59Z", "2026-03-01"),
            ("2026-02-28T16:30:00.511Z", "2026-02-28T16:30:00.512Z"),
            ("2026-02-28T16:30:00+02:00", "2026-02-28T16:30:00Z"),
            ("2026-02-28 16:30", "2026-02-28T16:30:00-0800"),
        ] {
            assert!(read(earlier).is_before(read(later)), "{earlier} {later}");
            assert!(!read(later).is_before(read(earlier)), "{earlier} {later}");
        }
        let (day, moment) = (read("2026-02-28"), read("2026-02-28T16:30:00Z"));
        assert!(!day.is_before(moment) && !moment.is_before(day));
        for text in ["", "28/02/2026", "2026-02-30", "2026-02-28T", "2026-02-28T25:00Z", "now"] {
            assert_eq!(Modified::read(text), None, "{text}");
        }
    }
}
