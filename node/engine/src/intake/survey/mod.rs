//! Surveys by name of question: an export of answers (Qualtrics, or any table
//! with a header), and a map that says what they mean.
//!
//! ```text
//! rows ──which count──▶ answers ──map: scale, reversed──▶ share of positive items, by construct
//!                                     └──▶ left out: each reason counted, never silently
//! shares ──id of a student──▶ columns of that student's year
//!        ──no id──▶ Responses, by school: another unit of privacy, never a student's
//! ```
//!
//! What else an export has (addresses, places, free text) is never looked at.
//! Pure: the shell opens the file and splits it into cells.

mod anonymous;
#[cfg(test)]
mod anonymous_tests;
mod file;
mod layout;
mod map;
mod reader;
mod refusal;
mod response;
mod students;
mod subject;
#[cfg(test)]
mod tests;

pub use file::ResponseFile;
pub use map::SurveyMap;
pub use reader::Survey;
pub use refusal::SurveyMapError;
