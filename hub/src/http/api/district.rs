//! `/api/v1/districts`: a reader's districts on one measure; one district's
//! totals beside the network's.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde_json::json;

use super::document;
use crate::{
    http::{
        Web, pages::school::MeasureFilter, problem::ApiFailure, read::reading, session::Caller,
    },
    view::district::table,
};

/// `/districts?measure=`.
pub async fn list(
    State(web): State<Web>,
    Caller(scope): Caller,
    filter: Result<Query<MeasureFilter>, QueryRejection>,
) -> Result<Response, ApiFailure> {
    let reading = reading(&web).await?;
    let found = reading.districts(&scope, filter?.measure()?.as_ref())?;
    let facts = [
        ("measure", json!(found.measure.id.as_str())),
        ("school_year", json!(reading.in_force.charter.charter.school_year.to_string())),
        ("benchmark_run", json!(reading.run.number)),
    ];
    Ok(document(&facts, "districts", &found.table(reading.run.number)))
}

/// `/districts/{id}/totals`.
pub async fn totals(
    State(web): State<Web>,
    Caller(scope): Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiFailure> {
    let reading = reading(&web).await?;
    let own = reading.district(&scope, &id)?;
    let facts = [
        ("lea_id", json!(own.get().as_str())),
        ("district", json!(reading.member_name(own.get()))),
        ("school_year", json!(reading.in_force.charter.charter.school_year.to_string())),
        ("benchmark_run", json!(reading.run.number)),
    ];
    let table = table(own.get(), &reading.district_lines(own), reading.run.number);
    Ok(document(&facts, "totals", &table))
}
