//! One student more or less never costs more than the ledger was charged:
//! checked on the shipped counting for students at every edge, and on mutants
//! of it that must be caught.

use peerlight_node_engine::privacy::budget::YearLedger;
use peerlight_proto::{catalogue::Value, layout::ReleaseLayout, units::Grade};

use crate::district::{District, Integers, Student, UNDER, extreme};

/// How one student's presence shows in a year of releases.
struct Effect {
    /// Squared change over twice sigma squared, summed.
    rho: f64,
    /// Blocks that changed by more than they state.
    beyond: Vec<String>,
}

/// What the presence of one student changes, by two ways of counting.
fn effect(layouts: &[ReleaseLayout], with: &[Integers], without: &[Integers]) -> Effect {
    let mut effect = Effect { rho: 0.0, beyond: Vec::new() };
    for ((layout, with), without) in layouts.iter().zip(with).zip(without) {
        for ((block, with), without) in layout.blocks.iter().zip(with).zip(without) {
            let squared: u64 = with
                .iter()
                .zip(without)
                .map(|(with, without)| (with - without).unsigned_abs().pow(2))
                .sum();
            effect.rho += squared as f64 / (2.0 * block.sigma.units().powi(2));
            if squared > block.l2_squared {
                effect.beyond.push(format!("{} {}", layout.program, block.margin.as_str()));
            }
        }
    }
    effect
}

/// Everybody else: a student of every grade, of both extremes.
fn others() -> Vec<Student> {
    Grade::all().flat_map(|grade| [extreme(grade, true), extreme(grade, false)]).collect()
}

/// The effect of the students `added` makes of one student, by the shipped
/// counting of `counted`, priced by `priced`.
fn effect_of(
    priced: &District,
    counted: &District,
    student: &Student,
    added: impl Fn(&Student) -> Vec<Student>,
) -> Effect {
    let layouts = priced.layouts();
    let without = others();
    let with: Vec<Student> = without.iter().cloned().chain(added(student)).collect();
    effect(&layouts, &counted.count(&layouts, &with), &counted.count(&layouts, &without))
}

fn as_is(student: &Student) -> Vec<Student> {
    vec![student.clone()]
}

#[test]
fn no_student_costs_more_in_a_year_than_was_charged() {
    let district = District::new();
    let layouts = district.layouts();
    let mut ledger = YearLedger::new(district.charter.school_year, district.budget());
    for layout in &layouts {
        ledger.charge(layout, UNDER).unwrap();
    }
    for grade in Grade::all() {
        let charged = district.budget().minus(ledger.left(grade)).rho();
        let mut most: f64 = 0.0;
        for is_high in [false, true] {
            let student = extreme(grade, is_high);
            let effect = effect_of(&district, &district, &student, as_is);
            assert_eq!(effect.beyond, [""; 0], "grade {grade}");
            assert!(effect.rho <= charged + 1e-12, "grade {grade}: {} of {charged}", effect.rho);
            most = most.max(effect.rho);
        }
        // A check that nothing can fail would hold as well.
        assert!(most > charged / 3.0, "grade {grade}: {most} of {charged}");
    }
}

#[test]
fn a_skipped_clip_is_caught() {
    let priced = District::new();
    let mut counted = District::new();
    for measure in &mut counted.charter.catalogue.measures {
        if let Value::Mean { low, high, .. } = &mut measure.value {
            (*low, *high) = (*low - 5_000.0, *high + 5_000.0);
        }
    }
    let student = extreme("05".parse().unwrap(), true);
    let effect = effect_of(&priced, &counted, &student, as_is);
    assert!(effect.beyond.iter().any(|block| block.starts_with("ela_dfs")), "{:?}", effect.beyond);
}

#[test]
fn a_student_in_two_schools_is_caught() {
    let district = District::new();
    let student = extreme("05".parse().unwrap(), true);
    let twice = |student: &Student| vec![student.clone(), Student { school: 1, ..student.clone() }];
    let effect = effect_of(&district, &district, &student, twice);
    assert!(effect.beyond.iter().any(|block| block == "enrolled all"), "{:?}", effect.beyond);
}
