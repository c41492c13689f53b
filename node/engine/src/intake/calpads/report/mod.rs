//! CALPADS reports that offices export instead of files: student lists with a
//! header, in CSV or a workbook, below titles and beside columns called
//! "textbox".
//!
//! ```text
//! header ──reports.toml──▶ which report ──▶ Fact ──▶ Gather
//!                              └── 15.1, totals only ──▶ compared with 15.2
//! ```
//!
//! The reports of one school year are imported together and replace each other
//! as a whole. Names and birth dates are never looked at. Pure: the shell opens
//! the files and splits them into cells.

mod cohort;
mod layout;
mod list;
mod reader;
#[cfg(test)]
mod tests;

pub use reader::Reports;
