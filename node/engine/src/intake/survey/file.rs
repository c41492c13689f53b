//! Reads `survey_responses.csv`: one row a respondent, with shares of positive
//! items that somebody else counted.

use std::fmt;

use super::anonymous::{self, About, Answers};
use crate::{
    intake::{
        Imported, Refused, Schools, Severity,
        headed::{self, Field, Headed, Layout, Notes, Row, Stage},
        problem::shown,
        table::{Gather, JoinId},
        value::{self, Cell},
    },
    respondent::{CONSTRUCTS, Respondent, Share},
};

/// Positions in [`FIELDS`].
const SCHOOL_YEAR: usize = 0;
const SCHOOL: usize = 1;
const RESPONDENT: usize = 2;
const GRADE: usize = 3;

/// Where the fields of [`CONSTRUCTS`] begin; they are in the same order.
const SHARES: usize = 4;

const FIELDS: [Field; SHARES + CONSTRUCTS.len()] = [
    Field { names: &["school_year"], is_needed: true },
    Field { names: &["school_id"], is_needed: true },
    Field { names: &["respondent"], is_needed: true },
    optional(&["grade_level"]),
    optional(&["sel_growth_mindset"]),
    optional(&["sel_self_efficacy"]),
    optional(&["sel_self_management"]),
    optional(&["sel_social_awareness"]),
    optional(&["climate_support"]),
    optional(&["climate_belonging"]),
    optional(&["climate_discipline"]),
    optional(&["climate_safety"]),
];

const fn optional(names: &'static [&'static str]) -> Field {
    Field { names, is_needed: false }
}

/// An import of such files under way.
pub struct ResponseFile {
    gather: Gather,
    answers: Answers,
    stage: Stage,
}

impl ResponseFile {
    /// An import of nothing yet.
    pub fn new(schools: Schools) -> Self {
        Self {
            gather: Gather::new(schools.clone(), JoinId::Local, None),
            answers: Answers::new(schools),
            stage: Stage::Unreadable,
        }
    }

    /// Ends the import.
    pub fn finish(self) -> Result<Imported, Refused> {
        self.answers.finish(self.gather.into_report())
    }

    fn header(&mut self, layout: Layout, line: u64, cells: &[&str]) -> Stage {
        let mut missing: Vec<String> =
            layout.missing(&fields()).into_iter().map(str::to_owned).collect();
        if !(SHARES..FIELDS.len()).any(|field| layout.has(field)) {
            missing.push("climate_support, or another share,".to_owned());
        }
        for name in &missing {
            let remedy = "the first row names the columns: see docs/running-a-node.md";
            self.fault(Some(name), "is missing from the file's header", remedy, line);
        }
        let is_known = |name: &str| {
            let mut names = FIELDS.iter().flat_map(|field| field.names);
            names.any(|known| headed::plain(known) == headed::plain(name))
        };
        for name in cells.iter().map(|cell| cell.trim()).filter(|name| !is_known(name)) {
            self.gather.ignores(name);
        }
        if missing.is_empty() { Stage::Reading(layout) } else { Stage::Unreadable }
    }

    fn answer(&mut self, row: Row<'_>) {
        let mut notes = Notes::new(&mut self.gather, row.line);
        let year = match value::year(row.text(SCHOOL_YEAR)) {
            Ok(year) => Some(year),
            Err(bad) => {
                let value = shown(row.text(SCHOOL_YEAR), [""; 2]);
                notes.refuse("school_year", bad.what, bad.remedy, Some(value));
                None
            }
        };
        let told = row.text(RESPONDENT);
        let respondent = Respondent::from_name(told);
        if respondent.is_none() {
            let remedy = "write student, staff or parent";
            let value = Some(shown(told, [""; 2]));
            notes.refuse("respondent", "is nobody who is known", remedy, value);
        }
        let grade = row.text(GRADE);
        let grade = match anonymous::grade(grade) {
            Ok(grade) => grade,
            Err(bad) => {
                let value = Some(shown(grade, [""; 2]));
                notes.refuse("grade_level", bad.what, bad.remedy, value);
                None
            }
        };
        let shares = shares(row, respondent, &mut notes);
        let (Some(year), Some(respondent), Some(shares)) = (year, respondent, shares) else {
            return;
        };
        if shares.iter().all(Option::is_none) {
            return notes.leave_out("", "an answer has no share", "nothing has to be done");
        }
        let school = ("school_id", row.text(SCHOOL));
        let Some(school) = self.answers.school(year, school, &mut notes) else { return };
        self.answers.add(About { year, respondent, school: &school, grade }, shares);
    }

