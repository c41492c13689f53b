//! Meets every student of a year's records, or of rows that are kept elsewhere:
//! finds the journal's entry of each row, making it where the student is new.
//!
//! In the order of the rows, on one thread: which of two rows of a student is
//! the first must not depend on chance.

use std::sync::Arc;

use parquet::errors::Result;
use peerlight_node_engine::{
    intake::StudentYears,
    privacy::journal::{Cells, Journal, NO_ENTRY},
    student::Chunk,
};

use super::{CountError, RecordKeys, decode::RecordFile};

/// A journal, and its entry of every row of a year.
#[derive(Clone)]
pub struct Met {
    /// The journal.
    pub journal: Arc<Journal>,
    /// By row; [`NO_ENTRY`] where the row is not counted.
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

/// The same of rows that no file of this node holds. One without a school is
/// not counted, and its student can still be met later.
pub fn meet_rows(
    years: &StudentYears,
    keys: &RecordKeys,
    journal: &mut Journal,
) -> (Arc<[u32]>, bool) {
    let mut pass = journal.pass();
    let schools: Vec<u32> = years.schools.iter().map(|id| pass.school(id)).collect();
    let mut chunk = Chunk::default();
    chunk.school.clone_from(&years.school);
    for column in Cells::columns().iter() {
        if let Some(values) = years.values(column) {
            chunk.values_mut(column).clone_from(values);
        }
    }
    let mut entry = |row: usize| {
        let school = *schools.get(years.school[row] as usize)?;
        let student = keys.student(years.students.get(row), years.statewide.get(row));
        pass.contact(student, school, Cells::read(&chunk, row)?)
    };
    let entries: Vec<u32> = (0..years.rows()).map(|row| entry(row).unwrap_or(NO_ENTRY)).collect();
    let has_changed = pass.has_changed();
    (entries.into(), has_changed)
}

impl std::fmt::Debug for Met {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Met")
    }
}
