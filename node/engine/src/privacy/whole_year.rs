//! Tests of the promise over a whole year: with noise left out, what one
//! student changes in everything that is released costs no more than what the
//! ledger was charged, and that no more than the budget.

use std::num::NonZeroUsize;

use peerlight_proto::{
    continual::Stream,
    layout::{Block, FIXED_POINT, Quantity, ReleaseLayout},
    units::{Grade, PicoRho},
    wire,
};
use proptest::prelude::*;

use super::{
    budget::YearLedger, chain, exact::ExactRelease, noise::Zero, release::NoisyRelease, sample,
};

/// What one student's row adds: where it is, and how far it pushes.
#[derive(Clone, Debug)]
struct Row {
    grade: Grade,
    school: usize,
    /// Position within each margin's groups, scaled to however many there are.
    place: prop::sample::Index,
    /// The most the mechanism's clip lets through, or less; and its sign.
    push: f64,
}

fn row() -> impl Strategy<Value = Row> {
    let push = prop_oneof![Just(1.0), Just(-1.0), -1.0..=1.0_f64];
    (0..Grade::COUNT, 0..2_usize, any::<prop::sample::Index>(), push).prop_map(
        |(grade, school, place, push)| Row {
            grade: Grade::from_index(grade).unwrap(),
            school,
            place,
            push,
        },
    )
}

/// What a change at `from` adds to a step of a running count.
fn added(stream: Stream, step: u32, from: u32) -> i64 {
    step.checked_sub(from).map_or(0, |since| stream.coefficients()[since as usize])
}

/// When the row comes into a running count and leaves it: what moves most for
/// one that pushes as far as it can, else any steps.
fn stay(stream: Stream, row: &Row) -> (u32, Option<u32>) {
    let moved = |stay: &(u32, Option<u32>)| -> i64 {
        let step =
            |step| added(stream, step, stay.0) - stay.1.map_or(0, |left| added(stream, step, left));
        (0..stream.steps).map(|at| step(at).pow(2)).sum()
    };
    let twice = |came: u32| (came + 1..stream.steps).map(Some).filter(|_| stream.changes > 1);
    let stays =
        (0..stream.steps).flat_map(|came| twice(came).chain([None]).map(move |left| (came, left)));
    let stays: Vec<(u32, Option<u32>)> = stays.collect();
    let most = stays.iter().copied().max_by_key(moved);
    most.filter(|_| row.push >= 1.0).unwrap_or_else(|| *row.place.get(&stays))
}

/// Adds the row to a block's integers, as counting would.
fn add(values: &mut [i64], block: &Block, row: &Row) {
    let unit = row.school.min(block.units() - 1);
    let in_all = block.margin.groups_per_student() as usize;
    let first = row.place.index(block.groups.len());
    for turn in 0..in_all {
        let at = block.position(unit, (first + turn) % block.groups.len());
        let extreme = if row.push < 0.0 { -1 } else { 1 };
        match block.quantity {
            Quantity::Count => values[at] += 1,
            Quantity::Rate => values[at] += extreme,
            Quantity::Running { stream, step } => {
                let (came, left) = stay(stream, row);
                values[at] +=
                    added(stream, step, came) - left.map_or(0, |left| added(stream, step, left));
            }
            Quantity::Mean { half_range, .. } => {
                values[at] += (row.push * half_range * FIXED_POINT as f64).round() as i64;
            }
            Quantity::Histogram { bands, bins } => {
                values[at + row.place.index(bands * bins)] += 1;
            }
            Quantity::GrowthMean => {
                values[at] += (row.push * 50.0 * FIXED_POINT as f64).round() as i64;
                values[at + 1] += 25 * FIXED_POINT;
            }
        }
    }
}

/// The totals of a release over these rows.
fn count(layout: &ReleaseLayout, rows: &[Row]) -> ExactRelease {
    let mut blocks: Vec<Vec<i64>> =
        layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
    for row in rows.iter().filter(|row| layout.grades.contains(row.grade)) {
        for (values, block) in blocks.iter_mut().zip(&layout.blocks) {
            add(values, block, row);
        }
    }
    ExactRelease::from_blocks(blocks)
}

