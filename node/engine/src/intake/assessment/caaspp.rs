//! CAASPP student score files: one row a student and subject.
//!
//! Counted are Smarter Balanced (ELA, mathematics) and the California Science
//! Test, where the state includes the score. The alternate assessments are on
//! scales of their own and are left out, and said so.

use peerlight_proto::units::SchoolYear;

use super::{
    super::{
        headed::{Field, Notes, Row, fields},
        table::{Fact, Gather, StudentIds},
    },
    file::Reader,
    group,
    rule::{self, Met, NOTHING},
};
use crate::student::Column;

fields! {
    RecordType (needed) = ["RecordType"];
    Ssid (needed) = ["SSID", "StatewideStudentIdentifier", "StudentIdentifier"];
    Grade (needed) = ["GradeAssessed", "GradeLevelWhenAssessed"];
    Include (needed) = ["IncludeIndicator"];
    Score (needed) = ["ScaleScore"];
    Level (needed) = ["AchievementLevels", "AchievementLevel", "ScaleScoreAchievementLevel"];
    Error = ["StandardErrorMeasurement", "StandardErrorofMeasurement", "SEM"];
    Condition = ["ConditionCode"];
    Attempted = ["Attemptedness"];
    Tested = ["FinalTestCompletedDate", "FinalTestedDate", "TestCompletedDate"];
    Grade1 = ["GradeAssessedMinus1"];
    Score1 = ["ScaleScoreMinus1"];
    Level1 = ["AchievementLevelMinus1"];
    Grade2 = ["GradeAssessedMinus2"];
    Score2 = ["ScaleScoreMinus2"];
    Level2 = ["AchievementLevelMinus2"];
    Grade3 = ["GradeAssessedMinus3"];
    Score3 = ["ScaleScoreMinus3"];
    Level3 = ["AchievementLevelMinus3"];
}

/// Prior results: what the file calls them.
const PRIORS: [(Of, Of, Of); 3] = [
    (Of::Grade1, Of::Score1, Of::Level1),
    (Of::Grade2, Of::Score2, Of::Level2),
    (Of::Grade3, Of::Score3, Of::Level3),
];

const PRIOR_GRADES: [Column; 3] =
    [Column::PriorGradeLevel, Column::Prior2GradeLevel, Column::Prior3GradeLevel];

/// Where a subject's results go.
struct Subject {
    score: Column,
    level: Column,
    error: Column,
    /// Score and level of up to three earlier years.
    priors: &'static [(Column, Column)],
    /// Name of the test whose scores are compared over years.
    test_name: &'static str,
    /// Tells its scores from those of the others.
    test: u8,
}

const ELA: Subject = Subject {
    score: Column::ElaScaleScore,
    level: Column::ElaLevel,
    error: Column::ElaSem,
    priors: &[
        (Column::ElaPriorScaleScore, Column::ElaPriorLevel),
        (Column::ElaPrior2ScaleScore, Column::ElaPrior2Level),
        (Column::ElaPrior3ScaleScore, Column::ElaPrior3Level),
    ],
    test_name: TEST,
    test: 1,
};

const MATH: Subject = Subject {
    score: Column::MathScaleScore,
    level: Column::MathLevel,
    error: Column::MathSem,
    priors: &[
        (Column::MathPriorScaleScore, Column::MathPriorLevel),
        (Column::MathPrior2ScaleScore, Column::MathPrior2Level),
        (Column::MathPrior3ScaleScore, Column::MathPrior3Level),
    ],
    test_name: TEST,
    test: 2,
};

const SCIENCE: Subject = Subject {
    score: Column::ScienceScaleScore,
    level: Column::ScienceLevel,
    error: Column::ScienceSem,
    priors: &[],
    test_name: "",
    test: 6,
};

/// Smarter Balanced scores are compared over years.
const TEST: &str = "Smarter Balanced";

/// Record types of the California Alternate Assessments.
const ALTERNATE: [&str; 3] = ["03", "04", "05"];

/// Condition codes under which the state still gives a score, the lowest.
const SCORED_CONDITIONS: [&str; 3] = ["LOSS", "INC0", "INC1"];

/// Condition codes without a score, in words.
const CONDITIONS: [(&str, &str); 5] = [
    ("NEL", "an English learner new to the country, exempt"),
    ("NER", "too few tasks attempted"),
    ("NT", "not tested"),
    ("NTE", "not tested because of a medical emergency"),
    ("PGE", "not tested at a parent's or guardian's request"),
];

/// Reads CAASPP rows.
pub(super) struct Caaspp {
    with_groups: bool,
    met: Met,
}

