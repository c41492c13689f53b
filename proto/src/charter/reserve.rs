//! The reserve: what a charter keeps back of the year's budget for releases
//! that nobody could plan. A district corrects what it released from bad
//! records; the consortium asks one question that came up during the year.
//!
//! A correction is a release of its own, with noise and a price of its own, of
//! the program it corrects. Its period says so: `annual.correction-1`. It never
//! changes or takes back what was released before.

use serde::{Deserialize, Serialize};

use super::{Charter, CharterError, Period, Program, ProgramKind};
use crate::names::{PeriodId, ProgramId};

/// What stands between a period and the number of its correction.
const MARK: &str = ".correction-";

/// Longest id of a calendar's period that leaves room for a correction's.
pub(super) const LONGEST_PERIOD: usize = 48;

/// The part of every grade's year that is kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// Its part of the year's rho, in ten-thousandths.
    pub share: u32,
    /// How many releases it pays for in a year, each an equal part of it.
    pub releases: u32,
}

/// A period that corrects another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The calendar's period that is corrected.
    pub period: PeriodId,
    /// Which correction of it, from 1.
    pub number: u32,
}

impl Correction {
    /// Reads a period's id; `None` for a period of a calendar.
    pub fn of(id: &PeriodId) -> Option<Self> {
        let (period, number) = id.as_str().split_once(MARK)?;
        let correction = Self { period: PeriodId::new(period).ok()?, number: number.parse().ok()? };
        // One spelling for each: "+1" and "01" are none.
        (correction.number > 0 && correction.id() == *id).then_some(correction)
    }

    /// Its own period's id.
    ///
    /// # Panics
    /// Where the corrected period's id is longer than a charter's may be.
    pub fn id(&self) -> PeriodId {
        PeriodId::new(format!("{}{MARK}{}", self.period, self.number))
            .expect("a charter's periods leave room for it")
    }
}

/// What pays for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payer {
    /// The program's own share.
    Share,
    /// The reserve.
    Reserve(Reserve),
}

/// Why the reserve does not pay for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReserved {
    /// The charter keeps nothing back.
    #[error("the charter keeps no reserve")]
    NoReserve,
    /// A running total corrects itself.
    #[error("a running total corrects itself: its next period takes in the records as they are")]
    Running,
    /// The pooled growth tables were made from it.
    #[error("the network's growth tables were made from it and stay as they are")]
    Pooled,
}

impl Program {
    /// The calendar's period that a release is about: its own, or the one that
    /// it corrects.
    pub fn period_of(&self, id: &PeriodId) -> Option<&Period> {
        match Correction::of(id) {
            Some(correction) => self.period(&correction.period),
            None => self.period(id),
        }
    }
}

impl Charter {
    /// The program that is the consortium's one question, if there is one.
    pub fn question(&self) -> Option<&ProgramId> {
        let found = self.policy.programs.iter().find(|program| program.from_reserve);
        found.map(|program| &program.id)
    }

    /// The reserve pays for whole releases, and for one question.
    pub(super) fn check_reserve(&self) -> Result<(), CharterError> {
        let reserve = self.policy.reserve;
        let sound = reserve.is_none_or(|reserve| reserve.share > 0 && reserve.releases > 0);
        let mut questions = self.policy.programs.iter().filter(|program| program.from_reserve);
        let question = questions.next();
        let fits = question.is_none_or(|program| {
            reserve.is_some() && program.continual.is_none() && program.periods.len() == 1
        });
        if sound && fits && questions.next().is_none() {
            return Ok(());
        }
        Err(CharterError::Reference {
            what: "reserve",
            name: question.map_or_else(String::new, |program| program.id.to_string()),
            problem: "needs a share and at least one release; it pays for one question a year, a \
                      program of one period that is no running count",
        })
    }

    /// What pays for a release of a program.
    pub(crate) fn payer(&self, program: &Program, id: &PeriodId) -> Result<Payer, NotReserved> {
        let is_correction = Correction::of(id).is_some();
        if !is_correction && !program.from_reserve {
            return Ok(Payer::Share);
        }
        if is_correction && program.continual.is_some() {
            return Err(NotReserved::Running);
        }
        if is_correction && matches!(program.kind, ProgramKind::GrowthHistogram { .. }) {
            return Err(NotReserved::Pooled);
        }
        self.policy.reserve.map(Payer::Reserve).ok_or(NotReserved::NoReserve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(id: &str) -> PeriodId {
        id.parse().unwrap()
    }

    #[test]
    fn a_correction_is_read_in_one_spelling() {
        let second = Correction { period: period("annual"), number: 2 };
        assert_eq!(second.id(), period("annual.correction-2"));
        assert_eq!(Correction::of(&second.id()), Some(second));
        for other in ["annual", "annual.correction-", "annual.correction-0", "annual.correction-02"]
        {
            assert_eq!(Correction::of(&period(other)), None, "{other}");
        }
        let nested = period("annual.correction-1.correction-1");
        assert_eq!(Correction::of(&nested), None);
    }
}
