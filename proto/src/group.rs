//! Margins and student groups: the ways one school is split.
//!
//! Margins are not crossed. One student is in exactly one group of `all`,
//! `grade`, `race` and `gender`, and in any number of flags.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::units::{Grade, GradeSet};

/// One way of splitting a school.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Margin {
    /// Everybody.
    All,
    /// By grade level.
    Grade,
    /// By race or ethnicity, with a group for unknown.
    Race,
    /// By gender, with a group for unknown.
    Gender,
    /// English learner, socioeconomically disadvantaged, students with
    /// disabilities.
    CoreFlags,
    /// Homeless, foster, migrant, military; district totals only, because
    /// their schools' counts are too small to help anyone.
    SmallFlags,
    /// Not split and not by school: statistics of the whole district.
    Pooled,
}

impl Margin {
    /// Groups of this margin that one student can be in at once.
    pub const fn groups_per_student(self) -> u32 {
        match self {
            Self::All | Self::Grade | Self::Race | Self::Gender | Self::Pooled => 1,
            Self::CoreFlags => Flag::CORE.len() as u32,
            Self::SmallFlags => Flag::SMALL.len() as u32,
        }
    }

    /// Whether its cells are per school or for the whole district.
    pub const fn is_by_school(self) -> bool {
        !matches!(self, Self::SmallFlags | Self::Pooled)
    }

    /// Its groups in canonical order; `grades` are those of the program.
    pub fn groups(self, grades: GradeSet) -> Vec<StudentGroup> {
        match self {
            Self::All | Self::Pooled => vec![StudentGroup::All],
            Self::Grade => grades.iter().map(StudentGroup::Grade).collect(),
            Self::Race => Race::ALL.map(StudentGroup::Race).to_vec(),
            Self::Gender => Gender::ALL.map(StudentGroup::Gender).to_vec(),
            Self::CoreFlags => Flag::CORE.map(StudentGroup::Flag).to_vec(),
            Self::SmallFlags => Flag::SMALL.map(StudentGroup::Flag).to_vec(),
        }
    }

    /// Its name, as in the charter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Grade => "grade",
            Self::Race => "race",
            Self::Gender => "gender",
            Self::CoreFlags => "core_flags",
            Self::SmallFlags => "small_flags",
            Self::Pooled => "pooled",
        }
    }
}

impl fmt::Display for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $code)] $variant,)*
        }

        impl $type {
            /// Every one, in canonical order.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$variant),*];

            /// Its code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Its name for people.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// Its position in the canonical order.
            pub const fn index(self) -> usize {
                self as usize
            }

            /// The one with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// Race or ethnicity, with the codes of the California Department of
    /// Education. Hispanic takes precedence over any race; more than one race
    /// is [`Race::TwoOrMore`].
    Race {
        /// Black or African American.
        Black = "AA", "Black or African American";
        /// American Indian or Alaska Native.
        AmericanIndian = "AI", "American Indian or Alaska Native";
        /// Asian.
        Asian = "AS", "Asian";
        /// Filipino.
        Filipino = "FI", "Filipino";
        /// Hispanic or Latino, of any race.
        Hispanic = "HI", "Hispanic or Latino";
        /// Pacific Islander.
        PacificIslander = "PI", "Pacific Islander";
        /// White.
        White = "WH", "White";
        /// Two or more races.
        TwoOrMore = "MR", "Two or more races";
        /// Not known. A group of its own, so that every student is in one.
        Unknown = "unknown", "Race or ethnicity unknown";
    }
}

codes! {
    /// Gender as recorded by the school.
    Gender {
        /// Female.
        Female = "F", "Female";
        /// Male.
        Male = "M", "Male";
        /// Nonbinary.
        Nonbinary = "X", "Nonbinary";
        /// Not known.
        Unknown = "unknown", "Gender unknown";
    }
}

codes! {
    /// A program flag.
    Flag {
        /// English learner.
        EnglishLearner = "EL", "English learners";
        /// Socioeconomically disadvantaged.
        Disadvantaged = "SED", "Socioeconomically disadvantaged";
        /// Students with disabilities.
        Disabilities = "SWD", "Students with disabilities";
        /// Homeless.
        Homeless = "HOM", "Homeless";
        /// Foster.
        Foster = "FOS", "Foster";
        /// Migrant.
        Migrant = "MIG", "Migrant";
        /// From a military family.
        Military = "MIL", "Military";
    }
}

impl Flag {
    /// Flags released by school.
    pub const CORE: [Self; 3] = [Self::EnglishLearner, Self::Disadvantaged, Self::Disabilities];
    /// Flags released as district totals only.
    pub const SMALL: [Self; 4] = [Self::Homeless, Self::Foster, Self::Migrant, Self::Military];
}

/// One group of one margin; written `all`, `grade:03`, `race:HI`, `gender:F`,
/// `flag:EL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StudentGroup {
    /// Everybody.
    All,
    /// One grade level.
    Grade(Grade),
    /// One race or ethnicity.
    Race(Race),
    /// One gender.
    Gender(Gender),
    /// Holders of one flag.
    Flag(Flag),
}

/// The text offered as a student group is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a student group: use all, grade:03, race:HI, gender:F or flag:EL")]
pub struct InvalidGroup(pub String);

impl StudentGroup {
    /// Its name for people.
    pub fn label(self) -> String {
        match self {
            Self::All => "All students".to_owned(),
            Self::Grade(grade) => format!("Grade {grade}"),
            Self::Race(race) => race.label().to_owned(),
            Self::Gender(gender) => gender.label().to_owned(),
            Self::Flag(flag) => flag.label().to_owned(),
        }
    }
}

impl fmt::Display for StudentGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Grade(grade) => write!(f, "grade:{grade}"),
            Self::Race(race) => write!(f, "race:{}", race.code()),
            Self::Gender(gender) => write!(f, "gender:{}", gender.code()),
            Self::Flag(flag) => write!(f, "flag:{}", flag.code()),
        }
    }
}

impl FromStr for StudentGroup {
    type Err = InvalidGroup;

    fn from_str(text: &str) -> Result<Self, InvalidGroup> {
        let invalid = || InvalidGroup(text.chars().take(40).collect());
        if text == "all" {
            return Ok(Self::All);
        }
        let (margin, code) = text.split_once(':').ok_or_else(invalid)?;
        let group = match margin {
            "grade" => code.parse().ok().map(Self::Grade),
            "race" => Race::from_code(code).map(Self::Race),
            "gender" => Gender::from_code(code).map(Self::Gender),
            "flag" => Flag::from_code(code).map(Self::Flag),
            _ => None,
        };
        group.ok_or_else(invalid)
    }
}

impl TryFrom<String> for StudentGroup {
    type Error = InvalidGroup;

    fn try_from(text: String) -> Result<Self, InvalidGroup> {
        text.parse()
    }
}

impl From<StudentGroup> for String {
    fn from(group: StudentGroup) -> Self {
        group.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_round_trip_through_their_names() {
        for margin in [
            Margin::All,
            Margin::Grade,
            Margin::Race,
            Margin::Gender,
            Margin::CoreFlags,
            Margin::SmallFlags,
        ] {
            for group in margin.groups(GradeSet::ALL) {
                assert_eq!(group.to_string().parse::<StudentGroup>().unwrap(), group);
            }
        }
        assert!("race:ZZ".parse::<StudentGroup>().is_err());
    }
}
