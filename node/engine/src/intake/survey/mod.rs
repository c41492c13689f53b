//! Surveys of students by name of question: an export of answers (Qualtrics,
//! or any table with a header), and a map that says what they mean.
//!
//! ```text
//! rows ──which count──▶ answers ──map: scale, reversed──▶ share of positive items, by construct
//!                                     └──▶ left out: each reason counted, never silently
//! ```
//!
//! Only answers that carry a student's id are read: each student's shares
//! become columns of that student's year. Answers without an id, of students,
//! staff or parents, are another unit of privacy and are refused. What else an
//! export has (addresses, places, free text) is never looked at. Pure: the
//! shell opens the file and splits it into cells.

mod layout;
mod map;
mod reader;
mod response;
#[cfg(test)]
mod tests;

pub use map::{ANONYMOUS, SurveyMap, SurveyMapError};
pub use reader::Survey;
