//! The schools that a district may report for, and what is wrong with rows of
//! any other.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::{directory::Directory, names::MemberId, units::SchoolYear};

use super::problem::Severity;

/// Fewest characters of a school's id that name it: a state's own code of a
/// school is the end of its longer ids (a CDS code's last seven digits).
const SHORTEST_ENDING: usize = 7;

/// The schools that a district may report for.
#[derive(Clone, Debug)]
pub struct Schools {
    year: SchoolYear,
    ours: BTreeSet<String>,
    others: BTreeMap<String, MemberId>,
}

impl Schools {
    /// The member's schools in the directory, and who reports for the others.
    pub fn new(directory: &Directory, member: &MemberId) -> Self {
        let (ours, others): (Vec<_>, Vec<_>) =
            directory.schools.iter().partition(|school| school.lea == *member);
        Self {
            year: directory.school_year,
            ours: ours.iter().map(|school| school.id.to_string()).collect(),
            others: others
                .iter()
                .map(|school| (school.id.to_string(), school.lea.clone()))
                .collect(),
        }
    }

    /// Whether the district reports for the school.
    pub(super) fn is_ours(&self, id: &str) -> bool {
        self.ours.contains(id)
    }

    /// The district's school with this id, or the only one whose id ends in
    /// it, with the zeros in front that a spreadsheet takes away; `None` where
    /// there is no one school.
    pub(super) fn resolve(&self, id: &str) -> Option<&str> {
        if let Some(known) = self.ours.get(id) {
            return Some(known);
        }
        let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        if id.len() < SHORTEST_ENDING && !is_number {
            return None;
        }
        let id = format!("{id:0>SHORTEST_ENDING$}");
        let mut ending = self.ours.iter().filter(|known| known.ends_with(&id));
        let found = ending.next()?;
        ending.next().is_none().then_some(found)
    }

    /// What is wrong with rows of a school, and what to do; `None` for the
    /// district's own.
    pub(super) fn fault(
        &self,
        year: SchoolYear,
        id: &str,
    ) -> Option<(Severity, String, &'static str)> {
        if id.is_empty() || self.is_ours(id) {
            return None;
        }
        if let Some(member) = self.others.get(id) {
            let what = format!("is a school that {member} reports for");
            let remedy = "leave its rows out, or ask the hub to correct the directory";
            return Some((Severity::Fatal, what, remedy));
        }
        if year == self.year {
            let remedy = "correct the id, or ask the hub to add the school to the directory";
            return Some((Severity::Fatal, "is not in the directory".to_owned(), remedy));
        }
        let what = format!("is not in the directory of {}", self.year);
        let remedy = "rows of other years are kept for prior scores only";
        Some((Severity::Notice, what, remedy))
    }
}
