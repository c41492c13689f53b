//! Reads CALPADS reports as offices export them: one, or those of a folder.
//!
//! Only opens and splits; which report a file is, and what its columns mean, is
//! the engine's to say.

use std::path::Path;

use peerlight_node_engine::intake::{Schools, calpads::Reports, table::Day};
use peerlight_proto::units::SchoolYear;

use super::{Read, error::SourceError, headed::Files};

/// Name of this source.
pub const SOURCE: &str = "calpads-report";

/// Reads every file; refuses them all where one has a fatal error. `year` is
/// that of all reports, where they do not say it; `sheet` names the only sheet
/// of workbooks to read; `until` is the last day that the reports tell of.
pub fn read(
    path: &Path,
    year: Option<SchoolYear>,
    sheet: Option<&str>,
    until: Option<Day>,
    schools: Schools,
) -> Result<Read, SourceError> {
    let mut files = Files::find(path)?;
    files.understood_by(&format!("{year:?} {sheet:?}"));
    let mut import = Reports::new(schools, year, until);
    files.read(sheet, &mut import)?;
    Ok(files.end(SOURCE, import.finish()?))
}
