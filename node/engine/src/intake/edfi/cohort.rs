//! The graduation cohort that ends in the year: enrolments of earlier years,
//! and diplomas. Nothing of it unless somebody says that the records have every
//! enrolment of the four years: no record of Ed-Fi says so.

use std::collections::{BTreeSet, HashMap};

use peerlight_proto::units::{Grade, SchoolYear};

use super::{notes::Row, reader::EdFi};
use crate::intake::table::{Day, Exit, Fact, Spell};

/// What the cohort is told from.
#[derive(Default)]
pub(super) struct Cohort {
    /// Whether the records have every enrolment of its four years.
    pub(super) is_whole: bool,
    /// By unique id: whether a regular diploma is among those of the student.
    diplomas: HashMap<String, bool>,
    /// School years in which an enrolment of high school ended.
    ended: BTreeSet<SchoolYear>,
}

impl EdFi {
    /// The records have every enrolment of the four school years that end with
    /// this one, also of those who left: the cohort is told from them.
    #[must_use]
    pub const fn with_cohort(mut self) -> Self {
        self.cohort.is_whole = true;
        self
    }

    /// Diplomas of a term's record; whether any is of use.
    pub(super) fn academic_record(&mut self, row: &Row<'_>) -> bool {
        if !self.cohort.is_whole {
            return false;
        }
        let mut has_told = false;
        for diploma in row.element.all("diploma") {
            let code = diploma.codes("diplomaType").next().unwrap_or("");
            if let Some(meaning) = self.meaning_of(row, "diploma", code) {
                has_told = true;
                let id = self.unique_id(row.ids).to_owned();
                *self.cohort.diplomas.entry(id).or_default() |= meaning == "regular";
            }
        }
        has_told
    }

    /// How an enrolment that ended did so. A graduate whose diplomas are all of
    /// another kind has completed school, and is none.
    pub(super) fn exit(
        &mut self,
        row: &Row<'_>,
        meaning: Option<&str>,
        grade: Option<Grade>,
    ) -> Option<Exit> {
        let exit = meaning.and_then(exit_of);
        if self.cohort.is_whole && meaning.is_none() && grade.is_none_or(is_of_high_school) {
            let code = row.element.codes("exitWithdrawType").next().unwrap_or("");
            if code.is_empty() {
                let what = "an enrolment ended and does not say why";
                let remedy = "fill in exitWithdrawType: a student's last enrolment counts as \
                              still enrolled without it";
                self.notice(what, remedy, row.line, None);
            } else if self.descriptors.one("exit", code).is_none() {
                let what = "an exit has no meaning, so that the graduation cohort is not known";
                let remedy = "say in a section [exit] of --descriptors what it means (the report \
                              lists it), or leave --cohort out";
                self.fatal(what, remedy, row.line, None);
            }
        }
        let has_regular = self.cohort.diplomas.get(self.unique_id(row.ids)).copied();
        match exit {
            Some(Exit::Graduated) if has_regular == Some(false) => Some(Exit::Completed),
            exit => exit,
        }
    }

    /// Takes in an enrolment of an earlier year, or the part of one that lies in
    /// earlier years, for the cohort alone; whether it is asked for. `named` is
    /// the school year that the record names: its grade is of that year.
    pub(super) fn earlier(
        &mut self,
        row: &Row<'_>,
        spell: Spell<'_>,
        named: Option<SchoolYear>,
    ) -> bool {
        let before = Day::last_of(self.year.earlier(1));
        let is_below = spell.grade.is_some_and(|grade| !is_of_high_school(grade));
        if !self.cohort.is_whole || is_below || spell.start > before {
            return false;
        }
        let (first, last) = match named {
            Some(year) if year >= self.year => return false,
            Some(year) => (spell.start.max(Day::first_of(year)), Day::last_of(year)),
            None => (spell.start, before),
        };
        // What goes on after its year has not ended in it.
        let ended = spell.end.filter(|end| *end <= last);
        if spell.grade.is_some_and(is_of_high_school)
            && let Some(year) = ended.and_then(Day::school_year)
        {
            self.cohort.ended.insert(year);
        }
        let exit = ended.and(spell.exit);
        let end = Some(ended.unwrap_or(last));
        let spell = Spell { start: first, end, exit, ..spell };
        self.gather.add(row.ids, &Fact::Spell(spell), row.line);
        true
    }

    /// Refuses a cohort that has a year in which nobody left high school: then
    /// those who left are missing from the records.
    pub(super) fn check_cohort(&mut self) {
        if !self.cohort.is_whole {
            return;
        }
        for ago in 1..=3 {
            let year = self.year.earlier(ago);
            self.gather.knows(year);
            if !self.cohort.ended.contains(&year) {
                let what = format!("no enrolment in grades 9 to 12 ended in {year}");
                let remedy = "the graduation cohort needs every enrolment of its four years, \
                              also of those who left: give them, or leave --cohort out";
                self.fatal(&what, remedy, 0, None);
            }
        }
    }
}

fn is_of_high_school(grade: Grade) -> bool {
    "09".parse::<Grade>().is_ok_and(|nine| grade.index() >= nine.index())
}

fn exit_of(meaning: &str) -> Option<Exit> {
    Some(match meaning {
        "graduated" => Exit::Graduated,
        "completed" => Exit::Completed,
        "dropped_out" => Exit::DroppedOut,
        "transferred" => Exit::Transferred,
        "left_cohort" => Exit::LeftCohort,
        "died" => Exit::Died,
        "moved" => Exit::Moved,
        _ => return None,
    })
}
