//! The year's budget by grade, and the charge that a release must carry.
//!
//! A student has one grade in a reporting year, so programs of different
//! grades are parallel: a charge names its grades, and each grade's ledger
//! adds up the charges that touch it. No grade may pass the year's rho. All
//! integers; nothing here looks at data.
//!
//! The reserve is a part of the year that corrections and one question may
//! spend, at most so many times: see [`ReserveFault`].
//!
//! A running count is paid for at its first step, for all of them. A later
//! step is charged nothing, and only if that payment is there: see
//! [`StepFault`].

use std::collections::BTreeMap;

use peerlight_proto::{
    charter::Correction,
    layout::ReleaseLayout,
    names::{PeriodId, ProgramId},
    units::{Grade, GradeSet, PicoRho, SchoolYear},
};

pub use super::charged::Under;
use super::{
    chain::Entry,
    charged::Charged,
    reserve::{self, ReserveFault},
    sensitivity::{self, Unsound},
    step::{self, StepFault},
};

/// A release would cost more than a grade has left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "release {program} {period} costs {asked}, but grade {grade} has only {left} left of its \
     {budget} for {school_year}: it cannot be released this year"
)]
pub struct Overdrawn {
    /// The program that asked.
    pub program: ProgramId,
    /// Its period.
    pub period: PeriodId,
    /// The reporting year.
    pub school_year: SchoolYear,
    /// The grade with the least left.
    pub grade: Grade,
    /// What the release would cost.
    pub asked: PicoRho,
    /// What that grade has left.
    pub left: PicoRho,
    /// What a grade has in a year.
    pub budget: PicoRho,
}

