//! `/api/v1/members`: the members a reader oversees; for the operator, all.

use axum::{extract::State, response::Response};

use super::document;
use crate::{
    http::{
        Web,
        pages::member::{rows_all, rows_overseen},
        problem::{ApiFailure, Problem},
        session::Caller,
    },
    view::member::table,
};

/// `/members`.
pub async fn list(State(web): State<Web>, Caller(scope): Caller) -> Result<Response, ApiFailure> {
    let rows = match (scope.operator(), scope.overseer()) {
        (Some(operator), _) => rows_all(&web, operator).await?,
        (None, Some(overseer)) => rows_overseen(&web, overseer).await?,
        (None, None) => {
            return Err(Problem::NotForYou("county offices and the hub's operator").into());
        }
    };
    Ok(document(&[], "members", &table("members", &rows)))
}
