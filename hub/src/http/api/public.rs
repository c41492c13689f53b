//! `/api/v1/public`: official public results, marked as such.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde_json::json;

use super::document;
use crate::{
    http::{
        Web,
        pages::public::{Search, files, found, of_school},
        problem::ApiFailure,
        session::Caller,
    },
    view::public::{files_table, results_table, schools_table},
};

/// `/public`: the files held.
pub async fn list(State(web): State<Web>, Caller(_): Caller) -> Result<Response, ApiFailure> {
    Ok(document(&[], "files", &files_table(&files(&web).await?)))
}

/// `/public/schools`: schools by words of their name, district or id.
pub async fn schools(
    State(web): State<Web>,
    Caller(_): Caller,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Response, ApiFailure> {
    let Query(search) = search?;
    let (rows, more) = found(&web, &search).await?;
    Ok(document(&[("more", json!(more))], "schools", &schools_table(&rows)))
}

/// `/public/schools/{id}`: what official files say of one school.
pub async fn school(
    State(web): State<Web>,
    Caller(scope): Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiFailure> {
    let found = of_school(&web, &scope, &id).await?;
    let facts = [
        ("school_id", json!(id)),
        ("name", json!(found.school.name)),
        ("district", json!(found.school.district)),
        ("county", json!(found.school.county)),
        ("origin", json!("official public results, not from the consortium")),
    ];
    Ok(document(&facts, "results", &results_table(&id, &found.results)))
}
