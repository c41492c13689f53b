//! The directory: the signed, numbered list of schools with their public
//! features, frozen for a school year.
//!
//! Which cells a release has follows from it, so it holds nothing that was
//! learned from student records.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;

use crate::{
    names::{ConsortiumId, InvalidName, MemberId, SchoolId},
    units::{GradeSet, InvalidGrade, InvalidSchoolYear, SchoolYear},
    v1,
};

/// Which children a school serves; schools are compared within a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Elementary.
    Elementary,
    /// Middle.
    Middle,
    /// High.
    High,
    /// Spans elementary to high.
    K12,
}

impl Level {
    /// Every level, youngest first.
    pub const ALL: [Self; 4] = [Self::Elementary, Self::Middle, Self::High, Self::K12];

    /// Its name, as in `schools.csv`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Elementary => "elementary",
            Self::Middle => "middle",
            Self::High => "high",
            Self::K12 => "k12",
        }
    }

    /// The level with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// One school.
#[derive(Clone, Debug, PartialEq)]
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// The member that reports for it.
    pub lea: MemberId,
    /// Its name for people.
    pub name: String,
    /// Which children it serves.
    pub level: Level,
    /// Regular, alternative, continuation …; never compared across types.
    pub school_type: String,
    /// Grades it serves; every grade where the directory does not say.
    pub grades: GradeSet,
    /// County, for filters only.
    pub county: Option<String>,
    /// Official enrolment, students.
    pub enrollment: Option<u32>,
    /// Public numbers by column name of `schools.csv`.
    pub features: BTreeMap<String, f64>,
}

/// The schools of a consortium for one school year, ordered by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Directory {
    /// The consortium.
    pub consortium: ConsortiumId,
    /// Counts up with every change.
    pub number: u32,
    /// The school year.
    pub school_year: SchoolYear,
    /// Where the features come from, in words.
    pub features_source: String,
    /// Ordered by id, each id once.
    pub schools: Vec<School>,
}

/// Why a directory is refused.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The bytes are not a directory.
    #[error("the directory cannot be read: {0}")]
    Unreadable(#[from] prost::DecodeError),
    /// An id is malformed.
    #[error("the directory has a bad id: {0}")]
    Name(#[from] InvalidName),
    /// A grade is malformed.
    #[error("school {school} of the directory has a bad grade: {source}")]
    Grade {
        /// The school.
        school: String,
        /// What is wrong.
        source: InvalidGrade,
    },
    /// The year is malformed.
    #[error("the directory has a bad year: {0}")]
    Year(#[from] InvalidSchoolYear),
    /// A school's level is unknown.
    #[error(
        "school {school} of the directory has level \"{level}\": use elementary, middle, high or k12"
    )]
    Level {
        /// The school.
        school: String,
        /// What it says.
        level: String,
    },
    /// Ids are not ascending, or one is there twice.
    #[error("school {0} of the directory is out of order or there twice")]
    Order(String),
}

impl Directory {
    /// Reads a directory whose signature was verified.
    pub fn parse(document: &[u8]) -> Result<Self, DirectoryError> {
        Self::from_message(v1::Directory::decode(document)?)
    }

    /// Checks a message that was built or received.
    pub fn from_message(message: v1::Directory) -> Result<Self, DirectoryError> {
        let schools =
            message.schools.into_iter().map(school).collect::<Result<Vec<_>, DirectoryError>>()?;
        if let Some(pair) = schools.windows(2).find(|pair| pair[0].id >= pair[1].id) {
            return Err(DirectoryError::Order(pair[1].id.to_string()));
        }
        Ok(Self {
            consortium: ConsortiumId::new(message.consortium)?,
            number: message.number,
            school_year: SchoolYear::ending(message.school_year)?,
            features_source: message.features_source,
            schools,
        })
    }

    /// The school with this id.
    pub fn school(&self, id: &SchoolId) -> Option<&School> {
        let position = self.schools.binary_search_by(|school| school.id.cmp(id)).ok()?;
        self.schools.get(position)
    }

    /// The schools of one member, ordered by id.
    pub fn schools_of(&self, lea: &MemberId) -> impl Iterator<Item = &School> {
        self.schools.iter().filter(move |school| school.lea == *lea)
    }

    /// Every member that has a school.
    pub fn leas(&self) -> BTreeSet<&MemberId> {
        self.schools.iter().map(|school| &school.lea).collect()
    }

    /// Public enrolment of one member: what its delta depends on.
    pub fn enrollment_of(&self, lea: &MemberId) -> u64 {
        self.schools_of(lea).filter_map(|school| school.enrollment).map(u64::from).sum()
    }
}

fn school(message: v1::School) -> Result<School, DirectoryError> {
    let grade = |text: Option<&str>, default| match text {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|source| DirectoryError::Grade { school: message.school_id.clone(), source }),
    };
    let first = GradeSet::ALL.iter().next().expect("there are grades");
    let last = GradeSet::ALL.iter().last().expect("there are grades");
    let low = grade(message.grade_low.as_deref(), first)?;
    let high = grade(message.grade_high.as_deref(), last)?;
    let level = Level::from_name(&message.level).ok_or_else(|| DirectoryError::Level {
        school: message.school_id.clone(),
        level: message.level.clone(),
    })?;
    Ok(School {
        id: SchoolId::new(message.school_id)?,
        lea: MemberId::new(message.lea_id)?,
        name: message.name,
        level,
        school_type: message.school_type,
        grades: GradeSet::span(low, high),
        county: message.county,
        enrollment: message.enrollment,
        features: message
            .features
            .into_iter()
            .filter(|feature| feature.value.is_finite())
            .map(|feature| (feature.name, feature.value))
            .collect(),
    })
}
