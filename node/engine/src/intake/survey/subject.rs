//! Whose answers a survey's are, as its map says: a student's, by an id; or of
//! students, staff or parents of whom nothing is known but the school.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    map::File,
    refusal::{ANONYMOUS, SurveyMapError},
};
use crate::{intake::table::JoinId, respondent::Respondent, student::Column};

/// Whose answers they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    /// Of students with an id, in this column.
    Student {
        /// Which id it is.
        join: JoinId,
        /// The column.
        id: String,
    },
    /// Of people without an id.
    Anonymous(Anonymous),
}

/// What is known of people without an id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Anonymous {
    pub(super) who: Who,
    /// The column of the school.
    pub(super) school: String,
    /// The column of a student's grade.
    pub(super) grade: Option<String>,
    /// Ids of schools by what the column has, in small letters; empty where
    /// such answers are left out.
    schools: BTreeMap<String, String>,
}

/// Who answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Who {
    /// All are of one kind.
    All(Respondent),
    /// A column says it.
    Column {
        name: String,
        /// By what the column has, in small letters; none where such answers
        /// are left out.
        values: BTreeMap<String, Option<Respondent>>,
    },
}

/// A school's id, with or without quotes around it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum SchoolIdText {
    Text(String),
    Number(u64),
}

impl Subject {
    /// Whose answers they are, as a map says.
    pub(super) fn new(file: &File) -> Result<Self, SurveyMapError> {
        let has_respondent = file.respondent.is_some() || file.respondent_column.is_some();
        let of_anonymous = [
            ("school", file.school.is_some()),
            ("grade", file.grade.is_some()),
            ("[respondents]", file.respondents.is_some()),
            ("[schools]", file.schools.is_some()),
        ];
        let (join, id) = match (&file.student_id, &file.statewide_id) {
            (Some(_), Some(_)) => return Err(SurveyMapError::TwoIds),
            (Some(_), None) | (None, Some(_)) if has_respondent => {
                return Err(SurveyMapError::TwoSubjects);
            }
            (Some(id), None) => (JoinId::Local, id),
            (None, Some(id)) => (JoinId::Statewide, id),
            (None, None) if has_respondent => return Anonymous::new(file).map(Self::Anonymous),
            (None, None) => return Err(SurveyMapError::Anonymous),
        };
        match of_anonymous.iter().find(|(_, is_there)| *is_there) {
            Some((key, _)) => Err(SurveyMapError::NeedsRespondent(key)),
            None => Ok(Self::Student { join, id: id.clone() }),
        }
    }

    /// Refuses constructs that these respondents are not asked.
    pub(super) fn check(
        &self,
        mut constructs: impl Iterator<Item = Column>,
    ) -> Result<(), SurveyMapError> {
        let Self::Anonymous(Anonymous { who: Who::All(respondent), .. }) = self else {
            return Ok(());
        };
        let of_students = constructs.find(|construct| !respondent.is_asked(*construct));
        of_students.map_or(Ok(()), |construct| {
            Err(SurveyMapError::OfStudents(construct.name().to_owned(), *respondent))
        })
    }

    /// The column that the file's header is known by.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Student { id, .. } => id,
            Self::Anonymous(of) => &of.school,
        }
    }

    /// What to do where that column is not found.
    pub(super) const fn remedy(&self) -> &'static str {
        match self {
            Self::Student { .. } => ANONYMOUS,
            Self::Anonymous(_) => "an answer without a student's id counts for its school",
        }
    }
}

fn school((name, id): (&String, &SchoolIdText)) -> (String, String) {
    let id = match id {
        SchoolIdText::Text(id) => id.trim().to_owned(),
        SchoolIdText::Number(id) => id.to_string(),
    };
    (name.trim().to_lowercase(), id)
}

impl Who {
    fn new(file: &File) -> Result<Self, SurveyMapError> {
        let known = |name: &String| {
            Respondent::from_name(name).ok_or_else(|| SurveyMapError::Respondent(name.clone()))
        };
        match (&file.respondent, &file.respondent_column) {
            (Some(all), None) if file.respondents.is_none() => Ok(Self::All(known(all)?)),
            (None, Some(column)) => {
                let mut values = BTreeMap::new();
                for (text, name) in file.respondents.iter().flatten() {
                    let respondent = if name.is_empty() { None } else { Some(known(name)?) };
                    values.insert(text.trim().to_lowercase(), respondent);
                }
                Ok(Self::Column { name: column.clone(), values })
            }
            _ => Err(SurveyMapError::TwoRespondents),
        }
    }
}

