//! Reads rows of CALPADS files into facts.

use std::collections::BTreeMap;

use peerlight_proto::units::SchoolYear;

use super::{
    codes::{CODES, Leaving, Status, UnknownCode},
    layout::{self, Known, Layout},
};
use crate::{
    intake::{
        Imported, Refused, Schools, Severity, shown,
        table::{Day, Fact, Gather, JoinId, LanguageStatus, Spell, StudentIds},
    },
    student::{Column, LETTERS},
};

/// Columns that a file of programs tells of: who is not in it is not in any.
const PROGRAMS: [Column; 4] =
    [Column::SocioeconomicallyDisadvantaged, Column::Homeless, Column::Migrant, Column::Military];

const DISCIPLINE: [Column; 3] =
    [Column::DaysSuspended, Column::IncidentsSuspended, Column::Expelled];

/// An import of CALPADS files under way.
#[derive(Debug)]
pub struct Calpads {
    gather: Gather,
    /// English statuses by student, to see impossible changes.
    statuses: BTreeMap<String, Vec<(Day, String)>>,
    has_students: bool,
}

/// One row, cut into fields.
struct Row<'a> {
    layout: &'static Layout,
    cells: &'a [&'a str],
    ids: StudentIds<'a>,
    year: SchoolYear,
    line: u64,
}

impl<'a> Row<'a> {
    fn field(&self, name: &str) -> &'a str {
        self.layout.fields.get(name).map_or("", |position| self.cells[position - 1])
    }

    fn school(&self) -> &'a str {
        self.cells[self.layout.school - 1]
    }
}

impl Calpads {
    /// An import of nothing yet. `until` is the last day that the files tell
    /// of.
    pub fn new(schools: Schools, until: Option<Day>) -> Self {
        let gather = Gather::new(schools, JoinId::Statewide, until);
        Self { gather, statuses: BTreeMap::new(), has_students: false }
    }

    /// Begins a file.
    pub fn begin(&mut self, file: &str) {
        self.gather.begin(file);
    }

    /// Notes that the file cannot be read from a line on.
    pub fn unreadable(&mut self, line: u64, what: &str, remedy: &str) {
        self.fault(Severity::Fatal, None, what, remedy, line, None);
    }