impl Caaspp {
    pub(super) fn new(with_groups: bool) -> Self {
        Self { with_groups, met: Met::default() }
    }

    /// Whether the row's score counts; if not, the reason is noted.
    fn counts(row: &Row<'_>, notes: &mut Notes<'_>) -> bool {
        let condition = row.text(Of::Condition).to_ascii_uppercase();
        let known = CONDITIONS.iter().find(|(code, _)| *code == condition);
        let has_score = row.score(Of::Score).is_some();
        if let (Some((code, words)), false) = (known, has_score) {
            let what = format!("is {code}: {words}");
            notes.leave_out("ConditionCode", &what, "nothing has to be done");
            return false;
        }
        let is_known = known.is_some() || SCORED_CONDITIONS.contains(&condition.as_str());
        if !condition.is_empty() && !is_known {
            notes.unmapped("ConditionCode", &condition, row.text(Of::Ssid));
        }
        if !rule::is_included(row.text(Of::Include), row.text(Of::Ssid), notes) {
            return false;
        }
        if row.text(Of::Attempted).eq_ignore_ascii_case("N") {
            notes.leave_out("Attemptedness", "is N: not attempted", NOTHING);
            return false;
        }
        if !has_score {
            notes.leave_out("ScaleScore", "is empty", NOTHING);
        }
        has_score
    }

    fn results(row: &Row<'_>, subject: &Subject, year: SchoolYear, out: &mut Out<'_>) {
        out.set(year, Column::GradeAssessed, row.text(Of::Grade));
        out.set(year, subject.score, row.text(Of::Score));
        out.set(year, subject.level, row.score(Of::Level).unwrap_or_default());
        out.set(year, subject.error, row.score(Of::Error).unwrap_or_default());
        out.set(year, Column::TestName, subject.test_name);
        let priors = subject.priors.iter().zip(PRIORS).zip(PRIOR_GRADES);
        for (((score, level), (of_grade, of_score, of_level)), grade) in priors {
            let Some(text) = row.score(of_score) else { continue };
            out.set(year, *score, text);
            out.set(year, *level, row.score(of_level).unwrap_or_default());
            out.set(year, grade, row.text(of_grade));
        }
    }
}

/// Where a row's values go.
struct Out<'a> {
    gather: &'a mut Gather,
    ids: StudentIds<'a>,
    line: u64,
}

impl Out<'_> {
    /// Sets a value of the student's year; nothing where it is empty.
    fn set(&mut self, year: SchoolYear, column: Column, text: &str) {
        if !text.is_empty() {
            self.gather.add(self.ids, &Fact::Value { year, column, text }, self.line);
        }
    }
}

impl Reader for Caaspp {
    fn fields(&self) -> Vec<&'static Field> {
        FIELDS.iter().chain(&group::FIELDS).collect()
    }

    fn is_of_one_year(&self) -> bool {
        true
    }

    fn row(&mut self, row: Row<'_>, year: Option<SchoolYear>, gather: &mut Gather) {
        let Some(year) = year else { return };
        let mut notes = Notes::new(gather, row.line);
        let record = format!("{:0>2}", row.text(Of::RecordType));
        let subject = match record.as_str() {
            "01" => &ELA,
            "02" => &MATH,
            "06" => &SCIENCE,
            alternate if ALTERNATE.contains(&alternate) => {
                let what = format!("is {alternate}: a California Alternate Assessment (CAA)");
                let remedy = "left out: its scores are on another scale, and how the state \
                              converts them is not published";
                return notes.leave_out("RecordType", &what, remedy);
            }
            _ => {
                notes.unmapped("RecordType", row.text(Of::RecordType), row.text(Of::Ssid));
                let remedy = "counted are 01 ELA, 02 mathematics and 06 science";
                return notes.leave_out("RecordType", "is of a test that is not counted", remedy);
            }
        };
        let Some(ssid) = notes.statewide("SSID", row.text(Of::Ssid)) else { return };
        let is_counted = rule::is_of_year(row.text(Of::Tested), year, &mut notes)
            && Self::counts(&row, &mut notes)
            && self.met.is_first(&ssid, subject.test, row.text(Of::Score), row.line, &mut notes);
        if !is_counted {
            return;
        }
        let ids = StudentIds { local: "", statewide: &ssid };
        let mut out = Out { gather, ids, line: row.line };
        Self::results(&row, subject, year, &mut out);
        if self.with_groups {
            group::add(&row, FIELDS.len(), year, ids, gather);
        }
    }

    fn finish(&mut self, _: &mut Gather) {}
}
