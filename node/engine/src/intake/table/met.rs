//! The schools that tables name, as positions among those met.

use std::collections::HashMap;

use peerlight_proto::units::SchoolYear;

use crate::intake::{Schools, problem::Severity};

/// Schools met so far.
pub(super) struct SchoolsMet {
    schools: Schools,
    ids: Vec<String>,
    positions: HashMap<Box<str>, Option<u32>>,
}

impl SchoolsMet {
    /// None met yet.
    pub(super) fn new(schools: Schools) -> Self {
        Self { schools, ids: Vec::new(), positions: HashMap::new() }
    }

    /// Ids of those met, as the directory has them, by position.
    pub(super) const fn ids(&self) -> &Vec<String> {
        &self.ids
    }

    /// The position of a school; none where the district does not report for
    /// it.
    pub(super) fn position(&mut self, id: &str) -> Option<u32> {
        match self.positions.get(id) {
            Some(position) => *position,
            None => self.meet(id),
        }
    }

    /// What is wrong with rows of a school, and what to do.
    pub(super) fn fault(
        &self,
        year: SchoolYear,
        id: &str,
    ) -> Option<(Severity, String, &'static str)> {
        self.schools.fault(year, id)
    }

    fn meet(&mut self, id: &str) -> Option<u32> {
        let position = self.schools.resolve(id).map(|known| {
            self.ids.iter().position(|held| held == known).unwrap_or_else(|| {
                self.ids.push(known.to_owned());
                self.ids.len() - 1
            }) as u32
        });
        self.positions.insert(id.into(), position);
        position
    }
}
