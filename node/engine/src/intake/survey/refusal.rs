//! Why a survey's map is refused, and what to do.

use crate::respondent::Respondent;

/// Why answers without a student's id are no student's, and what to do.
pub(super) const ANONYMOUS: &str = "answers without a student's id (anonymous ones, and those of \
    staff and parents) are another unit of privacy: give each student a personal link or an id as \
    embedded data, and name its column in the map as student_id or statewide_id; or say in the \
    map respondent and school, and the answers are counted on this node and nowhere else";

/// A map is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SurveyMapError {
    /// It is not TOML of this shape.
    #[error("the survey's map is not understood: {0}")]
    Toml(String),
    /// Its school year is none.
    #[error("the survey's map says school_year = {0}: write \"2025-26\"")]
    Year(String),
    /// It does not say whose answers they are.
    #[error("the survey's map names no column of student ids: {ANONYMOUS}")]
    Anonymous,
    /// It says both.
    #[error(
        "the survey's map names a column of student ids and a respondent: keep the id where \
             answers are to count for students, the respondent where they have none"
    )]
    TwoSubjects,
    /// It says something that is of answers without an id.
    #[error("the survey's map says {0}, which is of answers without an id: remove it")]
    NeedsRespondent(&'static str),
    /// It says twice who answered.
    #[error(
        "the survey's map says respondent, and respondent_column or [respondents]: keep \
             respondent where all are of one kind, the others where a column says it"
    )]
    TwoRespondents,
    /// It names a kind of respondents that there is not.
    #[error("the survey's map says that {0} answered: write student, staff or parent")]
    Respondent(String),
    /// It does not say which school an answer is about.
    #[error("the survey's map names no column of schools: add school = \"…\"")]
    NoSchool,
    /// It asks staff or parents what is asked of students.
    #[error("[construct.{0}] is asked of students alone: remove it from the map of {1}")]
    OfStudents(String, Respondent),
    /// It names both ids.
    #[error("the survey's map names student_id and statewide_id: keep the one that is filled")]
    TwoIds,
    /// It has no constructs.
    #[error("the survey's map has no construct, such as [construct.climate_safety]")]
    Nothing,
    /// It names a construct that there is not.
    #[error(
        "[construct.{0}] is none of sel_growth_mindset, sel_self_efficacy, \
             sel_self_management, sel_social_awareness, climate_support, climate_belonging, \
             climate_discipline and climate_safety"
    )]
    Construct(String),
    /// A construct's items do not fit together.
    #[error("[construct.{construct}] {what}")]
    Items {
        /// The construct.
        construct: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A scale does not order its answers.
    #[error("[scale.{scale}] {what}")]
    Scale {
        /// The scale.
        scale: String,
        /// What is wrong, and what to do.
        what: &'static str,
    },
}
