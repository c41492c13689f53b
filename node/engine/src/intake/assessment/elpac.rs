//! ELPAC student score files: one row a student. From this and last year's
//! overall result comes whether the student made progress.

use peerlight_proto::units::SchoolYear;

use super::{
    super::{
        headed::{Field, Notes, Row, fields},
        table::{Fact, Gather, StudentIds},
    },
    elpi::{self, Outcome},
    file::Reader,
    group,
    rule::{self, Met, NOTHING},
};
use crate::student::Column;

fields! {
    Ssid (needed) = ["SSID", "StatewideStudentIdentifier"];
    Grade (needed) = ["GradeAssessed", "GradeLevelWhenAssessed"];
    Include (needed) = ["IncludeIndicator"];
    Score (needed) = ["OverallScaleScore"];
    RecordType = ["RecordType", "AssessmentType"];
    Level = ["OverallPL", "OverallPerformanceLevel"];
    Tested = ["FinalTestCompletedDate", "FinalTestedDate", "TestCompletedDate"];
    PriorGrade = ["GradeAssessedMinus1"];
    PriorScore = ["OverallScaleScoreMinus1"];
    PriorLevel = ["OverallPLMinus1", "OverallPerformanceLevelMinus1"];
}

/// Which test a row is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Test {
    Summative,
    Alternate,
    /// Before a student is an English learner; no progress is told from it.
    Initial,
}

/// Record types, the state's numbers for the tests and the letters of
/// 2017-18.
const RECORD_TYPES: [(&str, Test); 10] = [
    ("21", Test::Summative),
    ("SA", Test::Summative),
    ("", Test::Summative),
    ("22", Test::Initial),
    ("IA", Test::Initial),
    ("24", Test::Initial),
    ("ALTIA", Test::Initial),
    ("23", Test::Alternate),
    ("ALTSA", Test::Alternate),
    ("ALT", Test::Alternate),
];

/// The first year in which the indicator counts the alternate test.
const ALTERNATE_FROM: u16 = 2023;

/// Reads ELPAC rows.
pub(super) struct Elpac {
    with_groups: bool,
    met: Met,
}

impl Elpac {
    pub(super) fn new(with_groups: bool) -> Self {
        Self { with_groups, met: Met::default() }
    }

    /// The row's test, if the row counts; if not, the reason is noted.
    fn counts(row: &Row<'_>, notes: &mut Notes<'_>) -> Option<Test> {
        let record = row.text(Of::RecordType).to_ascii_uppercase();
        let found = RECORD_TYPES.iter().find(|(code, _)| *code == record);
        let test = match found {
            Some((_, Test::Initial)) => {
                notes.leave_out("RecordType", "is of the initial test", NOTHING);
                return None;
            }
            Some((_, test)) => *test,
            None => {
                notes.unmapped("RecordType", row.text(Of::RecordType), row.text(Of::Ssid));
                let remedy = "counted are 21, the summative test, and 23, the alternate one";
                notes.leave_out("RecordType", "is of a test that is not counted", remedy);
                return None;
            }
        };
        if !rule::is_included(row.text(Of::Include), row.text(Of::Ssid), notes) {
            return None;
        }
        if row.score(Of::Score).is_none() {
            notes.leave_out("OverallScaleScore", "is empty", NOTHING);
            return None;
        }
        Some(test)
    }

    /// Whether the student made progress; `None`, with the reason noted, where
    /// the file cannot tell.
    fn progress(
        row: &Row<'_>,
        test: Test,
        year: SchoolYear,
        notes: &mut Notes<'_>,
    ) -> Option<bool> {
        let now = outcome(row, [Of::Grade, Of::Score, Of::Level], notes)?;
        if !elpi::is_eligible(now.grade) {
            notes.leave_out("GradeAssessed", "is before grade 1: no progress is told", NOTHING);
            return None;
        }
        if row.score(Of::PriorScore).is_none() {
            notes.leave_out("OverallScaleScoreMinus1", "is empty: no progress is told", NOTHING);
            return None;
        }
        let before = outcome(row, [Of::PriorGrade, Of::PriorScore, Of::PriorLevel], notes)?;
        if test == Test::Alternate && year.ending_year() < ALTERNATE_FROM {
            let what = format!("is of the alternate test, which counts from {ALTERNATE_FROM}");
            notes.leave_out("RecordType", &what, NOTHING);
            return None;
        }
        let progress = match test {
            Test::Alternate => elpi::alternate(now, before),
            Test::Summative | Test::Initial => elpi::summative(now, before),
        };
        if progress.is_none() {
            let what = "cannot be compared: it is of another test, or a level is missing";
            notes.leave_out("OverallScaleScoreMinus1", what, NOTHING);
        }
        progress
    }
}

/// A result of the row's student; `None`, with the fault noted, where a part
/// of it cannot be read.
fn outcome(row: &Row<'_>, of: [Of; 3], notes: &mut Notes<'_>) -> Option<Outcome> {
    let [of_grade, of_score, of_level] = of;
    let name = |of: Of| FIELDS[usize::from(of)].names[0];
    let grade = row.text(of_grade).to_ascii_uppercase().parse();
    let Ok(grade) = grade else {
        let remedy = "use KN or 01 to 12";
        notes.refuse(name(of_grade), "is not a grade", remedy, None);
        return None;
    };
    let Ok(score) = row.text(of_score).parse() else {
        let remedy = "correct it, or leave it empty";
        notes.refuse(name(of_score), "is not a whole number", remedy, None);
        return None;
    };
    let level = row.score(of_level).and_then(|level| level.parse().ok());
    Some(Outcome { grade, score, level })
}

impl Reader for Elpac {
    fn fields(&self) -> Vec<&'static Field> {
        FIELDS.iter().chain(&group::FIELDS).collect()
    }

    fn is_of_one_year(&self) -> bool {
        true
    }

    fn row(&mut self, row: Row<'_>, year: Option<SchoolYear>, gather: &mut Gather) {
        let Some(year) = year else { return };
        let mut notes = Notes::new(gather, row.line);
        let Some(ssid) = notes.statewide("SSID", row.text(Of::Ssid)) else { return };
        if !rule::is_of_year(row.text(Of::Tested), year, &mut notes) {
            return;
        }
        let Some(test) = Self::counts(&row, &mut notes) else { return };
        if !self.met.is_first(&ssid, 0, row.text(Of::Score), row.line, &mut notes) {
            return;
        }
        let progress = Self::progress(&row, test, year, &mut notes);
        let ids = StudentIds { local: "", statewide: &ssid };
        if let Some(progress) = progress {
            let flag = if progress { "1" } else { "0" };
            let fact = Fact::Value { year, column: Column::ElpiProgress, text: flag };
            gather.add(ids, &fact, row.line);
        }
        if self.with_groups {
            group::add(&row, FIELDS.len(), year, ids, gather);
        }
    }

    fn finish(&mut self, _: &mut Gather) {}
}
