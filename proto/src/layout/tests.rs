//! Tests of layouts: canonical order, noise within its share, and its price.

use super::*;
use crate::{
    catalogue::Catalogue,
    charter::{Correction, Period, Policy},
    names::ConsortiumId,
    units::{Grade, SchoolYear},
};

#[test]
fn the_least_sigma_keeps_the_budget_and_no_smaller_one_does() {
    for l2_squared in [1, 3, 4, 3125 << 32, (200 << 16) * (200 << 16) * 3] {
        for budget in [1_000, 311_060_000_000 / 100, 311_060_000_000] {
            let sigma = least_sigma(l2_squared, PicoRho(budget)).unwrap();
            assert!(cost(l2_squared, sigma) <= PicoRho(budget));
            assert!(cost(l2_squared, Sigma(sigma.0 - 1)) > PicoRho(budget));
        }
    }
}

#[test]
fn cost_is_rho_rounded_up() {
    let sigma = Sigma(10 * Sigma::PER_UNIT);
    assert_eq!(cost(1, sigma), PicoRho(PicoRho::PER_RHO / 200));
    assert_eq!(cost(3, Sigma(7 * Sigma::PER_UNIT)), PicoRho(30_612_244_898));
}

/// One school of every grade under the shipped charter.
fn consortium() -> (Charter, Directory, MemberId) {
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
    let lea = MemberId::new("37").unwrap();
    let school = School {
        id: SchoolId::new("1").unwrap(),
        lea: lea.clone(),
        name: String::new(),
        level: crate::directory::Level::K12,
        school_type: "regular".to_owned(),
        grades: GradeSet::ALL,
        county: None,
        enrollment: Some(500),
        features: std::collections::BTreeMap::new(),
    };
    let directory = Directory {
        consortium,
        number: 1,
        school_year,
        features_source: String::new(),
        schools: vec![school],
    };
    (charter, directory, lea)
}

#[test]
fn a_program_never_costs_more_than_its_share() {
    let (charter, directory, lea) = consortium();
    let year = year_budget(&charter, &directory, &lea);
    let layouts: Vec<_> =
        year_layouts(&charter, &directory, &lea).into_iter().collect::<Result<_, _>>().unwrap();
    for grade in Grade::all() {
        let spent: PicoRho = layouts
            .iter()
            .filter(|layout| layout.grades.contains(grade))
            .map(ReleaseLayout::pico_rho)
            .sum();
        assert!(spent <= year, "grade {grade}");
    }
}

#[test]
fn a_stream_is_paid_for_at_its_first_step() {
    let (mut charter, directory, lea) = consortium();
    let id = ProgramId::new("chronic_absence").unwrap();
    let position = charter.policy.programs.iter().position(|program| program.id == id).unwrap();
    let program = &mut charter.policy.programs[position];
    program.continual = Some(Continual { changes: 2 });
    program.periods = (1..=10)
        .map(|month| Period {
            id: PeriodId::new(format!("month-{month}")).unwrap(),
            due: format!("2026-{month:02}-01"),
        })
        .collect();
    charter.check().unwrap();
    let program = &charter.policy.programs[position];
    let steps: Vec<ReleaseLayout> = program
        .periods
        .iter()
        .map(|period| release_layout(&charter, &directory, &lea, &id, &period.id).unwrap())
        .collect();
    let share = year_budget(&charter, &directory, &lea).0 * u64::from(program.share) / 10_000;
    let first = steps[0].pico_rho().0;
    assert!(first <= share && first > share / 100 * 99, "{first} of {share}");
    for (number, step) in steps.iter().enumerate() {
        assert_eq!(step.step(), Some((Stream { steps: 10, changes: 2 }, number as u32)));
        assert_eq!(step.envelope_kind(), EnvelopeKind::ContinualStep);
        assert_eq!(step.blocks[0].sigma, steps[0].blocks[0].sigma);
        assert_eq!(step.pico_rho() == PicoRho(0), number > 0);
    }
}

#[test]
fn a_stream_whose_dates_do_not_ascend_is_refused() {
    let (mut charter, ..) = consortium();
    let program =
        charter.policy.programs.iter_mut().find(|it| it.id.as_str() == "suspension").unwrap();
    let period =
        |id: &str, due: &str| Period { id: PeriodId::new(id).unwrap(), due: due.to_owned() };
    program.continual = Some(Continual { changes: 1 });
    program.periods = vec![period("one", "2026-02-01"), period("two", "2026-01-01")];
    assert!(charter.check().is_err());
}

