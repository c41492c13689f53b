//! Files of assessments and colleges: CAASPP and ELPAC student scores as the
//! state's testing system hands them out, and the return file of the National
//! Student Clearinghouse.
//!
//! ```text
//! rows of a file ──header by name──▶ Row ──Format──▶ Fact ──Gather──▶ StudentYears
//!                                       └──▶ left out: each reason counted, never silently
//! ```
//!
//! None of these files says a student's school of record: a roster does. Pure:
//! the shell opens the file and splits it into cells.

mod caaspp;
mod elpac;
mod elpi;
mod file;
mod group;
mod nsc;
mod rule;
#[cfg(test)]
mod tests;

pub use file::{Assessments, Format, Options};
