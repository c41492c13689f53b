//! The answer to a counting statement, taken in row by row.
//!
//! Nothing is handed on unless every student whom the journal counts was found.

use super::{Frozen, PushdownError};
use crate::measure::{
    kernel::Counter,
    plan::CountPlan,
    tally::{GRADE, SLOTS},
};

/// In place of a school and a group: the row that says how many students were
/// found.
pub(super) const FOUND: i32 = -1;

/// An answer that is coming in.
pub struct Answer<'a> {
    counter: Counter<'a>,
    /// How many students were handed over; none where rows are counted as they
    /// are.
    expected: Option<usize>,
    found: Option<i64>,
}

impl<'a> Answer<'a> {
    /// To a [`Pushdown::statement`](super::Pushdown::statement) of this plan,
    /// asked with these students' cells.
    pub fn to(plan: &'a CountPlan, frozen: Option<&Frozen>) -> Self {
        let expected = frozen.map(|frozen| frozen.keys().len());
        Self { counter: plan.counter(), expected, found: None }
    }

    /// Takes in one row: a school's position, a group's, and their totals. Each
    /// school's group may come once.
    pub fn take(&mut self, school: i32, slot: i32, totals: &[i64]) -> Result<(), PushdownError> {
        if (school, slot) == (FOUND, FOUND) {
            self.found = totals.first().copied();
            return Ok(());
        }
        let counter = &mut self.counter;
        let counts = counter.plan.tallies.counts.len();
        let sums = counter.plan.tallies.sums.len();
        let slot = usize::try_from(slot).ok().filter(|slot| (GRADE..SLOTS).contains(slot));
        let place = usize::try_from(school).ok().and_then(|at| counter.totals.school_mut(at));
        let (Some(slot), Some(place)) = (slot, place) else { return Err(PushdownError::Answer) };
        if totals.len() != counts + sums {
            return Err(PushdownError::Answer);
        }
        let (of_counts, of_sums) = totals.split_at(counts);
        for (count, total) in place.counts[slot * counts..][..counts].iter_mut().zip(of_counts) {
            *count = u32::try_from(*total).map_err(|_| PushdownError::Answer)?;
        }
        for (sums, total) in place.sums.chunks_exact_mut(SLOTS).zip(of_sums) {
            sums[slot] = *total;
        }
        Ok(())
    }

    /// What was counted.
    pub fn finish(self) -> Result<Counter<'a>, PushdownError> {
        let found = self.found.ok_or(PushdownError::Answer)?;
        match self.expected {
            Some(expected) if usize::try_from(found) != Ok(expected) => {
                Err(PushdownError::Students)
            }
            _ => Ok(self.counter),
        }
    }
}

impl std::fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer")
    }
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{
        catalogue::Catalogue,
        charter::{Charter, Policy},
        directory::Directory,
        names::{ConsortiumId, MemberId},
        units::SchoolYear,
    };

    use super::*;
    use crate::{privacy::journal::Journal, student::ColumnSet};

    fn plan() -> CountPlan {
        let school_year = SchoolYear::ending(2026).unwrap();
        let consortium = ConsortiumId::new("test").unwrap();
        let charter = Charter {
            consortium: consortium.clone(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        };
        let directory = Directory {
            consortium,
            number: 1,
            school_year,
            features_source: String::new(),
            schools: Vec::new(),
        };
        let member = MemberId::new("A").unwrap();
        CountPlan::local(&charter, &directory, &member, None, ColumnSet::default()).unwrap()
    }

    fn finished(rows: &[(i32, i32, Vec<i64>)]) -> Result<(), PushdownError> {
        let plan = plan();
        let journal = Journal::new(SchoolYear::ending(2026).unwrap());
        let nobody = Frozen::of(&plan, &journal, &[], |_| String::new());
        let mut answer = Answer::to(&plan, Some(&nobody));
        rows.iter().try_for_each(|(school, slot, totals)| answer.take(*school, *slot, totals))?;
        answer.finish().map(drop)
    }

    #[test]
    fn an_answer_about_other_students_or_another_question_is_not_taken() {
        let said = |found| (FOUND, FOUND, vec![found]);
        assert_eq!(finished(&[said(0)]), Ok(()));
        assert_eq!(finished(&[said(1)]), Err(PushdownError::Students));
        assert_eq!(finished(&[said(-1)]), Err(PushdownError::Students));
        assert_eq!(finished(&[]), Err(PushdownError::Answer), "it was cut short");
        assert_eq!(finished(&[(0, 1, vec![7]), said(0)]), Err(PushdownError::Answer), "no school");
    }
}
