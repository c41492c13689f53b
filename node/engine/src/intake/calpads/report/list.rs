//! Rows of the student lists: 8.1 who the students are, 14.2 how many days they
//! missed, 7.12 what incidents led to.

use std::collections::{BTreeMap, HashMap};

use peerlight_proto::units::{Grade, SchoolYear};

use super::layout::{Layout, SHIPPED, Words, meaning};
use crate::{
    intake::{
        calpads::codes::{CODES, Leaving, Status},
        headed::Notes,
        problem::shown,
        table::{Day, Fact, Gather, LanguageStatus, Removal, Spell, StudentIds},
    },
    student::{Column, ColumnSet},
};

/// Columns of 8.1 that say "Y" or nothing.
const FLAGS: [(&str, Column); 6] = [
    ("disadvantaged", Column::SocioeconomicallyDisadvantaged),
    ("disabilities", Column::StudentsWithDisabilities),
    ("homeless", Column::Homeless),
    ("foster", Column::Foster),
    ("migrant", Column::Migrant),
    ("learner", Column::EnglishLearner),
];

/// Digits of a school's code.
const SCHOOL: usize = 7;

/// One row of a report.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) layout: &'a Layout,
    pub(super) cells: &'a [&'a str],
    pub(super) line: u64,
    pub(super) year: SchoolYear,
    pub(super) ids: StudentIds<'a>,
}

impl<'a> Row<'a> {
    pub(super) fn text(&self, field: &str) -> &'a str {
        self.layout.text(self.cells, field)
    }

    /// The name of a column as the file has it, or as the report would.
    pub(super) fn name(&self, field: &str) -> &'static str {
        self.layout.name(field)
    }

    /// The school's code, the same whether a spreadsheet removed its zeros.
    pub(super) fn school_key(&self) -> String {
        format!("{:0>SCHOOL$}", self.text("school"))
    }

    pub(super) fn notes<'g>(&self, gather: &'g mut Gather) -> Notes<'g> {
        Notes::new(gather, self.line)
    }

    pub(super) fn add(&self, gather: &mut Gather, fact: &Fact<'_>) {
        gather.add(self.ids, fact, self.line);
    }
}

/// What the lists have told beyond facts of single rows.
#[derive(Default)]
pub(super) struct Lists {
    /// By student: flags that some row has, and those that some row says yes to.
    flags: BTreeMap<String, (ColumnSet, ColumnSet)>,
    /// Days of results, by student, incident and result: a report may repeat a
    /// result for each offense.
    results: HashMap<(String, String, String), f64>,
    /// Whether a list told which students there were.
    pub(super) has_students: bool,
    /// Whether 7.12 was read.
    pub(super) has_incidents: bool,
    /// Whether it told results, and so who was expelled.
    pub(super) has_results: bool,
}

impl Lists {
    /// A row of 8.1.
    pub(super) fn profile(&mut self, row: &Row<'_>, gather: &mut Gather) {
        self.has_students = true;
        let status = first_word(row.text("status"));
        let status = if status.is_empty() { Ok(Status::Other) } else { CODES.status(status) };
        if status == Ok(Status::LeftOut) {
            let what = "is that of a student who does not attend for attendance funding";
            return row.notes(gather).leave_out(row.name("status"), what, "nothing has to be done");
        }
        if status.is_err() {
            unmapped(row, "status", gather);
        }
        let (exit, completion) = (first_word(row.text("exit")), first_word(row.text("completion")));
        let leaving = CODES.exit(exit, completion);
        if leaving == Ok(Some(Leaving::NeverCame)) {
            let what = "is that of a student who never came";
            return row.notes(gather).leave_out(row.name("exit"), what, "nothing has to be done");
        }
        if leaving.is_err() {
            unmapped(row, "exit", gather);
        }
        let ended = match leaving {
            Ok(Some(Leaving::Ended(exit))) => Some(exit),
            _ => None,
        };
        let grade = grade(row, gather);
        let (school, start) = (row.text("school"), date(row, "start", gather));
        let fact = match start {
            Some(start) => Fact::Spell(Spell {
                school,
                grade,
                start,
                end: date(row, "end", gather),
                is_primary: status == Ok(Status::Primary),
                exit: ended,
            }),
            None => Fact::Place { year: row.year, school, grade, is_enrolled: true },
        };
        row.add(gather, &fact);
        word(row, "gender", &SHIPPED.gender, Column::Gender, gather);
        word(row, "race", &SHIPPED.race, Column::RaceEthnicity, gather);
        self.flags(row, gather);
        self.language(row, gather);
    }

    fn flags(&mut self, row: &Row<'_>, gather: &mut Gather) {
        let (mut told, mut yes) = (ColumnSet::default(), ColumnSet::default());
        for (field, column) in FLAGS.into_iter().filter(|(field, _)| row.layout.has(field)) {
            match row.text(field).bytes().next().map(|byte| byte.to_ascii_uppercase()) {
                None | Some(b'N' | b'0') => {}
                Some(b'Y' | b'1') => yes.insert(column),
                Some(_) => {
                    unmapped(row, field, gather);
                    continue;
                }
            }
            told.insert(column);
        }
        let held = self.flags.entry(row.ids.statewide.to_owned()).or_default();
        *held = (held.0.union(told), held.1.union(yes));
    }

    fn language(&mut self, row: &Row<'_>, gather: &mut Gather) {
        let code = first_word(row.text("language"));
        if code.is_empty() {
            return;
        }
        let Ok(status) = CODES.language(&code.to_ascii_uppercase()) else {
            return unmapped(row, "language", gather);
        };
        if let Some(from) = date(row, "language_start", gather) {
            return row.add(gather, &Fact::Language { status, from });
        }
        let held = self.flags.entry(row.ids.statewide.to_owned()).or_default();
        for (column, is_it) in [
            (Column::EnglishLearner, status == LanguageStatus::Learner),
            (Column::Reclassified, status == LanguageStatus::Reclassified),
        ] {
            held.0.insert(column);
            if is_it {
                held.1.insert(column);
            }
        }
    }

