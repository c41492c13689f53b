//! When a node releases, and when it tries again: a function of calendar,
//! outcomes and clocks that are all passed in.
//!
//! The charter's calendar says what is due (its civil dates were turned into
//! instants by the shell); a cron expression says when to try (its next time,
//! likewise). Nothing is ever due early: where the hub's clock is known, a
//! step is due only when both clocks have passed it, so a forward jump of the
//! node's clock releases nothing. Jitter and back-off only ever add delay.

use std::collections::BTreeSet;

use peerlight_proto::{
    names::{PeriodId, ProgramId},
    units::UnixSeconds,
};

/// Delay after the first failure, seconds; it doubles with every further one.
const FIRST_DELAY: i64 = 60;
/// No delay is longer than this before jitter, seconds.
const LONGEST_DELAY: i64 = 6 * 3600;

/// A step of the charter's calendar, as an instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// From when it may be released: the start of its civil date.
    pub due_at: UnixSeconds,
    /// The program.
    pub program: ProgramId,
    /// Its period.
    pub period: PeriodId,
}

/// What time it is, by everybody who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The node's own clock.
    pub node: UnixSeconds,
    /// The hub's, brought forward to now, where it has answered.
    pub hub: Option<UnixSeconds>,
}

/// How the tries since the last success went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// Failures in a row; 0 after a success.
    pub failures: u32,
    /// When the last try ended.
    pub last: Option<UnixSeconds>,
}

impl Clocks {
    /// The earliest of them: what nothing may be released before.
    pub fn earliest(self) -> UnixSeconds {
        self.hub.map_or(self.node, |hub| hub.min(self.node))
    }
}

/// The steps that are due and not done yet, earliest first.
pub fn due<'a>(
    calendar: &'a [Step],
    done: &BTreeSet<(ProgramId, PeriodId)>,
    clocks: Clocks,
) -> Vec<&'a Step> {
    let now = clocks.earliest();
    let open = |step: &&Step| {
        step.due_at <= now && !done.contains(&(step.program.clone(), step.period.clone()))
    };
    let mut steps: Vec<&Step> = calendar.iter().filter(open).collect();
    steps.sort();
    steps
}

/// When to try next: at the next cron time, spread over `spread_seconds` by
/// the node's own seed so that members do not all call at once; after a
/// failure earlier, backing off, but never before the last try plus its delay.
///
/// `next_cron` is the first cron time after now. `seed` is any number that is
/// the node's own and stays the same.
pub fn next_try(
    clocks: Clocks,
    next_cron: UnixSeconds,
    tries: Tries,
    spread_seconds: u32,
    seed: u64,
) -> UnixSeconds {
    let spread = i64::from(spread_seconds);
    let regular = next_cron.0.saturating_add(part(seed, next_cron.0, spread));
    let (Some(last), 1..) = (tries.last, tries.failures) else {
        return UnixSeconds(regular);
    };
    let doublings = (tries.failures - 1).min(16);
    let delay = (FIRST_DELAY << doublings).min(LONGEST_DELAY);
    // A last try in the future is a clock that was set back: count from now.
    let from = last.min(clocks.node);
    let retry = from.0 + delay + part(seed, from.0 ^ i64::from(tries.failures), delay / 2);
    UnixSeconds(retry.min(regular).max(clocks.node.0))
}

/// A number from 0 to below `most` (0 where that is 0) that looks random but
/// follows from seed and turn: `SplitMix64` (Steele, Lea and Flood 2014).
fn part(seed: u64, turn: i64, most: i64) -> i64 {
    let mut mixed = seed.wrapping_add((turn as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    if most <= 0 { 0 } else { (mixed % most as u64) as i64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(program: &str, due_at: i64) -> Step {
        Step {
            due_at: UnixSeconds(due_at),
            program: program.parse().unwrap(),
            period: "annual".parse().unwrap(),
        }
    }

    fn at(node: i64, hub: Option<i64>) -> Clocks {
        Clocks { node: UnixSeconds(node), hub: hub.map(UnixSeconds) }
    }

    fn programs(steps: &[&Step]) -> Vec<String> {
        steps.iter().map(|step| step.program.to_string()).collect()
    }

    #[test]
    fn what_is_due_and_not_done_comes_earliest_first() {
        let calendar = [step("late", 300), step("second", 200), step("first", 100)];
        let mut done = BTreeSet::new();
        assert_eq!(programs(&due(&calendar, &done, at(200, None))), ["first", "second"]);
        done.insert((calendar[2].program.clone(), calendar[2].period.clone()));
        assert_eq!(programs(&due(&calendar, &done, at(299, None))), ["second"]);
        assert!(due(&calendar, &done, at(199, None)).is_empty());
    }

    #[test]
    fn a_clock_that_jumped_forward_releases_nothing_early() {
        let calendar = [step("first", 1_000)];
        let done = BTreeSet::new();
        assert!(due(&calendar, &done, at(90_000, Some(999))).is_empty());
        assert!(due(&calendar, &done, at(999, Some(90_000))).is_empty());
        assert_eq!(due(&calendar, &done, at(90_000, Some(1_000))).len(), 1);
    }

    #[test]
    fn delays_double_until_the_next_regular_time() {
        let regular = UnixSeconds(10_000_000);
        let wait = |failures| {
            let tries = Tries { failures, last: Some(UnixSeconds(0)) };
            next_try(at(0, None), regular, tries, 0, 42).0
        };
        for (failures, least) in [(1, 60), (2, 120), (3, 240), (9, 15_360), (10, 21_600)] {
            let waited = wait(failures);
            assert!((least..least + least / 2).contains(&waited), "{failures}: {waited}");
        }
        assert!(wait(u32::MAX) < LONGEST_DELAY * 3 / 2);
        assert_eq!(wait(0), regular.0, "without a failure the cron time holds");
        let soon = next_try(at(0, None), UnixSeconds(5), Tries { failures: 4, last: None }, 0, 1);
        assert_eq!(soon, UnixSeconds(5));
    }

    #[test]
    fn members_spread_over_the_window_and_each_keeps_its_place() {
        let cron = UnixSeconds(1_000);
        let place = |seed| next_try(at(0, None), cron, Tries::default(), 600, seed).0 - cron.0;
        let places: BTreeSet<i64> = (0..200).map(place).collect();
        assert!(places.iter().all(|place| (0..600).contains(place)));
        assert!(places.len() > 120, "{} places", places.len());
        assert_eq!(place(7), place(7));
    }

    proptest! {
        #[test]
        fn nothing_is_ever_tried_before_now_or_after_a_day_of_delay(
            now in 0..4_000_000_000_i64, wait in 0..1_000_000_i64, last in 0..5_000_000_000_i64,
            failures in 0..50_u32, spread in 0..7_200_u32, seed: u64,
        ) {
            let cron = UnixSeconds(now + wait);
            let tries = Tries { failures, last: Some(UnixSeconds(last)) };
            let next = next_try(at(now, None), cron, tries, spread, seed);
            prop_assert!(next.0 >= now);
            prop_assert!(next.0 <= cron.0 + i64::from(spread));
            if failures > 0 {
                prop_assert!(next.0 <= now + LONGEST_DELAY * 3 / 2);
            }
        }
    }
}