    /// Reads one row. Only the fields that are used need to be readable: names
    /// of people may be in any encoding.
    pub fn row<'a>(&mut self, line: u64, cells: impl Iterator<Item = &'a [u8]>) {
        let cells: Vec<&str> =
            cells.map(|cell| std::str::from_utf8(cell).map_or("\u{fffd}", str::trim)).collect();
        if cells.iter().all(|cell| cell.is_empty()) {
            return;
        }
        let layout = match layout::of_row(&cells) {
            Known::Layout(layout) => layout,
            Known::Ignored => return self.gather.count_row(true),
            Known::NoYear => {
                self.gather.count_row(false);
                let remedy = "write the academic year as 2025-2026";
                return self.fatal(None, "a row has no academic year", remedy, line, None);
            }
            Known::Unknown => {
                self.gather.count_row(false);
                let remedy =
                    "give a caret-delimited CALPADS file, such as SENR, as it was uploaded";
                let what = "a row is not of a CALPADS record type";
                return self.fatal(None, what, remedy, line, None);
            }
        };
        if cells.len() < layout.width() {
            self.gather.count_row(false);
            let what = format!("a row of {} has too few fields", layout.record);
            let remedy = "send the file as CALPADS defines it, with every field";
            let found = format!("{} instead of {}", cells.len(), layout.width());
            return self.fatal(None, &what, remedy, line, Some(found));
        }
        let ids =
            StudentIds { local: cells[layout.local - 1], statewide: cells[layout.statewide - 1] };
        let year = layout.school_year(&cells).expect("the layout was found by the year");
        let row = Row { layout, cells: &cells, ids, year, line };
        let is_read = match layout.record.as_str() {
            "SENR" => self.enrolment(&row),
            "CENR" => self.enrolment(&row) && self.extract(&row),
            "SINF" => self.student(&row),
            "SELA" => self.language(&row),
            "SPRG" => self.program(&row),
            "STAS" => self.attendance(&row),
            "SIRS" => self.result(&row),
            _ => self.course(&row),
        };
        self.gather.count_row(!is_read);
    }

    /// Ends the import.
    pub fn finish(mut self) -> Result<Imported, Refused> {
        if !self.has_students {
            let what = "no file tells which students there were";
            let remedy = "add the year's SENR or CENR file, or STAS";
            self.fatal(None, what, remedy, 1, None);
        }
        self.check_statuses();
        self.gather.finish()
    }

    fn enrolment(&mut self, row: &Row<'_>) -> bool {
        self.has_students = true;
        self.gather.covers(row.year);
        let status = self.code(row, "status", |code| CODES.status(code));
        if status == Some(Status::LeftOut) {
            return false;
        }
        let (exit, completion) = (row.field("exit"), row.field("completion"));
        let both = format!("{exit} {completion}");
        let leaving = self.known(CODES.exit(exit, completion), ("exit", &both), row).flatten();
        if leaving == Some(Leaving::NeverCame) {
            return false;
        }
        let Some(start) = self.day(row, "start") else {
            if row.field("start").is_empty() {
                let remedy = "fill in the start date of the enrolment";
                self.fatal(None, "an enrolment has no start date", remedy, row.line, None);
            }
            return true;
        };
        let spell = Spell {
            school: row.school(),
            grade: self.code(row, "grade", |code| CODES.grade(code)).flatten(),
            start,
            end: self.day(row, "end"),
            is_primary: status == Some(Status::Primary),
            exit: match leaving {
                Some(Leaving::Ended(exit)) => Some(exit),
                _ => None,
            },
        };
        self.gather.add(row.ids, &Fact::Spell(spell), row.line);
        true
    }

    /// What the cumulative extract has beside the enrolment.
    fn extract(&mut self, row: &Row<'_>) -> bool {
        let race = self.code(row, "race", |code| CODES.race(false, &[code]).map(str::to_owned));
        self.value(row, Column::RaceEthnicity, race.as_deref().unwrap_or(""));
        self.language(row)
    }

    fn student(&mut self, row: &Row<'_>) -> bool {
        self.value(row, Column::Gender, row.field("gender"));
        let races = ["race1", "race2", "race3", "race4", "race5"].map(|name| row.field(name));
        let is_hispanic = row.field("hispanic").eq_ignore_ascii_case("Y");
        let race = self.known(CODES.race(is_hispanic, &races), ("race", &races.join(" ")), row);
        self.value(row, Column::RaceEthnicity, race.unwrap_or(""));
        let is_disadvantaged =
            self.code(row, "parent_education", |code| CODES.is_disadvantage(code));
        if is_disadvantaged == Some(true) {
            self.member(row, Column::SocioeconomicallyDisadvantaged, Day::first_of(row.year), None);
        }
        true
    }

    fn language(&mut self, row: &Row<'_>) -> bool {
        if row.field("language").is_empty() {
            return true;
        }
        let status = self.code(row, "language", |code| CODES.language(code));
        let from = self.day(row, "language_start");
        if let Some((status, from)) = status.zip(from) {
            self.gather.add(row.ids, &Fact::Language { status, from }, row.line);
            if status != LanguageStatus::Undetermined {
                let id = row.ids.statewide.to_owned();
                self.statuses.entry(id).or_default().push((from, row.field("language").to_owned()));
            }
        }
        true
    }

    fn program(&mut self, row: &Row<'_>) -> bool {
        self.gather.tells(PROGRAMS);
        let Some(columns) = self.code(row, "program", |code| CODES.program(code)) else {
            return true;
        };
        if CODES.is_transitional(row.field("program")) {
            let fact = Fact::TransitionalKindergarten { year: row.year };
            self.gather.add(row.ids, &fact, row.line);
            return true;
        }
        if columns.is_empty() {
            return false;
        }
        let from = self.day(row, "start").unwrap_or_else(|| Day::first_of(row.year));
        let to = self.day(row, "end");
        self.gather.tells(columns.iter().copied());
        for column in columns {
            self.member(row, column, from, to);
        }
        true
    }

    fn attendance(&mut self, row: &Row<'_>) -> bool {
        self.has_students = true;
        self.gather.covers(row.year);
        if row.field("exempt").eq_ignore_ascii_case("Y") {
            return false;
        }
        let expected = self.number(row, "expected");
        // In-school suspension is attendance; the rest of independent study
        // that was not completed is not (CALPADS glossary).
        let absent = ["out_of_school", "excused", "unexcused", "incomplete_study"]
            .map(|name| self.number(row, name))
            .iter()
            .sum();
        let school = row.school();
        let fact = Fact::Attendance { year: row.year, school, expected, absent };
        self.gather.add(row.ids, &fact, row.line);
        true
    }

    fn result(&mut self, row: &Row<'_>) -> bool {
        self.gather.tells(DISCIPLINE);
        let days = self.number(row, "days");
        let Some(kind) = self.code(row, "result", |code| CODES.result(code)) else {
            return true;
        };
        let incident = row.field("incident");
        let fact = Fact::Removal { year: row.year, incident, kind, days };
        self.gather.add(row.ids, &fact, row.line);
        true
    }

    fn course(&mut self, row: &Row<'_>) -> bool {
        let letter = row.field("letter");
        if letter.is_empty() {
            return false;
        }
        let is_known = LETTERS.contains(&letter).then_some(()).ok_or(UnknownCode);
        if self.known(is_known, ("letter", letter), row).is_none() {
            return false;
        }
        let credits = self.number(row, "credits");
        let fact = Fact::Course { year: row.year, subject: None, credits, letter };
        self.gather.add(row.ids, &fact, row.line);
        true
    }

    /// Statuses that cannot follow each other: the state refuses them too.
    fn check_statuses(&mut self) {
        let statuses = std::mem::take(&mut self.statuses);
        let mut wrong: BTreeMap<(String, String), u64> = BTreeMap::new();
        for mut history in statuses.into_values() {
            history.sort();
            for pair in history.windows(2) {
                if !CODES.may_follow(&pair[0].1, &pair[1].1) {
                    *wrong.entry((pair[0].1.clone(), pair[1].1.clone())).or_default() += 1;
                }
            }
        }
        for ((before, after), count) in wrong {
            let what = format!("goes from {before} to {after}, which CALPADS does not allow");
            let remedy = "look at these students' language records: they count as they are";
            let value = Some(format!("{count} students"));
            self.fault(Severity::Notice, Some("language"), &what, remedy, 1, value);
        }
    }

    fn value(&mut self, row: &Row<'_>, column: Column, text: &str) {
        if !text.is_empty() {
            let fact = Fact::Value { year: row.year, column, text };
            self.gather.add(row.ids, &fact, row.line);
        }
    }

    fn member(&mut self, row: &Row<'_>, column: Column, from: Day, to: Option<Day>) {
        self.gather.add(row.ids, &Fact::Membership { column, from, to }, row.line);
    }

    /// The meaning of a field's code.
    fn code<T, E>(
        &mut self,
        row: &Row<'_>,
        field: &str,
        meaning: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = row.field(field);
        self.known(meaning(text), (field, text), row)
    }

    /// The meaning of a code, or a notice that nobody knows it: such rows keep
    /// everything else they say.
    fn known<T, E>(
        &mut self,
        code: Result<T, E>,
        (field, text): (&str, &str),
        row: &Row<'_>,
    ) -> Option<T> {
        if code.is_err() {
            let text = shown(text.trim(), [row.ids.local, row.ids.statewide]);
            let what = format!("has the code {text}, which Peerlight does not know");
            let remedy = "correct it in the source, or report it: the row's other fields count";
            let name = format!("{} {field}", row.layout.record);
            self.fault(Severity::Notice, Some(&name), &what, remedy, row.line, None);
            self.gather.unmapped(&name, text, row.line);
        }
        code.ok()
    }

    fn day(&mut self, row: &Row<'_>, field: &str) -> Option<Day> {
        let text = row.field(field);
        let day = Day::read(text);
        if day.is_none() && !text.is_empty() {
            let name = format!("{} {field}", row.layout.record);
            let value = Some(shown(text, [row.ids.local, row.ids.statewide]));
            let remedy = "write the date as YYYYMMDD";
            self.fault(Severity::Fatal, Some(&name), "is not a date", remedy, row.line, value);
        }
        day
    }

    /// A number of days or credits; empty is none.
    fn number(&mut self, row: &Row<'_>, field: &str) -> f64 {
        let text = row.field(field);
        let number = text.parse::<f64>().ok().filter(|number| (0.0..=1000.0).contains(number));
        if number.is_none() && !text.is_empty() {
            let name = format!("{} {field}", row.layout.record);
            let value = Some(shown(text, [row.ids.local, row.ids.statewide]));
            let what = "is not a number from 0 to 1000";
            let remedy = "correct the value in the source";
            self.fault(Severity::Fatal, Some(&name), what, remedy, row.line, value);
        }
        number.unwrap_or(0.0)
    }

    fn fatal(
        &mut self,
        column: Option<&str>,
        what: &str,
        remedy: &str,
        line: u64,
        value: Option<String>,
    ) {
        self.fault(Severity::Fatal, column, what, remedy, line, value);
    }

    fn fault(
        &mut self,
        severity: Severity,
        column: Option<&str>,
        what: &str,
        remedy: &str,
        line: u64,
        value: Option<String>,
    ) {
        self.gather.tell(severity, column, what, remedy, (line, value));
    }
}
