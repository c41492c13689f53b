//! Quantities that must not be mixed up: school years, grades, privacy cost,
//! instants, hashes.

mod grade;

use std::{fmt, iter::Sum, str::FromStr};

pub use grade::{Grade, GradeSet, InvalidGrade};
use serde::{Deserialize, Serialize};

/// A school year, stored by its ending year and shown as `2025-26`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchoolYear(u16);

/// The text offered as a school year is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a school year: write the ending year (2026) or 2025-26")]
pub struct InvalidSchoolYear(pub String);

impl SchoolYear {
    /// The school year that ends in `year`; 1990 to 2200.
    pub fn ending(year: u32) -> Result<Self, InvalidSchoolYear> {
        match u16::try_from(year) {
            Ok(short) if (1990..=2200).contains(&short) => Ok(Self(short)),
            _ => Err(InvalidSchoolYear(year.to_string())),
        }
    }

    /// The calendar year it ends in.
    pub const fn ending_year(self) -> u16 {
        self.0
    }

    /// The school year `years` before this one.
    #[must_use]
    pub const fn earlier(self, years: u16) -> Self {
        Self(self.0 - years)
    }
}

impl fmt::Display for SchoolYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.0 - 1, self.0 % 100)
    }
}

impl FromStr for SchoolYear {
    type Err = InvalidSchoolYear;

    /// Accepts `2026`, `2025-26`, `2025_26`, `2025-2026` and `2025_2026`.
    fn from_str(text: &str) -> Result<Self, InvalidSchoolYear> {
        let invalid = || InvalidSchoolYear(text.chars().take(20).collect());
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u32>().ok()).flatten().ok_or_else(invalid)
        };
        let Some((first, last)) = text.split_once(['-', '_']) else {
            return Self::ending(number(text)?);
        };
        let (start, end) = (number(first)?, number(last)?);
        let end = if last.len() == 2 { (start + 1) / 100 * 100 + end } else { end };
        if start + 1 == end { Self::ending(end) } else { Err(invalid()) }
    }
}

/// Privacy cost under zero-concentrated differential privacy, in units of
/// 10^-12 rho. Integers, so that a ledger adds exactly.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PicoRho(pub u64);

impl PicoRho {
    /// Units in one rho.
    pub const PER_RHO: u64 = 1_000_000_000_000;

    /// The sum, or `None` where it would not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left of `self` after `spent`; zero if more was spent.
    #[must_use]
    pub const fn minus(self, spent: Self) -> Self {
        Self(self.0.saturating_sub(spent.0))
    }

    /// As a plain rho.
    pub fn rho(self) -> f64 {
        self.0 as f64 / Self::PER_RHO as f64
    }
}

impl Sum for PicoRho {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        Self(parts.fold(0_u64, |sum, part| sum.saturating_add(part.0)))
    }
}

impl fmt::Display for PicoRho {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6} rho", self.rho())
    }
}

/// Standard deviation of added noise, in whole 1/1024 of the unit of the
/// integers it is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sigma(pub u64);

impl Sigma {
    /// Steps in one unit.
    pub const PER_UNIT: u64 = 1024;

    /// In units of the integers it is added to. Exact below 2^43.
    pub fn units(self) -> f64 {
        self.0 as f64 / Self::PER_UNIT as f64
    }
}

/// An instant, seconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixSeconds(pub i64);

/// A SHA-256, shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(pub [u8; 32]);

/// The bytes or text offered as a hash are not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 hash is 32 bytes, or 64 hexadecimal digits")]
pub struct InvalidHash;

impl ContentHash {
    /// The hash of `content`.
    pub fn of(content: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, content);
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// Takes 32 bytes as a hash.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidHash> {
        bytes.try_into().map(Self).map_err(|_| InvalidHash)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first 16 hexadecimal digits: enough for people to compare.
    pub fn short(&self) -> String {
        hexadecimal(&self.0[..8])
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for ContentHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        if text.len() != 64 || !text.is_ascii() {
            return Err(InvalidHash);
        }
        let mut bytes = [0; 32];
        for (byte, position) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte =
                u8::from_str_radix(&text[position..position + 2], 16).map_err(|_| InvalidHash)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for ContentHash {
    type Error = InvalidHash;

    fn try_from(text: String) -> Result<Self, InvalidHash> {
        text.parse()
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn school_years_are_read_in_every_spelling_and_shown_in_one() {
        for text in ["2026", "2025-26", "2025_26", "2025-2026", "2025_2026"] {
            assert_eq!(text.parse::<SchoolYear>().unwrap().to_string(), "2025-26", "{text}");
        }
        assert_eq!("1999-00".parse::<SchoolYear>().unwrap().ending_year(), 2000);
        for text in ["2025-27", "26", "x", "", "2025-2", "+2026"] {
            assert!(text.parse::<SchoolYear>().is_err(), "{text}");
        }
    }

    #[test]
    fn hashes_round_trip() {
        let hash = ContentHash::of(b"abc");
        assert_eq!(hash.to_string().parse::<ContentHash>().unwrap(), hash);
        assert!(hash.to_string().starts_with("ba7816bf"));
        assert!("zz".parse::<ContentHash>().is_err());
    }
}