impl Anonymous {
    fn new(file: &File) -> Result<Self, SurveyMapError> {
        Ok(Self {
            who: Who::new(file)?,
            school: file.school.clone().ok_or(SurveyMapError::NoSchool)?,
            grade: file.grade.clone(),
            schools: file.schools.iter().flatten().map(school).collect(),
        })
    }

    /// The column that says who answered, where one does.
    pub(super) fn respondent_column(&self) -> Option<&str> {
        match &self.who {
            Who::All(_) => None,
            Who::Column { name, .. } => Some(name),
        }
    }

    /// Who answered, by what that column has: an error where nobody said what
    /// it means, none where the answer is left out.
    pub(super) fn respondent(&self, text: &str) -> Result<Option<Respondent>, ()> {
        match &self.who {
            Who::All(respondent) => Ok(Some(*respondent)),
            Who::Column { values, .. } => match values.get(&text.to_lowercase()) {
                Some(respondent) => Ok(*respondent),
                None => Respondent::from_name(text).map(Some).ok_or(()),
            },
        }
    }

    /// The school's id, by what its column has; the same where the map does not
    /// say another, empty where the answer is left out.
    pub(super) fn school_id<'a>(&'a self, text: &'a str) -> &'a str {
        self.schools.get(&text.to_lowercase()).map_or(text, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::map::SurveyMap, *};

    const CONSTRUCT: &str = "[scale.s]\nvalues = { a = 1, b = 2, c = 3, d = 4 }
        [construct.climate_safety]\nscale = \"s\"\nitems = [\"Q1\"]\n";

    fn subject(keys: &str) -> Result<Subject, String> {
        let map = SurveyMap::parse(&format!("{keys}\n{CONSTRUCT}"));
        map.map(|map| map.subject).map_err(|error| error.to_string())
    }

    #[test]
    fn a_column_says_who_answered_and_where_in_the_words_of_the_file() {
        let keys = "respondent_column = \"Role\"\nschool = \"School\"
            [respondents]\n\"Teacher\" = \"staff\"\n\"Visitor\" = \"\"
            [schools]\n\"Lincoln Middle\" = \"0612345\"\n\"Other\" = \"\"\nMain = 20";
        let Ok(Subject::Anonymous(of)) = subject(keys) else { panic!("of people without an id") };
        assert_eq!((of.respondent_column(), of.school.as_str()), (Some("Role"), "School"));
        let kinds = ["teacher", "PARENT", "Visitor", "Driver"].map(|text| of.respondent(text));
        let expected =
            [Ok(Some(Respondent::Staff)), Ok(Some(Respondent::Parent)), Ok(None), Err(())];
        assert_eq!(kinds, expected);
        let ids = ["lincoln middle", "0612345", "Other", "MAIN"].map(|text| of.school_id(text));
        assert_eq!(ids, ["0612345", "0612345", "", "20"]);
    }

    #[test]
    fn a_map_that_does_not_say_whose_answers_they_are_is_refused_with_what_to_do() {
        for (keys, told) in [
            ("", "another unit of privacy"),
            ("respondent = \"staff\"", "add school"),
            ("respondent = \"teacher\"\nschool = \"S\"", "write student, staff or parent"),
            ("student_id = \"I\"\nrespondent = \"student\"", "keep the id"),
            ("student_id = \"I\"\nschool = \"S\"", "says school"),
            ("student_id = \"I\"\n[schools]\na = \"10\"", "says [schools]"),
            (
                "respondent = \"staff\"\nrespondent_column = \"R\"\nschool = \"S\"",
                "keep respondent where all",
            ),
            ("respondent_column = \"R\"\nschool = \"S\"\n[respondents]\na = \"b\"", "b answered"),
        ] {
            let error = subject(keys).unwrap_err();
            assert!(error.contains(told), "{keys}: {error}");
        }
        let of_staff = format!("respondent = \"staff\"\nschool = \"S\"\n{CONSTRUCT}");
        let sel = of_staff.replace("climate_safety", "sel_self_efficacy");
        let error = SurveyMap::parse(&sel).unwrap_err().to_string();
        assert!(error.contains("asked of students alone"), "{error}");
    }
}
