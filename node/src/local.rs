//! The district's own exact values for the approved charter's year, for its
//! own eyes.

use std::collections::BTreeMap;

use peerlight_node_engine::measure::{self, CountPlan, LocalTable};
use peerlight_proto::{
    catalogue::Value,
    charter::Charter,
    names::{MeasureId, SchoolId},
    v1::Benchmark,
};

use crate::{
    approval::Approved, documents, error::Error, exact, membership::Membership, node::Node,
};

/// Exact values of every school, measure and group of the charter's year.
pub async fn table(
    node: &Node,
    membership: &Membership,
    approved: &Approved,
) -> Result<LocalTable, Error> {
    let charter = &approved.charter;
    let year = charter.document.school_year;
    let tables = documents::growth_tables(&node.store, membership, charter).await?;
    let columns = exact::columns(node, year).await?;
    let plan = CountPlan::local(
        &charter.document,
        &approved.directory.document,
        &membership.member,
        tables.as_ref(),
        columns,
    )?;
    exact::local(node, plan, year).await
}

/// What the hub says of one school, by measure and group.
pub type Beside = BTreeMap<(String, String), Benchmark>;

/// Asks the hub where a school of this district stands.
pub async fn beside(node: &Node, school: &SchoolId) -> Result<Beside, Error> {
    let answer = node.hub().await?.benchmarks(school.as_str()).await?;
    let keyed = |row: Benchmark| ((row.measure.clone(), row.group.clone()), row);
    Ok(answer.benchmarks.into_iter().map(keyed).collect())
}

/// A measure's name for people.
pub fn label(charter: &Charter, measure: &MeasureId) -> String {
    let growth = charter.policy.growth.values().find(|model| model.measure == *measure);
    let known = charter.measure(measure).map(|it| it.label.clone());
    known.or_else(|| growth.map(|model| model.label.clone())).unwrap_or_else(|| measure.to_string())
}

/// An exact value in the unit it is shown in: rates in percent.
pub fn shown(charter: &Charter, measure: &MeasureId, value: f64) -> f64 {
    match charter.measure(measure).map(|it| &it.value) {
        Some(Value::Rate { .. }) => value * 100.0,
        _ => value,
    }
}

/// The student groups that what is offered splits by and the records of the
/// charter's year cannot tell, a sentence each.
pub async fn absent_groups(node: &Node, approved: &Approved) -> Result<Vec<String>, Error> {
    let charter = &approved.charter.document;
    let columns = exact::columns(node, charter.school_year).await?;
    let absent = measure::absent_groups(charter, |program| approved.offers(program), columns);
    Ok(absent.iter().map(ToString::to_string).collect())
}

/// The measures of the charter that this district does not offer, with names
/// for people.
pub fn not_offered(approved: &Approved) -> Vec<String> {
    let charter = &approved.charter.document;
    let programs = charter.policy.programs.iter();
    let missing = programs.filter(|program| !approved.offers(&program.id));
    missing.map(|program| crate::charter_view::label(charter, &program.kind)).collect()
}
