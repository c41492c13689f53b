//! What readers of assessment files say about rows: faults, and rows left out
//! with the reason.

use super::{super::table::Gather, columns::Row};
use crate::intake::problem::{Problem, Severity, masked, shown};

/// Digits of a statewide student id.
const STATEWIDE: usize = 10;

/// Rows and what is said about them.
pub(super) struct Notes<'a, 'b> {
    gather: &'a mut Gather,
    row: Row<'b>,
}

impl<'a, 'b> Notes<'a, 'b> {
    pub(super) const fn new(gather: &'a mut Gather, row: Row<'b>) -> Self {
        Self { gather, row }
    }

    /// The row is left out for a reason that is not a fault: the reason is
    /// counted.
    pub(super) fn leave_out(&mut self, column: &str, what: &str, remedy: &str) {
        self.gather.count_left_out();
        self.say(Severity::Notice, column, what, remedy, None);
    }

    /// The import goes on; people should know.
    pub(super) fn notice(&mut self, column: &str, what: &str, remedy: &str) {
        self.say(Severity::Notice, column, what, remedy, None);
    }

    /// Nothing of the import is applied.
    pub(super) fn refuse(&mut self, column: &str, what: &str, remedy: &str, value: Option<String>) {
        self.say(Severity::Fatal, column, what, remedy, value);
    }

    /// A value that no code stands for: listed with its count.
    pub(super) fn unmapped(&mut self, column: &str, value: &str, id: &str) {
        self.gather.unmapped(column, shown(value, [id, ""]), self.row.line);
    }

    /// A statewide id with the zeros that a spreadsheet took away; `None` where
    /// it is none, which is noted.
    pub(super) fn statewide(&mut self, column: &str, text: &str) -> Option<String> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || text.len() > STATEWIDE {
            let remedy = "every row needs the statewide id (SSID): correct it, or remove the row";
            let value = (!text.is_empty()).then(|| masked(text));
            let what = if text.is_empty() { "is empty" } else { "is not a number of 10 digits" };
            self.refuse(column, what, remedy, value);
            return None;
        }
        if text.len() < STATEWIDE {
            let remedy = "the zeros in front that a spreadsheet removed were put back: check that \
                          these students are found in the roster";
            self.notice(column, "has fewer than 10 digits", remedy);
        }
        Some(format!("{text:0>STATEWIDE$}"))
    }

    fn say(
        &mut self,
        severity: Severity,
        column: &str,
        what: &str,
        remedy: &str,
        value: Option<String>,
    ) {
        let problem = Problem {
            severity,
            column: (!column.is_empty()).then(|| column.to_owned()),
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        };
        self.gather.problem(problem, self.row.line, value);
    }
}