/// Why a charge is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The budget would be passed.
    #[error(transparent)]
    Overdrawn(#[from] Overdrawn),
    /// The program's period was charged already; its noise is drawn only once.
    #[error("{program} {period} of {school_year} was charged already: its noise is drawn once")]
    AlreadyCharged {
        /// The program.
        program: ProgramId,
        /// Its period.
        period: PeriodId,
        /// The reporting year.
        school_year: SchoolYear,
    },
    /// The layout states less than its noise costs.
    #[error(transparent)]
    Unsound(#[from] Unsound),
    /// A release that the reserve does not pay for.
    #[error("{program} {period} is not released: {fault}")]
    Reserve {
        /// The program.
        program: ProgramId,
        /// Its period.
        period: PeriodId,
        /// Why not.
        fault: ReserveFault,
    },
    /// A step of a running count that does not follow from those before it.
    #[error("step {} of {program} is not released: {fault}", step + 1)]
    Step {
        /// The program.
        program: ProgramId,
        /// The step, from 0.
        step: u32,
        /// What does not follow.
        fault: StepFault,
    },
}

/// Permission to draw the noise of one release, once. Made only by
/// [`YearLedger::charge`]; neither copied nor cloned; used up by the draw.
#[derive(Debug)]
pub struct Charge {
    school_year: SchoolYear,
    program: ProgramId,
    period: PeriodId,
    grades: GradeSet,
    pico_rho: PicoRho,
    under: Under,
}

impl Charge {
    /// The reporting year that pays.
    pub const fn school_year(&self) -> SchoolYear {
        self.school_year
    }

    /// The program it is for.
    pub const fn program(&self) -> &ProgramId {
        &self.program
    }

    /// The period it is for.
    pub const fn period(&self) -> &PeriodId {
        &self.period
    }

    /// The grades that pay.
    pub const fn grades(&self) -> GradeSet {
        self.grades
    }

    /// What each of them pays.
    pub const fn pico_rho(&self) -> PicoRho {
        self.pico_rho
    }

    /// Charter and directory it was charged under.
    pub const fn under(&self) -> Under {
        self.under
    }

    /// Whether it is for exactly this release.
    pub(super) fn pays_for(&self, layout: &ReleaseLayout) -> bool {
        self.program == layout.program
            && self.period == layout.period
            && self.grades == layout.grades
            && self.pico_rho == layout.pico_rho()
    }
}

/// What every grade of one reporting year has spent.
#[derive(Clone, Debug)]
pub struct YearLedger {
    school_year: SchoolYear,
    budget: PicoRho,
    spent: [PicoRho; Grade::COUNT],
    /// By program, in the order in which they were charged.
    charged: BTreeMap<ProgramId, Vec<Charged>>,
}

impl YearLedger {
    /// A year in which nothing was spent.
    pub const fn new(school_year: SchoolYear, budget: PicoRho) -> Self {
        Self { school_year, budget, spent: [PicoRho(0); Grade::COUNT], charged: BTreeMap::new() }
    }

    /// A year as its ledger entries left it; entries of other years are passed
    /// over. A budget lower than what was spent leaves nothing.
    pub fn from_entries<'a>(
        school_year: SchoolYear,
        budget: PicoRho,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Self {
        let mut ledger = Self::new(school_year, budget);
        for entry in entries.into_iter().filter(|entry| entry.school_year == school_year) {
            let under =
                Under { charter_hash: entry.charter_hash, directory_hash: entry.directory_hash };
            let (period, grades, pico_rho) = (entry.period.clone(), entry.grades, entry.pico_rho);
            ledger.record(entry.program.clone(), Charged { period, grades, pico_rho, under });
        }
        ledger
    }

    /// The reporting year.
    pub const fn school_year(&self) -> SchoolYear {
        self.school_year
    }

    /// What a grade has in the whole year.
    pub const fn budget(&self) -> PicoRho {
        self.budget
    }

    /// What a grade has left.
    #[must_use]
    pub const fn left(&self, grade: Grade) -> PicoRho {
        self.budget.minus(self.spent[grade.index()])
    }

    /// What every grade has left, lowest grade first.
    pub fn left_by_grade(&self) -> BTreeMap<Grade, PicoRho> {
        Grade::all().map(|grade| (grade, self.left(grade))).collect()
    }

    /// Charges a release to its grades, or refuses and changes nothing.
    ///
    /// A later step of a running count costs nothing more; it is charged only
    /// if the steps before it are all in the ledger, under the same documents,
    /// and the first paid for the whole of it.
    pub fn charge(&mut self, layout: &ReleaseLayout, under: Under) -> Result<Charge, Refused> {
        sensitivity::check_price(layout)?;
        let (program, period) = (layout.program.clone(), layout.period.clone());
        let before = self.charged.get(&program).map_or(&[][..], Vec::as_slice);
        if before.iter().any(|charged| charged.period == period) {
            let school_year = self.school_year;
            return Err(Refused::AlreadyCharged { program, period, school_year });
        }
        if let Some((_, step)) = layout.step() {
            step::check(layout, step, before, under).map_err(|fault| Refused::Step {
                program: program.clone(),
                step,
                fault,
            })?;
        }
        if let Err(fault) = reserve::check(layout, before, |it| self.from_reserve(it)) {
            return Err(Refused::Reserve { program, period, fault });
        }
        let asked = layout.pico_rho();
        if let Some(grade) = layout.grades.iter().min_by_key(|grade| self.left(*grade)) {
            let left = self.left(grade);
            if asked > left {
                let (school_year, budget) = (self.school_year, self.budget);
                let overdrawn =
                    Overdrawn { program, period, school_year, grade, asked, left, budget };
                return Err(overdrawn.into());
            }
        }
        let grades = layout.grades;
        let charged = Charged { period: period.clone(), grades, pico_rho: asked, under };
        self.record(program.clone(), charged);
        let school_year = self.school_year;
        Ok(Charge { school_year, program, period, grades, pico_rho: asked, under })
    }

    /// How many of the year's releases the reserve paid for: every correction,
    /// and every release of the consortium's question.
    pub fn from_reserve(&self, question: Option<&ProgramId>) -> usize {
        let of_program = self.charged.iter().map(|(program, charged)| {
            let is_question = Some(program) == question;
            charged.iter().filter(|it| is_question || Correction::of(&it.period).is_some()).count()
        });
        of_program.sum()
    }

    fn record(&mut self, program: ProgramId, charged: Charged) {
        self.spend(charged.grades, charged.pico_rho);
        self.charged.entry(program).or_default().push(charged);
    }

    fn spend(&mut self, grades: GradeSet, cost: PicoRho) {
        for grade in grades.iter() {
            let spent = &mut self.spent[grade.index()];
            *spent = spent.checked_add(cost).unwrap_or(PicoRho(u64::MAX));
        }
    }
}

#[cfg(test)]
mod tests;
