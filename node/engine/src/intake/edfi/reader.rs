//! Reads records of Ed-Fi into facts of one school year.

use std::fmt;

use peerlight_proto::units::SchoolYear;

use super::{
    calendar::Calendars,
    cohort::Cohort,
    courses::{self, Courses},
    descriptors::Descriptors,
    kind::Kind,
    notes::{Row, listed},
    record::Element,
    scores::Tests,
};
use crate::{
    intake::{
        Imported, Refused, Schools, shown,
        table::{Day, Fact, Gather, JoinId, Removal, Spell, StudentIds},
    },
    student::Column,
};

/// What schools heard of their former students.
const COLLEGE: &str = "postSecondaryEvent";

const DISCIPLINE: [Column; 3] =
    [Column::DaysSuspended, Column::IncidentsSuspended, Column::Expelled];

/// An import of one school year under way.
pub struct EdFi {
    pub(super) gather: Gather,
    pub(super) descriptors: Descriptors,
    pub(super) year: SchoolYear,
    /// The last day that the records tell of.
    pub(super) until: Day,
    pub(super) calendars: Calendars,
    pub(super) tests: Tests,
    pub(super) courses: Courses,
    pub(super) cohort: Cohort,
    /// Whether anything was told of a student in the year.
    pub(super) has_told: bool,
}

/// Nothing of it: ids of students are all over it.
impl fmt::Debug for EdFi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdFi").field("year", &self.year).finish_non_exhaustive()
    }
}

impl EdFi {
    /// An import of nothing yet. `until` is the last day that the records tell
    /// of, the end of the year if it is later.
    pub fn new(schools: Schools, year: SchoolYear, descriptors: Descriptors, until: Day) -> Self {
        let is_statewide = descriptors.is_unique_id_statewide();
        let join = if is_statewide { JoinId::Statewide } else { JoinId::Local };
        let mut gather = Gather::new(schools, join, Some(until));
        gather.covers(year);
        Self {
            gather,
            descriptors,
            year,
            until: until.min(Day::last_of(year)),
            calendars: Calendars::default(),
            tests: Tests::default(),
            courses: Courses::default(),
            cohort: Cohort::default(),
            has_told: false,
        }
    }

    /// Begins a file or a resource: the places of what follows are in it.
    pub fn begin(&mut self, file: &str) {
        self.gather.begin(file);
    }

    /// Notes that the file begun last cannot be read from a line on.
    pub fn unreadable(&mut self, line: u64, what: &str, remedy: &str) {
        self.fatal(what, remedy, line, None);
    }

    /// Notes what people should know of how the records were read.
    pub fn remark(&mut self, what: &str, remedy: &str) {
        self.notice(what, remedy, 0, None);
    }

    /// Reads one record from a line of the file begun last. Calendars must come
    /// before enrolments, and enrolments before absences.
    pub fn record(&mut self, element: &Element, line: u64) {
        let Some(kind) = Kind::of(element.name()) else {
            self.gather.count_row(true);
            let what = format!("{} is not read", listed(element.name(), StudentIds::default()));
            let remedy = match element.name() {
                COLLEGE => {
                    "who went to no college and who was never asked look alike in it: \
                            import the Clearinghouse's file (import nsc)"
                }
                _ => "Peerlight asks nothing of these records",
            };
            return self.notice(&what, remedy, line, None);
        };
        let id = match kind {
            Kind::Student => element.text("studentUniqueId"),
            Kind::Transcript => element.within(courses::RECORD, "studentUniqueId"),
            _ => element.within("studentReference", "studentUniqueId"),
        };
        let row = Row { element, ids: self.ids_of(id), line };
        let is_read = match kind {
            Kind::Calendar => self.calendar(&row),
            Kind::CalendarDate => self.calendar_date(&row),
            Kind::Assessment => self.test(&row),
            Kind::Course => self.course(&row),
            _ if id.is_empty() => {
                let what = "a record does not say the studentUniqueId";
                let remedy = "export references with the identity in them";
                self.fatal(what, remedy, line, None);
                true
            }
            Kind::AcademicRecord => self.academic_record(&row),
            Kind::Enrolment => self.enrolment(&row),
            Kind::Person | Kind::Student => self.person(&row),
            Kind::Program => self.program(&row),
            Kind::Attendance => self.attendance(&row),
            Kind::Discipline => self.discipline(&row),
            Kind::Score => self.score(&row),
            Kind::Transcript => self.final_grade(&row),
        };
        self.gather.count_row(!is_read);
    }

    /// Ends the import.
    pub fn finish(mut self) -> Result<Imported, Refused> {
        if !self.has_told {
            let what = format!("nothing is told of any student in {}", self.year);
            let remedy = "look at --year, and give StudentSchoolAssociation and \
                          StudentEducationOrganizationAssociation records of that year";
            self.fatal(&what, remedy, 0, None);
        }
        self.check_cohort();
        self.hand_on_days();
        self.gather.finish()
    }

