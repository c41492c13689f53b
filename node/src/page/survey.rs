//! What surveys without students' ids say of one school: exact, on this machine
//! alone.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use peerlight_proto::{names::SchoolId, units::SchoolYear};

use super::{Problem, Shared, school};
use crate::{
    error::Error,
    node::Node,
    surveys::{self, percent},
};

/// One construct of one administration, as text.
pub(super) struct Row {
    pub(super) about: String,
    pub(super) who: String,
    pub(super) source: String,
    pub(super) respondents: String,
    pub(super) mean: String,
    pub(super) all_items: String,
}

/// What every survey of the year says of a school.
pub(super) async fn rows(
    node: &Node,
    year: SchoolYear,
    school: &SchoolId,
) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for surveyed in surveys::of_year(node, year).await? {
        let of_school = |id: Option<&str>| id == Some(school.as_str());
        for value in surveyed.values.iter().filter(|it| of_school(it.school.as_deref())) {
            let pooled = value.items.map(|(positive, answered)| positive as f64 / answered as f64);
            rows.push(Row {
                about: value.measure.clone(),
                who: surveyed.respondent.to_string(),
                source: surveyed.source.clone(),
                respondents: value.respondents.to_string(),
                mean: percent(value.mean),
                all_items: pooled.map_or_else(|| "items not known".to_owned(), percent),
            });
        }
    }
    Ok(rows)
}

pub(super) async fn csv(
    State(local): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (approved, school) = school::of_district(&local.node, &id).await?;
    let year = approved.charter.document.school_year;
    let bytes = to_csv(&rows(&local.node, year, &school.id).await?).map_err(Error::Output)?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
}

fn to_csv(rows: &[Row]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["measure", "answers_of", "source", "respondents", "mean_of_shares", "all_items"];
    writer.write_record(header)?;
    for Row { about, who, source, respondents, mean, all_items } in rows {
        writer.write_record([about, who, source, respondents, mean, all_items])?;
    }
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}
