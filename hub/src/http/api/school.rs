//! `/api/v1/schools`: a reader's schools, where each stands, its year so far,
//! its like schools, its peers.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::document;
use crate::{
    http::{
        Web,
        pages::school::{MeasureFilter, listing, rows},
        problem::ApiFailure,
        read::{Reading, reading},
        scope::OwnSchool,
        session::Caller,
    },
    view::{school::table, so_far},
};

/// `/schools`.
pub async fn list(State(web): State<Web>, Caller(scope): Caller) -> Result<Response, ApiFailure> {
    let rows = rows(&web, &scope).await?;
    Ok(document(&[], "schools", &listing(&rows)))
}

fn facts(reading: &Reading, own: OwnSchool<'_>) -> Vec<(&'static str, Value)> {
    vec![
        ("school_id", json!(own.get().id.as_str())),
        ("school_year", json!(reading.in_force.charter.charter.school_year.to_string())),
        ("benchmark_run", json!(reading.run.number)),
    ]
}

/// `/schools/{id}`.
pub async fn one(
    State(web): State<Web>,
    Caller(scope): Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiFailure> {
    let reading = reading(&web).await?;
    let school = reading.school(&scope, &id)?.get();
    let not_offered = reading.not_offered(std::slice::from_ref(&school.lea));
    Ok(Json(json!({
        "schema_version": 1,
        "school_id": school.id.as_str(),
        "name": school.name,
        "lea_id": school.lea.as_str(),
        "district": reading.district_of(school),
        "level": school.level.as_str(),
        "school_type": school.school_type,
        "grades": school.grades.to_string(),
        "enrollment": school.enrollment,
        "features": school.features,
        "features_source": reading.features_source(),
        "benchmark_run": reading.run.number,
        "not_offered": not_offered,
    }))
    .into_response())
}

/// `/schools/{id}/benchmarks`.
pub async fn benchmarks(
    State(web): State<Web>,
    Caller(scope): Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiFailure> {
    let reading = reading(&web).await?;
    let own = reading.school(&scope, &id)?;
    let table = table(own.get(), &reading.lines(own)?, reading.run.number);
    Ok(document(&facts(&reading, own), "benchmarks", &table))
}

/// `/schools/{id}/so-far`: running measures, month by month.
pub async fn so_far(
    State(web): State<Web>,
    Caller(scope): Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiFailure> {
    let reading = reading(&web).await?;
    let own = reading.school(&scope, &id)?;
    let table = so_far::table(own.get(), &reading.so_far(own)?, reading.run.number);
    Ok(document(&facts(&reading, own), "months", &table))
}

/// `/schools/{id}/similar`: reasons as numbers, feature by feature.
pub async fn similar(
    State(web): State<Web>,
    Caller(scope): Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiFailure> {
    let reading = reading(&web).await?;
    let own = reading.school(&scope, &id)?;
    let likeness = reading.likeness(own)?;
    let mut body = json!({
        "schema_version": 1,
        "features_source": reading.features_source(),
        "missing_features": likeness.found.missing_features,
        "like": likeness.json(),
    });
    for (fact, value) in facts(&reading, own) {
        body[fact] = value;
    }
    Ok(Json(body).into_response())
}

/// `/schools/{id}/peers`.
pub async fn peers(
    State(web): State<Web>,
    Caller(scope): Caller,
    Path(id): Path<String>,
    filter: Result<Query<MeasureFilter>, QueryRejection>,
) -> Result<Response, ApiFailure> {
    let reading = reading(&web).await?;
    let own = reading.school(&scope, &id)?;
    let peers = reading.peers(own, filter?.measure()?.as_ref())?;
    Ok(document(&facts(&reading, own), "peers", &peers.table()))
}
