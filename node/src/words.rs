//! How numbers and gaps are said, on the command line and on the pages alike.

use peerlight_proto::v1::{Benchmark, Precision};

/// A value with half its 95 % interval: `61 ± 3`; both ends where the interval
/// is lopsided, as it is near the end of a scale.
pub fn interval(value: f64, low: f64, high: f64) -> String {
    let (below, above) = (value - low, high - value);
    if (below - above).abs() <= 0.1 * (below + above) {
        format!("{value:.0} ± {:.0}", f64::midpoint(below, above))
    } else {
        format!("{value:.0} ({low:.0} to {high:.0})")
    }
}

/// Why a number is, or is not, shown. Five gaps, five texts.
pub fn status(row: &Benchmark) -> String {
    match Precision::try_from(row.precision).unwrap_or(Precision::Unspecified) {
        Precision::Point => "estimate".to_owned(),
        Precision::Band => "band only".to_owned(),
        Precision::Hidden => row.students_needed.map_or_else(
            || "Not precise enough".to_owned(),
            |students| format!("Not precise enough (needs about {students} students)"),
        ),
        Precision::TooFewStudents => "Too few students".to_owned(),
        Precision::NotOffered => "Not offered".to_owned(),
        Precision::NotReported => "Not reported by district".to_owned(),
        Precision::Unspecified => "Not collected that year".to_owned(),
    }
}

/// A benchmark as one cell of a page: `61 ± 3`, a band, or why there is none.
pub fn estimate(row: &Benchmark) -> String {
    let precision = Precision::try_from(row.precision).unwrap_or(Precision::Unspecified);
    match (precision, row.estimate, row.low, row.high) {
        (Precision::Point, Some(value), Some(low), Some(high)) => interval(value, low, high),
        (Precision::Band, _, Some(low), Some(high)) => format!("{low:.0} to {high:.0}"),
        _ => status(row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_short_where_they_are_even() {
        assert_eq!(interval(61.2, 58.1, 64.3), "61 ± 3");
        assert_eq!(interval(99.0, 94.0, 100.0), "99 (94 to 100)");
    }

    #[test]
    fn every_gap_has_its_own_text() {
        let of = |precision: Precision| {
            status(&Benchmark { precision: precision.into(), ..Benchmark::default() })
        };
        let texts = [
            of(Precision::Hidden),
            of(Precision::TooFewStudents),
            of(Precision::NotOffered),
            of(Precision::NotReported),
            of(Precision::Unspecified),
        ];
        for (position, text) in texts.iter().enumerate() {
            assert!(!texts[..position].contains(text), "{text}");
        }
    }
}