    fn fault(&mut self, column: Option<&str>, what: &str, remedy: &str, line: u64) {
        self.gather.tell(Severity::Fatal, column, what, remedy, (line, None));
    }
}

fn fields() -> Vec<&'static Field> {
    const ALL: &[Field] = &FIELDS;
    ALL.iter().collect()
}

/// The shares of a row; none, which is noted, where one of them is not a share,
/// or is of what these respondents are not asked.
fn shares(
    row: Row<'_>,
    respondent: Option<Respondent>,
    notes: &mut Notes<'_>,
) -> Option<[Option<Share>; CONSTRUCTS.len()]> {
    let mut shares = [None; CONSTRUCTS.len()];
    let mut is_sound = true;
    for (position, column) in CONSTRUCTS.iter().enumerate() {
        let text = row.text(SHARES + position);
        let is_asked = respondent.is_none_or(|respondent| respondent.is_asked(*column));
        match Cell::read(column.kind(), text) {
            Ok(Cell::Number(share)) if !share.is_nan() && is_asked => {
                shares[position] = Some(Share::Alone(share));
            }
            Ok(Cell::Number(share)) if share.is_nan() => {}
            Ok(_) => {
                is_sound = false;
                let remedy = "leave it empty in rows of staff and parents";
                notes.refuse(column.name(), "is asked of students alone", remedy, None);
            }
            Err(bad) => {
                is_sound = false;
                let value = Some(shown(text, [""; 2]));
                notes.refuse(column.name(), bad.what, bad.remedy, value);
            }
        }
    }
    is_sound.then_some(shares)
}

impl Headed for ResponseFile {
    fn begin(&mut self, file: &str) {
        self.gather.begin(file);
        self.stage = Stage::Before(0);
    }

    fn row(&mut self, line: u64, cells: &[&str]) {
        match std::mem::replace(&mut self.stage, Stage::Unreadable) {
            Stage::Unreadable => {}
            Stage::Before(rows) => {
                self.stage = match Layout::of_header(&fields(), cells) {
                    Some(layout) => self.header(layout, line, cells),
                    None => Stage::Before(rows + 1),
                };
            }
            Stage::Reading(layout) => {
                if cells.iter().any(|cell| !cell.trim().is_empty()) {
                    self.gather.count_row(false);
                    if cells.len() == layout.width {
                        self.answer(Row::new(&layout, line, cells));
                    } else {
                        let (what, remedy) = headed::other_width(cells.len(), layout.width);
                        self.fault(None, &what, remedy, line);
                    }
                }
                self.stage = Stage::Reading(layout);
            }
        }
    }

    fn wants_rows(&self) -> bool {
        self.stage.wants_rows()
    }

    fn width(&self) -> Option<usize> {
        self.stage.width()
    }

    fn has_header(&self) -> bool {
        self.stage.has_header()
    }

    fn no_header(&mut self, _: usize) {
        let what =
            "no header that names school_year, school_id and respondent is in the first rows";
        let remedy = "the first row names the columns: see docs/running-a-node.md";
        self.fault(None, what, remedy, 1);
    }

    fn unreadable(&mut self, line: u64, what: &str, remedy: &str) {
        self.fault(None, what, remedy, line);
    }

    fn notice(&mut self, what: &str, remedy: &str) {
        self.gather.tell(Severity::Notice, None, what, remedy, (1, None));
    }
}

impl fmt::Debug for ResponseFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFile").finish_non_exhaustive()
    }
}
