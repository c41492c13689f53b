//! Names of things, one type each, so that a school's id cannot be passed where
//! a measure's is meant.
//!
//! All share one grammar: 1 to 64 ASCII letters, digits, `-`, `_` and `.`,
//! which is safe in a file name, a URL path and a log line.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The text offered as a name is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a valid {1}: use 1 to 64 letters, digits, '-', '_' or '.'")]
pub struct InvalidName(pub String, pub &'static str);

fn check(text: &str, what: &'static str) -> Result<(), InvalidName> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=64).contains(&text.len()) && text.chars().all(allowed) && !text.starts_with('.') {
        Ok(())
    } else {
        Err(InvalidName(text.chars().take(64).collect(), what))
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            #[doc = concat!("Accepts a valid ", $what, "; refuses anything else.")]
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                check(&text, $what)?;
                Ok(Self(text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }
    };
}

name!(
    /// The organisation around one hub.
    ConsortiumId,
    "consortium id"
);
name!(
    /// A member of the consortium. For a district or directly funded charter
    /// this is its LEA id, the one its schools carry in the directory.
    MemberId,
    "member id"
);
name!(
    /// A school, unique in the consortium (NCES or state id preferred).
    SchoolId,
    "school id"
);
name!(
    /// A measure of the charter's catalogue.
    MeasureId,
    "measure id"
);
name!(
    /// A population of the charter's catalogue.
    PopulationId,
    "population id"
);
name!(
    /// A program: one measure's calendar, share and mechanism.
    ProgramId,
    "program id"
);
name!(
    /// A step of a program's release calendar.
    PeriodId,
    "period id"
);
name!(
    /// One release: one program, one period, one noise draw.
    ReleaseId,
    "release id"
);
name!(
    /// A subject with a growth model, such as `ela`.
    SubjectId,
    "subject id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_paths_and_logs() {
        for good in ["37", "0612345-1", "ela_met", "a.b"] {
            assert_eq!(SchoolId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a/b", "a b", "a\nb", "é", &"x".repeat(65)] {
            assert!(SchoolId::new(bad).is_err(), "{bad:?}");
        }
    }
}
