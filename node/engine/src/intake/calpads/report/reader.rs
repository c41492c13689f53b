//! Reads the files of one import: finds each report's header and school year,
//! and hands its rows on.

use std::fmt;

use peerlight_proto::units::SchoolYear;

use super::{
    cohort::Cohort,
    layout::{Layout, SHIPPED},
    list::{Lists, Row},
};
use crate::{
    intake::{
        Imported, Refused, Schools, Severity,
        headed::{self, HEADER_WITHIN, Headed, Notes},
        table::{Day, Gather, JoinId, StudentIds},
    },
    student::Column,
};

/// Columns that 7.12 tells of: who is not in it was not suspended.
const SUSPENSIONS: [Column; 2] = [Column::DaysSuspended, Column::IncidentsSuspended];

/// An import of report exports under way.
pub struct Reports {
    gather: Gather,
    /// The school year that was asked for.
    asked: Option<SchoolYear>,
    /// That of the import, once it is known.
    year: Option<SchoolYear>,
    /// That of the file's titles.
    titled: Option<SchoolYear>,
    files: Vec<String>,
    state: State,
    lists: Lists,
    cohort: Cohort,
}

enum State {
    /// Looking for the header, after so many rows.
    Before(u32),
    /// The header was found; no row was read yet.
    Found(Layout),
    Reading(Layout, SchoolYear),
    /// The file's rows cannot be read; the reason is noted.
    Unreadable,
}

impl Reports {
    /// An import of nothing yet. `year` is that of all reports, where they do
    /// not say it; `until` the last day that they tell of.
    pub fn new(schools: Schools, year: Option<SchoolYear>, until: Option<Day>) -> Self {
        Self {
            gather: Gather::new(schools, JoinId::Statewide, until),
            asked: year,
            year: None,
            titled: None,
            files: Vec::new(),
            state: State::Unreadable,
            lists: Lists::default(),
            cohort: Cohort::default(),
        }
    }

    /// Ends the import.
    pub fn finish(mut self) -> Result<Imported, Refused> {
        if self.lists.has_incidents && !self.lists.has_students {
            let remedy = "import it together with 8.1 or 14.2 of the year: who is not in 7.12 was \
                          not suspended";
            let what = "report 7.12 alone does not tell which students there were";
            self.fault(None, what, remedy, 1);
        }
        let has_any = self.lists.has_students || self.cohort.has_students();
        if self.cohort.has_totals() && !self.cohort.has_students() {
            let what = "report 15.1 has totals and no students";
            let remedy = "import it together with 15.2, to compare the two";
            let severity = if has_any { Severity::Notice } else { Severity::Fatal };
            self.gather.tell(severity, None, what, remedy, (1, None));
        }
        if let Some(year) = self.year {
            if self.lists.has_incidents {
                self.gather.tells(SUSPENSIONS);
            }
            if self.lists.has_results {
                self.gather.tells([Column::Expelled]);
            }
            self.lists.finish(year, &mut self.gather);
            if self.cohort.has_students() {
                self.cohort.finish(year, &self.files, &mut self.gather);
            }
        }
        self.gather.finish()
    }

    /// The school year of a file whose first row this is; `None`, with the
    /// fault noted, where it is not told, or told in two ways.
    fn year_of(&mut self, layout: &Layout, line: u64, cells: &[&str]) -> Option<SchoolYear> {
        let named = self.files.last().and_then(|name| headed::in_name(name));
        let titled = self.titled.or(layout.titled_year(cells));
        let told = [
            (titled, "its title"),
            (named, "its name"),
            (self.year, "another report of this import"),
            (self.asked, "--year"),
        ];
        let mut told = told.into_iter().filter_map(|(year, by)| year.map(|year| (year, by)));
        let Some((year, by)) = told.next() else {
            let what = "neither its titles nor its name says the report's school year";
            self.fault(None, what, "give it with --year, such as --year 2025-26", line);
            return None;
        };
        if let Some((other, other_by)) = told.find(|(other, _)| *other != year) {
            let what = format!("the report is of {year} by {by}, and of {other} by {other_by}");
            let remedy = "import the reports of each school year by themselves, and rename a file \
                          whose name is wrong";
            self.fault(None, &what, remedy, line);
            return None;
        }
        self.year = Some(year);
        self.gather.covers(year);
        Some(year)
    }

