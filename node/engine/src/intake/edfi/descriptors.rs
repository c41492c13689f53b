//! What descriptors mean: `descriptors.toml`, and what a district says before
//! it.

use std::collections::{BTreeMap, HashMap};

use crate::student::{Column, Kind, LETTERS};

const SHIPPED: &str = include_str!("descriptors.toml");

/// Sections, and what their values may mean. Sections without a list mean
/// columns of flags.
const SECTIONS: &[(&str, &[&str])] = &[
    ("student_unique_id", &["local", "statewide"]),
    ("identification", &["local", "statewide"]),
    ("sex", &["F", "M", "X"]),
    ("race", &["AA", "AI", "AS", "FI", "HI", "PI", "WH", "MR"]),
    ("grade", GRADES),
    ("english", &["learner", "reclassified", "fluent"]),
    ("characteristic", &[]),
    ("program", &[]),
    ("food_service", &[]),
    ("attendance", &["absent", "half", "present"]),
    ("calendar_event", &["expected"]),
    ("calendar_type", &["school", "student"]),
    ("exit", EXITS),
    ("diploma", &["regular", "other"]),
    ("discipline", &["suspension", "expulsion", "other"]),
    ("assessment_category", &["summative"]),
    ("subject", &["ela", "math", "science"]),
    ("reporting_method", &["scale_score", "standard_error"]),
    ("performance_level", &["1", "2", "3", "4"]),
    ("letter_grade", LETTERS),
];

const GRADES: &[&str] =
    &["TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"];

const EXITS: &[&str] = &[
    "graduated",
    "completed",
    "dropped_out",
    "transferred",
    "left_cohort",
    "died",
    "moved",
    "never_came",
];

/// Values that are known and say nothing.
const NONE: &str = "none";

/// A file of descriptors is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// It is not TOML of this shape.
    #[error("the descriptors are not understood: {0}")]
    Toml(String),
    /// It names a section that there is not.
    #[error(
        "the descriptors have no section [{0}]: see docs/running-a-node.md for those there are"
    )]
    Section(String),
    /// A section cannot mean this.
    #[error("[{section}] cannot mean \"{meaning}\": write {allowed}, or none")]
    Meaning {
        /// The section.
        section: String,
        /// What it cannot mean.
        meaning: String,
        /// What it can.
        allowed: String,
    },
    /// A value means two things where it can mean one.
    #[error("[{section}] says two things of \"{value}\": keep it in one list")]
    Twice {
        /// The section.
        section: String,
        /// The value.
        value: String,
    },
}

/// What the values of descriptors mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// By section, then by value in small letters: its meanings; none for one
    /// that says nothing.
    sections: BTreeMap<&'static str, HashMap<String, Vec<String>>>,
}

impl Default for Descriptors {
    /// What is shipped.
    fn default() -> Self {
        let mut empty = Self { sections: BTreeMap::new() };
        empty.read(SHIPPED).expect("a test reads what is shipped");
        empty
    }
}

impl Descriptors {
    /// What is shipped, after what a district's own file says.
    pub fn with(text: &str) -> Result<Self, DescriptorError> {
        let mut ours = Self::default();
        ours.read(text)?;
        Ok(ours)
    }

    /// Reads a file over what is known.
    fn read(&mut self, text: &str) -> Result<(), DescriptorError> {
        type Lists = BTreeMap<String, BTreeMap<String, Vec<String>>>;
        let file: Lists =
            toml::from_str(text).map_err(|error| DescriptorError::Toml(error.to_string()))?;
        for (section, lists) in file {
            let Some((name, allowed)) = SECTIONS.iter().find(|(name, _)| *name == section) else {
                return Err(DescriptorError::Section(section));
            };
            let mut said: HashMap<String, Vec<String>> = HashMap::new();
            for (meaning, values) in lists {
                check(name, allowed, &meaning)?;
                for value in values {
                    let meanings = said.entry(value.to_lowercase()).or_default();
                    if allowed.is_empty() {
                        meanings.extend((meaning != NONE).then(|| meaning.clone()));
                    } else if meanings.is_empty() {
                        meanings.push(meaning.clone());
                    } else {
                        return Err(DescriptorError::Twice { section, value });
                    }
                }
            }
            self.sections.entry(name).or_default().extend(said);
        }
        Ok(())
    }

