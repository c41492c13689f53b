//! Civil dates as charters write them: what an estimate is as of. Never an
//! instant; which zone a date is in, the charter says.

use std::{fmt, str::FromStr};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day; ordered as days are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is not a date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a date: write YYYY-MM-DD")]
pub struct InvalidDate(String);

impl CivilDate {
    /// `1 March 2026`.
    pub fn words(self) -> String {
        format!("{} {} {}", self.day, self.month_name(), self.year)
    }

    /// Day of the month, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// `March`.
    pub fn month_name(self) -> &'static str {
        MONTHS[usize::from(self.month) - 1]
    }
}

impl FromStr for CivilDate {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let invalid = || InvalidDate(text.chars().take(20).collect());
        let mut parts = text.splitn(3, '-').map(str::parse::<u16>);
        let mut next = || parts.next().and_then(Result::ok).ok_or_else(invalid);
        let (year, month, day) = (next()?, next()?, next()?);
        if (1..=12).contains(&month) && (1..=31).contains(&day) {
            Ok(Self { year, month: month as u8, day: day as u8 })
        } else {
            Err(invalid())
        }
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_ordered_and_written() {
        let date = |text: &str| text.parse::<CivilDate>();
        let march = date("2026-03-01").unwrap();
        assert_eq!(
            (march.to_string(), march.words()),
            ("2026-03-01".into(), "1 March 2026".into())
        );
        assert!(date("2025-12-31").unwrap() < march && march < date("2026-03-02").unwrap());
        for wrong in ["2026-13-01", "2026-00-10", "2026-01", "yesterday", "2026-02-x"] {
            assert!(date(wrong).is_err(), "{wrong}");
        }
    }
}
