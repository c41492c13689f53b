//! `/api/v1/network`: how the network's schools are distributed.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde_json::json;

use super::document;
use crate::http::{
    Web, pages::network::Filter, problem::ApiFailure, read::reading, session::Caller,
};

/// `/network?level=&measure=`.
pub async fn distributions(
    State(web): State<Web>,
    Caller(_): Caller,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, ApiFailure> {
    let chosen = filter?.checked()?;
    let reading = reading(&web).await?;
    let year = reading.in_force.charter.charter.school_year.to_string();
    let facts = [("school_year", json!(year)), ("benchmark_run", json!(reading.run.number))];
    Ok(document(&facts, "distributions", &chosen.table(&reading)))
}
