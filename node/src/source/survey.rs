//! Reads the answers to a survey, by a map.
//!
//! Only opens and splits; what columns and answers mean is the map's to say,
//! and the engine's to check.

use std::{fs, path::Path};

use peerlight_node_engine::intake::{
    Schools,
    survey::{Survey, SurveyMap},
};
use peerlight_proto::units::SchoolYear;

use super::{
    Read,
    error::{SourceError, failed},
    headed::Files,
};

/// Name of this source, where it is not given another.
pub const SOURCE: &str = "survey";

/// Reads every file by the map at `map`; refuses them all where one has a fatal
/// error. `sheet` names the only sheet of workbooks to read.
pub fn read(
    path: &Path,
    map: &Path,
    year: Option<SchoolYear>,
    sheet: Option<&str>,
    schools: Schools,
) -> Result<Read, SourceError> {
    let text = fs::read_to_string(map).map_err(failed(map))?;
    let parsed = SurveyMap::parse(&text)?;
    let mut files = Files::find(path)?;
    files.understood_by(&format!("{text} {year:?} {sheet:?}"));
    let mut import = Survey::new(schools, parsed, year);
    files.read(sheet, &mut import)?;
    Ok(files.end(SOURCE, import.finish()?))
}