    /// A row of 14.2.
    pub(super) fn absences(&mut self, row: &Row<'_>, gather: &mut Gather) {
        self.has_students = true;
        if row.text("exempt").to_ascii_uppercase().starts_with('Y') {
            let what = "is yes: the school does not report this student's days";
            return row.notes(gather).leave_out(row.name("exempt"), what, "nothing has to be done");
        }
        let (school, grade) = (row.text("school"), grade(row, gather));
        let place = Fact::Place { year: row.year, school, grade, is_enrolled: true };
        row.add(gather, &place);
        let (expected, absent) = (days(row, "expected", gather), days(row, "absent", gather));
        if let Some((expected, absent)) = expected.zip(absent) {
            let year = row.year;
            row.add(gather, &Fact::Attendance { year, school, expected, absent });
        }
    }

    /// A row of 7.12.
    pub(super) fn incident(&mut self, row: &Row<'_>, gather: &mut Gather) {
        self.has_incidents = true;
        self.has_results = row.layout.has("result");
        let result = row.text("result");
        let kind = if row.layout.has("result") {
            let code = CODES.result(first_word(result)).ok();
            code.or_else(|| match meaning(&SHIPPED.result, result)? {
                "suspension" => Some(Removal::Suspension),
                "expulsion" => Some(Removal::Expulsion),
                _ => Some(Removal::Other),
            })
        } else {
            Some(Removal::Suspension)
        };
        let Some(kind) = kind else {
            unmapped(row, "result", gather);
            let remedy = "report it, or correct it: the row's days are not counted";
            return row.notes(gather).leave_out(row.name("result"), "is not known", remedy);
        };
        let Some(days) = days(row, "days", gather) else { return };
        let incident = row.text("incident");
        let key = (row.ids.statewide.to_owned(), incident.to_owned(), result.to_owned());
        let is_repeated = !incident.is_empty() && self.results.insert(key, days) == Some(days);
        if is_repeated {
            let what = "has the same result twice for one student";
            let remedy = "counted once, as where a report repeats it for each offense";
            return row.notes(gather).leave_out(row.name("incident"), what, remedy);
        }
        // Without the incident's id every row is one.
        let own = format!("line {}", row.line);
        let incident = if incident.is_empty() { own.as_str() } else { incident };
        row.add(gather, &Fact::Removal { year: row.year, incident, kind, days });
    }

    /// Hands on what only all rows together tell: a student belongs to a group
    /// if any row says so.
    pub(super) fn finish(&mut self, year: SchoolYear, gather: &mut Gather) {
        for (ssid, (told, yes)) in std::mem::take(&mut self.flags) {
            let ids = StudentIds { local: "", statewide: &ssid };
            for column in told.iter() {
                let text = if yes.contains(column) { "1" } else { "0" };
                gather.add(ids, &Fact::Value { year, column, text }, 1);
            }
        }
    }
}

/// The code that a text such as `10 - Primary` begins with.
fn first_word(text: &str) -> &str {
    text.split([' ', '-', ':']).next().unwrap_or_default()
}

fn unmapped(row: &Row<'_>, field: &str, gather: &mut Gather) {
    let value = shown(row.text(field), [row.ids.statewide, row.ids.local]);
    gather.unmapped(row.name(field), value, row.line);
}

/// Sets a column from a word; nothing where the word says so.
fn word(row: &Row<'_>, field: &str, words: &Words, column: Column, gather: &mut Gather) {
    match meaning(words, row.text(field)) {
        Some("none") => {}
        Some(text) => row.add(gather, &Fact::Value { year: row.year, column, text }),
        None => unmapped(row, field, gather),
    }
}

/// The grade level that is counted; spreadsheets make `1.0` of `01`.
fn grade(row: &Row<'_>, gather: &mut Gather) -> Option<Grade> {
    let text = row.text("grade");
    let code = text.strip_suffix(".0").unwrap_or(text).to_ascii_uppercase();
    let code = if code.is_empty() { code } else { format!("{code:0>2}") };
    let grade = CODES.grade(&code);
    if grade.is_err() {
        unmapped(row, "grade", gather);
    }
    grade.ok().flatten()
}

/// A number of days; empty is none.
fn days(row: &Row<'_>, field: &str, gather: &mut Gather) -> Option<f64> {
    let text = row.text(field);
    let number = if text.is_empty() { Some(0.0) } else { text.replace(',', "").parse().ok() };
    let number = number.filter(|number| (0.0..=1000.0).contains(number));
    if number.is_none() {
        let value = Some(shown(text, [row.ids.statewide, row.ids.local]));
        let (what, remedy) = ("is not a number from 0 to 1000", "correct it in CALPADS");
        row.notes(gather).refuse(row.name(field), what, remedy, value);
    }
    number
}

/// A day, as `2024-08-12` or `8/12/2024`; none where it is empty.
fn date(row: &Row<'_>, field: &str, gather: &mut Gather) -> Option<Day> {
    let text = row.text(field).split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = text.split('/').collect();
    let day = match parts.as_slice() {
        [month, day, year] => Day::read(&format!("{year}-{month:0>2}-{day:0>2}")),
        _ => Day::read(text),
    };
    if day.is_none() && !text.is_empty() {
        let value = Some(shown(text, [row.ids.statewide, row.ids.local]));
        let (what, remedy) = ("is not a date", "export the report again, with dates as M/D/YYYY");
        row.notes(gather).refuse(row.name(field), what, remedy, value);
    }
    day
}
