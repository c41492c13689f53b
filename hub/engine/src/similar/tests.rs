//! Tests of like schools: equal to comparing every pair, and obedient to caps.

use std::collections::BTreeMap;

use peerlight_proto::{
    charter::Similar,
    directory::{Level, School},
};
use proptest::prelude::*;

use super::*;
use crate::{feature::reasons, sample};

const FEATURES: [&str; 4] = [
    "pct_socioeconomically_disadvantaged",
    "pct_english_learner",
    "pct_students_with_disabilities",
    "pct_HI",
];

fn policy() -> Similar {
    sample::charter().policy.similar
}

/// A school whose features are coarse, so that ties happen.
fn arbitrary_school() -> impl Strategy<Value = School> {
    let feature = prop_oneof![4 => (0_u32..20).prop_map(Some), 1 => Just(None)];
    let features = proptest::array::uniform4(feature);
    (features, proptest::option::of(0_u32..900), 0_usize..2, 0_u8..2).prop_map(
        |(values, enrollment, level, kind)| {
            let mut school = sample::school("x", "d1", 0);
            school.enrollment = enrollment;
            school.level = Level::ALL[level];
            school.school_type = ["regular", "alternative"][usize::from(kind)].to_owned();
            for (name, value) in FEATURES.iter().zip(values) {
                if let Some(value) = value {
                    school.features.insert((*name).to_owned(), f64::from(value) * 5.0);
                }
            }
            school
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_tree_finds_what_comparing_every_pair_finds(
        schools in proptest::collection::vec(arbitrary_school(), 0..160),
        count in 1_usize..25,
        threads in 1_usize..4,
    ) {
        let policy = Similar { count, ..policy() };
        let everybody: Vec<usize> = (0..schools.len()).collect();
        prop_assert_eq!(
            like_schools(&policy, &schools, threads),
            like_schools_by_every_pair(&policy, &schools, &everybody)
        );
    }

    #[test]
    fn like_schools_share_level_and_type_and_keep_the_caps(
        schools in proptest::collection::vec(arbitrary_school(), 2..80),
    ) {
        let policy = policy();
        for (position, found) in like_schools(&policy, &schools, 1).iter().enumerate() {
            let own = &schools[position];
            prop_assert!(found.like.len() <= policy.count);
            prop_assert!(found.like.windows(2).all(|pair| pair[0].distance <= pair[1].distance));
            for like in &found.like {
                let other = &schools[like.school];
                prop_assert_ne!(like.school, position);
                prop_assert_eq!(own.level, other.level);
                prop_assert_eq!(&own.school_type, &other.school_type);
                for (name, cap) in &policy.cap {
                    if let (Some(one), Some(two)) =
                        (own.features.get(name), other.features.get(name))
                    {
                        prop_assert!((one - two).abs() <= cap + 1e-9);
                    }
                }
            }
        }
    }
}

#[test]
fn many_schools_give_what_every_pair_gives() {
    let world = sample::World::new(12, 7);
    let schools = &world.directory.schools;
    let some: Vec<usize> = (0..schools.len()).step_by(3).collect();
    let found = like_schools(&policy(), schools, 2);
    let scanned = like_schools_by_every_pair(&policy(), schools, &some);
    for (position, scanned) in some.iter().zip(scanned) {
        assert_eq!(found[*position], scanned);
    }
}

#[test]
fn schools_of_the_same_district_are_like_schools_too() {
    let mut schools: Vec<School> = ["1", "2", "3"].map(|id| sample::school(id, "d1", 400)).to_vec();
    schools[2].lea = "d2".parse().unwrap();
    let found = like_schools(&policy(), &schools, 1);
    assert_eq!(found[0].like.len(), 2);
}

#[test]
fn a_missing_feature_drops_out_and_is_named() {
    let mut schools: Vec<School> =
        (0..6).map(|id| sample::school(&id.to_string(), "d1", 100 + 50 * id)).collect();
    for (position, school) in schools.iter_mut().enumerate() {
        let value = 40.0 + position as f64;
        school.features = BTreeMap::from([(FEATURES[0].to_owned(), value)]);
    }
    schools[0].features.clear();
    let found = like_schools(&policy(), &schools, 1);
    assert_eq!(found[0].like.len(), 5, "it is compared by what it has");
    assert!(found[0].missing_features.contains(&FEATURES[0].to_owned()));
    assert!(!found[1].missing_features.contains(&FEATURES[0].to_owned()));
    // Only enrolment is left, so the nearest is the nearest in size.
    assert_eq!(found[0].like[0].school, 1);
}

#[test]
fn a_school_without_any_feature_has_no_like_schools() {
    let mut schools = vec![sample::school("1", "d1", 1), sample::school("2", "d1", 100)];
    schools[0].enrollment = None;
    let found = like_schools(&policy(), &schools, 1);
    assert!(found[0].like.is_empty() && found[1].like.is_empty());
}

#[test]
fn reasons_are_the_directorys_own_numbers() {
    let world = sample::World::new(1, 3);
    let [one, two, ..] = world.directory.schools.as_slice() else { unreachable!() };
    let reasons = reasons(&features(&policy()), one, two);
    assert_eq!(reasons[0].feature, FEATURES[0]);
    assert_eq!(reasons[0].yours.to_bits(), one.features[FEATURES[0]].to_bits());
    let size = reasons.iter().find(|reason| reason.feature == "enrollment").unwrap();
    assert_eq!(size.theirs as u32, two.enrollment.unwrap());
}
