//! Gathers facts of raw tables into student years: one pass over each table,
//! in any order; memory grows with students, never with rows.
//!
//! ```text
//! reader of a format ──Fact──▶ Gather ──▶ per student: spells, days, history ──▶ StudentYears
//! ```

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use peerlight_proto::units::SchoolYear;

use super::{
    day::Day,
    enrolment::Kept,
    fact::{Fact, Spell, StudentIds},
    met::SchoolsMet,
    row::{self, Told},
    student::{Place as OfSchool, Student, YearOf},
};
use crate::{
    intake::{
        Imported, Refused, Report, Schools,
        problem::{Place, Problem, Severity, masked, shown},
        value::Cell,
        years::StudentYears,
    },
    student::{Column, ColumnSet},
};

/// Which id joins the tables of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinId {
    /// The district's own.
    Local,
    /// The state's.
    Statewide,
}

/// An import of raw tables under way.
pub struct Gather {
    schools: SchoolsMet,
    join: JoinId,
    until: Option<Day>,
    covered: BTreeSet<SchoolYear>,
    /// Years whose enrolments are all told, and nothing else of them.
    known: BTreeSet<SchoolYear>,
    /// The year of the last fact, which is covered.
    last_year: Option<SchoolYear>,
    told: ColumnSet,
    files: Vec<String>,
    students: Vec<Student>,
    positions: HashMap<Box<str>, u32>,
    report: Report,
}

impl Gather {
    /// An import of nothing yet. `until` is the last day that the tables tell
    /// of; without it, the end of each year.
    pub fn new(schools: Schools, join: JoinId, until: Option<Day>) -> Self {
        Self {
            schools: SchoolsMet::new(schools),
            join,
            until,
            covered: BTreeSet::new(),
            known: BTreeSet::new(),
            last_year: None,
            told: ColumnSet::default(),
            files: Vec::new(),
            students: Vec::new(),
            positions: HashMap::new(),
            report: Report::default(),
        }
    }

    /// Begins a file: the places of facts that follow are in it.
    pub fn begin(&mut self, file: &str) {
        self.files.push(file.to_owned());
    }

    /// The tables tell of this school year: it gets student years. Spells and
    /// memberships of other years are history.
    pub fn covers(&mut self, year: SchoolYear) {
        self.covered.insert(year);
    }

    /// The tables tell every enrolment of this year, as history of a cohort.
    pub fn knows(&mut self, year: SchoolYear) {
        self.known.insert(year);
    }

    /// A table has been read that would have told: for these columns silence
    /// means "no", or none.
    pub fn tells(&mut self, columns: impl IntoIterator<Item = Column>) {
        columns.into_iter().for_each(|column| self.told.insert(column));
    }

    /// Counts a row, and whether it was left out for a reason that is not a
    /// fault.
    pub fn count_row(&mut self, is_left_out: bool) {
        self.report.rows += 1;
        self.report.filtered += u64::from(is_left_out);
    }

    /// Counts a row that was counted before as left out without a fault.
    pub fn count_left_out(&mut self) {
        self.report.filtered += 1;
    }

    /// A value that no code stands for, as it may be shown; the row is left
    /// out.
    pub fn unmapped(&mut self, column: &str, value: String, line: u64) {
        let file = self.files.last().cloned().unwrap_or_default();
        let place = Place { file, line, value: None };
        self.report.unmapped.add(column, value, Some(""), place);
    }

    /// A column of the file that nothing uses.
    pub fn ignores(&mut self, column: &str) {
        self.report.unknown_columns.insert(column.to_owned());
    }

    /// Says something of a line of the file that was begun last, and of the
    /// value there, which must be masked where it may be an id.
    pub(in crate::intake) fn tell(
        &mut self,
        severity: Severity,
        column: Option<&str>,
        what: &str,
        remedy: &str,
        (line, value): (u64, Option<String>),
    ) {
        let problem = Problem {
            severity,
            column: column.map(str::to_owned),
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        };
        let file = self.files.last().cloned().unwrap_or_default();
        self.report.problems.add(problem, Place { file, line, value });
    }

