//! Reads rows of a OneRoster bundle into facts.

use std::collections::{BTreeMap, HashMap};

use peerlight_proto::units::{Grade, SchoolYear};

use super::{
    codes,
    delta::Changes,
    table::{Header, Mode, Table},
};
use crate::{
    intake::{
        Imported, Refused, Schools, Severity, shown,
        table::{Day, Fact, Gather, JoinId, Spell, StudentIds},
    },
    student::Column,
};

/// An import of a bundle under way.
#[derive(Debug)]
pub struct OneRoster {
    pub(super) gather: Gather,
    pub(super) table: Option<(Table, Header)>,
    /// What the manifest says of each file.
    modes: BTreeMap<Table, Mode>,
    /// Line of the manifest that says first that a file is a delta.
    pub(super) delta_line: u64,
    /// Changed rows of the table at hand.
    pub(super) changes: Changes,
    /// School years, with their first and last day.
    years: BTreeMap<SchoolYear, (Day, Day)>,
    /// Ids of schools as the directory may know them, by `sourcedId`.
    orgs: HashMap<String, String>,
    students: HashMap<String, Student>,
}

/// A student of the bundle. Names are not kept.
#[derive(Default)]
struct Student {
    id: String,
    grade: Option<Grade>,
    attends: bool,
    /// Schools of the student's own row, for who is in no class.
    schools: Vec<String>,
    /// First and last day at a school, over all classes.
    spells: BTreeMap<String, (Day, Option<Day>)>,
    line: u64,
}

impl std::fmt::Debug for Student {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Student(..)")
    }
}

/// Races of `demographics.csv` by group; Hispanic comes first by rule.
const RACES: [(&str, &str); 5] = [
    ("americanIndianOrAlaskaNative", "AI"),
    ("asian", "AS"),
    ("blackOrAfricanAmerican", "AA"),
    ("nativeHawaiianOrOtherPacificIslander", "PI"),
    ("white", "WH"),
];

impl OneRoster {
    /// An import of nothing yet. `until` is the last day that it tells of.
    pub fn new(schools: Schools, until: Option<Day>) -> Self {
        Self {
            gather: Gather::new(schools, JoinId::Local, until),
            table: None,
            modes: BTreeMap::new(),
            delta_line: 0,
            changes: Changes::default(),
            years: BTreeMap::new(),
            orgs: HashMap::new(),
            students: HashMap::new(),
        }
    }

    /// Begins a file with its header; whether its rows can be read.
    pub fn begin(&mut self, table: Table, file: &str, header: &[String]) -> bool {
        self.gather.begin(file);
        let header = Header::read(header);
        let lacking = header.lacks(table.required());
        let is_readable = lacking.is_empty();
        for name in lacking {
            let remedy = "names are case-sensitive in OneRoster: export the file again";
            self.fault(Severity::Fatal, Some(name), "is missing from the header", remedy, 1, None);
        }
        self.table = is_readable.then_some((table, header));
        is_readable
    }

    /// Notes that a file cannot be read from a line on.
    pub fn unreadable(&mut self, file: &str, line: u64, what: &str, remedy: &str) {
        self.gather.begin(file);
        self.fault(Severity::Fatal, None, what, remedy, line, None);
    }

    /// Notes a file that the bundle must have and has not.
    pub fn missing(&mut self, bundle: &str, table: Table) {
        self.gather.begin(bundle);
        let what = format!("the bundle has no {}.csv", table.file());
        self.fault(Severity::Fatal, None, &what, "export the bundle again, with rosters", 1, None);
    }

    /// Whether the bundle tells what changed since the last one, as its manifest
    /// says, which has been read.
    pub fn is_delta(&self) -> bool {
        self.modes.values().any(|mode| *mode == Mode::Delta)
    }

    /// How the manifest says that a file is to be understood.
    pub fn mode(&self, table: Table) -> Mode {
        self.modes.get(&table).copied().unwrap_or_default()
    }

