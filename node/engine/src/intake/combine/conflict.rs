//! Where two sources tell a column of a student differently: counted by column
//! and pair of sources; no value is kept.

use std::collections::BTreeMap;

use super::{
    super::problem::{PLACES, Place, Problem, ProblemGroup, Problems, Severity},
    Part,
};
use crate::student::Column;

/// Every disagreement, by column, part that is believed and other part.
#[derive(Default)]
pub(super) struct Conflicts(BTreeMap<(Column, usize, usize), (u64, Vec<Place>)>);

impl Conflicts {
    /// Notes one more; `place` is where the value that is not taken stands.
    pub(super) fn add(
        &mut self,
        column: Column,
        taken: usize,
        other: usize,
        place: impl FnOnce() -> Place,
    ) {
        let (count, places) = self.0.entry((column, taken, other)).or_default();
        *count += 1;
        if places.len() < PLACES {
            places.push(place());
        }
    }

    /// Says them.
    pub(super) fn tell(self, parts: &[Part<'_>], problems: &mut Problems) {
        for ((column, taken, other), (count, first)) in self.0 {
            let (taken, other) = (parts[taken].source, parts[other].source);
            let what = format!("is not the same in {taken} and {other}: that of {taken} is taken");
            let remedy = "correct the source that is wrong, or name the one to believe in \
                          column_precedence of node.toml";
            let problem = Problem::new(Severity::Notice, Some(column), &what, remedy);
            problems.add_group(ProblemGroup { problem, count, first });
        }
    }
}
