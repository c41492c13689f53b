//! The return file of the National Student Clearinghouse (`StudentTracker`
//! detail): a row an enrolment, many a student.
//!
//! Told is the first enrolment after high school, in the school year in which
//! the student graduated. Who was not found has no row: measures count such
//! graduates as not enrolled, as the Clearinghouse does.

use std::collections::BTreeMap;

use peerlight_proto::units::SchoolYear;

use super::{
    super::{
        headed::{Field, Layout, Notes, Row, fields},
        table::{Day, Fact, Gather, StudentIds},
    },
    file::Reader,
};
use crate::student::Column;

fields! {
    Found (needed) = ["Record Found Y/N", "Record Found", "RECORD_FOUND_FLAG"];
    Begin (needed) = ["Enrollment Begin", "Enroll Begin"];
    Id = ["Your Unique Identifier", "Student Identifier", "Student Number"];
    Return = ["Requester Return Field", "Req Return Field"];
    Level = ["2-year / 4-year", "2_OR_4_YEAR", "A2OR4YEAR"];
    Graduated = ["High School Grad Date", "High School Graduation Date"];
}

/// Kinds of colleges, by how many years their longest programs take; 0 where
/// the measures have no level for it.
const LEVELS: [(&str, u8); 8] = [
    ("4-year", 4),
    ("4-year or more", 4),
    ("4", 4),
    ("2-year", 2),
    ("2", 2),
    ("less than 2 years", 0),
    ("less than 2-year", 0),
    ("l", 0),
];

/// A student's first enrolment in a college.
struct First {
    begin: Day,
    level: u8,
    line: u64,
}

/// Reads Clearinghouse rows.
pub(super) struct Nsc {
    /// The only year of graduation to take.
    year: Option<SchoolYear>,
    is_statewide: bool,
    first: BTreeMap<(String, SchoolYear), First>,
}

impl Nsc {
    pub(super) const fn new(year: Option<SchoolYear>, is_statewide: bool) -> Self {
        Self { year, is_statewide, first: BTreeMap::new() }
    }

    /// The year of graduation, and the last day before college counts; `None`,
    /// with the reason noted, where the row does not count.
    fn graduation(&self, row: &Row<'_>, notes: &mut Notes<'_>) -> Option<(SchoolYear, Day)> {
        let text = row.text(Of::Graduated);
        if text.is_empty() {
            let year = self.year;
            if year.is_none() {
                let remedy = "give the year of graduation with --year";
                notes.refuse("High School Grad Date", "is empty", remedy, None);
            }
            return year.map(|year| (year, Day::last_of(year)));
        }
        let found = Day::read(text).and_then(|day| Some((graduation_year(day)?, day)));
        let Some((year, day)) = found else {
            let remedy = "write it as YYYYMMDD or YYYY-MM-DD";
            notes.refuse("High School Grad Date", "is not a date", remedy, None);
            return None;
        };
        if self.year.is_some_and(|asked| asked != year) {
            let what = format!("is in {year}, another class than --year asks for");
            notes.leave_out("High School Grad Date", &what, "leave --year out to take all classes");
            return None;
        }
        Some((year, day))
    }

    fn level(row: &Row<'_>, id: &str, notes: &mut Notes<'_>) -> u8 {
        let text = row.text(Of::Level);
        let found = LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        if found.is_none() && !text.is_empty() {
            notes.unmapped("2-year / 4-year", text, id);
        }
        found.map_or(0, |(_, level)| *level)
    }
}

/// The school year that a graduation ends: until 15 August it is the one
/// before.
fn graduation_year(day: Day) -> Option<SchoolYear> {
    let year = day.school_year()?;
    let before = SchoolYear::ending(u32::from(year.ending_year()) - 1).ok()?;
    Some(if day <= Day::last_graduation_of(before) { before } else { year })
}

impl Reader for Nsc {
    fn fields(&self) -> Vec<&'static Field> {
        FIELDS.iter().collect()
    }

    fn lacks(&self, layout: &Layout) -> Option<(&'static str, &'static str)> {
        if !layout.has(Of::Id) && !layout.has(Of::Return) {
            let remedy = "ask the Clearinghouse for the detail report with Your Unique Identifier";
            return Some(("the file's header names no column of student ids", remedy));
        }
        if !layout.has(Of::Graduated) && self.year.is_none() {
            let what = "the file's header has no High School Grad Date";
            return Some((what, "give the year of graduation with --year"));
        }
        None
    }

    fn is_of_one_year(&self) -> bool {
        false
    }

    fn row(&mut self, row: Row<'_>, _: Option<SchoolYear>, gather: &mut Gather) {
        let mut notes = Notes::new(gather, row.line);
        let texts = [row.text(Of::Id), row.text(Of::Return)];
        // The Clearinghouse's own advice is to guard ids by an underscore.
        let texts = texts.map(|text| text.trim_matches('_'));
        let Some(id) = texts.into_iter().find(|text| !text.is_empty()) else {
            let remedy = "every row needs the id that was sent to the Clearinghouse";
            return notes.refuse("Your Unique Identifier", "is empty", remedy, None);
        };
        let id = if self.is_statewide {
            let Some(id) = notes.statewide("Your Unique Identifier", id) else { return };
            id
        } else {
            id.to_owned()
        };
        let nothing =
            "nothing has to be done: graduates without an enrolment count as not enrolled";
        match row.text(Of::Found).to_ascii_uppercase().as_str() {
            "Y" | "YES" => {}
            "N" | "NO" => {
                return notes.leave_out("Record Found Y/N", "is N: found in no college", nothing);
            }
            _ => {
                let remedy = "it is Y or N";
                return notes.refuse("Record Found Y/N", "is neither Y nor N", remedy, None);
            }
        }
        let Some((year, graduated)) = self.graduation(&row, &mut notes) else { return };
        let text = row.text(Of::Begin);
        if text.is_empty() {
            let what = "is empty: a degree, not an enrolment";
            return notes.leave_out("Enrollment Begin", what, nothing);
        }
        let Some(begin) = Day::read(text) else {
            let remedy = "write it as YYYYMMDD or YYYY-MM-DD";
            return notes.refuse("Enrollment Begin", "is not a date", remedy, None);
        };
        if begin <= graduated {
            let what = "is before graduation: college courses of a high school student";
            return notes.leave_out("Enrollment Begin", what, nothing);
        }
        let level = Self::level(&row, &id, &mut notes);
        let line = row.line;
        let first = self.first.entry((id, year)).or_insert(First { begin, level, line });
        // Of two that begin on one day, the four-year college counts.
        if (begin, u8::MAX - level) < (first.begin, u8::MAX - first.level) {
            *first = First { begin, level, line };
        }
    }

    fn finish(&mut self, gather: &mut Gather) {
        for ((id, year), first) in std::mem::take(&mut self.first) {
            let ids = if self.is_statewide {
                StudentIds { local: "", statewide: &id }
            } else {
                StudentIds { local: &id, statewide: "" }
            };
            let mut set = |column, text: &str| {
                gather.add(ids, &Fact::Value { year, column, text }, first.line);
            };
            set(Column::CollegeEnrolledDate, &first.begin.to_string());
            if first.level > 0 {
                set(Column::CollegeLevel, &first.level.to_string());
            }
        }
    }
}
