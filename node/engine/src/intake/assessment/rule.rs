//! Rules that CAASPP and ELPAC files share: which rows the state includes, of
//! which year they are, and that a student has one score of a test.

use std::collections::HashMap;

use peerlight_proto::units::SchoolYear;

use crate::intake::{headed::Notes, problem::masked, table::Day};

/// Remedy of rows that the state leaves out as well.
pub(super) const NOTHING: &str =
    "nothing has to be done: the state leaves these out of its results too";

/// Whether the state includes the row's score; if not, the reason is noted.
pub(super) fn is_included(indicator: &str, id: &str, notes: &mut Notes<'_>) -> bool {
    const COLUMN: &str = "IncludeIndicator";
    let upper = indicator.to_ascii_uppercase();
    match upper.as_str() {
        "Y" | "YES" => return true,
        "" => notes.leave_out(COLUMN, "is empty", NOTHING),
        "N" | "NO" | "T" => notes.leave_out(COLUMN, &format!("is {upper}"), NOTHING),
        _ => {
            notes.unmapped(COLUMN, indicator, id);
            notes.leave_out(COLUMN, "is neither Y, N nor T", NOTHING);
        }
    }
    false
}

/// Whether a day of testing, where there is one, is in the file's year; if
/// not, the file is refused.
pub(super) fn is_of_year(day: &str, year: SchoolYear, notes: &mut Notes<'_>) -> bool {
    let tested = Day::read(day).and_then(Day::school_year);
    let is_other = tested.is_some_and(|tested| tested != year);
    if is_other {
        let what = format!("is not in {year}, the file's school year");
        let remedy = "import the file with the right --year";
        notes.refuse("FinalTestCompletedDate", &what, remedy, None);
    }
    !is_other
}

/// Scores met, by student and test.
#[derive(Default)]
pub(super) struct Met(HashMap<(String, u8), (Box<str>, u64)>);

impl Met {
    /// Whether the student's score of this test is met for the first time; if
    /// not, it is noted.
    pub(super) fn is_first(
        &mut self,
        ssid: &str,
        test: u8,
        score: &str,
        line: u64,
        notes: &mut Notes<'_>,
    ) -> bool {
        let key = (ssid.to_owned(), test);
        let Some((first, first_line)) = self.0.get(&key) else {
            self.0.insert(key, (score.into(), line));
            return true;
        };
        if **first == *score {
            let remedy = "counted once, as where a file of tested and one of enrolled students \
                          are imported together";
            notes.leave_out("SSID", "has the same score of a test twice", remedy);
        } else {
            let value = Some(format!("{}, also on line {first_line}", masked(ssid)));
            let remedy = "keep the score that the state counts: remove the other row";
            notes.refuse("SSID", "has two scores of one test", remedy, value);
        }
        false
    }
}
