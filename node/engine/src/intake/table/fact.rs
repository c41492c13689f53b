//! One row of a raw table, in words that no source owns: what readers of
//! formats hand to [`super::Gather`].
//!
//! A fact names its student by the ids that its table has. It shows none of
//! them in debug output.

use std::fmt;

use peerlight_proto::units::{Grade, SchoolYear};

use super::day::Day;
use crate::student::Column;

/// The ids that a row has of its student; empty where it has none.
#[derive(Clone, Copy, Default)]
pub struct StudentIds<'a> {
    /// The district's own id.
    pub local: &'a str,
    /// The state's id.
    pub statewide: &'a str,
}

impl fmt::Debug for StudentIds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StudentIds(..)")
    }
}

/// What one row tells about one student.
#[derive(Clone, Copy, Debug)]
pub enum Fact<'a> {
    /// The student was enrolled.
    Spell(Spell<'a>),
    /// The student belonged to a school in the year, without the days. Counts
    /// where no spell tells the school: an enrolment before a mere place in a
    /// cohort, then the school with most days expected, then the last told.
    Place {
        /// The year.
        year: SchoolYear,
        /// The school.
        school: &'a str,
        /// The grade level, where the source has one that Peerlight counts.
        grade: Option<Grade>,
        /// Whether it is told of somebody enrolled, and not only of a cohort.
        is_enrolled: bool,
    },
    /// A value of a school year, as text of the column's kind. Of several,
    /// the last one read counts.
    Value {
        /// The year it belongs to.
        year: SchoolYear,
        /// The column.
        column: Column,
        /// The value, spelt as in `student_years.csv`.
        text: &'a str,
    },
    /// The student belonged to a group for a time: "yes" in every school year
    /// that it touches, as California counts groups over a year.
    Membership {
        /// A column of flags.
        column: Column,
        /// The first day.
        from: Day,
        /// The last day; none while it lasts.
        to: Option<Day>,
    },
    /// The kindergartner of a school year is in transitional kindergarten.
    TransitionalKindergarten {
        /// The year.
        year: SchoolYear,
    },
    /// What the student's English was found to be from a day on.
    Language {
        /// The status.
        status: LanguageStatus,
        /// The day it began.
        from: Day,
    },
    /// Days of a spell at a school, summed over spells.
    Attendance {
        /// The year.
        year: SchoolYear,
        /// The school.
        school: &'a str,
        /// Days on which the student was expected.
        expected: f64,
        /// Of them, days missed.
        absent: f64,
    },
    /// One day of a student at a school. Of several on one day, the largest
    /// absence counts.
    SchoolDay {
        /// The school.
        school: &'a str,
        /// The day.
        day: Day,
        /// How much of it was missed.
        absent: Absence,
    },
    /// The outcome of an incident for the student.
    Removal {
        /// The year.
        year: SchoolYear,
        /// The incident's id in the source.
        incident: &'a str,
        /// What was decided.
        kind: Removal,
        /// School days it lasted.
        days: f64,
    },
    /// A final course grade.
    Course {
        /// The year.
        year: SchoolYear,
        /// The subject, where the measures ask for it.
        subject: Option<Subject>,
        /// Credits attempted: the grade's weight in the average.
        credits: f64,
        /// The letter, as in `ela_final_grade`.
        letter: &'a str,
    },
}

/// A time of enrolment at one school.
#[derive(Clone, Copy, Debug)]
pub struct Spell<'a> {
    /// The school.
    pub school: &'a str,
    /// The grade level, where the source has one that Peerlight counts.
    pub grade: Option<Grade>,
    /// The first day.
    pub start: Day,
    /// The last day; none while it lasts.
    pub end: Option<Day>,
    /// Whether it is the student's main enrolment.
    pub is_primary: bool,
    /// How it ended for the graduation cohort; none while it lasts, or where
    /// the source does not say.
    pub exit: Option<Exit>,
}

/// How an enrolment ended, by what it means for the adjusted cohort (Data
/// Guide 11, section 3.1.9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A regular diploma: the only numerator of the rate.
    Graduated,
    /// Completed without a regular diploma.
    Completed,
    /// Dropped out, or was lost without a later enrolment.
    DroppedOut,
    /// Left for a place that keeps the student in the cohort.
    Transferred,
    /// Left the cohort: another state, country, private school, or a transfer
    /// that was confirmed.
    LeftCohort,
    /// Died.
    Died,
    /// Says nothing about the cohort, such as a move between grades.
    Moved,
}

/// English language acquisition status (CALPADS element 12.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LanguageStatus {
    /// To be determined.
    Undetermined,
    /// English only.
    EnglishOnly,
    /// Initially fluent.
    InitiallyFluent,
    /// English learner, adult learners included.
    Learner,
    /// Reclassified as fluent.
    Reclassified,
}

/// How much of a school day was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absence {
    /// Nothing.
    Present,
    /// Half of it.
    Half,
    /// All of it.
    Full,
}

/// What an incident led to for a student (CALPADS element 19.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Suspension, in or out of school.
    Suspension,
    /// Expulsion.
    Expulsion,
    /// Anything that keeps the student in class: not counted.
    Other,
}

/// A subject of course grades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// English language arts.
    Ela,
    /// Mathematics.
    Math,
}
