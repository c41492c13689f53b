//! Steps of a running count, made from the contribution journal: who came in
//! or left since the step before, and the exact row of the stream.
//!
//! ```text
//! who has the status now ──observe──▶ changes in the journal ──row──▶ u_t, exact
//! ```
//!
//! # Privacy
//!
//! Unit, adjacency and sensitivity are the journal's: see [`super::journal`].
//! A student who is gone counts as one without the status. Whatever is
//! observed, an entry adds a column of the stream's integer factor when it
//! comes in and takes one away when it leaves, to the same cells, and then
//! never changes again.

use peerlight_proto::{continual::Stream, group::StudentGroup, layout::ReleaseLayout};

use super::{exact::ExactRelease, journal::Journal};

/// A change is in the journal that belongs to a step not drawn yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the contribution journal is ahead of the ledger at step {}: restore both, with the keys, \
     from the same newest backup", step + 1
)]
pub struct Ahead {
    /// The step that was to be observed, from 0.
    pub step: u32,
}

/// Notes in the journal who has the status at a layout's step, `holders` being
/// entries; whether anything changed. A layout that is of no stream changes
/// nothing.
pub fn observe(
    journal: &mut Journal,
    layout: &ReleaseLayout,
    holders: &[u32],
) -> Result<bool, Ahead> {
    let Some((Stream { changes: most, .. }, step)) = layout.step() else { return Ok(false) };
    let at = u8::try_from(step).map_err(|_| Ahead { step })?;
    let before = journal.changes(&layout.program);
    if before.iter().any(|changes| changes.steps().any(|changed| changed >= step)) {
        return Err(Ahead { step });
    }
    let mut has_status = vec![false; journal.entries().len()];
    for holder in holders {
        if let Some(has_status) = has_status.get_mut(*holder as usize) {
            *has_status = true;
        }
    }
    let mut any = false;
    for (changes, has_status) in journal.changes_mut(&layout.program).iter_mut().zip(has_status) {
        if changes.is_in() != has_status {
            any |= changes.push(at, most);
        }
    }
    Ok(any)
}

/// The exact integers of a step, from the changes up to it; `None` for a
/// layout that is of no stream.
pub fn row(journal: &Journal, layout: &ReleaseLayout) -> Option<ExactRelease> {
    let (stream, step) = layout.step()?;
    let column = stream.coefficients();
    let mut blocks: Vec<Vec<i64>> =
        layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
    // Where each of the journal's schools is in the layout.
    let listed = layout.blocks.iter().find(|block| block.margin.is_by_school());
    let units: Vec<Option<usize>> = journal
        .schools()
        .iter()
        .map(|id| listed.map_or(Some(0), |it| it.schools.iter().position(|at| at.as_str() == id)))
        .collect();
    for (entry, changes) in journal.entries().iter().zip(journal.changes(&layout.program)) {
        let signs = [1, -1].into_iter().zip(changes.steps());
        let added: i64 = signs
            .filter(|(_, changed)| *changed <= step)
            .map(|(sign, changed)| sign * column[(step - changed) as usize])
            .sum();
        let is_of_grade = entry.cells.grade().is_some_and(|grade| layout.grades.contains(grade));
        let (Some(unit), true) = (units[entry.school as usize], added != 0 && is_of_grade) else {
            continue;
        };
        let groups: Vec<StudentGroup> = entry.cells.groups().collect();
        for (values, block) in blocks.iter_mut().zip(&layout.blocks) {
            let unit = if block.margin.is_by_school() { unit } else { 0 };
            for (position, group) in block.groups.iter().enumerate() {
                if groups.contains(group) {
                    values[block.position(unit, position)] += added;
                }
            }
        }
    }
    Some(ExactRelease::from_blocks(blocks))
}

#[cfg(test)]
mod tests;
