//! The contribution journal of one reporting year: which cells each student is
//! counted in, fixed when the student is first met, and when each changed what
//! they add to a running count.
//!
//! ```text
//! rows of an import ──contact──▶ entry of the student ──freeze──▶ the counting kernel
//!                                  │  school, grade, race, gender, flags: for the year
//!                                  └─ changes by program ──▶ steps of running counts
//! ```
//!
//! # Privacy
//!
//! - **Unit**: one student's rows of one reporting year, however often they
//!   are imported, corrected or moved between schools. Who a student is, the
//!   district's ids say: a row belongs to the entry that knows its statewide
//!   pseudonym, else to the one that knows its local one.
//! - **Adjacency**: all rows of that student there or not.
//! - **Sensitivity**: an entry is in one school, one grade, one race, one
//!   gender and a fixed set of flags all year, in every program; a second row of
//!   a student in one pass is not counted. To a running count an entry adds at
//!   most its program's number of changes, the first in and the second out,
//!   all in the same cells: at most
//!   [`Stream::l2_squared`](peerlight_proto::continual::Stream::l2_squared)
//!   a group over all steps.
//! - **Cost**: none. It draws nothing; it is why grades are parallel in the
//!   ledger, and why a running count is paid for once.
//!
//! It is exact and must not leave: debug output shows nothing of it.

mod bytes;
mod cells;

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry::Vacant},
    fmt,
};

use peerlight_proto::{names::ProgramId, units::SchoolYear};

pub use bytes::Unreadable;
pub use cells::Cells;

/// A keyed pseudonym of a student's id; statewide and local ones never agree.
pub type Pseudonym = u128;

/// Stands for the entry of a row that is not counted.
pub const NO_ENTRY: u32 = u32::MAX;

/// The ids of one row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Student {
    /// Of the statewide id, where the row has one.
    pub statewide: Option<Pseudonym>,
    /// Of the district's own id.
    pub local: Option<Pseudonym>,
}

/// The journal of one reporting year.
#[derive(Clone, PartialEq, Eq)]
pub struct Journal {
    school_year: SchoolYear,
    schools: Vec<String>,
    entries: Vec<Entry>,
    /// Every pseudonym with its entry, in the order in which they were learnt.
    pseudonyms: Vec<(Pseudonym, u32)>,
    known: HashMap<Pseudonym, u32>,
    /// By program, by entry; entries past the end never changed.
    changes: BTreeMap<ProgramId, Vec<Changes>>,
}

/// Where one student is counted all year.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Position in the journal's list of schools.
    pub(super) school: u32,
    pub(super) cells: Cells,
}

/// The steps at which one student's status changed: in, then out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Changes([u8; 2]);

/// One pass over the rows of the year as they are now.
pub struct Pass<'a> {
    journal: &'a mut Journal,
    seen: Vec<bool>,
    has_changed: bool,
}

impl Journal {
    /// A year in which nobody was met.
    pub fn new(school_year: SchoolYear) -> Self {
        Self {
            school_year,
            schools: Vec::new(),
            entries: Vec::new(),
            pseudonyms: Vec::new(),
            known: HashMap::new(),
            changes: BTreeMap::new(),
        }
    }

    /// The reporting year.
    pub const fn school_year(&self) -> SchoolYear {
        self.school_year
    }

    /// The schools that its entries name, by position.
    pub fn schools(&self) -> &[String] {
        &self.schools
    }

    /// Starts a pass over the rows of the year.
    pub fn pass(&mut self) -> Pass<'_> {
        Pass { seen: vec![false; self.entries.len()], journal: self, has_changed: false }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The changes of a program, by entry; entries past the end have none.
    pub(super) fn changes(&self, program: &ProgramId) -> &[Changes] {
        self.changes.get(program).map_or(&[], Vec::as_slice)
    }

    /// The changes of a program, one an entry.
    pub(super) fn changes_mut(&mut self, program: &ProgramId) -> &mut [Changes] {
        let changes = self.changes.entry(program.clone()).or_default();
        changes.resize(self.entries.len(), Changes::NONE);
        changes
    }
}

impl Pass<'_> {
    /// The position of a school, for [`Pass::contact`].
    pub fn school(&mut self, id: &str) -> u32 {
        let schools = &mut self.journal.schools;
        let known = schools.iter().position(|school| school == id);
        known.unwrap_or_else(|| {
            schools.push(id.to_owned());
            schools.len() - 1
        }) as u32
    }

    /// The entry of a row's student, made with these cells if the student is
    /// new; `None` where the row is not counted: a second row of a student in
    /// this pass, or one without an id.
    pub fn contact(&mut self, student: Student, school: u32, cells: Cells) -> Option<u32> {
        let ids = [student.statewide, student.local].into_iter().flatten();
        let known = ids.clone().find_map(|id| self.journal.known.get(&id).copied());
        let entry = if let Some(entry) = known {
            entry
        } else {
            ids.clone().next()?;
            self.journal.entries.push(Entry { school, cells });
            self.seen.push(false);
            self.has_changed = true;
            (self.journal.entries.len() - 1) as u32
        };
        for id in ids {
            // What is known stays: an id is never moved to another entry.
            if let Vacant(place) = self.journal.known.entry(id) {
                place.insert(entry);
                self.journal.pseudonyms.push((id, entry));
                self.has_changed = true;
            }
        }
        let seen = &mut self.seen[entry as usize];
        (!std::mem::replace(seen, true)).then_some(entry)
    }

    /// Whether the pass met a student, or an id of one, for the first time.
    pub const fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl Changes {
    /// A student who was never in.
    pub(super) const NONE: Self = Self([u8::MAX; 2]);

    /// The steps, in order.
    pub(super) fn steps(self) -> impl Iterator<Item = u32> {
        self.0.into_iter().take_while(|step| *step != u8::MAX).map(u32::from)
    }

    /// Whether the student counts as in after every change so far.
    pub(super) fn is_in(self) -> bool {
        self.steps().count() == 1
    }

    /// Adds a change at a step, if one is left of `most`.
    pub(super) fn push(&mut self, step: u8, most: u32) -> bool {
        let so_far = self.steps().count();
        let place = self.0.get_mut(so_far).filter(|_| so_far < most as usize);
        place.map(|place| *place = step).is_some()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("school_year", &self.school_year).finish_non_exhaustive()
    }
}

impl fmt::Debug for Student {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Student")
    }
}

impl fmt::Debug for Pass<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