    /// Takes in one fact from a line of the file that was begun last.
    pub fn add(&mut self, ids: StudentIds<'_>, fact: &Fact<'_>, line: u64) {
        let Some(position) = self.student(ids, line) else { return };
        match fact {
            Fact::Spell(spell) => self.add_spell(position, spell, ids, line),
            Fact::Value { year, column, text } => {
                self.add_value(position, *year, *column, text, ids, line);
            }
            Fact::Place { year, school, grade, is_enrolled } => {
                let Some(school) = self.school(*year, school, ids, line) else { return };
                let place = OfSchool { school, grade: *grade, is_enrolled: *is_enrolled };
                self.year(position, *year).places.push(place);
            }
            Fact::Membership { column, from, to } => {
                self.students[position].memberships.push((*column, *from, *to));
            }
            Fact::TransitionalKindergarten { year } => {
                self.year(position, *year).is_transitional = true;
            }
            Fact::Language { status, from } => {
                self.students[position].languages.push((*from, *status));
            }
            Fact::Attendance { year, school, expected, absent } => {
                if absent > expected {
                    let remedy = "look at these rows: they count as they are";
                    let what = "is more than the days expected";
                    self.notice(Some(Column::DaysAbsent), what, remedy, line, None);
                }
                let Some(school) = self.school(*year, school, ids, line) else { return };
                let of_year = self.year(position, *year);
                of_year.attendance.add_total(school, *expected, *absent);
            }
            Fact::SchoolDay { school, day, absent } => {
                let Some(year) = day.school_year() else { return };
                let Some(school) = self.school(year, school, ids, line) else { return };
                let first = Day::first_of(year);
                let of_year = self.year(position, year);
                of_year.attendance.add_day(school, first, *day, *absent);
            }
            Fact::Removal { year, incident, kind, days } => {
                self.year(position, *year).discipline.add(incident, *kind, *days);
            }
            Fact::Course { year, subject, credits, letter } => {
                self.year(position, *year).courses.add(*subject, *credits, letter);
            }
        }
    }

    fn add_spell(&mut self, position: usize, spell: &Spell<'_>, ids: StudentIds<'_>, line: u64) {
        if spell.end.is_some_and(|end| end < spell.start) {
            let what = "an enrolment ends before it begins";
            let remedy = "correct its dates in the source";
            return self.fault(Severity::Fatal, None, what, remedy, line, None);
        }
        let year = self.covered.last().copied().or(spell.start.school_year());
        let Some(year) = year else { return };
        let Some(school) = self.school(year, spell.school, ids, line) else { return };
        self.students[position].spells.push(Kept {
            school,
            grade: spell.grade,
            start: spell.start,
            end: spell.end,
            is_primary: spell.is_primary,
            exit: spell.exit,
        });
    }

    fn add_value(
        &mut self,
        position: usize,
        year: SchoolYear,
        column: Column,
        text: &str,
        ids: StudentIds<'_>,
        line: u64,
    ) {
        match Cell::read(column.kind(), text) {
            Ok(cell) => {
                let of_year = self.year(position, year);
                if column.kind() == crate::student::Kind::Name {
                    of_year.names.push((column, text.into()));
                } else {
                    of_year.values.push((column, cell));
                }
            }
            Err(bad) => {
                let value = Some(shown(text, [ids.local, ids.statewide]));
                self.fault(Severity::Fatal, Some(column), bad.what, bad.remedy, line, value);
            }
        }
    }

    fn year(&mut self, position: usize, year: SchoolYear) -> &mut YearOf {
        if self.last_year != Some(year) {
            self.covered.insert(year);
            self.last_year = Some(year);
        }
        self.students[position].year_mut(year)
    }

    /// The student of a row; noted where it has no id to join on.
    fn student(&mut self, ids: StudentIds<'_>, line: u64) -> Option<usize> {
        let (id, column) = match self.join {
            JoinId::Local => (ids.local, Column::StudentId),
            JoinId::Statewide => (ids.statewide, Column::StatewideId),
        };
        if id.is_empty() {
            let remedy = "fill it in: every row needs it";
            self.fault(Severity::Fatal, Some(column), "is empty", remedy, line, None);
            return None;
        }
        let known = self.positions.get(id).copied();
        let position = known.map_or_else(|| self.meet_student(id, line), |known| known as usize);
        let student = &mut self.students[position];
        for (held, told) in
            [(&mut student.local, ids.local), (&mut student.statewide, ids.statewide)]
        {
            if held.is_empty() && !told.is_empty() {
                *held = told.into();
            } else if !told.is_empty() && **held != *told {
                let problem = Problem {
                    severity: Severity::Notice,
                    column: Some(Column::StudentId.name().to_owned()),
                    what: "is another one than in an earlier row of the same student".to_owned(),
                    remedy: "the first one is kept: correct the source if that is wrong".to_owned(),
                };
                let file = self.files.last().cloned().unwrap_or_default();
                let value = Some(masked(told));
                self.report.problems.add(problem, Place { file, line, value });
            }
        }
        Some(position)
    }