    /// Reads one row of the file begun last. Gives what is to be kept of it, as
    /// [`Table::kept`] has it; nothing where it cannot be read.
    pub fn row<'a>(
        &mut self,
        line: u64,
        cells: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Vec<&'a str>> {
        let (table, header) = self.table.take()?;
        let cells = self.cells(&header, line, cells);
        match &cells {
            Some(cells) => self.take_in(table, &header, cells, line),
            None => self.gather.count_row(false),
        }
        let kept = cells.map(|cells| header.pick(&cells, table));
        self.table = Some((table, header));
        kept
    }

    /// A row's cells; noted where they cannot be read.
    pub(super) fn cells<'a>(
        &mut self,
        header: &Header,
        line: u64,
        cells: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Vec<&'a str>> {
        let Ok(cells) = cells.map(std::str::from_utf8).collect::<Result<Vec<&str>, _>>() else {
            let remedy = "OneRoster files are UTF-8: export the file again";
            self.fault(Severity::Fatal, None, "a row is not UTF-8", remedy, line, None);
            return None;
        };
        if cells.len() < header.width {
            let what = "a row has another number of cells than the header";
            let found = format!("{} instead of {}", cells.len(), header.width);
            let remedy = "look for a quotation mark inside a value: quote the value";
            self.fault(Severity::Fatal, None, what, remedy, line, Some(found));
            return None;
        }
        Some(cells.into_iter().map(str::trim).collect())
    }

    /// Takes in a row, unless it is one to be deleted.
    pub(super) fn take_in(&mut self, table: Table, header: &Header, cells: &[&str], line: u64) {
        let cell = |name: &str| header.cell(cells, name);
        let ids = [cell("sourcedId"), cell("identifier")];
        for (column, text) in codes::unknown(table, &cell) {
            let name = format!("{} {column}", table.file());
            self.gather.unmapped(&name, shown(text, ids), line);
        }
        let is_deleted = cell("status").eq_ignore_ascii_case("tobedeleted");
        let is_read = !is_deleted && self.read(table, &cell, line);
        if table != Table::Manifest {
            self.gather.count_row(!is_read);
        }
    }

    /// Whether the row was of use.
    fn read<'a>(&mut self, table: Table, cell: &dyn Fn(&str) -> &'a str, line: u64) -> bool {
        match table {
            Table::Manifest => self.manifest(cell("propertyName"), cell("value"), line),
            Table::AcademicSessions => self.session(cell, line),
            Table::Orgs => {
                let (id, known_as) = (cell("sourcedId"), cell("identifier"));
                let known_as = if known_as.is_empty() { id } else { known_as };
                self.orgs.insert(id.to_owned(), known_as.to_owned());
                true
            }
            Table::Users => self.user(cell, line),
            Table::Roles => self.role(cell),
            Table::Demographics => self.demographics(cell, line),
            Table::Enrollments => self.enrollment(cell, line),
        }
    }

    fn manifest(&mut self, property: &str, value: &str, line: u64) -> bool {
        if let Some(table) = property.strip_prefix("file.").and_then(Table::named) {
            let mode = match value.to_ascii_lowercase().as_str() {
                "delta" => Mode::Delta,
                "bulk" => Mode::Bulk,
                _ => Mode::Absent,
            };
            if mode == Mode::Delta && !self.is_delta() {
                self.delta_line = line;
            }
            self.modes.insert(table, mode);
        }
        if property == "oneroster.version" && !["1.1", "1.2"].contains(&value) {
            let what = "is a version of OneRoster that Peerlight does not read";
            let remedy = "export version 1.1 or 1.2";
            let value = Some(shown(value, ["", ""]));
            self.fault(Severity::Fatal, Some(property), what, remedy, line, value);
        }
        true
    }

    fn session<'a>(&mut self, cell: &dyn Fn(&str) -> &'a str, line: u64) -> bool {
        let text = cell("schoolYear");
        if text.is_empty() {
            return false;
        }
        let Ok(year) = text.parse::<SchoolYear>() else {
            let value = Some(shown(text, ["", ""]));
            let remedy = "write the ending year, such as 2026";
            let (column, what) = (Some("schoolYear"), "is not a school year");
            self.fault(Severity::Fatal, column, what, remedy, line, value);
            return true;
        };
        self.gather.covers(year);
        let whole = (Day::first_of(year), Day::last_of(year));
        let days = self.years.entry(year).or_insert(whole);
        if cell("type") == "schoolYear" {
            let dates = Day::read(cell("startDate")).zip(Day::read(cell("endDate")));
            *days = dates.unwrap_or(whole);
        }
        true
    }

    fn user<'a>(&mut self, cell: &dyn Fn(&str) -> &'a str, line: u64) -> bool {
        let (sourced, identifier) = (cell("sourcedId"), cell("identifier"));
        let id = if identifier.is_empty() { sourced } else { identifier };
        let schools = [cell("orgSourcedIds"), cell("primaryOrgSourcedId")];
        let schools = schools.iter().flat_map(|list| list.split(',')).map(str::trim);
        let student = Student {
            id: id.to_owned(),
            grade: grade(cell("grades")),
            attends: cell("role") == "student",
            schools: schools.filter(|id| !id.is_empty()).map(str::to_owned).collect(),
            spells: BTreeMap::new(),
            line,
        };
        let is_new = self.students.insert(sourced.to_owned(), student).is_none();
        if !is_new {
            let remedy = "keep one row a person in users.csv";
            let value = Some(crate::intake::masked(sourced));
            let (column, what) = (Some("sourcedId"), "is there twice");
            self.fault(Severity::Fatal, column, what, remedy, line, value);
        }
        true
    }

    fn role<'a>(&mut self, cell: &dyn Fn(&str) -> &'a str) -> bool {
        if cell("role") != "student" {
            return false;
        }
        let Some(student) = self.students.get_mut(cell("userSourcedId")) else { return false };
        student.attends = true;
        let school = cell("orgSourcedId");
        if cell("roleType") == "primary" {
            student.schools.insert(0, school.to_owned());
        } else {
            student.schools.push(school.to_owned());
        }
        true
    }

    fn demographics<'a>(&mut self, cell: &dyn Fn(&str) -> &'a str, line: u64) -> bool {
        let Some(student) = self.students.get(cell("sourcedId")) else { return false };
        let says = |name: &str| cell(name).eq_ignore_ascii_case("true");
        let mut races = RACES.iter().filter(|(name, _)| says(name)).map(|(_, group)| *group);
        let race = match (races.next(), races.next()) {
            _ if says("hispanicOrLatinoEthnicity") => "HI",
            _ if says("demographicRaceTwoOrMoreRaces") => "MR",
            (Some(_), Some(_)) => "MR",
            (Some(race), None) => race,
            (None, _) => "",
        };
        let gender = match cell("sex").to_ascii_lowercase().as_str() {
            "female" => "F",
            "male" => "M",
            "other" => "X",
            _ => "",
        };
        let ids = StudentIds { local: &student.id, statewide: "" };
        for year in self.years.keys() {
            for (column, text) in [(Column::RaceEthnicity, race), (Column::Gender, gender)] {
                if !text.is_empty() && student.attends {
                    self.gather.add(ids, &Fact::Value { year: *year, column, text }, line);
                }
            }
        }
        true
    }

    fn enrollment<'a>(&mut self, cell: &dyn Fn(&str) -> &'a str, line: u64) -> bool {
        if cell("role") != "student" {
            return false;
        }
        let (user, school) = (cell("userSourcedId"), cell("schoolSourcedId"));
        let Some((_, (first, _))) = self.years.last_key_value() else { return false };
        let start = Day::read(cell("beginDate")).unwrap_or(*first);
        let end = Day::read(cell("endDate"));
        let Some(student) = self.students.get_mut(user) else {
            let remedy = "export users.csv and enrollments.csv together";
            let value = Some(crate::intake::masked(user));
            let what = "is not in users.csv";
            self.fault(Severity::Notice, Some("userSourcedId"), what, remedy, line, value);
            return false;
        };
        student.attends = true;
        let spell = student.spells.entry(school.to_owned()).or_insert((start, end));
        // Classes come and go within one enrolment at the school.
        *spell = (spell.0.min(start), spell.1.zip(end).map(|(a, b)| a.max(b)));
        true
    }

    /// Ends the import.
    pub fn finish(mut self) -> Result<Imported, Refused> {
        if self.years.is_empty() {
            let what = "academicSessions.csv names no school year";
            let remedy = "export sessions with the column schoolYear";
            self.fault(Severity::Fatal, None, what, remedy, 1, None);
            return self.gather.finish();
        }
        self.gather.begin("users.csv");
        let mut students: Vec<Student> = std::mem::take(&mut self.students).into_values().collect();
        students.retain(|student| student.attends);
        students.sort_by_key(|student| student.line);
        let last_year = self.years.last_key_value().map(|(_, days)| *days);
        for student in &students {
            let ids = StudentIds { local: &student.id, statewide: "" };
            let mut spells: Vec<(&str, Day, Option<Day>)> = student
                .spells
                .iter()
                .map(|(school, (start, end))| (school.as_str(), *start, *end))
                .collect();
            if let (true, Some(school), Some((first, last))) =
                (spells.is_empty(), student.schools.first(), last_year)
            {
                spells.push((school, first, Some(last)));
            }
            for (school, start, end) in spells {
                let spell = Spell {
                    school: self.orgs.get(school).map_or(school, String::as_str),
                    grade: student.grade,
                    start,
                    end,
                    is_primary: true,
                    exit: None,
                };
                self.gather.add(ids, &Fact::Spell(spell), student.line);
            }
        }
        self.gather.finish()
    }

    pub(super) fn fault(
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

/// The first grade of a list that is counted.
fn grade(grades: &str) -> Option<Grade> {
    grades.split(',').find_map(|grade| grade.trim().to_ascii_uppercase().parse().ok())
}
