//! The graduation cohort: how it ended for each student (15.2), and the totals
//! that the state has of each school (15.1) as a control.

use std::collections::BTreeMap;

use peerlight_proto::units::SchoolYear;

use super::{
    layout::{SHIPPED, meaning},
    list::Row,
};
use crate::{
    intake::{
        Severity,
        table::{Fact, Gather, StudentIds},
    },
    student::Column,
};

/// Columns of 15.1, and the outcome that each counts.
const TOTALS: [(&str, &str); 6] = [
    ("graduates", "graduated_4yr"),
    ("dropouts", "dropout"),
    ("still_enrolled", "still_enrolled"),
    ("completers", "completer"),
    ("other_transfers", "other_transfer"),
    ("removed", "transferred_out"),
];

/// Who is in no cohort of a school may be in that of the next.
const REMOVED: &str = "transferred_out";

const GRADE: &str = "12";

/// A student's outcome, and where it stands.
struct Outcome {
    local: String,
    school: String,
    ended: &'static str,
    file: usize,
    line: u64,
}

/// A total of a school, and where it stands.
struct Total {
    school: String,
    column: &'static str,
    outcome: &'static str,
    count: u64,
    file: usize,
    line: u64,
}

/// What 15.2 and 15.1 have told.
#[derive(Default)]
pub(super) struct Cohort {
    outcomes: BTreeMap<String, Outcome>,
    /// Rows of 15.2, by school and outcome.
    rows: BTreeMap<(String, &'static str), u64>,
    totals: Vec<Total>,
}

impl Cohort {
    /// Whether 15.1 was read, which has no students.
    pub(super) fn has_totals(&self) -> bool {
        !self.totals.is_empty()
    }

    /// Whether 15.2 told of students.
    pub(super) fn has_students(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// A row of 15.2.
    pub(super) fn student(&mut self, row: &Row<'_>, file: usize, gather: &mut Gather) {
        let category = row.text("category");
        let Some(outcome) = meaning(&SHIPPED.outcome, category) else {
            let mut notes = row.notes(gather);
            notes.unmapped(row.name("category"), category, row.ids.statewide);
            let remedy = "report it: the student is left out of the cohort";
            return notes.leave_out(row.name("category"), "is not known", remedy);
        };
        *self.rows.entry((row.school_key(), outcome)).or_default() += 1;
        let told = Outcome {
            local: row.ids.local.to_owned(),
            school: row.text("school").to_owned(),
            ended: outcome,
            file,
            line: row.line,
        };
        let ssid = row.ids.statewide;
        let Some(held) = self.outcomes.get_mut(ssid) else {
            self.outcomes.insert(ssid.to_owned(), told);
            return;
        };
        let differs = held.ended != outcome && held.ended != REMOVED && outcome != REMOVED;
        if held.ended == REMOVED || outcome != REMOVED {
            *held = told;
        }
        gather.count_left_out();
        if differs {
            let remedy = "the last is taken: look at these students in CALPADS";
            row.notes(gather).notice("SSID", "has two outcomes in the cohort", remedy);
        } else {
            let remedy = "counted once, at the school whose cohort has the student";
            row.notes(gather).notice("SSID", "is in the cohorts of two schools", remedy);
        }
    }

    /// A row of 15.1.
    pub(super) fn school(&mut self, row: &Row<'_>, file: usize, gather: &mut Gather) {
        if row.text("school").parse::<u64>().is_err() {
            let remedy = "nothing has to be done: totals of the district are not compared";
            return row.notes(gather).leave_out(
                row.name("school"),
                "is not a school's code",
                remedy,
            );
        }
        for (field, outcome) in TOTALS.into_iter().filter(|(field, _)| row.layout.has(field)) {
            let text = row.text(field);
            let count = if text.is_empty() { Ok(0) } else { text.replace(',', "").parse() };
            let Ok(count) = count else {
                let remedy = "export report 15.1 again as CSV";
                row.notes(gather).refuse(row.name(field), "is not a whole number", remedy, None);
                continue;
            };
            let (school, column) = (row.school_key(), row.name(field));
            self.totals.push(Total { school, column, outcome, count, file, line: row.line });
        }
    }

    /// Hands on the outcomes, and compares the totals with the rows.
    pub(super) fn finish(&self, year: SchoolYear, files: &[String], gather: &mut Gather) {
        let cohort_year = year.ending_year().to_string();
        let mut current = None;
        let mut at = |file: usize, gather: &mut Gather| {
            if current != Some(file) {
                current = Some(file);
                gather.begin(&files[file]);
            }
        };
        for (ssid, told) in &self.outcomes {
            at(told.file, gather);
            let ids = StudentIds { local: &told.local, statewide: ssid };
            let grade = GRADE.parse().ok();
            let place = Fact::Place { year, school: &told.school, grade, is_enrolled: false };
            gather.add(ids, &place, told.line);
            for (column, text) in
                [(Column::CohortYear, cohort_year.as_str()), (Column::CohortOutcome, told.ended)]
            {
                gather.add(ids, &Fact::Value { year, column, text }, told.line);
            }
        }
        if self.totals.is_empty() {
            return;
        }
        let mut agrees = true;
        for total in &self.totals {
            let key = (total.school.clone(), total.outcome);
            let rows = self.rows.get(&key).copied().unwrap_or_default();
            if rows != total.count {
                agrees = false;
                at(total.file, gather);
                let what = "in report 15.1 is not the number of students that 15.2 has";
                let remedy = "export both reports again for the same cohort and day: one of them \
                              is older, or was exported with a filter";
                let value = format!("{} instead of {rows}, school {}", total.count, total.school);
                let place = (total.line, Some(value));
                gather.tell(Severity::Notice, Some(total.column), what, remedy, place);
            }
        }
        if agrees {
            let total = &self.totals[0];
            at(total.file, gather);
            let what = "every total of report 15.1 is the number of students that 15.2 has";
            gather.tell(Severity::Notice, None, what, "nothing has to be done", (total.line, None));
        }
    }
}