    /// What a value means: nothing, one thing, or several flags; `None` where
    /// nobody said.
    fn all(&self, section: &str, value: &str) -> Option<&[String]> {
        let known = self.sections.get(section)?;
        let whole = value.to_lowercase();
        let code = whole.rsplit_once('#').map(|(_, code)| code);
        let found = known.get(&whole).or_else(|| known.get(code?));
        found.map(Vec::as_slice)
    }

    /// The one thing a value means, empty where it says nothing; `None` where
    /// nobody said.
    pub(super) fn one(&self, section: &str, value: &str) -> Option<&str> {
        let meaning = self.all(section, value)?.first().map(String::as_str);
        Some(meaning.filter(|meaning| *meaning != NONE).unwrap_or(""))
    }

    /// The flags that a value says "yes" to.
    pub(super) fn flags(&self, section: &str, value: &str) -> Option<Vec<Column>> {
        let names = self.all(section, value)?;
        Some(names.iter().filter_map(|name| Column::from_name(name)).collect())
    }

    /// Whether `studentUniqueId` is the state's id.
    pub(super) fn is_unique_id_statewide(&self) -> bool {
        self.one("student_unique_id", "studentUniqueId") == Some("statewide")
    }
}

fn check(section: &str, allowed: &[&str], meaning: &str) -> Result<(), DescriptorError> {
    let is_flag = || Column::from_name(meaning).is_some_and(|column| column.kind() == Kind::Flag);
    let is_allowed = if allowed.is_empty() { is_flag() } else { allowed.contains(&meaning) };
    if is_allowed || meaning == NONE {
        return Ok(());
    }
    let allowed =
        if allowed.is_empty() { "a column of flags".to_owned() } else { allowed.join(", ") };
    let (section, meaning) = (section.to_owned(), meaning.to_owned());
    Err(DescriptorError::Meaning { section, meaning, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_has_every_section_and_reads() {
        let shipped = Descriptors::default();
        for (section, _) in SECTIONS {
            assert!(shipped.sections.contains_key(section), "{section}");
        }
        let race = "uri://ed-fi.org/RaceDescriptor#White";
        assert_eq!(shipped.one("race", race), Some("WH"));
        assert_eq!(shipped.one("race", "Unknown"), Some(""));
        assert_eq!(shipped.one("race", "Martian"), None);
        let flags = shipped.flags("program", "migrant education").unwrap();
        assert_eq!(flags, [Column::Migrant, Column::SocioeconomicallyDisadvantaged]);
    }

    #[test]
    fn a_district_says_more_and_otherwise_by_code_or_by_uri() {
        let ours = "[race]\nFI = [\"Pilipino\", \"uri://d.org/RaceDescriptor#Asian\"]\n\
                    [characteristic]\nfoster = [\"Homeless\"]\n";
        let ours = Descriptors::with(ours).unwrap();
        assert_eq!(ours.one("race", "uri://d.org/RaceDescriptor#Asian"), Some("FI"));
        assert_eq!(ours.one("race", "uri://ed-fi.org/RaceDescriptor#Asian"), Some("AS"));
        assert_eq!(ours.one("race", "uri://x/RaceDescriptor#PILIPINO"), Some("FI"));
        assert_eq!(ours.flags("characteristic", "Homeless"), Some(vec![Column::Foster]));
        assert!(!ours.is_unique_id_statewide());
        let ours = "student_unique_id = { statewide = [\"studentUniqueId\"] }";
        assert!(Descriptors::with(ours).unwrap().is_unique_id_statewide());
    }

    #[test]
    fn a_file_that_cannot_be_meant_is_refused() {
        for (text, what) in [
            ("races = 1", "not understood"),
            ("[races]\nWH = []", "no section [races]"),
            ("[race]\nWhite = [\"W\"]", "cannot mean \"White\""),
            ("[program]\ngrade_level = [\"W\"]", "cannot mean \"grade_level\""),
            ("[race]\nWH = [\"W\"]\nAA = [\"w\"]", "two things of \"W\""),
        ] {
            let error = Descriptors::with(text).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
