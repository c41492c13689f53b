//! Ed-Fi: interchange files in XML, and what a REST API answers.
//!
//! ```text
//! XML element ─┐
//!              ├─▶ Element ──Kind, Descriptors──▶ Fact ──Gather──▶ StudentYears
//! JSON object ─┘
//! ```
//!
//! One mapping for both roads in. What a descriptor means is data
//! (`descriptors.toml`), which a district may override; a value that nobody
//! mapped is counted and listed. Names, birth dates and addresses are never
//! looked at. Pure: the shell reads files and talks to servers.

mod calendar;
mod cohort;
#[cfg(test)]
mod cohort_tests;
mod courses;
mod descriptors;
mod kind;
mod notes;
mod person;
mod reader;
mod record;
mod scores;
#[cfg(test)]
mod tests;

pub use descriptors::{DescriptorError, Descriptors};
pub use kind::{Kind, interchange_rank};
pub use reader::EdFi;
pub use record::Element;
