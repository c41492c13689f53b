//! What is noticed while records are read: faults, values that nobody mapped,
//! dates and numbers that are none. Nothing of a student is in any of it but
//! masked ids.

use super::{descriptors::Descriptors, reader::EdFi, record::Element};
use crate::{
    intake::{
        Severity, masked, shown,
        table::{Day, StudentIds},
    },
    student::Column,
};

/// Longest descriptor value that is listed, characters.
const LONGEST: usize = 120;

/// One record under way.
pub(super) struct Row<'a> {
    pub(super) element: &'a Element,
    pub(super) ids: StudentIds<'a>,
    pub(super) line: u64,
}

impl<'a> Row<'a> {
    /// The school year that the record names; empty where it names none.
    pub(super) fn school_year(&self) -> &'a str {
        let own = self.element.text("schoolYear");
        let reference = || self.element.within("schoolYearTypeReference", "schoolYear");
        if own.is_empty() { reference() } else { own }
    }
}

impl EdFi {
    /// What a part's code means in a section; nothing where it has none, says
    /// nothing, or is of a value that nobody mapped, which is then listed.
    pub(super) fn meaning(&mut self, row: &Row<'_>, section: &str, part: &str) -> Option<String> {
        let code = row.element.codes(part).next()?;
        self.meaning_of(row, section, code)
    }

    pub(super) fn meaning_of(
        &mut self,
        row: &Row<'_>,
        section: &str,
        code: &str,
    ) -> Option<String> {
        let found = self.descriptors.one(section, code).map(str::to_owned);
        self.or_unmapped(found, row, section, code).filter(|meaning| !meaning.is_empty())
    }

    /// The flags that a code says "yes" to.
    pub(super) fn flags(&mut self, row: &Row<'_>, section: &str, code: &str) -> Vec<Column> {
        let found = Descriptors::flags(&self.descriptors, section, code);
        self.or_unmapped(found, row, section, code).unwrap_or_default()
    }

    fn or_unmapped<T>(
        &mut self,
        found: Option<T>,
        row: &Row<'_>,
        section: &str,
        code: &str,
    ) -> Option<T> {
        if found.is_none() {
            self.gather.unmapped(section, listed(code, row.ids), row.line);
        }
        found
    }

    /// A day; noted where it is none.
    pub(super) fn day(&mut self, row: &Row<'_>, name: &str, text: &str) -> Option<Day> {
        let day = Day::read(text);
        if day.is_none() && !text.is_empty() {
            let value = Some(shown(text, [row.ids.local, row.ids.statewide]));
            let remedy = "write the date as YYYY-MM-DD";
            self.fault(Severity::Fatal, Some(name), "is not a date", remedy, row.line, value);
        }
        day
    }

    /// A number of days; noted where it is none.
    pub(super) fn number(&mut self, row: &Row<'_>, name: &str, text: &str) -> Option<f64> {
        let number = text.parse::<f64>().ok().filter(|number| (0.0..=1000.0).contains(number));
        if number.is_none() && !text.is_empty() {
            let value = Some(shown(text, [row.ids.local, row.ids.statewide]));
            let (what, remedy) = ("is not a number from 0 to 1000", "correct it in the source");
            self.fault(Severity::Fatal, Some(name), what, remedy, row.line, value);
        }
        number
    }

    pub(super) fn notice(&mut self, what: &str, remedy: &str, line: u64, value: Option<String>) {
        self.fault(Severity::Notice, None, what, remedy, line, value);
    }

    pub(super) fn fatal(&mut self, what: &str, remedy: &str, line: u64, value: Option<String>) {
        self.fault(Severity::Fatal, None, what, remedy, line, value);
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

/// A descriptor or a record's name as it is listed: long enough to be copied
/// into a file of descriptors.
pub(super) fn listed(code: &str, ids: StudentIds<'_>) -> String {
    if [ids.local, ids.statewide].contains(&code) {
        return masked(code);
    }
    let short: String = code.chars().take(LONGEST).collect();
    short.escape_debug().to_string()
}
