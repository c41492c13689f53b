//! Reads the answers of a survey's export into shares of positive items: of
//! students with an id, or of people without one.

use std::fmt;

use peerlight_proto::units::SchoolYear;

use super::{
    anonymous::{self, About, Answers},
    layout::{Header, Layout},
    map::{Construct, Said, SurveyMap},
    response::{Response, is_finished, kind},
    students::{self, Answer, Students},
    subject::Subject,
};
use crate::{
    intake::{
        Imported, Refused, Schools, Severity,
        headed::{self, HEADER_WITHIN, Headed, Notes},
        table::{Day, Gather, JoinId},
    },
    respondent::{CONSTRUCTS, Share},
    student::Column,
};

/// How a cell of Qualtrics' third header row begins.
const IMPORT_ID: &str = "{\"ImportId\"";

/// Rows that Qualtrics puts below the names of the columns: the questions' text
/// and the ids of the columns.
const HEADER_ROWS: usize = 2;

const NOTHING: &str = "nothing has to be done";

/// An import of a survey's answers under way.
pub struct Survey {
    map: SurveyMap,
    /// The year of every answer, once it is known.
    year: Option<SchoolYear>,
    gather: Gather,
    /// Names of the files, in the order in which they were begun.
    files: Vec<String>,
    state: State,
    /// Answers of students with an id; none where the map is of people without
    /// one, as the others are none where it is not.
    students: Students,
    anonymous: Answers,
    has_rows: bool,
}

enum State {
    /// Looking for the header, after so many rows.
    Before(u32),
    /// The header was found; rows that may belong to it are held back.
    Heading(Layout, Vec<(u64, Vec<String>)>),
    Reading(Layout),
    /// The file's rows cannot be read; the reason is noted.
    Unreadable,
}

impl Survey {
    /// An import of nothing yet. `year` is that of all answers, whatever the
    /// map says; without either each answer's day says it.
    pub fn new(schools: Schools, map: SurveyMap, year: Option<SchoolYear>) -> Self {
        let join = match &map.subject {
            Subject::Student { join, .. } => *join,
            Subject::Anonymous(_) => JoinId::Local,
        };
        Self {
            year: year.or(map.year),
            gather: Gather::new(schools.clone(), join, None),
            map,
            files: Vec::new(),
            state: State::Unreadable,
            students: Students::default(),
            anonymous: Answers::new(schools),
            has_rows: false,
        }
    }

    /// Ends the import.
    pub fn finish(mut self) -> Result<Imported, Refused> {
        self.end_of_file();
        if self.students.is_empty() && self.anonymous.is_empty() && self.has_rows {
            let remedy = "see the reasons below, and whether the map's scales spell the answers \
                          as the file does";
            self.fault(Severity::Fatal, None, "no answer counts", remedy, 1);
        }
        let Self { map, files, mut gather, students, anonymous, .. } = self;
        let Subject::Student { join, .. } = map.subject else {
            return anonymous.finish(gather.into_report());
        };
        tell_absent_constructs(&map.constructs, &mut gather);
        students.tell(join, &map.constructs, &files, &mut gather);
        gather.finish()
    }

    /// What comes after a row among which the header is looked for.
    fn header(&mut self, line: u64, cells: &[&str], rows: u32) -> State {
        let Some(header) = Header::of_row(&self.map, cells) else { return State::Before(rows + 1) };
        for (name, what, remedy) in &header.faults {
            self.fault(Severity::Fatal, Some(name), what, remedy, line);
        }
        header.unused.iter().for_each(|name| self.gather.ignores(name));
        let is_readable = header.faults.is_empty();
        if is_readable { State::Heading(header.layout, Vec::new()) } else { State::Unreadable }
    }

    /// Reads the rows that were held back and were no header.
    fn end_of_file(&mut self) {
        if let State::Heading(layout, held) = std::mem::replace(&mut self.state, State::Unreadable)
        {
            for (line, cells) in held {
                let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                self.answer(&layout, line, &cells);
            }
        }
    }

    fn answer(&mut self, layout: &Layout, line: u64, cells: &[&str]) {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        self.has_rows = true;
        self.gather.count_row(false);
        if cells.len() != layout.width {
            let (what, remedy) = headed::other_width(cells.len(), layout.width);
            return self.fault(Severity::Fatal, None, &what, remedy, line);
        }
        let text = |at: Option<usize>| at.map_or("", |at| cells[at].trim());
        if !self.counts(layout, line, cells) {
            return;
        }
        let recorded = text(layout.recorded);
        let Subject::Student { join, id: column } = &self.map.subject else {
            return self.of_anonymous(layout, line, cells, recorded);
        };
        let mut notes = Notes::new(&mut self.gather, line);
        let id = students::id(*join, column, text(Some(layout.key)), &mut notes);
        let Some(id) = id else { return };
        let Some(year) = self.year_of(recorded, line) else { return };
        let Some(shares) = self.shares(layout, line, cells, &id) else { return };
        let file = self.files.len() - 1;
        let recorded = Day::read(day_of(recorded)).map(|_| recorded.to_owned());
        let answer = Answer { file, line, year, recorded, shares };
        let notes = &mut Notes::new(&mut self.gather, line);
        self.students.keep(id, answer, self.map.subject.key(), notes);
    }

