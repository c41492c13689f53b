//! What CALPADS codes mean: `codes.toml`.

use std::{collections::BTreeMap, sync::LazyLock};

use peerlight_proto::units::Grade;
use serde::Deserialize;

use crate::{
    intake::table::{Exit, LanguageStatus, Removal},
    student::Column,
};

/// The shipped codes.
pub(super) static CODES: LazyLock<Codes> = LazyLock::new(|| {
    toml::from_str(include_str!("codes.toml")).expect("a test reads the shipped codes")
});

type List = Vec<String>;
type Lists = BTreeMap<String, List>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Codes {
    grade: Grades,
    status: Statuses,
    exit: Exits,
    completion: Completions,
    program: Lists,
    language: Languages,
    language_next: Lists,
    race: Lists,
    result: Results,
    parent_education: ParentEducation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grades {
    counted: BTreeMap<String, String>,
    others: List,
    transitional: List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statuses {
    primary: List,
    others: List,
    left_out: List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exits {
    completed: List,
    dropped_out: List,
    transferred: List,
    left_cohort: List,
    died: List,
    moved: List,
    never_came: List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Completions {
    graduated: List,
    completed: List,
    dropped_out: List,
    moved: List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Languages {
    undetermined: List,
    english_only: List,
    initially_fluent: List,
    learner: List,
    reclassified: List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Results {
    suspension: List,
    expulsion: List,
    other: List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParentEducation {
    not_graduate: List,
    others: List,
}

/// A code that the tables do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnknownCode;

/// What an enrolment's status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Primary,
    Other,
    LeftOut,
}

/// What an exit means: how it ended, or that the student never came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    Ended(Exit),
    NeverCame,
}

fn has(list: &[String], code: &str) -> bool {
    list.iter().any(|known| known == code)
}

/// The meaning of the first list that has the code.
fn meaning<T: Copy>(code: &str, lists: &[(&List, T)]) -> Result<T, UnknownCode> {
    lists.iter().find(|(list, _)| has(list, code)).map(|(_, meaning)| *meaning).ok_or(UnknownCode)
}

impl Codes {
    /// A grade level; none for one that is not counted.
    pub(super) fn grade(&self, code: &str) -> Result<Option<Grade>, UnknownCode> {
        match self.grade.counted.get(code) {
            Some(grade) => grade.parse().map(Some).map_err(|_| UnknownCode),
            None if code.is_empty() || has(&self.grade.others, code) => Ok(None),
            None => Err(UnknownCode),
        }
    }

    pub(super) fn status(&self, code: &str) -> Result<Status, UnknownCode> {
        let Statuses { primary, others, left_out } = &self.status;
        let lists =
            [(primary, Status::Primary), (others, Status::Other), (left_out, Status::LeftOut)];
        meaning(code, &lists)
    }

    /// How an enrolment ended; none where it has not.
    pub(super) fn exit(
        &self,
        exit: &str,
        completion: &str,
    ) -> Result<Option<Leaving>, UnknownCode> {
        if exit.is_empty() {
            return Ok(None);
        }
        let ended = Leaving::Ended;
        if has(&self.exit.completed, exit) {
            let of = &self.completion;
            let lists = [
                (&of.graduated, Exit::Graduated),
                (&of.completed, Exit::Completed),
                (&of.dropped_out, Exit::DroppedOut),
                (&of.moved, Exit::Moved),
            ];
            return meaning(completion, &lists).map(ended).map(Some);
        }
        let of = &self.exit;
        let lists = [
            (&of.dropped_out, ended(Exit::DroppedOut)),
            (&of.transferred, ended(Exit::Transferred)),
            (&of.left_cohort, ended(Exit::LeftCohort)),
            (&of.died, ended(Exit::Died)),
            (&of.moved, ended(Exit::Moved)),
            (&of.never_came, Leaving::NeverCame),
        ];
        meaning(exit, &lists).map(Some)
    }

    /// The flags that a program says "yes" to.
    pub(super) fn program(&self, code: &str) -> Result<Vec<Column>, UnknownCode> {
        let columns = self.program.get(code).ok_or(UnknownCode)?;
        Ok(columns.iter().filter_map(|name| Column::from_name(name)).collect())
    }

    /// Whether a program is that of transitional kindergarten.
    pub(super) fn is_transitional(&self, program: &str) -> bool {
        has(&self.grade.transitional, program)
    }

    pub(super) fn language(&self, code: &str) -> Result<LanguageStatus, UnknownCode> {
        let of = &self.language;
        let lists = [
            (&of.undetermined, LanguageStatus::Undetermined),
            (&of.english_only, LanguageStatus::EnglishOnly),
            (&of.initially_fluent, LanguageStatus::InitiallyFluent),
            (&of.learner, LanguageStatus::Learner),
            (&of.reclassified, LanguageStatus::Reclassified),
        ];
        meaning(code, &lists)
    }

    /// Whether a status may come after another.
    pub(super) fn may_follow(&self, before: &str, after: &str) -> bool {
        self.language_next.get(before).is_none_or(|next| has(next, after))
    }

    /// The race group of the codes a student has: the one, or `MR` where they
    /// are of several.
    pub(super) fn race<'a>(
        &'a self,
        is_hispanic: bool,
        codes: &[&str],
    ) -> Result<&'a str, UnknownCode> {
        if is_hispanic {
            return Ok("HI");
        }
        let mut groups = Vec::new();
        for code in codes.iter().filter(|code| !code.is_empty()) {
            let group = self.race.iter().find(|(_, list)| has(list, code));
            groups.push(group.map(|(group, _)| group.as_str()).ok_or(UnknownCode)?);
        }
        groups.sort_unstable();
        groups.dedup();
        Ok(match groups.as_slice() {
            [] => "",
            [group] => group,
            _ => "MR",
        })
    }

    pub(super) fn result(&self, code: &str) -> Result<Removal, UnknownCode> {
        let of = &self.result;
        let lists = [
            (&of.suspension, Removal::Suspension),
            (&of.expulsion, Removal::Expulsion),
            (&of.other, Removal::Other),
        ];
        meaning(code, &lists)
    }

    /// Whether the parents' highest education makes a student
    /// socioeconomically disadvantaged.
    pub(super) fn is_disadvantage(&self, parent_education: &str) -> Result<bool, UnknownCode> {
        let of = &self.parent_education;
        if parent_education.is_empty() {
            return Ok(false);
        }
        meaning(parent_education, &[(&of.not_graduate, true), (&of.others, false)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_name_columns_of_flags() {
        for (code, columns) in &CODES.program {
            for name in columns {
                let kind = Column::from_name(name).map(Column::kind);
                assert_eq!(kind, Some(crate::student::Kind::Flag), "{code}: {name}");
            }
        }
    }

    #[test]
    fn exits_are_read_with_their_completion() {
        let exit = |exit, completion| CODES.exit(exit, completion);
        assert_eq!(exit("", ""), Ok(None));
        assert_eq!(exit("E230", "100"), Ok(Some(Leaving::Ended(Exit::Graduated))));
        assert_eq!(exit("E230", "330"), Ok(Some(Leaving::Ended(Exit::Completed))));
        assert_eq!(exit("E230", "360"), Ok(Some(Leaving::Ended(Exit::DroppedOut))));
        assert_eq!(exit("T200", ""), Ok(Some(Leaving::Ended(Exit::LeftCohort))));
        assert_eq!(exit("N470", ""), Ok(Some(Leaving::NeverCame)));
        assert_eq!(exit("E230", ""), Err(UnknownCode));
        assert_eq!(exit("X999", ""), Err(UnknownCode));
    }

    #[test]
    fn hispanic_comes_first_and_two_groups_make_two_or_more() {
        assert_eq!(CODES.race(true, &["700"]), Ok("HI"));
        assert_eq!(CODES.race(false, &["201", "299", ""]), Ok("AS"));
        assert_eq!(CODES.race(false, &["400", "201"]), Ok("MR"));
        assert_eq!(CODES.race(false, &[]), Ok(""));
        assert_eq!(CODES.race(false, &["999"]), Err(UnknownCode));
    }

    #[test]
    fn a_reclassified_student_stays_reclassified() {
        assert!(CODES.may_follow("EL", "RFEP") && CODES.may_follow("TBD", "EL"));
        assert!(!CODES.may_follow("RFEP", "EL") && !CODES.may_follow("EO", "RFEP"));
    }
}
