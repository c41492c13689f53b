//! Answers of students with an id: one answer a student, the last, handed on
//! as shares of positive items of the student's year.

use std::collections::BTreeMap;

use peerlight_proto::units::SchoolYear;

use super::{map::Construct, refusal::ANONYMOUS};
use crate::{
    intake::{
        headed::{self, Notes},
        problem::masked,
        table::{Fact, Gather, JoinId, StudentIds},
    },
    respondent::Share,
};

/// By student: the answer that counts.
#[derive(Default)]
pub(super) struct Students {
    answers: BTreeMap<String, Answer>,
}

/// What one student answered.
pub(super) struct Answer {
    /// Position of the file among those that were begun.
    pub(super) file: usize,
    pub(super) line: u64,
    pub(super) year: SchoolYear,
    /// When, where the file says it so that texts order as times do.
    pub(super) recorded: Option<String>,
    /// By construct; none where too few items were answered.
    pub(super) shares: Vec<Option<Share>>,
}

impl Students {
    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Keeps an answer, unless the student has a later one. `column` is that of
    /// the id.
    pub(super) fn keep(&mut self, id: String, answer: Answer, column: &str, notes: &mut Notes<'_>) {
        let Some(held) = self.answers.get_mut(&id) else {
            self.answers.insert(id, answer);
            return;
        };
        let is_later = match (&held.recorded, &answer.recorded) {
            (Some(before), Some(now)) => now >= before,
            _ => true,
        };
        if is_later {
            *held = answer;
        }
        let remedy = "the last answer of a student counts, the others do not";
        notes.leave_out_one(column, "answered more than once", remedy, masked(&id));
    }

    /// Hands the answers on in the order of the files' rows.
    pub(super) fn tell(
        self,
        join: JoinId,
        constructs: &[Construct],
        files: &[String],
        gather: &mut Gather,
    ) {
        let mut answers: Vec<(String, Answer)> = self.answers.into_iter().collect();
        answers.sort_by_key(|(_, answer)| (answer.file, answer.line));
        let mut file = None;
        for (id, answer) in &answers {
            if file != Some(answer.file) {
                file = Some(answer.file);
                gather.begin(&files[answer.file]);
            }
            let ids = match join {
                JoinId::Local => StudentIds { local: id, statewide: "" },
                JoinId::Statewide => StudentIds { local: "", statewide: id },
            };
            for (construct, share) in constructs.iter().zip(&answer.shares) {
                let Some(share) = share else { continue };
                let (column, text) = (construct.column, &share.value().to_string());
                let fact = Fact::Value { year: answer.year, column, text };
                gather.add(ids, &fact, answer.line);
            }
        }
    }
}

/// The id of the student who answered; none, with the reason noted, where there
/// is none.
pub(super) fn id(join: JoinId, column: &str, told: &str, notes: &mut Notes<'_>) -> Option<String> {
    if told.is_empty() {
        notes.leave_out(column, "is empty", ANONYMOUS);
        return None;
    }
    let id = match join {
        JoinId::Local => Some(told.to_owned()),
        JoinId::Statewide => headed::statewide(told),
    };
    if id.is_none() {
        let remedy = "statewide ids have 10 digits: correct it in the file if the answer is to \
                      count";
        notes.leave_out(column, "is not a statewide id", remedy);
    }
    id
}
