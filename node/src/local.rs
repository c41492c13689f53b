//! The district's own exact values for the approved charter's year, for its
//! own eyes.

use std::collections::BTreeMap;

use peerlight_node_engine::measure::{self, CountPlan, LocalTable};
use peerlight_proto::{
    catalogue::{Value, YearNote, break_between},
    charter::{Charter, Program, ProgramKind},
    names::{MeasureId, SchoolId},
    units::{GradeSet, SchoolYear},
    v1::Benchmark,
};

use crate::{
    approval::Approved, documents, error::Error, exact, in_place, membership::Membership,
    node::Node,
};

/// Exact values of every school, measure and group of the charter's year.
pub async fn table(
    node: &Node,
    membership: &Membership,
    approved: &Approved,
) -> Result<LocalTable, Error> {
    let charter = &approved.charter;
    let year = charter.document.school_year;
    // Growth needs rows that are here.
    let tables = match in_place::find(node, year).await? {
        Some(_) => None,
        None => documents::growth_tables(&node.store, membership, charter).await?,
    };
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

/// The same of the year before, by the same definitions and schools; growth is
/// not in it. `None` where no records of that year are held.
pub async fn table_before(
    node: &Node,
    membership: &Membership,
    approved: &Approved,
) -> Result<Option<LocalTable>, Error> {
    let mut charter = approved.charter.document.clone();
    charter.school_year = charter.school_year.earlier(1);
    let columns = exact::columns(node, charter.school_year).await?;
    if columns.is_empty() {
        return Ok(None);
    }
    let directory = &approved.directory.document;
    let plan = CountPlan::local(&charter, directory, &membership.member, None, columns)?;
    Ok(Some(exact::local(node, plan, charter.school_year).await?))
}

/// Whether a measure leaves the district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// Its program is offered: noisy numbers are sent.
    Released,
    /// The charter releases it, and this district does not offer it.
    NotOffered,
    /// The charter does not release it: exact here, and nowhere else.
    Never,
}

impl Leaves {
    /// Its name in rows printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Released => "yes",
            Self::NotOffered => "not offered",
            Self::Never => "no",
        }
    }
}

/// Whether a measure of the catalogue, or a growth measure, leaves the district.
pub fn leaves(approved: &Approved, measure: &MeasureId) -> Leaves {
    let charter = &approved.charter.document;
    let is_of = |kind: &ProgramKind| match kind {
        ProgramKind::Measure { measure: id } => id == measure,
        ProgramKind::GrowthMean { subject } => {
            charter.policy.growth.get(subject).is_some_and(|model| model.measure == *measure)
        }
        ProgramKind::Count { .. } | ProgramKind::GrowthHistogram { .. } => false,
    };
    let mut programs = charter.policy.programs.iter().filter(|program| is_of(&program.kind));
    if programs.clone().any(|program| approved.offers(&program.id)) {
        Leaves::Released
    } else if programs.next().is_some() {
        Leaves::NotOffered
    } else {
        Leaves::Never
    }
}

/// What is said of a school year and a measure, in a sentence.
pub fn said_of(charter: &Charter, measure: &MeasureId, year: SchoolYear) -> Option<String> {
    let mut notes = charter.catalogue.notes_on(measure, GradeSet::ALL);
    notes.find(|note| note.school_year == year).map(YearNote::sentence)
}

/// Why a measure of the charter's year cannot be compared with the year before,
/// in a sentence; `None` where it can be.
pub fn parted(charter: &Charter, measure: &MeasureId) -> Option<String> {
    let year = charter.school_year;
    let notes = charter.catalogue.notes_on(measure, GradeSet::ALL);
    break_between(notes, year.earlier(1), year).map(YearNote::sentence)
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

/// The growth measures of the charter that are not among its exact values,
/// because a warehouse counts the year; a sentence each.
pub async fn growth_elsewhere(node: &Node, approved: &Approved) -> Result<Vec<String>, Error> {
    let charter = &approved.charter.document;
    let is_growth = |program: &Program| matches!(program.kind, ProgramKind::GrowthMean { .. });
    in_place::not_counted(node, charter, is_growth).await
}

/// The measures of the charter that this district does not offer, with names
/// for people.
pub fn not_offered(approved: &Approved) -> Vec<String> {
    let charter = &approved.charter.document;
    let programs = charter.policy.programs.iter();
    let missing = programs.filter(|program| !approved.offers(&program.id));
    missing.map(|program| crate::charter_view::label(charter, &program.kind)).collect()
}
