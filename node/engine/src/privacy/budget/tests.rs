//! Tests of the year's budget: nothing twice, nothing beyond, nothing unpaid.

use proptest::prelude::*;

use peerlight_proto::layout::release_layout;

use super::*;
use crate::privacy::sample;

#[test]
fn the_shipped_year_fits_its_budget_and_nothing_is_charged_twice() {
    let (layouts, budget) = sample::year();
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    for layout in &layouts {
        let charge = ledger.charge(layout, sample::UNDER).unwrap();
        assert!(charge.pays_for(layout));
        assert!(matches!(
            ledger.charge(layout, sample::UNDER),
            Err(Refused::AlreadyCharged { .. })
        ));
    }
    for grade in Grade::all() {
        let paid: PicoRho = layouts
            .iter()
            .filter(|layout| layout.grades.contains(grade))
            .map(ReleaseLayout::pico_rho)
            .sum();
        assert_eq!(ledger.left(grade), budget.minus(paid), "grade {grade}");
        assert!(paid <= budget, "grade {grade}");
    }
}

#[test]
fn a_budget_is_spent_to_the_last_unit_and_not_beyond() {
    let (layouts, _) = sample::year();
    let layout = &layouts[0];
    let exactly = YearLedger::new(sample::school_year(), layout.pico_rho());
    let mut ledger = exactly.clone();
    ledger.charge(layout, sample::UNDER).unwrap();
    assert!(layout.grades.iter().all(|grade| ledger.left(grade) == PicoRho(0)));

    let short = PicoRho(layout.pico_rho().0 - 1);
    let mut ledger = YearLedger::new(sample::school_year(), short);
    let Err(Refused::Overdrawn(overdrawn)) = ledger.charge(layout, sample::UNDER) else {
        panic!("one unit too little was enough");
    };
    assert_eq!((overdrawn.asked, overdrawn.left), (layout.pico_rho(), short));
    assert!(Grade::all().all(|grade| ledger.left(grade) == short), "a refusal spends nothing");
    assert!(overdrawn.to_string().contains("cannot be released this year"));
}

#[test]
fn grades_that_a_program_does_not_count_pay_nothing() {
    let (layouts, budget) = sample::year();
    let eighth = layouts.iter().find(|layout| layout.grades.iter().count() == 1).unwrap();
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    ledger.charge(eighth, sample::UNDER).unwrap();
    for grade in Grade::all() {
        assert_eq!(ledger.left(grade) < budget, eighth.grades.contains(grade), "{grade}");
    }
}

#[test]
fn a_layout_that_understates_its_price_is_not_charged() {
    let (layouts, budget) = sample::year();
    for spoil in [
        |layout: &mut ReleaseLayout| layout.blocks[0].pico_rho.0 -= 1,
        |layout: &mut ReleaseLayout| layout.blocks[0].l2_squared = 0,
        |layout: &mut ReleaseLayout| layout.blocks[0].sigma.0 -= 1,
        |layout: &mut ReleaseLayout| layout.blocks[0].sigma.0 = 0,
        |layout: &mut ReleaseLayout| layout.grades = GradeSet::default(),
        |layout: &mut ReleaseLayout| layout.blocks.clear(),
    ] {
        let mut layout = layouts[0].clone();
        spoil(&mut layout);
        let refused = YearLedger::new(sample::school_year(), budget).charge(&layout, sample::UNDER);
        assert!(matches!(refused, Err(Refused::Unsound(_))), "{layout:?}");
    }
}

proptest! {
    #[test]
    fn no_order_of_charges_overdraws_a_grade(
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        thousandths in 1_u64..1000,
    ) {
        let (layouts, budget) = sample::year();
        let budget = PicoRho(budget.0 / 1000 * thousandths);
        let mut ledger = YearLedger::new(sample::school_year(), budget);
        let mut paid = [0_u64; Grade::COUNT];
        for index in order {
            let layout = index.get(&layouts);
            if let Ok(charge) = ledger.charge(layout, sample::UNDER) {
                charge.grades().iter().for_each(|g| paid[g.index()] += charge.pico_rho().0);
            }
        }
        for grade in Grade::all() {
            prop_assert!(paid[grade.index()] <= budget.0);
            prop_assert_eq!(ledger.left(grade).0, budget.0 - paid[grade.index()]);
        }
    }
}

fn from_reserve(period: &str) -> ReleaseLayout {
    let (charter, directory, member) = (sample::charter(), sample::directory(), sample::member());
    let program = "suspension".parse().unwrap();
    release_layout(&charter, &directory, &member, &program, &period.parse().unwrap()).unwrap()
}

#[test]
fn the_reserve_pays_for_so_many_corrections_of_what_was_released() {
    let (_, budget) = sample::year();
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    let fault = |ledger: &mut YearLedger, period| {
        let refused = ledger.charge(&from_reserve(period), sample::UNDER).unwrap_err();
        let Refused::Reserve { fault, .. } = refused else { panic!("{refused}") };
        fault
    };
    assert_eq!(fault(&mut ledger, "annual.correction-1"), ReserveFault::NothingToCorrect);
    ledger.charge(&from_reserve("annual"), sample::UNDER).unwrap();
    for number in 1..=3 {
        let layout = from_reserve(&format!("annual.correction-{number}"));
        assert_eq!(ledger.from_reserve(None), number - 1);
        ledger.charge(&layout, sample::UNDER).unwrap();
    }
    assert_eq!(fault(&mut ledger, "annual.correction-4"), ReserveFault::Spent { releases: 3 });
}

#[test]
fn the_question_is_one_of_the_reserves_releases() {
    let mut charter = sample::charter();
    let suspension = "suspension".parse().unwrap();
    let mut question = charter.program(&suspension).unwrap().clone();
    question.id = "question".parse().unwrap();
    (question.share, question.from_reserve) = (0, true);
    charter.policy.programs.push(question.clone());
    let (directory, member) = (sample::directory(), sample::member());
    let layout = |program, period: &str| {
        release_layout(&charter, &directory, &member, program, &period.parse().unwrap()).unwrap()
    };
    let (_, budget) = sample::year();
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    let mut charge = |layout| ledger.charge(&layout, sample::UNDER).map(|_| ());
    charge(layout(&suspension, "annual")).unwrap();
    charge(layout(&suspension, "annual.correction-1")).unwrap();
    charge(layout(&question.id, "annual")).unwrap();
    charge(layout(&suspension, "annual.correction-2")).unwrap();
    let refused = charge(layout(&suspension, "annual.correction-3")).unwrap_err().to_string();
    assert!(refused.contains("pays for 3 releases a year"), "{refused}");
}

#[test]
fn a_year_with_its_whole_reserve_spent_fits_the_budget() {
    let (layouts, budget) = sample::year();
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    // The reserve first: nothing planned may be short of budget for it.
    ledger.charge(&from_reserve("annual"), sample::UNDER).unwrap();
    for number in 1..=3 {
        let layout = from_reserve(&format!("annual.correction-{number}"));
        ledger.charge(&layout, sample::UNDER).unwrap();
    }
    for layout in layouts.iter().filter(|layout| layout.program.as_str() != "suspension") {
        ledger.charge(layout, sample::UNDER).unwrap();
    }
}
