//! Answers of people without an id, gathered by school year and kind of
//! respondent; each counts, since nobody can tell who answered twice.

use std::collections::BTreeMap;

use peerlight_proto::units::{Grade, SchoolYear};

use super::subject::Anonymous;
use crate::{
    intake::{
        Imported, Refused, Report, Schools,
        headed::Notes,
        problem::{Place, Problem, Severity, shown},
        value::{BadCell, Cell},
    },
    respondent::{CONSTRUCTS, Respondent, Response, Responses, Share},
    student::Column,
};

/// Answers under way.
pub(super) struct Answers {
    schools: Schools,
    gathered: BTreeMap<(SchoolYear, Respondent), Responses>,
}

/// What is known of an answer beside what was answered.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) year: SchoolYear,
    pub(super) respondent: Respondent,
    /// The school, as [`Answers::school`] gave it.
    pub(super) school: &'a str,
    pub(super) grade: Option<Grade>,
}

impl Answers {
    pub(super) const fn new(schools: Schools) -> Self {
        Self { schools, gathered: BTreeMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gathered.is_empty()
    }

    /// The district's school that an answer is about; none, with the reason
    /// noted, where there is no such one.
    pub(super) fn school(
        &self,
        year: SchoolYear,
        (column, told): (&str, &str),
        notes: &mut Notes<'_>,
    ) -> Option<String> {
        if told.is_empty() {
            let remedy = "an answer without a student's id counts for its school alone";
            notes.leave_out(column, "says no school", remedy);
            return None;
        }
        if let Some(known) = self.schools.resolve(told) {
            return Some(known.to_owned());
        }
        let value = shown(told, [""; 2]);
        match self.schools.fault(year, told)? {
            (Severity::Notice, what, _) => {
                notes.leave_out_one(column, &what, "answers of its schools are kept", value);
            }
            (Severity::Fatal, what, remedy) => notes.refuse(column, &what, remedy, Some(value)),
        }
        None
    }

    /// Takes an answer in.
    pub(super) fn add(&mut self, about: About<'_>, shares: [Option<Share>; CONSTRUCTS.len()]) {
        let About { year, respondent, school, grade } = about;
        let fresh = || Responses::new(year, respondent);
        let responses = self.gathered.entry((year, respondent)).or_insert_with(fresh);
        let school = responses.school(school);
        responses.answers.push(Response { school, grade, shares });
    }

    /// Hands the answers on, unless something was fatal.
    pub(super) fn finish(self, mut report: Report) -> Result<Imported, Refused> {
        if self.is_empty() && !report.problems.has_fatal() {
            let problem =
                Problem::new(Severity::Fatal, None, "there are no rows", "check the files");
            report.problems.add(problem, Place { file: String::new(), line: 0, value: None });
        }
        if report.problems.has_fatal() {
            return Err(Refused { report: Box::new(report) });
        }
        let responses = self.gathered.into_values().collect();
        Ok(Imported { years: Vec::new(), responses, report })
    }
}

/// A student's grade; none where it is not told.
pub(super) fn grade(text: &str) -> Result<Option<Grade>, BadCell> {
    Ok(match Cell::read(Column::GradeLevel.kind(), text)? {
        Cell::Byte(byte) => Grade::from_index(usize::from(byte)),
        Cell::Number(_) => None,
    })
}

/// Who gave an answer; none, which is noted, where nobody said what the file
/// says, or such answers are left out.
pub(super) fn respondent(of: &Anonymous, told: &str, notes: &mut Notes<'_>) -> Option<Respondent> {
    let column = of.respondent_column().unwrap_or_default();
    match of.respondent(told) {
        Ok(Some(respondent)) => return Some(respondent),
        Ok(None) => {
            let remedy = "nothing has to be done";
            notes.leave_out(column, "is left out, as the map says", remedy);
        }
        Err(()) => {
            notes.unmapped(column, told, "");
            let remedy = "say in the map's [respondents] who it is: student, staff or parent";
            notes.leave_out(column, "says nobody who is known", remedy);
        }
    }
    None
}