    /// Takes in an answer of somebody without an id.
    fn of_anonymous(&mut self, layout: &Layout, line: u64, cells: &[&str], recorded: &str) {
        let Some(year) = self.year_of(recorded, line) else { return };
        let Subject::Anonymous(of) = &self.map.subject else { return };
        let text = |at: Option<usize>| at.map_or("", |at| cells[at].trim());
        let mut notes = Notes::new(&mut self.gather, line);
        let respondent = anonymous::respondent(of, text(layout.respondent), &mut notes);
        let Some(respondent) = respondent else { return };
        let school = (of.school.as_str(), of.school_id(text(Some(layout.key))));
        let Some(school) = self.anonymous.school(year, school, &mut notes) else { return };
        let (column, told) = (of.grade.as_deref().unwrap_or_default(), text(layout.grade));
        let grade = anonymous::grade(told).unwrap_or_else(|_| {
            notes.unmapped(column, told, "");
            None
        });
        let Some(told) = self.shares(layout, line, cells, "") else { return };
        let told_of = |column: Column| {
            let at = self.map.constructs.iter().position(|construct| construct.column == column);
            at.filter(|_| respondent.is_asked(column)).and_then(|at| told[at])
        };
        let shares = CONSTRUCTS.map(told_of);
        self.anonymous.add(About { year, respondent, school: &school, grade }, shares);
    }

    /// Whether a row is an answer that counts; if not, the reason is noted.
    fn counts(&mut self, layout: &Layout, line: u64, cells: &[&str]) -> bool {
        let responses = &self.map.responses;
        let text = |at: Option<usize>| at.map_or("", |at| cells[at].trim());
        let mut notes = Notes::new(&mut self.gather, line);
        let (status, id) = (text(layout.status), text(Some(layout.key)));
        match kind(status, text(layout.channel)) {
            Response::Answer => {}
            Response::Trial => {
                notes.leave_out(&responses.status, "is a preview or a test", NOTHING);
                return false;
            }
            Response::Spam => {
                let remedy = "look at these answers in the survey's own system";
                notes.leave_out(&responses.status, "is spam, as the survey says", remedy);
                return false;
            }
            Response::Unknown => {
                notes.unmapped(&responses.status, status, id);
                let remedy = "name the right column as status in the map's [responses]";
                notes.leave_out(&responses.status, "says nothing that is known", remedy);
                return false;
            }
        }
        if layout.finished.is_none() || responses.count_unfinished {
            return true;
        }
        let finished = text(layout.finished);
        let is_finished = is_finished(finished);
        if is_finished == Some(false) {
            let remedy = "they count if the map's [responses] has count_unfinished = true";
            notes.leave_out(&responses.finished, "is no: the answer was not finished", remedy);
        } else if is_finished.is_none() {
            notes.unmapped(&responses.finished, finished, id);
            let remedy = "name the right column as finished in the map's [responses]";
            notes.leave_out(&responses.finished, "is neither yes nor no", remedy);
        }
        is_finished == Some(true)
    }

    /// The school year of an answer; `None`, with the fault noted, where it is
    /// not told or another one than of the answers before.
    fn year_of(&mut self, recorded: &str, line: u64) -> Option<SchoolYear> {
        let column = &self.map.responses.recorded.clone();
        let told = Day::read(day_of(recorded)).and_then(Day::school_year);
        let Some(year) = self.year.or(told) else {
            let remedy = "give it with --year, or as school_year in the map; days are written \
                          YYYY-MM-DD";
            let what = "does not tell the school year of an answer";
            self.fault(Severity::Fatal, Some(column), what, remedy, line);
            return None;
        };
        if told.is_some_and(|told| told != year) {
            let what = format!("is not in {year}, the school year of the survey");
            let remedy = "import each year's answers by themselves, with the right --year";
            self.fault(Severity::Fatal, Some(column), &what, remedy, line);
            return None;
        }
        self.year = Some(year);
        Some(year)
    }

