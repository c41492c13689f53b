//! Answers to a survey that no student's id belongs to: of students, staff and
//! parents, by school.
//!
//! ```text
//! Responses ──text──▶ sealed by the shell
//!           ──survey_values──▶ SurveyValue: exact, for the district's own eyes
//! ```
//!
//! They are not rows of students and another unit of privacy, so nothing of
//! them is ever released: nothing here can be serialised, and debug output
//! shows no value.

mod text;
mod value;

use std::fmt;

use peerlight_proto::units::{Grade, SchoolYear};

use crate::student::Column;
pub use value::{SurveyValue, measure_name, survey_values};

/// What a survey asks about, each a few questions that tell one thing: the
/// columns that have the same names in student years.
pub const CONSTRUCTS: [Column; 8] = [
    Column::SelGrowthMindset,
    Column::SelSelfEfficacy,
    Column::SelSelfManagement,
    Column::SelSocialAwareness,
    Column::ClimateSupport,
    Column::ClimateBelonging,
    Column::ClimateDiscipline,
    Column::ClimateSafety,
];

/// Where the constructs of school climate begin among [`CONSTRUCTS`]; those
/// before them are asked of students alone.
const CLIMATE: usize = 4;

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Respondent {
    /// A student, without an id.
    Student,
    /// Somebody who works at the school.
    Staff,
    /// A parent or guardian.
    Parent,
}

impl Respondent {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Student, Self::Staff, Self::Parent];

    /// Its name in files, tables and measures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Staff => "staff",
            Self::Parent => "parent",
        }
    }

    /// The kind with this name, whatever its capitals.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether one of [`CONSTRUCTS`] is asked of such respondents.
    pub fn is_asked(self, construct: Column) -> bool {
        self == Self::Student || CONSTRUCTS[CLIMATE..].contains(&construct)
    }
}

impl fmt::Display for Respondent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The share of positive items in what one respondent answered of a construct.
#[derive(Clone, Copy, PartialEq)]
pub enum Share {
    /// So many of so many answered items, of which there is at least one, are
    /// positive.
    Items {
        /// Positive ones.
        positive: u32,
        /// Answered ones.
        answered: u32,
    },
    /// A share from 0 to 1 of items that are not known.
    Alone(f64),
}

impl Share {
    /// From 0 to 1.
    pub fn value(self) -> f64 {
        match self {
            Self::Items { positive, answered } => f64::from(positive) / f64::from(answered),
            Self::Alone(share) => share,
        }
    }
}

/// What one respondent answered.
#[derive(Clone, PartialEq)]
pub struct Response {
    /// The school, by its position in [`Responses::schools`].
    pub school: usize,
    /// The grade, where it is known.
    pub grade: Option<Grade>,
    /// By construct, in the order of [`CONSTRUCTS`]; none where too little was
    /// answered.
    pub shares: [Option<Share>; CONSTRUCTS.len()],
}

/// One administration of a survey: what one kind of respondents of a district
/// answered in a school year.
#[derive(Clone, PartialEq)]
pub struct Responses {
    /// When.
    pub school_year: SchoolYear,
    /// Who.
    pub respondent: Respondent,
    /// Ids of the schools.
    pub schools: Vec<String>,
    /// An entry a respondent.
    pub answers: Vec<Response>,
}

impl Responses {
    /// An administration without answers yet.
    pub const fn new(school_year: SchoolYear, respondent: Respondent) -> Self {
        Self { school_year, respondent, schools: Vec::new(), answers: Vec::new() }
    }

    /// The position of a school's id, added if it is new.
    pub fn school(&mut self, id: &str) -> usize {
        let known = self.schools.iter().position(|known| known == id);
        known.unwrap_or_else(|| {
            self.schools.push(id.to_owned());
            self.schools.len() - 1
        })
    }
}

impl fmt::Debug for Responses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { school_year, respondent, .. } = self;
        write!(f, "Responses({respondent} of {school_year})")
    }
}
