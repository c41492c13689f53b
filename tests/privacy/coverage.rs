//! Intervals that say 95 % hold the truth that often, over simulated schools
//! released through the shipped noise and estimated by the hub.

use std::{collections::BTreeMap, num::NonZeroUsize};

use peerlight_proto::group::{Flag, StudentGroup};
use peerlight_tests::simulated::{Found, Network, Plan, coverage};

use crate::sized;

const PROGRAMS: &[&str] = &["enrolled", "chronic_absence_in_year", "suspension"];

/// Three groups with noise of their own, pooled: over 6,000 intervals right
/// ones are outside these bounds about once in 10^7 runs.
#[test]
fn intervals_hold_the_exact_rate_as_often_as_they_say() {
    let members = sized(10);
    let shares = BTreeMap::from([("chronic_absence", 0.25), ("suspension", 0.08)]);
    let (students, schools, changes, steps) = (500, 200, 2, 3);
    let plan = Plan { members, schools, students, programs: PROGRAMS, changes, steps, shares };
    let network = Network::release(plan, NonZeroUsize::new(2).unwrap()).unwrap();
    for program in ["chronic_absence_in_year", "suspension"] {
        // Groups that are hardly ever too small to divide: leaving some out by
        // what their noise was would tilt the rest.
        let groups = [
            StudentGroup::All,
            StudentGroup::Flag(Flag::EnglishLearner),
            StudentGroup::Flag(Flag::Disadvantaged),
        ];
        let found: Vec<Found> =
            groups.into_iter().flat_map(|group| network.found(program, group).unwrap()).collect();
        assert!(found.len() * 100 > 3 * network.schools() * 99, "{program}: {}", found.len());
        let percent = coverage(&found);
        assert!((93.5..=96.5).contains(&percent), "{program}: {percent}");
    }
}
