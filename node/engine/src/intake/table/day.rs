//! Civil days and the school years they fall in.
//!
//! A school year runs from 1 July to 30 June, as CALPADS and most states count
//! it. Knows no clock: "today" is a value that a caller passes in.

use std::fmt;

use peerlight_proto::units::SchoolYear;

use crate::intake::value::{date, days_of};

/// A civil day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i32);

/// Longest absence from a school that does not end an enrolment, days.
const LONGEST_GAP: i32 = 30;

impl Day {
    /// Reads `YYYY-MM-DD`, also with a time after it, or `YYYYMMDD`.
    pub fn read(text: &str) -> Option<Self> {
        let is_compact = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        let days = if is_compact {
            days_of(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]))
        } else {
            days_of(text.split_once('T').map_or(text, |(date, _)| date))
        };
        days.map(|days| Self(days as i32))
    }

    /// The day, in UTC, of an instant in seconds since 1970-01-01.
    pub const fn of_unix(seconds: i64) -> Self {
        Self(seconds.div_euclid(86_400) as i32)
    }

    /// The first day of a school year: 1 July.
    pub fn first_of(year: SchoolYear) -> Self {
        Self::at(year.ending_year() - 1, 7, 1)
    }

    /// The last day of a school year: 30 June.
    pub fn last_of(year: SchoolYear) -> Self {
        Self::at(year.ending_year(), 6, 30)
    }

    /// The first Wednesday of October: California's census day.
    pub fn october_census(year: SchoolYear) -> Self {
        Self::at(year.ending_year() - 1, 10, 1).first_wednesday_from()
    }

    /// The first Wednesday of March.
    pub fn march_census(year: SchoolYear) -> Self {
        Self::at(year.ending_year(), 3, 1).first_wednesday_from()
    }

    /// 15 June of a school year: by then a learner must have begun to be
    /// long-term seven years later (Monterey COE's rule).
    pub(super) fn long_term_learner_by(year: SchoolYear) -> Self {
        Self::at(year.ending_year(), 6, 15)
    }

    /// The last day on which a cohort's students may graduate in time:
    /// 15 August after the year (Data Guide 11, section 3.1.9.2).
    pub fn last_graduation_of(year: SchoolYear) -> Self {
        Self::at(year.ending_year(), 8, 15)
    }

    /// The school year it falls in; `None` outside the years that there are.
    pub fn school_year(self) -> Option<SchoolYear> {
        // Whole years of 365 days from 1 July 1969; leap days make that at most
        // one year too many, or before it too few.
        let guess = 1970 + self.since(Self(-184)).div_euclid(365);
        [guess, guess - 1, guess + 1]
            .into_iter()
            .filter_map(|year| SchoolYear::ending(u32::try_from(year).ok()?).ok())
            .find(|year| (Self::first_of(*year)..=Self::last_of(*year)).contains(&self))
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Whole days from `earlier` to it; negative the other way.
    pub const fn since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }

    /// Whether nobody would call two spells that end and begin on these days
    /// one enrolment: more than 30 days lie between them.
    pub(super) const fn is_gap(end: Self, next_start: Self) -> bool {
        next_start.0 - end.0 - 1 > LONGEST_GAP
    }

    fn at(year: u16, month: i64, day: i64) -> Self {
        let days = date(year.into(), month, day);
        Self(days.expect("school years lie between 1900 and 2200") as i32)
    }

    const fn first_wednesday_from(self) -> Self {
        // 1970-01-01 was a Thursday.
        let weekday_from_wednesday = (self.0 + 1).rem_euclid(7);
        Self(self.0 + (7 - weekday_from_wednesday) % 7)
    }
}

impl fmt::Display for Day {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Howard Hinnant, "chrono-compatible low-level date algorithms".
        let shifted = i64::from(self.0) + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::read(text).unwrap()
    }

    #[test]
    fn days_are_read_in_the_three_spellings_and_written_in_one() {
        for text in ["20251001", "2025-10-01", "2025-10-01T00:00:00Z"] {
            assert_eq!(day(text).to_string(), "2025-10-01");
        }
        for text in ["2000-02-29", "1969-12-31", "2100-03-01", "2024-12-31"] {
            assert_eq!(day(text).to_string(), text);
        }
        for text in ["", "20250229", "10/01/2025", "2025-1-1", "00000000"] {
            assert_eq!(Day::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_school_year_runs_from_july_to_june() {
        let year = |text: &str| day(text).school_year().map(SchoolYear::ending_year);
        assert_eq!(year("2025-06-30"), Some(2025));
        assert_eq!(year("2025-07-01"), Some(2026));
        assert_eq!(year("2026-06-30"), Some(2026));
        assert_eq!(year("2025-12-31"), Some(2026));
    }

    #[test]
    fn census_days_are_first_wednesdays() {
        let year = |ending| SchoolYear::ending(ending).unwrap();
        // 1 October 2025 was a Wednesday; in 2024 the second was.
        assert_eq!(Day::october_census(year(2026)), day("2025-10-01"));
        assert_eq!(Day::october_census(year(2025)), day("2024-10-02"));
        assert_eq!(Day::october_census(year(2021)), day("2020-10-07"));
        assert_eq!(Day::march_census(year(2026)), day("2026-03-04"));
    }
}
