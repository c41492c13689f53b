//! How status and change are rounded where an authority prints them in tenths:
//! change is taken from values that were not rounded, and rounded last.

/// A tenth more or less than this part of one is that tenth: 2.65 is stored as
/// a little less.
const SAME: f64 = 1e-9;

/// To the nearest tenth; halves away from zero.
pub fn tenths(value: f64) -> f64 {
    let rounded = (value.abs() * 10.0 + 0.5 + SAME).floor() / 10.0;
    if value < 0.0 && rounded > 0.0 { -rounded } else { rounded }
}

/// How much `current` is above `prior`, to the nearest tenth; neither may be
/// rounded before.
pub fn change(current: f64, prior: f64) -> f64 {
    tenths(current - prior)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Group, numerator and denominator of this year and of the last, and the
    /// printed status and change: state suspension of 2023 (California School
    /// Dashboard, www6.cde.ca.gov).
    const SUSPENSION: [(&str, [f64; 4], f64, f64); 14] = [
        ("ALL", [212_681.0, 6_019_472.0, 189_079.0, 6_066_021.0], 3.5, 0.4),
        ("EL", [44_852.0, 1_210_425.0, 38_760.0, 1_216_311.0], 3.7, 0.5),
        ("FOS", [5_706.0, 41_901.0, 5_373.0, 43_194.0], 13.6, 1.2),
        ("HOM", [15_899.0, 246_480.0, 12_278.0, 224_199.0], 6.5, 1.0),
        ("SED", [171_622.0, 3_792_885.0, 149_572.0, 3_761_917.0], 4.5, 0.5),
        ("SWD", [51_719.0, 874_795.0, 46_070.0, 847_770.0], 5.9, 0.5),
        ("AA", [27_038.0, 308_426.0, 24_887.0, 315_483.0], 8.8, 0.9),
        ("AI", [1_995.0, 26_981.0, 1_787.0, 27_969.0], 7.4, 1.0),
        ("AS", [6_162.0, 582_802.0, 5_181.0, 577_174.0], 1.1, 0.2),
        ("FI", [1_767.0, 134_975.0, 1_651.0, 138_991.0], 1.3, 0.1),
        ("HI", [128_041.0, 3_375_948.0, 111_447.0, 3_385_006.0], 3.8, 0.5),
        ("PI", [1_256.0, 25_508.0, 1_179.0, 25_929.0], 4.9, 0.4),
        ("WH", [35_558.0, 1_235_033.0, 33_517.0, 1_272_253.0], 2.9, 0.2),
        ("MR", [10_864.0, 329_799.0, 9_430.0, 323_229.0], 3.3, 0.4),
    ];

    fn same(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn published_numerators_and_denominators_give_the_published_status_and_change() {
        for (group, [num, den, prior_num, prior_den], status, printed) in SUSPENSION {
            let (current, prior) = (100.0 * num / den, 100.0 * prior_num / prior_den);
            assert!(same(tenths(current), status), "{group}: {current} is not {status}");
            let found = change(current, prior);
            assert!(same(found, printed), "{group}: {found} is not {printed}");
        }
        // ELPI of an elementary school district, 2024: 366 of 678, 328 of 668.
        let (current, prior) = (36_600.0 / 678.0, 32_800.0 / 668.0);
        assert!(same(tenths(current), 54.0) && same(tenths(prior), 49.1));
        assert!(same(change(current, prior), 4.9));
    }

    /// White students, 2023: 2.9 less 2.6 would be 0.3; 0.2 was published.
    #[test]
    fn change_is_taken_before_rounding() {
        let [num, den, prior_num, prior_den] = SUSPENSION[12].1;
        let (current, prior) = (100.0 * num / den, 100.0 * prior_num / prior_den);
        assert!(same(tenths(current) - tenths(prior), 0.3));
        assert!(same(change(current, prior), 0.2));
    }

    #[test]
    fn halves_go_away_from_zero_as_they_are_written() {
        for (value, rounded) in [
            (6.25, 6.3),
            (2.65, 2.7),
            (-2.65, -2.7),
            (0.05, 0.1),
            (0.04, 0.0),
            (-0.04, 0.0),
            (4.5248, 4.5),
            (100.0, 100.0),
        ] {
            assert!(same(tenths(value), rounded), "{value}: {}", tenths(value));
        }
        assert!(tenths(-0.04).is_sign_positive(), "no minus before nothing");
    }
}
