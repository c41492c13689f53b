//! Which step of a running count may be drawn: the next one, under the
//! documents of the first, which paid for all of them.
//!
//! Looks at the ledger's entries alone; draws and spends nothing.

use peerlight_proto::{
    layout::{ReleaseLayout, cost},
    units::PicoRho,
};

use super::charged::{Charged, Under};

/// Why a step of a running count is not charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepFault {
    /// The first step of a program that was released this year already.
    #[error("the program was released this year already, and a running count starts once a year")]
    Started,
    /// A step whose predecessor was not drawn, or which comes after a later one.
    #[error("steps are drawn in order, and the one before it was not drawn")]
    OutOfOrder,
    /// The steps before it were drawn under another charter or directory.
    #[error("it goes on under the charter and directory that it was started under, no others")]
    OtherDocuments,
    /// The first step paid less than the whole, or for other grades.
    #[error("its first step did not pay for all of its steps and grades")]
    NotPaid,
    /// A layout whose blocks are of different steps or streams.
    #[error("its margins are not all of the same step: update this program")]
    Mixed,
}

/// Whether a step follows from what was charged for its program before.
pub(super) fn check(
    layout: &ReleaseLayout,
    step: u32,
    before: &[Charged],
    under: Under,
) -> Result<(), StepFault> {
    let quantity = layout.blocks.first().map(|block| &block.quantity);
    if layout.blocks.iter().any(|block| Some(&block.quantity) != quantity) {
        return Err(StepFault::Mixed);
    }
    let Some(first) = before.first() else {
        return if step == 0 { Ok(()) } else { Err(StepFault::OutOfOrder) };
    };
    if step == 0 {
        return Err(StepFault::Started);
    }
    if before.iter().any(|charged| charged.under != under) {
        return Err(StepFault::OtherDocuments);
    }
    if before.len() != step as usize {
        return Err(StepFault::OutOfOrder);
    }
    if first.grades != layout.grades || first.pico_rho < whole_price(layout) {
        return Err(StepFault::NotPaid);
    }
    Ok(())
}

/// What all steps of a running count cost together.
fn whole_price(layout: &ReleaseLayout) -> PicoRho {
    layout.blocks.iter().map(|block| cost(block.l2_squared, block.sigma)).sum()
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{
        layout::Quantity,
        units::{ContentHash, Grade},
    };

    use super::*;
    use crate::privacy::{
        budget::{Refused, YearLedger},
        sample,
    };

    const OTHER: Under = Under { charter_hash: ContentHash([9; 32]), ..sample::UNDER };

    fn fault(refused: Result<impl Sized, Refused>) -> Option<StepFault> {
        match refused.err()? {
            Refused::Step { fault, .. } => Some(fault),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn steps_are_paid_for_once_and_drawn_in_order() {
        let (steps, budget) = sample::stream(10, 2);
        let mut ledger = YearLedger::new(sample::school_year(), budget);
        assert_eq!(fault(ledger.charge(&steps[1], sample::UNDER)), Some(StepFault::OutOfOrder));
        let grade = Grade::all().next().unwrap();
        assert_eq!(ledger.left(grade), budget, "a refusal spends nothing");
        ledger.charge(&steps[0], sample::UNDER).unwrap();
        let left = ledger.left(grade);
        assert_eq!(left, budget.minus(steps[0].pico_rho()));
        assert_eq!(fault(ledger.charge(&steps[2], sample::UNDER)), Some(StepFault::OutOfOrder));
        for step in &steps[1..] {
            let charge = ledger.charge(step, sample::UNDER).unwrap();
            assert_eq!(charge.pico_rho(), PicoRho(0));
            assert!(charge.pays_for(step));
            let again = ledger.charge(step, sample::UNDER);
            assert!(matches!(again, Err(Refused::AlreadyCharged { .. })));
        }
        assert_eq!(ledger.left(grade), left);
    }

    #[test]
    fn a_step_under_other_documents_or_grades_is_refused() {
        let (steps, budget) = sample::stream(10, 1);
        let mut ledger = YearLedger::new(sample::school_year(), budget);
        ledger.charge(&steps[0], sample::UNDER).unwrap();
        assert_eq!(fault(ledger.charge(&steps[1], OTHER)), Some(StepFault::OtherDocuments));
        let mut fewer = steps[1].clone();
        fewer.grades = fewer.grades.iter().skip(1).collect();
        assert_eq!(fault(ledger.charge(&fewer, sample::UNDER)), Some(StepFault::NotPaid));
        let mut cheaper = steps[1].clone();
        cheaper.blocks[0].sigma.0 -= 1;
        assert_eq!(fault(ledger.charge(&cheaper, sample::UNDER)), Some(StepFault::NotPaid));
        ledger.charge(&steps[1], sample::UNDER).unwrap();
    }

    #[test]
    fn a_program_that_was_released_before_starts_no_running_count() {
        let (steps, budget) = sample::stream(10, 1);
        let mut ledger = YearLedger::new(sample::school_year(), budget);
        ledger.charge(&steps[0], OTHER).unwrap();
        let mut renamed = steps[0].clone();
        renamed.period = "other".parse().unwrap();
        assert_eq!(fault(ledger.charge(&renamed, sample::UNDER)), Some(StepFault::Started));
    }

    #[test]
    fn a_layout_that_smuggles_an_unpaid_margin_into_a_step_is_refused() {
        let (steps, budget) = sample::stream(10, 1);
        let mut mixed = steps[0].clone();
        mixed.blocks[1] = steps[1].blocks[1].clone();
        assert!(matches!(mixed.blocks[1].quantity, Quantity::Running { step: 1, .. }));
        let mut ledger = YearLedger::new(sample::school_year(), budget);
        assert_eq!(fault(ledger.charge(&mixed, sample::UNDER)), Some(StepFault::Mixed));
    }

    #[test]
    fn a_ledger_that_was_read_back_goes_on_where_it_stopped() {
        use std::num::NonZeroUsize;

        use crate::privacy::{
            chain::Entry, exact::ExactRelease, noise::Zero, release::NoisyRelease,
        };
        let (steps, budget) = sample::stream(4, 2);
        let mut entries: Vec<Entry> = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            let year = sample::school_year();
            let mut ledger = YearLedger::from_entries(year, budget, &entries);
            let charge = ledger.charge(step, sample::UNDER).unwrap();
            let zeros = step.blocks.iter().map(|block| vec![0; block.cells()]).collect();
            let exact = ExactRelease::from_blocks(zeros);
            let one = NonZeroUsize::MIN;
            let noisy = NoisyRelease::draw_with(&Zero, exact, step, charge, one).unwrap();
            let id = format!("r{number}").parse().unwrap();
            let posting = noisy.posting(id, peerlight_proto::units::UnixSeconds(7));
            entries.push(Entry::after(entries.last(), posting));
        }
        assert_eq!(entries.iter().filter(|entry| entry.pico_rho == PicoRho(0)).count(), 3);
    }
}