    fn meet_student(&mut self, id: &str, line: u64) -> usize {
        let position = self.students.len();
        self.positions.insert(id.into(), position as u32);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let met = (self.files.len().saturating_sub(1) as u16, line);
        self.students.push(Student { met, ..Student::default() });
        position
    }

    /// The position of a school among those met; noted where the district does
    /// not report for it.
    fn school(
        &mut self,
        year: SchoolYear,
        id: &str,
        ids: StudentIds<'_>,
        line: u64,
    ) -> Option<u32> {
        let position = self.schools.position(id);
        if position.is_none() {
            self.check_school(year, id, ids, line);
        }
        position
    }

    fn check_school(&mut self, year: SchoolYear, id: &str, ids: StudentIds<'_>, line: u64) {
        if let Some((severity, what, remedy)) = self.schools.fault(year, id) {
            let value = Some(shown(id, [ids.local, ids.statewide]));
            self.fault(severity, Some(Column::SchoolId), &what, remedy, line, value);
        }
    }

    fn notice(
        &mut self,
        column: Option<Column>,
        what: &str,
        remedy: &str,
        line: u64,
        value: Option<String>,
    ) {
        self.fault(Severity::Notice, column, what, remedy, line, value);
    }

    fn fault(
        &mut self,
        severity: Severity,
        column: Option<Column>,
        what: &str,
        remedy: &str,
        line: u64,
        value: Option<String>,
    ) {
        self.tell(severity, column.map(Column::name), what, remedy, (line, value));
    }

    /// Ends an import that is not of student years: what was noticed.
    pub(in crate::intake) fn into_report(self) -> Report {
        self.report
    }

    /// Ends the import: student years by school year, if nothing was fatal.
    pub fn finish(mut self) -> Result<Imported, Refused> {
        if self.students.is_empty() && !self.report.problems.has_fatal() {
            let remedy = "check the files";
            self.fault(Severity::Fatal, None, "there are no rows", remedy, 1, None);
        }
        if self.report.problems.has_fatal() {
            return Err(Refused { report: Box::new(self.report) });
        }
        let mut years = Vec::new();
        for year in &self.covered {
            let until = self.until.unwrap_or_else(|| Day::last_graduation_of(*year));
            let mut of_year = StudentYears::new(*year);
            of_year.schools.clone_from(self.schools.ids());
            // A cohort is known only with all four of its years: without them
            // those who left early would be missing.
            let is_known = |year| self.covered.contains(&year) || self.known.contains(&year);
            let has_cohort = (1..=3).all(|ago| is_known(year.earlier(ago)));
            let told = Told { until, columns: self.told, has_cohort };
            for student in &self.students {
                row::add(&mut of_year, student, *year, told);
            }
            if of_year.rows() > 0 {
                of_year.files.clone_from(&self.files);
                self.report.coverage.extend(of_year.coverage());
                let remedy = "correct the ids in the source: they are of two students";
                self.report.problems.extend(of_year.twice(remedy));
                years.push(of_year.sorted());
            }
        }
        if years.is_empty() && !self.report.problems.has_fatal() {
            let what = "no student was enrolled in a school year that the files tell of";
            let remedy = "look at the school years, the dates of enrolments, and the schools' ids";
            self.fault(Severity::Fatal, None, what, remedy, 0, None);
        }
        if self.report.problems.has_fatal() {
            return Err(Refused { report: Box::new(self.report) });
        }
        let columns = years.iter().map(StudentYears::columns);
        self.report.columns = columns.fold(ColumnSet::default(), ColumnSet::union);
        Ok(Imported { years, responses: Vec::new(), report: self.report })
    }
}

impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("files", &self.files).finish_non_exhaustive()
    }
}
