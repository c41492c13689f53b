//! The students of one year who count for a measure or are on a watch list,
//! with their ids and the values that are asked for.
//!
//! For a person of the district, by way of [`crate::extract`], which decides
//! what may be seen. No debug output.

use std::collections::BTreeMap;

use peerlight_node_engine::{
    intake::cell_text,
    measure::{Drill, Standing},
    student::{Column, ColumnSet},
};
use peerlight_proto::group::StudentGroup;

use super::{
    RowIds,
    count::{CountError, Year},
    priors::Priors,
};

/// One student.
pub struct Student {
    /// Position of the school among the plan's.
    pub school: usize,
    /// Local id; empty where there is none.
    pub local: String,
    /// Statewide id; empty where there is none.
    pub statewide: String,
    /// How the student stands.
    pub standing: Standing,
    /// The values asked for, as a file would have them.
    pub cells: Vec<String>,
}

/// Every student of `group` who counts, in the order of the file, with the
/// values of `shown`.
pub fn students(
    year: &Year,
    ids: &RowIds,
    drill: &Drill,
    group: StudentGroup,
    shown: &[Column],
) -> Result<Vec<Student>, CountError> {
    let own = year.file.columns();
    let asked: ColumnSet = shown.iter().copied().collect();
    let wanted = drill.plan().columns().union(asked);
    let columns = wanted.minus(wanted.minus(own));
    let resolved = year.columns().minus(own);
    let resolved = wanted.minus(wanted.minus(resolved));
    let content = |source| CountError::Content { year: year.file.school_year, source };
    let earlier = year.earlier.each_ref().map(Option::as_ref);
    let priors = Priors::read(resolved, earlier).map_err(content)?;
    let positions = year.file.positions(drill.plan().schools());
    let names: BTreeMap<Column, Vec<String>> =
        shown.iter().filter_map(|it| Some((*it, year.file.names(*it)?))).collect();
    let (mut found, mut first) = (Vec::new(), 0);
    for part in 0..year.file.parts() {
        let with_students = !resolved.is_empty();
        let each = |chunk: &mut peerlight_node_engine::student::Chunk, students: &[_]| {
            priors.fill(chunk, students);
            drill.standings(chunk, group, |row, standing| {
                let id = |id: &[u8]| String::from_utf8_lossy(id).into_owned();
                let cell = |column: &Column| {
                    let names = names.get(column).map_or(&[][..], Vec::as_slice);
                    let values = chunk.values(*column);
                    values.map(|it| cell_text(*column, it, row, names)).unwrap_or_default()
                };
                found.push(Student {
                    school: chunk.school[row] as usize,
                    local: id(ids.students.get(first + row)),
                    statewide: id(ids.statewide.get(first + row)),
                    standing,
                    cells: shown.iter().map(cell).collect(),
                });
            });
            first += chunk.rows();
        };
        year.file.part(part, columns, &positions, with_students, each).map_err(content)?;
    }
    Ok(found)
}
