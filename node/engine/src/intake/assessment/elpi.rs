//! English learner progress of one student: the six levels of California's
//! indicator, and whether this year's test shows progress over last year's.

use peerlight_proto::units::Grade;

/// Highest scale scores of levels 1 to 5 (1, 2L, 2H, 3L, 3H; level 6 is ELPAC
/// level 4), from kindergarten to grade 12. Columns 1, 3 and 5 are the ELPAC
/// level maxima of the 2020-21 Summative ELPAC file layout; the low and high
/// halves are Monterey County Office of Education's.
const HIGHEST: [[u16; 5]; 13] = [
    [1373, 1397, 1421, 1447, 1473],
    [1410, 1432, 1454, 1480, 1506],
    [1423, 1446, 1470, 1500, 1531],
    [1447, 1467, 1487, 1510, 1534],
    [1458, 1478, 1498, 1523, 1548],
    [1466, 1489, 1513, 1536, 1559],
    [1474, 1495, 1516, 1541, 1566],
    [1480, 1503, 1526, 1550, 1575],
    [1485, 1509, 1533, 1561, 1589],
    [1492, 1518, 1544, 1574, 1605],
    [1492, 1518, 1544, 1574, 1605],
    [1499, 1526, 1554, 1584, 1614],
    [1499, 1526, 1554, 1584, 1614],
];

/// Position of kindergarten among the grades.
const KINDERGARTEN: usize = 1;

/// Scale scores of the summative test.
const SUMMATIVE: std::ops::RangeInclusive<u16> = 1150..=1950;

/// The highest of the six levels.
const TOP: u8 = 6;

/// The highest performance level of the alternate test.
const TOP_ALTERNATE: u8 = 3;

/// Scores further apart than this are of two tests, as when a student went from
/// one test to the other.
const OTHER_TEST: u16 = 500;

/// Scale points that count as progress on the alternate test.
const ALTERNATE_POINTS: u16 = 10;

/// A student's overall result in one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Grade tested; counts for the summative test.
    pub(super) grade: Grade,
    /// Overall scale score.
    pub(super) score: u16,
    /// Overall performance level, where the file tells it; counts for the
    /// alternate test.
    pub(super) level: Option<u8>,
}

/// The level, 1 to 6, of a summative scale score; `None` for a score of
/// another test and below kindergarten.
fn level(grade: Grade, score: u16) -> Option<u8> {
    let highest = HIGHEST.get(grade.index().checked_sub(KINDERGARTEN)?)?;
    let above = highest.iter().filter(|bound| score > **bound).count();
    SUMMATIVE.contains(&score).then_some(above as u8 + 1)
}

/// Whether the indicator counts the grade: 1 to 12.
pub(super) fn is_eligible(grade: Grade) -> bool {
    grade.index() > KINDERGARTEN
}

/// Whether the summative test shows progress: at least one level up, or the
/// top level kept. `None` where last year's score is none of this test.
pub(super) fn summative(now: Outcome, before: Outcome) -> Option<bool> {
    let (now, before) = (level(now.grade, now.score)?, level(before.grade, before.score)?);
    Some(now > before || now == TOP)
}

/// Whether the alternate test shows progress: a performance level up, ten
/// scale points up, or level 3 kept. `None` where last year's score is none of
/// this test, or a level is not told and the score alone does not decide.
pub(super) fn alternate(now: Outcome, before: Outcome) -> Option<bool> {
    if now.score.abs_diff(before.score) > OTHER_TEST {
        return None;
    }
    if now.score >= before.score.saturating_add(ALTERNATE_POINTS) {
        return Some(true);
    }
    let (now, before) = (now.level?, before.level?);
    Some(now > before || (now == TOP_ALTERNATE && before == TOP_ALTERNATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(grade: &str, score: u16, level: u8) -> Outcome {
        Outcome { grade: grade.parse().unwrap(), score, level: Some(level) }
    }

    #[test]
    fn a_score_on_a_bound_is_of_the_lower_level() {
        for (grade, score, expected) in [
            ("KN", 1373, Some(1)),
            ("KN", 1374, Some(2)),
            ("05", 1559, Some(5)),
            ("05", 1560, Some(6)),
            ("09", 1605, Some(5)),
            ("10", 1606, Some(6)),
            ("12", 1950, Some(6)),
            ("12", 1951, None),
            ("TK", 1400, None),
        ] {
            assert_eq!(level(grade.parse().unwrap(), score), expected, "{grade} {score}");
        }
    }

    #[test]
    fn bounds_ascend_with_level_and_never_fall_with_grade() {
        assert!(HIGHEST.iter().all(|bounds| bounds.is_sorted()));
        for level in 0..5 {
            assert!(HIGHEST.iter().map(|bounds| bounds[level]).is_sorted());
        }
    }

    #[test]
    fn progress_is_a_level_up_or_the_top_level_kept() {
        for (now, before, expected) in [
            (result("04", 1478, 2), result("03", 1447, 1), Some(true)), // 2L from 1
            (result("04", 1478, 2), result("03", 1467, 2), Some(false)), // 2L kept
            (result("04", 1479, 2), result("03", 1467, 2), Some(true)), // 2H from 2L
            (result("04", 1600, 4), result("03", 1600, 4), Some(true)), // 4 kept
            (result("04", 1548, 3), result("03", 1535, 4), Some(false)), // 3H from 4
            (result("04", 1548, 3), result("03", 320, 2), None),        // alternate before
        ] {
            assert_eq!(summative(now, before), expected, "{now:?} {before:?}");
        }
    }

    #[test]
    fn the_alternate_test_counts_a_level_ten_points_or_level_three_kept() {
        for (now, before, expected) in [
            (result("04", 329, 2), result("03", 320, 2), Some(false)),
            (result("04", 330, 2), result("03", 320, 2), Some(true)),
            (result("04", 321, 3), result("03", 320, 2), Some(true)),
            (result("04", 320, 3), result("03", 325, 3), Some(true)),
            (result("04", 320, 2), result("03", 330, 3), Some(false)),
            (result("04", 330, 2), result("03", 1480, 2), None),
        ] {
            assert_eq!(alternate(now, before), expected, "{now:?} {before:?}");
        }
    }
}
