//! Courses, and the final grades that students got in them.

use std::collections::HashMap;

use peerlight_proto::units::SchoolYear;

use super::{notes::Row, reader::EdFi};
use crate::intake::{
    shown,
    table::{Fact, Subject},
};

/// What a reference to a student's record of a term is called.
pub(super) const RECORD: &str = "studentAcademicRecordReference";

/// Subjects by course code and the organisation that defines it.
#[derive(Debug, Default)]
pub(super) struct Courses {
    known: HashMap<(String, String), Option<Subject>>,
}

impl EdFi {
    /// A course; whether measures ask for its subject.
    pub(super) fn course(&mut self, row: &Row<'_>) -> bool {
        let of = row.element;
        let subject = self.course_subject(row);
        let organization = of.within("educationOrganizationReference", "educationOrganizationId");
        let course = (of.text("courseCode").to_owned(), organization.to_owned());
        self.courses.known.insert(course, subject);
        subject.is_some()
    }

    /// A student's final grade in a course; whether it is counted.
    pub(super) fn final_grade(&mut self, row: &Row<'_>) -> bool {
        let of = row.element;
        let year = of.within(RECORD, "schoolYear");
        let Ok(year) = year.parse::<SchoolYear>() else {
            let value = Some(shown(year, [row.ids.local, row.ids.statewide]));
            let remedy = "write the ending year, such as 2026, or 2025-2026";
            self.fatal("schoolYear is not a school year", remedy, row.line, value);
            return true;
        };
        if year != self.year {
            return false;
        }
        let letter = of.text("finalLetterGradeEarned");
        if letter.is_empty() {
            let what = "a transcript has no finalLetterGradeEarned";
            let remedy = "it is not counted: grades in numbers are not read";
            self.notice(what, remedy, row.line, None);
            return false;
        }
        let Some(letter) = self.meaning_of(row, "letter_grade", letter) else { return false };
        let course = ["courseCode", "educationOrganizationId"];
        let course = course.map(|name| of.within("courseReference", name).to_owned());
        let described = self.courses.known.get(&course.into()).copied();
        if described.is_none() {
            let what = "a grade is of a course that is not described";
            let remedy = "it counts for average and failures alone: give the Course records too";
            self.notice(what, remedy, row.line, None);
        }
        let subject = described.flatten();
        let credits = self.credits(row).unwrap_or(1.0);
        self.has_told = true;
        let course = Fact::Course { year, subject, credits, letter: &letter };
        self.gather.add(row.ids, &course, row.line);
        true
    }

    /// The subject of a course that measures ask for; the first one of several.
    fn course_subject(&mut self, row: &Row<'_>) -> Option<Subject> {
        let codes: Vec<&str> = row.element.codes("academicSubject").collect();
        codes.into_iter().find_map(|code| match self.meaning_of(row, "subject", code).as_deref() {
            Some("ela") => Some(Subject::Ela),
            Some("math") => Some(Subject::Math),
            _ => None,
        })
    }

    /// Credits attempted, or else earned: a number in JSON, a part of their own
    /// in XML.
    fn credits(&mut self, row: &Row<'_>) -> Option<f64> {
        ["attemptedCredits", "earnedCredits"].into_iter().find_map(|name| {
            let plain = row.element.text(name);
            let text = if plain.is_empty() { row.element.within(name, "credits") } else { plain };
            self.number(row, name, text)
        })
    }
}