fn layout(charter: &Charter, program: &str, period: &str) -> Result<ReleaseLayout, LayoutError> {
    let (_, directory, lea) = consortium();
    let (program, period) = (program.parse().unwrap(), period.parse().unwrap());
    release_layout(charter, &directory, &lea, &program, &period)
}

#[test]
fn a_correction_has_the_cells_of_what_it_corrects_and_a_price_of_the_reserve() {
    let (charter, directory, lea) = consortium();
    let year = year_budget(&charter, &directory, &lea);
    for (program, period) in [("suspension", "annual"), ("enrolled", "march")] {
        let planned = layout(&charter, program, period).unwrap();
        let second = Correction { period: period.parse().unwrap(), number: 2 };
        let corrected = layout(&charter, program, second.id().as_str()).unwrap();
        assert_eq!(corrected.cells(), planned.cells());
        assert_eq!(corrected.grades, planned.grades);
        assert_eq!(corrected.program, planned.program);
        let third = year.0 * 600 / 10_000 / 3;
        let price = corrected.pico_rho().0;
        assert!(price <= third && price > third / 100 * 99, "{price} of {third}");
        assert_eq!(corrected.from_reserve, Some(FromReserve { releases: 3, question: None }));
        assert_eq!(planned.from_reserve, None);
    }
}

#[test]
fn what_the_reserve_cannot_correct_is_refused() {
    let (mut charter, ..) = consortium();
    let correct = |charter: &Charter, program, period| {
        layout(charter, program, &format!("{period}.correction-1")).unwrap_err()
    };
    let is = |error, expected: NotReserved| {
        assert!(matches!(error, LayoutError::NotReserved(_, _, found) if found == expected));
    };
    is(correct(&charter, "off_track", "month-1"), NotReserved::Running);
    is(correct(&charter, "growth_ela_histogram", "annual"), NotReserved::Pooled);
    assert!(matches!(correct(&charter, "suspension", "spring"), LayoutError::Unknown(..)));
    charter.policy.reserve = None;
    is(correct(&charter, "suspension", "annual"), NotReserved::NoReserve);
}

#[test]
fn one_question_is_paid_for_by_the_reserve() {
    let (mut charter, directory, lea) = consortium();
    let suspension = ProgramId::new("suspension").unwrap();
    let mut question = charter.program(&suspension).unwrap().clone();
    question.id = ProgramId::new("question").unwrap();
    (question.share, question.from_reserve) = (0, true);
    charter.policy.programs.push(question.clone());
    charter.check().unwrap();
    assert_eq!(Charter::parse(&charter.to_document()).unwrap(), charter);

    let asked = layout(&charter, "question", "annual").unwrap();
    assert!(asked.pico_rho().0 <= year_budget(&charter, &directory, &lea).0 * 200 / 10_000);
    assert_eq!(asked.from_reserve.unwrap().question, Some(question.id.clone()));
    let planned = layout(&charter, "suspension", "annual").unwrap();
    assert_eq!(planned.from_reserve, None);

    let refused: [fn(&mut Charter); 5] = [
        |it| it.policy.programs.last_mut().unwrap().share = 1,
        |it| it.policy.reserve = None,
        |it| it.policy.reserve.as_mut().unwrap().releases = 0,
        |it| {
            let period = Period { id: "again".parse().unwrap(), due: "2026-08-01".to_owned() };
            it.policy.programs.last_mut().unwrap().periods.push(period);
        },
        |it| {
            let mut second = it.policy.programs.last().unwrap().clone();
            second.id = "second".parse().unwrap();
            it.policy.programs.push(second);
        },
    ];
    for spoil in refused {
        let mut spoiled = charter.clone();
        spoil(&mut spoiled);
        spoiled.check().unwrap_err();
    }
}

#[test]
fn a_calendar_has_no_period_named_like_a_correction() {
    let (mut charter, ..) = consortium();
    charter.policy.programs[0].periods[0].id = "march.correction-1".parse().unwrap();
    charter.check().unwrap_err();
}

#[test]
fn the_reserve_is_part_of_every_grades_budget() {
    let (mut charter, ..) = consortium();
    charter.policy.reserve.as_mut().unwrap().share = 6_000;
    assert!(matches!(charter.check(), Err(crate::charter::CharterError::Overspent { .. })));
}
