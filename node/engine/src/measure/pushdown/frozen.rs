//! The cells that the contribution journal froze, as arguments of a statement:
//! which rows are counted, and where.
//!
//! Exact, and about single students: no debug output. It goes to the warehouse
//! that the students' rows came from, and nowhere else.

use std::fmt;

use crate::{
    measure::{kernel::FLAG_COLUMNS, plan::CountPlan},
    privacy::journal::Journal,
    student::{Chunk, Column, MISSING, Values},
};

/// Arrays of frozen cells: school, grade, race, gender and flags.
pub(super) const FROZEN: usize = 4 + FLAG_COLUMNS.len();

/// Students whom the journal counts, each once.
pub struct Frozen {
    keys: Vec<String>,
    arrays: Vec<Vec<Option<i32>>>,
}

impl Frozen {
    /// The students of rows whose entries in the journal are these, with `key`
    /// giving each row's [`row_key`]. Rows that the journal does not count, or
    /// whose school the plan does not, are left out.
    pub fn of(
        plan: &CountPlan,
        journal: &Journal,
        entries: &[u32],
        key: impl Fn(usize) -> String,
    ) -> Self {
        let position = |id: &String| {
            let found = plan.schools().binary_search_by(|known| known.as_str().cmp(id));
            found.map_or(Chunk::NO_SCHOOL, |position| position as u32)
        };
        let positions: Vec<u32> = journal.schools().iter().map(position).collect();
        let mut chunk = Chunk::default();
        journal.freeze(&mut chunk, entries, &positions);
        let rows: Vec<usize> =
            (0..entries.len()).filter(|row| chunk.school[*row] != Chunk::NO_SCHOOL).collect();
        let bytes = |column: Column| {
            let Some(Values::Bytes(bytes)) = chunk.values(column) else {
                unreachable!("the journal froze it, and it is stored as bytes")
            };
            let value = |row: &usize| Some(bytes[*row]).filter(|it| *it != MISSING).map(i32::from);
            rows.iter().map(value).collect()
        };
        // There are fewer schools than a county has.
        let schools = rows.iter().map(|row| i32::try_from(chunk.school[*row]).ok()).collect();
        let columns = [Column::GradeLevel, Column::RaceEthnicity, Column::Gender];
        let columns = columns.into_iter().chain(FLAG_COLUMNS);
        let arrays = std::iter::once(schools).chain(columns.map(bytes)).collect();
        Self { keys: rows.into_iter().map(key).collect(), arrays }
    }

    /// Argument 2.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Arguments 3 to 13.
    pub fn arrays(&self) -> &[Vec<Option<i32>>] {
        &self.arrays
    }
}

impl fmt::Debug for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Frozen")
    }
}

/// What tells a row from every other of its year: its local id, else its
/// statewide one. No local id can be taken for a statewide one.
pub fn row_key(local: &str, statewide: &str) -> String {
    if local.is_empty() { format!("s{statewide}") } else { format!("d{local}") }
}

/// The names of the frozen arrays' columns, in the order of the arguments.
pub(super) fn frozen_columns() -> Vec<String> {
    let first = ["frozen_key", "frozen_school", "frozen_grade", "frozen_race", "frozen_gender"];
    let flags = (0..FLAG_COLUMNS.len()).map(|at| format!("frozen_flag{at}"));
    first.into_iter().map(str::to_owned).chain(flags).collect()
}

/// The frozen column in place of one of ours.
pub(super) fn frozen_name(column: Column) -> Option<String> {
    match column {
        Column::GradeLevel => Some("frozen_grade".to_owned()),
        Column::RaceEthnicity => Some("frozen_race".to_owned()),
        Column::Gender => Some("frozen_gender".to_owned()),
        column => {
            let flag = FLAG_COLUMNS.iter().position(|flag| *flag == column)?;
            Some(format!("frozen_flag{flag}"))
        }
    }
}
