//! The district's exact figures of surveys without ids of students, for its own
//! eyes: nothing of them leaves this node.

use peerlight_node_engine::respondent::{Respondent, SurveyValue, survey_values};
use peerlight_proto::units::SchoolYear;

use crate::{error::Error, exact, node::Node, store::response_sets};

/// One administration, counted.
pub struct Surveyed {
    /// The source that it came from.
    pub source: String,
    /// Who answered.
    pub respondent: Respondent,
    /// Civil date that it tells of, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// Its figures: of the district first, then of each school.
    pub values: Vec<SurveyValue>,
}

/// Every administration in force of a school year.
///
/// # Errors
///
/// The database, or a sealed file that does not open.
pub async fn of_year(node: &Node, year: SchoolYear) -> Result<Vec<Surveyed>, Error> {
    let sets = response_sets::in_force(&node.store).await?.into_iter();
    let sets: Vec<_> = sets.filter(|set| set.school_year == year).collect();
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let records = exact::records(node)?;
    let mut all = Vec::new();
    for set in sets {
        let responses = records.read_responses(&set.records_file)?;
        let values = survey_values(&responses);
        let (source, respondent, as_of) = (set.source, set.respondent, set.as_of);
        all.push(Surveyed { source, respondent, as_of, values });
    }
    Ok(all)
}

/// A share in percent, to a tenth.
pub fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
