//! Meets every student of a year's records: finds the journal's entry of each
//! row, making it where the student is new.
//!
//! In the order of the file, on one thread: which of two rows of a student is
//! the first must not depend on chance.

use std::sync::Arc;

use parquet::errors::Result;
use peerlight_node_engine::privacy::journal::{Cells, Journal, NO_ENTRY};

use super::{CountError, decode::RecordFile};

/// A journal, and its entry of every row of a file.
#[derive(Clone)]
pub struct Met {
    /// The journal.
    pub journal: Arc<Journal>,
    /// By row of the file; [`NO_ENTRY`] where the row is not counted.
    pub entries: Arc<[u32]>,
}

/// The entry of every row, and whether the journal learnt anything.
pub fn meet(
    file: &RecordFile,
    journal: &mut Journal,
) -> std::result::Result<(Arc<[u32]>, bool), CountError> {
    let met = rows(file, journal);
    met.map_err(|source| CountError::Content { year: file.school_year, source })
}

fn rows(file: &RecordFile, journal: &mut Journal) -> Result<(Arc<[u32]>, bool)> {
    let mut pass = journal.pass();
    let schools: Vec<u32> = file.school_list().iter().map(|id| pass.school(id)).collect();
    let columns = Cells::columns();
    let columns = columns.minus(columns.minus(file.columns()));
    let mut entries = Vec::with_capacity(file.rows());
    for part in 0..file.parts() {
        let students = file.students(part)?;
        let mut students = students.into_iter();
        file.part(part, columns, &schools, false, |chunk, _| {
            for (row, student) in (0..chunk.rows()).zip(students.by_ref()) {
                let cells = Cells::read(chunk, row);
                let entry = cells.and_then(|cells| pass.contact(student, chunk.school[row], cells));
                entries.push(entry.unwrap_or(NO_ENTRY));
            }
        })?;
    }
    let has_changed = pass.has_changed();
    Ok((entries.into(), has_changed))
}

impl std::fmt::Debug for Met {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Met")
    }
}