    fn enrolment(&mut self, row: &Row<'_>) -> bool {
        let of = row.element;
        let Some(start) = self.day(row, "entryDate", of.text("entryDate")) else {
            if of.text("entryDate").is_empty() {
                self.fatal("an enrolment has no entryDate", "fill it in", row.line, None);
            }
            return true;
        };
        let end = self.day(row, "exitWithdrawDate", of.text("exitWithdrawDate"));
        let meaning = self.meaning(row, "exit", "exitWithdrawType");
        let grade = self.meaning(row, "grade", "entryGradeLevel");
        let (first, last) = (Day::first_of(self.year), Day::last_of(self.year));
        let is_outside = start > last || end.is_some_and(|end| end < first && end >= start);
        let names_year = !row.school_year().is_empty();
        let is_of_year = !names_year || self.is_of_year(row);
        if meaning.as_deref() == Some("never_came") {
            return false;
        }
        let spell = Spell {
            school: of.within("schoolReference", "schoolId"),
            grade: grade.as_deref().and_then(|grade| grade.parse().ok()),
            start,
            end,
            is_primary: !["false", "0"].contains(&of.text("primarySchool")),
            exit: None,
        };
        let exit = end.and_then(|_| self.exit(row, meaning.as_deref(), spell.grade));
        let spell = Spell { exit, ..spell };
        if is_outside || !is_of_year {
            return self.earlier(row, spell, row.school_year().parse().ok());
        }
        // The grade is that of the day of entry.
        let is_grade_known = names_year || start >= first;
        if !is_grade_known && grade.is_some() {
            self.earlier(row, spell, None);
            let what = "an enrolment began in an earlier year and names no school year";
            let remedy = "its grade is of that year and is not taken: end enrolments each June, \
                          or take grades from another source";
            self.notice(what, remedy, row.line, None);
        }
        let grade = spell.grade.filter(|_| is_grade_known);
        let start = if self.cohort.is_whole { start.max(first) } else { start };
        let spell = Spell { grade, start, ..spell };
        let school = spell.school;
        self.has_told = true;
        self.gather.add(row.ids, &Fact::Spell(spell), row.line);
        self.expect_days(row, school, start.max(first), end);
        true
    }

    fn discipline(&mut self, row: &Row<'_>) -> bool {
        let of = row.element;
        let day = self.day(row, "disciplineDate", of.text("disciplineDate"));
        if day.and_then(Day::school_year) != Some(self.year) {
            return false;
        }
        let codes: Vec<&str> = of.codes("discipline").collect();
        let meanings: Vec<String> =
            codes.iter().filter_map(|code| self.meaning_of(row, "discipline", code)).collect();
        let means = |meaning: &str| meanings.iter().any(|found| found == meaning);
        let lengths = ["actualDisciplineActionLength", "disciplineActionLength"];
        let length = lengths.into_iter().find(|name| !of.text(name).is_empty());
        let days = length.and_then(|name| self.number(row, name, of.text(name)));
        self.has_told = true;
        self.gather.tells(DISCIPLINE);
        let mut incidents = incidents(of);
        if incidents.is_empty() {
            incidents.push(of.text("disciplineActionIdentifier").to_owned());
        }
        let year = self.year;
        if means("suspension") {
            if days.is_none() {
                let what = "a suspension has no length";
                let remedy = "it counts as an incident of no days: fill the length in";
                self.notice(what, remedy, row.line, None);
            }
            // Days of one action for several incidents count once.
            let mut days = days.unwrap_or(0.0);
            for incident in &incidents {
                let removal = Fact::Removal { year, incident, kind: Removal::Suspension, days };
                self.gather.add(row.ids, &removal, row.line);
                days = 0.0;
            }
        }
        if means("expulsion") {
            let (incident, kind) = (incidents[0].as_str(), Removal::Expulsion);
            let removal = Fact::Removal { year, incident, kind, days: 0.0 };
            self.gather.add(row.ids, &removal, row.line);
        }
        ["suspension", "expulsion"].into_iter().any(means)
    }

    /// Whether a record that names a school year names this one.
    pub(super) fn is_of_year(&mut self, row: &Row<'_>) -> bool {
        let text = row.school_year();
        let Ok(year) = text.parse::<SchoolYear>() else {
            let value = Some(shown(text, [row.ids.local, row.ids.statewide]));
            let remedy = "write the ending year, such as 2026, or 2025-2026";
            self.fatal("schoolYear is not a school year", remedy, row.line, value);
            return false;
        };
        year == self.year
    }
}

/// The incidents that an action answers, told apart by their school.
fn incidents(action: &Element) -> Vec<String> {
    let names = [
        "studentDisciplineIncidentBehaviorAssociation",
        "studentDisciplineIncidentBehaviorAssociationReference",
        "studentDisciplineIncidentAssociation",
        "studentDisciplineIncidentAssociationReference",
        "disciplineIncidentReference",
    ];
    let parts = names.iter().flat_map(|name| action.all(name));
    let mut found: Vec<String> = parts
        .filter_map(|part| {
            let id = part.deep("incidentIdentifier");
            // Within one file XML may point at the record instead.
            let id = if id.is_empty() { part.deep("ref") } else { id };
            (!id.is_empty()).then(|| format!("{id} {}", part.deep("schoolId")))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