    /// By construct, the share of positive items among those answered; none,
    /// which is noted, where too little of each was answered.
    fn shares(
        &mut self,
        layout: &Layout,
        line: u64,
        cells: &[&str],
        id: &str,
    ) -> Option<Vec<Option<Share>>> {
        let mut notes = Notes::new(&mut self.gather, line);
        let mut share = |(construct, columns): (&Construct, &Vec<usize>)| {
            let (mut positive, mut answered) = (0_u32, 0_u32);
            for (item, column) in construct.items.iter().zip(columns) {
                let said = item.said(cells[*column]);
                positive += u32::from(said == Said::Positive);
                answered += u32::from(matches!(said, Said::Positive | Said::NotPositive));
                if said == Said::Unknown {
                    notes.unmapped(&item.column, cells[*column].trim(), id);
                }
            }
            if (answered as usize) < construct.least {
                let what = format!("has fewer than {} items answered: no share", construct.least);
                notes.notice(construct.column.name(), &what, NOTHING);
                return None;
            }
            Some(Share::Items { positive, answered })
        };
        let constructs = self.map.constructs.iter().zip(&layout.items);
        let shares: Vec<Option<Share>> = constructs.map(&mut share).collect();
        if shares.iter().all(Option::is_none) {
            notes.leave_out("", "an answer has too few items of every construct", NOTHING);
            return None;
        }
        Some(shares)
    }

    fn fault(
        &mut self,
        severity: Severity,
        column: Option<&str>,
        what: &str,
        remedy: &str,
        line: u64,
    ) {
        self.gather.tell(severity, column, what, remedy, (line, None));
    }
}

impl Headed for Survey {
    fn begin(&mut self, file: &str) {
        self.end_of_file();
        self.gather.begin(file);
        self.files.push(file.to_owned());
        self.state = State::Before(0);
    }

    fn row(&mut self, line: u64, cells: &[&str]) {
        match std::mem::replace(&mut self.state, State::Unreadable) {
            State::Unreadable => {}
            State::Before(rows) => {
                self.state = self.header(line, cells, rows);
            }
            State::Heading(layout, mut held) => {
                let is_last = cells.iter().any(|cell| cell.trim().starts_with(IMPORT_ID));
                if is_last {
                    self.state = State::Reading(layout);
                    return;
                }
                held.push((line, cells.iter().map(|cell| (*cell).to_owned()).collect()));
                let is_over = held.len() >= HEADER_ROWS;
                self.state = State::Heading(layout.clone(), held);
                if is_over {
                    self.end_of_file();
                    self.state = State::Reading(layout);
                }
            }
            State::Reading(layout) => {
                self.answer(&layout, line, cells);
                self.state = State::Reading(layout);
            }
        }
    }

    fn wants_rows(&self) -> bool {
        match &self.state {
            State::Before(rows) => *rows < HEADER_WITHIN,
            State::Heading(..) | State::Reading(_) => true,
            State::Unreadable => false,
        }
    }

    fn width(&self) -> Option<usize> {
        match &self.state {
            State::Heading(layout, _) | State::Reading(layout) => Some(layout.width),
            State::Before(_) | State::Unreadable => None,
        }
    }

    fn has_header(&self) -> bool {
        !matches!(self.state, State::Before(_))
    }

    fn no_header(&mut self, _: usize) {
        let subject = &self.map.subject;
        let what = format!("no header that names {} is in the first rows", subject.key());
        let remedy = format!("correct the name in the map, or the export; {}", subject.remedy());
        self.fault(Severity::Fatal, None, &what, &remedy, 1);
    }

    fn unreadable(&mut self, line: u64, what: &str, remedy: &str) {
        self.fault(Severity::Fatal, None, what, remedy, line);
    }

    fn notice(&mut self, what: &str, remedy: &str) {
        self.fault(Severity::Notice, None, what, remedy, 1);
    }
}

impl fmt::Debug for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Survey").field("files", &self.files).finish_non_exhaustive()
    }
}

/// The day of a moment such as `2026-02-11 10:05:00`.
fn day_of(recorded: &str) -> &str {
    recorded.split([' ', 'T']).next().unwrap_or_default()
}

/// The measures of students with an id count those who answered all parts.
fn tell_absent_constructs(constructs: &[Construct], gather: &mut Gather) {
    let has = |column: &Column| constructs.iter().any(|it| it.column == *column);
    let (sel, climate) = CONSTRUCTS.split_at(CONSTRUCTS.len() / 2);
    let families = [sel, climate].into_iter().filter(|family| family.iter().any(has));
    for column in families.flatten().filter(|column| !has(column)) {
        let remedy = "measures count students who answered all four parts of a survey: add its \
                      items to the map, or import them as another source";
        let what = "has no items in the map";
        gather.tell(Severity::Notice, Some(column.name()), what, remedy, (1, None));
    }
}
