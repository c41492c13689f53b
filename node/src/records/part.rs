//! Reads a sealed file back as the student years it was written from, ids
//! included: for combining it with other sources, and for nothing else.

use std::collections::BTreeMap;

use parquet::errors::{ParquetError, Result};
use peerlight_node_engine::{
    intake::{Ids, StudentYears},
    student::{Column, Values},
};

use super::decode::RecordFile;

/// The student years of an opened file with its ids, which are the bytes that
/// [`ids`] wrote.
pub(super) fn student_years(file: &RecordFile, sealed_ids: &[u8]) -> Result<StudentYears> {
    let mut years = StudentYears::new(file.school_year);
    years.schools = file.school_list().to_vec();
    // Rows without a school name the empty one, which is the last.
    let nowhere = years.schools.pop_if(|school| school.is_empty()).map(|_| years.schools.len());
    let positions: Vec<u32> = (0..file.school_list().len())
        .map(|at| if Some(at) == nowhere { StudentYears::NO_SCHOOL } else { at as u32 })
        .collect();
    let columns = file.columns();
    let mut values: BTreeMap<Column, Values> =
        columns.iter().map(|column| (column, Values::empty(column.kind()))).collect();
    for part in 0..file.parts() {
        file.part(part, columns, &positions, false, |chunk, _| {
            years.school.extend(&chunk.school);
            for (column, all) in &mut values {
                match (all, chunk.values(*column)) {
                    (Values::Numbers(all), Some(Values::Numbers(more))) => all.extend(more),
                    (Values::Bytes(all), Some(Values::Bytes(more))) => all.extend(more),
                    _ => unreachable!("the file has the column, of its kind"),
                }
            }
        })?;
    }
    for (column, values) in values {
        if let Some(names) = file.names(column) {
            years.names.insert(column, names);
        }
        years.insert(column, values);
    }
    years.files = file.files();
    let ids = read_ids(years.rows(), sealed_ids)?;
    (years.students, years.statewide, years.lines) = (ids.students, ids.statewide, ids.lines);
    Ok(years)
}

/// Who each row of a file is about, and where it was read. No debug output.
pub struct RowIds {
    /// Local ids; empty where there is none.
    pub students: Ids,
    /// Statewide ids; empty where there is none.
    pub statewide: Ids,
    /// File and line.
    pub(super) lines: Vec<(u16, u32)>,
}

/// The ids of every row, to be sealed under a key of their own: local id and
/// statewide id, each after its length; then the file and line of every row.
pub(super) fn ids(years: &StudentYears) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in 0..years.rows() {
        for id in [years.students.get(row), years.statewide.get(row)] {
            bytes.extend((id.len() as u32).to_le_bytes());
            bytes.extend(id);
        }
    }
    for (file, line) in &years.lines {
        bytes.extend(file.to_le_bytes());
        bytes.extend(line.to_le_bytes());
    }
    bytes
}

/// Reads what [`ids`] wrote of so many rows. A file of an older version ends
/// without lines.
pub(super) fn read_ids(rows: usize, bytes: &[u8]) -> Result<RowIds> {
    let broken = || ParquetError::General("its ids are not those of its rows".to_owned());
    try_read_ids(rows, bytes).ok_or_else(broken)
}

fn try_read_ids(rows: usize, mut bytes: &[u8]) -> Option<RowIds> {
    fn id<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (id, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        *bytes = rest;
        Some(id)
    }
    let (mut students, mut statewide) = (Ids::default(), Ids::default());
    for _ in 0..rows {
        students.push(id(&mut bytes)?);
        statewide.push(id(&mut bytes)?);
    }
    let (lines, rest) = bytes.as_chunks::<6>();
    let mut lines: Vec<(u16, u32)> = lines
        .iter()
        .map(|[a, b, line @ ..]| (u16::from_le_bytes([*a, *b]), u32::from_le_bytes(*line)))
        .collect();
    if lines.is_empty() {
        lines = vec![(0, 0); rows];
    }
    (rest.is_empty() && lines.len() == rows).then_some(RowIds { students, statewide, lines })
}
