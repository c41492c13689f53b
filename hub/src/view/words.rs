//! Numbers as people read them: rounding, `61 ± 3`, levels with their word,
//! and the different reasons for a number that is not there.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use peerlight_hub_engine::{
    analysis::Benchmark,
    benchmark::Standing,
    civil::CivilDate,
    display::Precision,
    estimate::Estimate,
    measure::{MeasureKind, ReportedMeasure},
    normal::Z95,
};
use peerlight_proto::units::{SchoolYear, UnixSeconds};

/// Why there is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Public enrolment is below the legal minimum.
    TooFewStudents,
    /// The estimate is too imprecise; how many students it would need, if
    /// that is known.
    NotPrecise(Option<u32>),
    /// The charter of the year does not ask for it.
    NotCollected,
    /// The district has not sent it.
    NotReported,
    /// Its students are counted only later, from this day.
    NotCounted(CivilDate),
    /// The district declared that it does not offer it.
    NotOffered,
}

impl Missing {
    /// Why the engine gives no number.
    pub const fn of(precision: Precision, students_needed: Option<u32>) -> Self {
        match precision {
            Precision::TooFewStudents => Self::TooFewStudents,
            Precision::NotOffered => Self::NotOffered,
            Precision::NotReported => Self::NotReported,
            Precision::Point | Precision::Band | Precision::Hidden => {
                Self::NotPrecise(students_needed)
            }
        }
    }

    /// For people.
    pub fn text(self) -> String {
        match self {
            Self::TooFewStudents => "Too few students".to_owned(),
            Self::NotPrecise(None) => "Not precise enough".to_owned(),
            Self::NotPrecise(Some(students)) => {
                format!("Not precise enough (needs about {students} students)")
            }
            Self::NotCollected => "Not collected that year".to_owned(),
            Self::NotReported => "Not reported by district".to_owned(),
            Self::NotCounted(day) => {
                format!("No share: students are first counted on {}", day.words())
            }
            Self::NotOffered => "Not offered".to_owned(),
        }
    }

    /// For the `status` column of an export.
    pub const fn status(self) -> &'static str {
        match self {
            Self::TooFewStudents => "too_few_students",
            Self::NotPrecise(_) => "not_precise",
            Self::NotCollected => "not_collected",
            Self::NotReported => "not_reported",
            Self::NotCounted(_) => "not_counted",
            Self::NotOffered => "not_offered",
        }
    }
}

/// What may be shown of an estimate, in its measure's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shown {
    /// An estimate with its 95 % interval, clamped to the scale.
    Point {
        /// The estimate.
        estimate: f64,
        /// Half the width of the interval before it is clamped.
        half: f64,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// The 95 % interval alone.
    Band {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Nothing.
    Missing(Missing),
}

impl Shown {
    /// What the engine lets be shown of one benchmark.
    pub fn of(row: &Benchmark, measure: &ReportedMeasure) -> Self {
        let shown = row.estimate.and_then(|it| Self::estimated(row.precision, it, measure));
        shown.unwrap_or(Self::Missing(Missing::of(row.precision, row.students_needed)))
    }

    /// What a precision lets be shown of an estimate, if anything.
    pub fn estimated(
        precision: Precision,
        estimate: Estimate,
        measure: &ReportedMeasure,
    ) -> Option<Self> {
        let (low, high) = (estimate.low, estimate.high);
        match precision {
            Precision::Point => Some(Self::Point {
                estimate: measure.clamp(estimate.value),
                half: Z95 * estimate.standard_error(),
                low,
                high,
            }),
            Precision::Band => Some(Self::Band { low, high }),
            _ => None,
        }
    }

    /// For the `status` column of an export.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Point { .. } => "shown",
            Self::Band { .. } => "band_only",
            Self::Missing(missing) => missing.status(),
        }
    }

    /// The interval's ends, if shown.
    pub const fn interval(&self) -> Option<(f64, f64)> {
        match self {
            Self::Point { low, high, .. } | Self::Band { low, high } => Some((*low, *high)),
            Self::Missing(_) => None,
        }
    }

    /// The estimate, if shown.
    pub const fn estimate(&self) -> Option<f64> {
        match self {
            Self::Point { estimate, .. } => Some(*estimate),
            Self::Band { .. } | Self::Missing(_) => None,
        }
    }

    /// `61 ± 3 %`, `55 to 70 %`, or why not.
    pub fn text(&self, measure: &ReportedMeasure) -> String {
        let suffix = suffix(measure);
        match self {
            Self::Point { estimate, half, .. } => {
                let decimals = decimals(2.0 * half);
                format!("{} ± {half:.decimals$}{suffix}", number(*estimate, decimals))
            }
            Self::Band { .. } => format!("{}{suffix}", self.range().unwrap_or_default()),
            Self::Missing(missing) => missing.text(),
        }
    }

    /// `58 to 64`, if shown.
    pub fn range(&self) -> Option<String> {
        let (low, high) = self.interval()?;
        let decimals = decimals(high - low);
        Some(format!("{} to {}", number(low, decimals), number(high, decimals)))
    }
}

/// Decimals worth printing beside an interval of this width.
pub fn decimals(width: f64) -> usize {
    usize::from(width < 3.0)
}