/// Everything a year releases without its noise, and what each grade has left.
fn release_year(rows: &[Row]) -> (Vec<Vec<Vec<i64>>>, YearLedger) {
    let (layouts, budget) = sample::year();
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    let released = layouts
        .iter()
        .map(|layout| {
            let charge = ledger.charge(layout, sample::UNDER).unwrap();
            let exact = count(layout, rows);
            let one = NonZeroUsize::MIN;
            let noisy = NoisyRelease::draw_with(&Zero, exact, layout, charge, one).unwrap();
            wire::decode_payload(noisy.payload(), layout).unwrap()
        })
        .collect();
    (released, ledger)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_student_costs_no_more_in_a_year_than_was_charged(
        others in prop::collection::vec(row(), 0..5), student in row(),
    ) {
        let (layouts, budget) = sample::year();
        let (without, _) = release_year(&others);
        let grade = student.grade;
        let with: Vec<Row> = others.into_iter().chain([student]).collect();
        let (with, ledger) = release_year(&with);
        let mut rho = 0.0;
        let blocks = layouts.iter().flat_map(|layout| &layout.blocks);
        for ((block, with), without) in
            blocks.zip(with.iter().flatten()).zip(without.iter().flatten())
        {
            let squared: f64 =
                with.iter().zip(without).map(|(a, b)| ((a - b) as f64).powi(2)).sum();
            prop_assert!(squared <= block.l2_squared as f64, "{block:?}");
            rho += squared / (2.0 * block.sigma.units().powi(2));
        }
        let charged = budget.minus(ledger.left(grade));
        prop_assert!(rho <= charged.rho() + 1e-12, "{rho} of {charged}");
        prop_assert!(charged <= budget);
    }
}

#[test]
fn the_worst_student_of_a_year_costs_nearly_all_that_was_charged() {
    // Otherwise the property above could hold because nothing is counted.
    let (layouts, budget) = sample::year();
    let grade = "05".parse().unwrap();
    let worst = Row { grade, school: 1, place: any_index(), push: 1.0 };
    let (released, ledger) = release_year(&[worst]);
    let blocks = layouts.iter().flat_map(|layout| &layout.blocks);
    let rho: f64 = blocks
        .zip(released.iter().flatten())
        .map(|(block, values)| {
            let squared: f64 = values.iter().map(|value| (*value as f64).powi(2)).sum();
            squared / (2.0 * block.sigma.units().powi(2))
        })
        .sum();
    let charged = budget.minus(ledger.left(grade)).rho();
    assert!(rho > 0.999_999 * charged, "{rho} of {charged}");
}

fn any_index() -> prop::sample::Index {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    any::<prop::sample::Index>().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

#[test]
fn a_charge_pays_for_its_own_release_and_shape_only() {
    let (layouts, budget) = sample::year();
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    let one = NonZeroUsize::MIN;
    let charge = ledger.charge(&layouts[0], sample::UNDER).unwrap();
    let other = NoisyRelease::draw(count(&layouts[2], &[]), &layouts[2], charge, one);
    assert!(matches!(other, Err(super::release::DrawError::WrongCharge { .. })));

    let charge = ledger.charge(&layouts[1], sample::UNDER).unwrap();
    let mut longer: Vec<Vec<i64>> = count(&layouts[1], &[]).blocks().to_vec();
    longer[0].push(0);
    let refused = NoisyRelease::draw(ExactRelease::from_blocks(longer), &layouts[1], charge, one);
    assert!(matches!(refused, Err(super::release::DrawError::Unsound(_))));
}

#[test]
fn every_altered_or_missing_ledger_entry_is_noticed() {
    let (layouts, budget) = sample::year();
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    let mut entries: Vec<chain::Entry> = Vec::new();
    for layout in &layouts[..6] {
        let charge = ledger.charge(layout, sample::UNDER).unwrap();
        let one = NonZeroUsize::MIN;
        let noisy =
            NoisyRelease::draw_with(&Zero, count(layout, &[]), layout, charge, one).unwrap();
        let id = format!("r{}", entries.len()).parse().unwrap();
        let posting = noisy.posting(id, peerlight_proto::units::UnixSeconds(7));
        entries.push(chain::Entry::after(entries.last(), posting));
    }
    chain::verify(&entries).unwrap();

    let spoils: [fn(&mut Vec<chain::Entry>); 8] = [
        |entries| entries[2].posting.pico_rho.0 -= 1,
        |entries| entries[2].posting.grades = peerlight_proto::units::GradeSet::default(),
        |entries| entries[2].posting.program = "x".parse().unwrap(),
        |entries| entries[2].posting.charged_at.0 += 1,
        |entries| entries[2].posting.payload_digest.0[0] ^= 1,
        |entries| drop(entries.remove(2)),
        |entries| entries.swap(2, 3),
        |entries| entries[2].head.0[0] ^= 1,
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let mut altered = entries.clone();
        spoil(&mut altered);
        assert_eq!(chain::verify(&altered), Err(chain::Broken { sequence: 3 }), "spoil {number}");
    }
    assert_eq!(
        YearLedger::from_entries(sample::school_year(), budget, &entries).left_by_grade(),
        ledger.left_by_grade()
    );
    assert!(ledger.left_by_grade().values().all(|left| *left < PicoRho(budget.0)));
}