    fn student(&mut self, layout: &Layout, line: u64, cells: &[&str], year: SchoolYear) {
        let text = layout.text(cells, "ssid");
        let is_student = text.bytes().any(|byte| byte.is_ascii_digit());
        let mut notes = Notes::new(&mut self.gather, line);
        if !is_student && layout.has("ssid") {
            let remedy = "nothing has to be done if these are totals or a legend";
            return notes.leave_out("SSID", "is empty: not a student's row", remedy);
        }
        if cells.len() != layout.width {
            let (what, remedy) = headed::other_width(cells.len(), layout.width);
            return self.fault(None, &what, remedy, line);
        }
        let file = self.files.len() - 1;
        let mut row = Row { layout, cells, line, year, ids: StudentIds::default() };
        if layout.report.number == "15.1" {
            return self.cohort.school(&row, file, &mut self.gather);
        }
        let Some(ssid) = notes.statewide("SSID", text) else { return };
        row.ids = StudentIds { local: row.text("local"), statewide: &ssid };
        match layout.report.number.as_str() {
            "8.1" => self.lists.profile(&row, &mut self.gather),
            "14.2" => self.lists.absences(&row, &mut self.gather),
            "7.12" => self.lists.incident(&row, &mut self.gather),
            _ => self.cohort.student(&row, file, &mut self.gather),
        }
    }

    fn found(&mut self, layout: Layout) -> State {
        if layout.report.number == "7.12" && !layout.has("result") {
            let what = "is not in report 7.12: its days all count as suspension";
            let remedy = "export the report with its result column, so that expulsions and what \
                          is no suspension are told apart";
            let column = Some(layout.name("result"));
            self.gather.tell(Severity::Notice, column, what, remedy, (1, None));
        }
        if layout.report.number == "8.1" && !layout.has("start") {
            let what = "is not in report 8.1: whether students were there on census days, and all \
                        year, is not told";
            let remedy = "import SENR as \"calpads\" for these; where a student was at two schools, \
                          the one with most days expected in 14.2 counts";
            let column = Some(layout.name("start"));
            self.gather.tell(Severity::Notice, column, what, remedy, (1, None));
        }
        let lacks = ["school", "absent"].into_iter().find(|field| {
            let name = layout.name(field);
            !name.is_empty() && !layout.has(field)
        });
        if let Some(field) = lacks {
            let remedy = "export the report again with all its columns";
            let name = layout.name(field);
            self.fault(Some(name), "is missing from the file's header", remedy, 1);
            return State::Unreadable;
        }
        State::Found(layout)
    }

    fn fault(&mut self, column: Option<&str>, what: &str, remedy: &str, line: u64) {
        self.gather.tell(Severity::Fatal, column, what, remedy, (line, None));
    }
}

impl Headed for Reports {
    fn begin(&mut self, file: &str) {
        self.gather.begin(file);
        self.files.push(file.to_owned());
        self.titled = None;
        self.state = State::Before(0);
    }

    fn row(&mut self, line: u64, cells: &[&str]) {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        match std::mem::replace(&mut self.state, State::Unreadable) {
            State::Unreadable => {}
            State::Before(rows) => {
                self.state = match SHIPPED.layout(cells) {
                    Some(layout) => self.found(layout),
                    None => State::Before(rows + 1),
                };
                let in_cells = || cells.iter().find_map(|cell| headed::in_text(cell));
                self.titled = self.titled.or_else(in_cells);
            }
            State::Found(layout) => {
                if let Some(year) = self.year_of(&layout, line, cells) {
                    self.gather.count_row(false);
                    self.student(&layout, line, cells, year);
                    self.state = State::Reading(layout, year);
                }
            }
            State::Reading(layout, year) => {
                self.gather.count_row(false);
                self.student(&layout, line, cells, year);
                self.state = State::Reading(layout, year);
            }
        }
    }

    fn wants_rows(&self) -> bool {
        match &self.state {
            State::Before(rows) => *rows < HEADER_WITHIN,
            State::Found(_) | State::Reading(..) => true,
            State::Unreadable => false,
        }
    }

    fn width(&self) -> Option<usize> {
        match &self.state {
            State::Found(layout) | State::Reading(layout, _) => Some(layout.width),
            State::Before(_) | State::Unreadable => None,
        }
    }

    fn has_header(&self) -> bool {
        !matches!(self.state, State::Before(_))
    }

    fn no_header(&mut self, _: usize) {
        let what =
            format!("no header of a report that is read is in the first {HEADER_WITHIN} rows");
        let remedy = format!(
            "export one of these as CSV or Excel: {}; files without a header are imported as \
             \"calpads\"",
            SHIPPED.list()
        );
        self.fault(None, &what, &remedy, 1);
    }

    fn unreadable(&mut self, line: u64, what: &str, remedy: &str) {
        self.fault(None, what, remedy, line);
    }

    fn notice(&mut self, what: &str, remedy: &str) {
        self.gather.tell(Severity::Notice, None, what, remedy, (1, None));
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").field("files", &self.files).finish_non_exhaustive()
    }
}
