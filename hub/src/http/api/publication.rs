//! `/api/v1/publications`: what was published; the manifests in full.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::http::{Web, pages::publication::listed, problem::ApiFailure, session::Caller};

/// `/publications`.
pub async fn list(State(web): State<Web>, Caller(_): Caller) -> Result<Response, ApiFailure> {
    let manifests: Vec<_> =
        listed(&web).await?.into_iter().map(|publication| publication.manifest).collect();
    Ok(Json(json!({ "schema_version": 1, "publications": manifests })).into_response())
}
