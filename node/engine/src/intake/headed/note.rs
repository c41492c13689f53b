//! What readers say about a row: faults, and rows left out with the reason.

use crate::intake::{
    problem::{Severity, masked, shown},
    table::Gather,
};

/// Digits of a statewide student id.
const STATEWIDE: usize = 10;

/// A row and what is said about it.
pub(in crate::intake) struct Notes<'a> {
    gather: &'a mut Gather,
    line: u64,
}

impl<'a> Notes<'a> {
    /// Nothing is said yet of the row that begins on this line.
    pub(in crate::intake) const fn new(gather: &'a mut Gather, line: u64) -> Self {
        Self { gather, line }
    }

    /// The row is left out for a reason that is not a fault: the reason is
    /// counted.
    pub(in crate::intake) fn leave_out(&mut self, column: &str, what: &str, remedy: &str) {
        self.gather.count_left_out();
        self.say(Severity::Notice, column, what, remedy, None);
    }

    /// The same of a row whose value is named, which must be masked where it may
    /// be an id.
    pub(in crate::intake) fn leave_out_one(
        &mut self,
        column: &str,
        what: &str,
        remedy: &str,
        value: String,
    ) {
        self.gather.count_left_out();
        self.say(Severity::Notice, column, what, remedy, Some(value));
    }

    /// The import goes on; people should know.
    pub(in crate::intake) fn notice(&mut self, column: &str, what: &str, remedy: &str) {
        self.say(Severity::Notice, column, what, remedy, None);
    }

    /// Nothing of the import is applied.
    pub(in crate::intake) fn refuse(
        &mut self,
        column: &str,
        what: &str,
        remedy: &str,
        value: Option<String>,
    ) {
        self.say(Severity::Fatal, column, what, remedy, value);
    }

    /// A value that no code stands for: listed with its count.
    pub(in crate::intake) fn unmapped(&mut self, column: &str, value: &str, id: &str) {
        self.gather.unmapped(column, shown(value, [id, ""]), self.line);
    }

    /// A statewide id with the zeros that a spreadsheet took away; `None` where
    /// it is none, which is noted.
    pub(in crate::intake) fn statewide(&mut self, column: &str, text: &str) -> Option<String> {
        let Some(id) = statewide(text) else {
            let remedy = "every row needs the statewide id (SSID): correct it, or remove the row";
            let value = (!text.is_empty()).then(|| masked(text));
            let what = if text.is_empty() { "is empty" } else { "is not a number of 10 digits" };
            self.refuse(column, what, remedy, value);
            return None;
        };
        if text.len() < STATEWIDE {
            let remedy = "the zeros in front that a spreadsheet removed were put back: check that \
                          these students are found in the roster";
            self.notice(column, "has fewer than 10 digits", remedy);
        }
        Some(id)
    }

    fn say(
        &mut self,
        severity: Severity,
        column: &str,
        what: &str,
        remedy: &str,
        value: Option<String>,
    ) {
        let column = (!column.is_empty()).then_some(column);
        self.gather.tell(severity, column, what, remedy, (self.line, value));
    }
}

/// A statewide id with the zeros in front that a spreadsheet took away; `None`
/// where the text is no number of at most 10 digits.
pub(in crate::intake) fn statewide(text: &str) -> Option<String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && text.len() <= STATEWIDE).then(|| format!("{text:0>STATEWIDE$}"))
}
