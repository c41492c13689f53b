//! Grade levels and sets of them, as positions and bits, so that they index
//! arrays and compare by age.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A grade level, `TK` to `12`, as its position from 0 (`TK`) to 13 (`12`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grade(u8);

/// The text offered as a grade, or set of grades, is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a grade: use TK, KG, 01 to 12")]
pub struct InvalidGrade(pub String);

impl Grade {
    /// How many grades there are.
    pub const COUNT: usize = 14;

    /// `TK`.
    pub const TRANSITIONAL_KINDERGARTEN: Self = Self(0);
    /// `KG`.
    pub const KINDERGARTEN: Self = Self(1);

    /// Every grade, lowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }

    /// The grade at a position from 0 (`TK`) to 13 (`12`).
    pub const fn from_index(index: usize) -> Option<Self> {
        if index < Self::COUNT { Some(Self(index as u8)) } else { None }
    }

    /// Its position from 0 (`TK`) to 13 (`12`).
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The grade before this one, if any.
    pub const fn before(self) -> Option<Self> {
        if self.0 == 0 { None } else { Some(Self(self.0 - 1)) }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("TK"),
            1 => f.write_str("KG"),
            number => write!(f, "{:02}", number - 1),
        }
    }
}

impl FromStr for Grade {
    type Err = InvalidGrade;

    /// Accepts `TK`, `KG` (also `K`, `KN`), `1` to `12` with or without a
    /// leading zero.
    fn from_str(text: &str) -> Result<Self, InvalidGrade> {
        match text {
            "TK" => return Ok(Self(0)),
            "KG" | "K" | "KN" => return Ok(Self(1)),
            _ => {}
        }
        let short = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u8>() {
            Ok(number @ 1..=12) if short => Ok(Self(number + 1)),
            _ => Err(InvalidGrade(text.chars().take(20).collect())),
        }
    }
}

impl TryFrom<String> for Grade {
    type Error = InvalidGrade;

    fn try_from(text: String) -> Result<Self, InvalidGrade> {
        text.parse()
    }
}

impl From<Grade> for String {
    fn from(grade: Grade) -> Self {
        grade.to_string()
    }
}

/// A set of grades; written as a list of grades and ranges, `["03-08", "11"]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct GradeSet(u16);

impl GradeSet {
    /// Every grade.
    pub const ALL: Self = Self((1 << Grade::COUNT as u16) - 1);

    /// Grades from `low` to `high`, both included; empty if reversed.
    pub fn span(low: Grade, high: Grade) -> Self {
        Grade::all().filter(|grade| (low..=high).contains(grade)).collect()
    }

    /// Whether `grade` is among them.
    pub const fn contains(self, grade: Grade) -> bool {
        self.0 & (1 << grade.0) != 0
    }

    /// Whether the two sets share a grade.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Its grades, lowest first.
    pub fn iter(self) -> impl Iterator<Item = Grade> {
        Grade::all().filter(move |grade| self.contains(*grade))
    }

    /// The set as bits, bit 0 for `TK`.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether it has no grade.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Grade> for GradeSet {
    fn from_iter<T: IntoIterator<Item = Grade>>(grades: T) -> Self {
        Self(grades.into_iter().fold(0, |bits, grade| bits | 1 << grade.0))
    }
}

impl TryFrom<Vec<String>> for GradeSet {
    type Error = InvalidGrade;

    fn try_from(parts: Vec<String>) -> Result<Self, InvalidGrade> {
        let mut set = Self::default();
        for part in parts {
            let (low, high) = part.split_once('-').unwrap_or((&part, &part));
            let span = Self::span(low.parse()?, high.parse()?);
            if span.is_empty() {
                return Err(InvalidGrade(part));
            }
            set.0 |= span.0;
        }
        Ok(set)
    }
}

impl From<GradeSet> for Vec<String> {
    fn from(set: GradeSet) -> Self {
        set.iter().map(|grade| grade.to_string()).collect()
    }
}

impl fmt::Display for GradeSet {
    /// Runs joined by commas: `03-08,11`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grades: Vec<Grade> = self.iter().collect();
        let runs = grades.chunk_by(|before, after| before.0 + 1 == after.0);
        for (position, run) in runs.enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            match run {
                [only] => write!(f, "{only}")?,
                [first, .., last] => write!(f, "{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_round_trip() {
        for grade in Grade::all() {
            assert_eq!(grade.to_string().parse::<Grade>().unwrap(), grade);
        }
        assert_eq!("3".parse::<Grade>().unwrap().to_string(), "03");
        for text in ["13", "0", "-1", "003", "PK", ""] {
            assert!(text.parse::<Grade>().is_err(), "{text}");
        }
    }

    #[test]
    fn grade_sets_read_ranges() {
        let set = GradeSet::try_from(vec!["03-08".to_owned(), "11".to_owned()]).unwrap();
        assert_eq!(set.to_string(), "03-08,11");
        assert_eq!(set.iter().count(), 7);
        assert!(GradeSet::try_from(vec!["08-03".to_owned()]).is_err());
        assert_eq!(GradeSet::ALL.to_string(), "TK-12");
    }
}
