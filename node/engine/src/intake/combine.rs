//! The parts of a school year, one a source, become one year: joined on the id
//! that the sources share, each value from the first source that tells it.
//!
//! ```text
//! roster ─────┐
//! attendance ─┼─ join by id ─▶ school and ids ─▶ values ─▶ one row a student
//! scores ─────┘                 first source that tells them, else the next
//! ```
//!
//! Where a row lacks the common id, a row of any source that has both ids says
//! which one it is. The order in which parts are given changes nothing.

mod build;
mod conflict;
mod join;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::join::Joined;
use super::{precedence::Precedence, problem::Problems, years::StudentYears};
use crate::student::ColumnSet;

/// What one source tells of a school year.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The source's name; each only once.
    pub source: &'a str,
    /// Its rows, each student at most once, each with an id.
    pub years: &'a StudentYears,
}

/// One part in the combined year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartShare {
    /// The source's name.
    pub source: String,
    /// Its rows.
    pub rows: u64,
    /// Rows whose student is in the combined year.
    pub joined: u64,
    /// Rows left out, because no source says which school their student is in.
    pub without_school: u64,
    /// The columns of the combined year that it is believed about first.
    pub first_of: ColumnSet,
}

/// A school year from all of its sources.
#[derive(Debug)]
pub struct Combined<'a> {
    /// The year; `None` where no student has a school. Borrowed where the only
    /// part is the year.
    pub years: Option<Cow<'a, StudentYears>>,
    /// The parts, those that are believed first before the others.
    pub parts: Vec<PartShare>,
    /// Students left out, because no source says which school they are in.
    pub without_school: u64,
    /// Where sources differ, and what keeps them from being one year.
    pub problems: Problems,
}

/// Combines the parts of one school year, of which there is at least one.
/// Where the problems have a fatal one, the year must not be used.
pub fn combine<'a>(parts: &[Part<'a>], precedence: &Precedence) -> Combined<'a> {
    let mut parts = parts.to_vec();
    parts.sort_by_key(|part| precedence.general_rank(part.source));
    if let [only] = parts.as_slice()
        && !only.years.school.contains(&StudentYears::NO_SCHOOL)
    {
        let share = PartShare {
            source: only.source.to_owned(),
            rows: only.years.rows() as u64,
            joined: only.years.rows() as u64,
            without_school: 0,
            first_of: only.years.columns(),
        };
        let years = Some(Cow::Borrowed(only.years)).filter(|years| years.rows() > 0);
        let problems = Problems::default();
        return Combined { years, parts: vec![share], without_school: 0, problems };
    }
    build::build(Joined::join(parts, precedence))
}