/// A number without "-0".
pub fn number(value: f64, decimals: usize) -> String {
    let unit = 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
    let rounded = (value * unit).round() / unit + 0.0;
    format!("{rounded:.decimals$}")
}

/// The unit after a number: ` %`, ` points`; nothing for percentiles, whose
/// column says it.
pub fn suffix(measure: &ReportedMeasure) -> String {
    match measure.kind {
        MeasureKind::Growth => String::new(),
        _ => format!(" {}", measure.unit),
    }
}

/// A decile level with its words, and the colour that goes with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// 1 to 10.
    pub number: u8,
    /// What it means.
    pub word: &'static str,
    /// 1 to 5: the colour of its chip.
    pub colour: u8,
}

/// The level in words: 10 is the best tenth of schools.
pub const fn level(number: u8) -> Level {
    let (word, colour) = match number {
        0..=2 => ("well below most", 1),
        3 | 4 => ("below most", 2),
        5 | 6 => ("near the middle", 3),
        7 | 8 => ("above most", 4),
        _ => ("well above most", 5),
    };
    Level { number, word, colour }
}

/// `1st`, `2nd`, `63rd`.
pub fn ordinal(number: u32) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// A percentile rank and its 80 % band: better than this share of schools; and
/// the year of the official result that had a part in it.
pub fn rank(at: &Standing, official: Option<SchoolYear>) -> String {
    let whole = |value: f64| value.round().clamp(0.0, 100.0) as u32;
    let rank = format!("{} % ({} to {})", whole(at.rank), whole(at.rank_low), whole(at.rank_high));
    match official {
        Some(year) => format!("{rank}, with the official result of {year}"),
        None => rank,
    }
}

/// `14 Aug 2026`, in the charter's zone.
pub fn date(instant: UnixSeconds, zone: Tz) -> String {
    DateTime::<Utc>::from_timestamp(instant.0, 0)
        .map(|utc| utc.with_timezone(&zone).format("%-d %b %Y").to_string())
        .unwrap_or_default()
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A directory feature for people.
pub fn feature(name: &str) -> String {
    match name {
        "pct_socioeconomically_disadvantaged" => "low income".to_owned(),
        "pct_english_learner" => "English learners".to_owned(),
        "pct_students_with_disabilities" => "students with disabilities".to_owned(),
        "pct_homeless" => "homeless".to_owned(),
        "pct_foster" => "foster".to_owned(),
        "enrollment" | "log_enrollment" => "enrolment".to_owned(),
        "mobility" => "mobility".to_owned(),
        _ => match name.strip_prefix("pct_").and_then(peerlight_proto::group::Race::from_code) {
            Some(race) => race.label().to_owned(),
            None => name.replace('_', " "),
        },
    }
}

/// A directory feature's value: a share in percent, or a number of students.
pub fn feature_value(name: &str, value: f64) -> String {
    match name {
        "log_enrollment" => number(value.exp(), 0),
        _ if name.starts_with("pct_") => format!("{} %", number(value, 0)),
        _ => number(value, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_read_differently() {
        let all = [
            Missing::TooFewStudents,
            Missing::NotPrecise(Some(120)),
            Missing::NotCollected,
            Missing::NotReported,
            Missing::NotOffered,
            Missing::NotCounted("2025-11-01".parse().unwrap()),
        ];
        let texts: std::collections::BTreeSet<String> =
            all.iter().map(|missing| missing.text()).collect();
        assert_eq!(texts.len(), 6);
        assert!(texts.contains("Not precise enough (needs about 120 students)"));
        assert!(texts.contains("No share: students are first counted on 1 November 2025"));
        assert!(!texts.iter().any(|text| text.to_lowercase().contains("suppress")));
    }

    #[test]
    fn ordinals_and_numbers_read_as_people_write_them() {
        let written: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 63, 100].map(ordinal).to_vec();
        assert_eq!(
            written,
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "63rd", "100th"]
        );
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(number(-12.36, 1), "-12.4");
    }

    #[test]
    fn every_level_has_a_word_and_its_colour_follows_the_word() {
        let words: Vec<&str> = (1..=10).map(|number| level(number).word).collect();
        assert_eq!(words[0], "well below most");
        assert_eq!(words[9], "well above most");
        assert!((1..=9).all(|number| level(number).colour <= level(number + 1).colour));
    }

    #[test]
    fn a_rank_says_when_an_official_result_had_a_part_in_it() {
        let at = Standing {
            rank: 62.4,
            rank_low: 48.0,
            rank_high: 75.0,
            level: 7,
            level_probability: 0.5,
        };
        assert_eq!(rank(&at, None), "62 % (48 to 75)");
        let year = SchoolYear::ending(2025).ok();
        assert_eq!(rank(&at, year), "62 % (48 to 75), with the official result of 2024-25");
    }

    #[test]
    fn features_read_as_words() {
        assert_eq!(feature("pct_HI"), "Hispanic or Latino");
        assert_eq!(feature("log_enrollment"), "enrolment");
        assert_eq!(feature_value("log_enrollment", 650.0_f64.ln()), "650");
        assert_eq!(feature_value("pct_english_learner", 21.6), "22 %");
    }
}
