//! CALPADS files: caret-delimited, no header, one record type a row.
//!
//! ```text
//! cells ──layouts.toml──▶ fields ──codes.toml──▶ Fact ──▶ Gather
//! ```
//!
//! Files of one school year replace each other as a whole, as the state's own
//! files do: import a folder with all of them. Pure: the shell reads the files.

mod codes;
mod layout;
mod reader;
mod report;
#[cfg(test)]
mod tests;

pub use reader::Calpads;
pub use report::Reports;
