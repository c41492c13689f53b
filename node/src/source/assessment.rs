//! Reads CAASPP, ELPAC and Clearinghouse files: one, or every one of a folder.
//!
//! Only opens and splits; what columns and codes mean is the engine's to say.

use std::path::Path;

use peerlight_node_engine::intake::{
    Schools,
    assessment::{Assessments, Format, Options},
};

use super::{Read, error::SourceError, headed::Files};

/// Name of the source that files of a format are.
pub const fn source_of(format: Format) -> &'static str {
    match format {
        Format::Caaspp => "caaspp",
        Format::Elpac => "elpac",
        Format::Nsc => "nsc",
    }
}

/// Reads every file; refuses them all where one has a fatal error. `sheet`
/// names the only sheet of workbooks to read.
pub fn read(
    path: &Path,
    format: Format,
    options: Options,
    sheet: Option<&str>,
    schools: Schools,
) -> Result<Read, SourceError> {
    let mut files = Files::find(path)?;
    files.understood_by(&format!("{format:?} {options:?} {sheet:?}"));
    let mut import = Assessments::new(format, schools, options);
    files.read(sheet, &mut import)?;
    Ok(files.end(source_of(format), import.finish()?))
}
