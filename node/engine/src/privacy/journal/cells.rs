//! The groups a student is counted in: read from a row once, and written over
//! every later row of that student before anything is counted.

use peerlight_proto::{
    group::{Flag, Gender, Race, StudentGroup},
    units::Grade,
};

use super::{Journal, NO_ENTRY};
use crate::{
    measure::{FLAG_COLUMNS, grade_of},
    student::{Chunk, Column, ColumnSet, MISSING, Values},
};

/// Grade, race, gender and flags of one student, as stored in a [`Chunk`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cells(pub(super) [u8; Cells::BYTES]);

const GRADE: usize = 0;
const RACE: usize = 1;
const GENDER: usize = 2;
const FLAGS: usize = 3;

impl Cells {
    /// How many bytes they are.
    pub(super) const BYTES: usize = FLAGS + FLAG_COLUMNS.len();

    /// The columns they are read from.
    pub fn columns() -> ColumnSet {
        let groups =
            [Column::GradeLevel, Column::GradeAssessed, Column::RaceEthnicity, Column::Gender];
        groups.into_iter().chain(FLAG_COLUMNS).collect()
    }

    /// Those of a row; `None` without a grade, for such a row is counted
    /// nowhere and its student can still be met later.
    pub fn read(chunk: &Chunk, row: usize) -> Option<Self> {
        let byte = |column| chunk.bytes(column).map_or(MISSING, |bytes| bytes[row]);
        let mut cells = [MISSING; Self::BYTES];
        cells[GRADE] = grade_of(chunk, row);
        Grade::from_index(usize::from(cells[GRADE]))?;
        cells[RACE] = byte(Column::RaceEthnicity);
        cells[GENDER] = byte(Column::Gender);
        for (cell, column) in cells[FLAGS..].iter_mut().zip(FLAG_COLUMNS) {
            *cell = byte(column);
        }
        Some(Self(cells))
    }

    /// The grade; `None` where the byte is of none.
    pub(in crate::privacy) fn grade(self) -> Option<Grade> {
        Grade::from_index(usize::from(self.0[GRADE]))
    }

    /// Every group it is in, as the kernel counts.
    pub(in crate::privacy) fn groups(self) -> impl Iterator<Item = StudentGroup> {
        let at = |byte: u8, groups: usize| usize::from(byte).min(groups - 1);
        let one = [
            Some(StudentGroup::All),
            self.grade().map(StudentGroup::Grade),
            Some(StudentGroup::Race(Race::ALL[at(self.0[RACE], Race::ALL.len())])),
            Some(StudentGroup::Gender(Gender::ALL[at(self.0[GENDER], Gender::ALL.len())])),
        ];
        let flags = Flag::ALL.into_iter().zip(self.0.into_iter().skip(FLAGS));
        let flags = flags.filter(|(_, held)| *held == 1).map(|(flag, _)| StudentGroup::Flag(flag));
        one.into_iter().flatten().chain(flags)
    }
}

impl Journal {
    /// Replaces school, grade, race, gender and flags of a chunk's rows by
    /// what is frozen for their entries, one a row. A row of [`NO_ENTRY`] is
    /// put in no school. `positions` says where the journal's schools are among
    /// those that are counted.
    pub fn freeze(&self, chunk: &mut Chunk, entries: &[u32], positions: &[u32]) {
        let entry = |at: &u32| self.entries().get(*at as usize).filter(|_| *at != NO_ENTRY);
        chunk.school.clear();
        chunk.school.extend(entries.iter().map(|at| {
            let school = entry(at).and_then(|entry| positions.get(entry.school as usize));
            school.copied().unwrap_or(Chunk::NO_SCHOOL)
        }));
        let columns = [Column::GradeLevel, Column::RaceEthnicity, Column::Gender];
        for (cell, column) in columns.into_iter().chain(FLAG_COLUMNS).enumerate() {
            let Values::Bytes(out) = chunk.values_mut(column) else { continue };
            out.clear();
            out.extend(
                entries.iter().map(|at| entry(at).map_or(MISSING, |entry| entry.cells.0[cell])),
            );
        }
    }
}

impl std::fmt::Debug for Cells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cells")
    }
}
