//! The district's own pages, on this machine only.
//!
//! ```text
//! loopback ─▶ host check ─▶ session ─▶ local values + the hub's estimates ─▶ page | csv
//! ```
//!
//! They show exact values, so they are kept to a loopback address, ask for a
//! code, refuse any `Host` that is not loopback (a page elsewhere cannot reach
//! them by renaming itself), and load nothing from anywhere else.

mod guard;
mod plan;
mod privacy;
mod school;
mod survey;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    http::StatusCode,
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use tokio::{net::TcpListener, sync::watch};
use zeroize::Zeroizing;

use crate::{error::Error, node::Node};

/// What every page works with.
pub(crate) struct Local {
    node: Node,
    door: guard::Door,
}

type Shared = Arc<Local>;

/// Serves the pages until `stop` becomes true.
pub async fn serve(
    node: Node,
    code: Zeroizing<String>,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let stopped = async move {
        // Also ends if the sender is gone.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    axum::serve(listener, router(node, code)).with_graceful_shutdown(stopped).await
}

/// The pages of a node, behind this access code.
pub fn router(node: Node, code: Zeroizing<String>) -> Router {
    let local = Arc::new(Local { node, door: guard::Door::new(code) });
    Router::new()
        .route("/", get(school::list))
        .route("/schools/{id}", get(school::show))
        .route("/schools/{id}/measures.csv", get(school::csv))
        .route("/schools/{id}/surveys.csv", get(survey::csv))
        .route("/privacy", get(privacy::show))
        .route("/plan", get(plan::show))
        .route("/login", get(guard::form).post(guard::log_in))
        .route("/logout", post(guard::log_out))
        .layer(middleware::from_fn_with_state(Arc::clone(&local), guard::check))
        .with_state(local)
}

/// A failure as a page: what, and what to do.
pub(crate) struct Problem(StatusCode, String);

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    problem: &'a str,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Absent(_) => StatusCode::NOT_FOUND,
            Error::Membership(_) | Error::Approval(_) => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, render(&ProblemPage { problem: &self.1 })).into_response()
    }
}

/// A rendered page. No line begins with a percent sign.
fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html.replace(" %", "\u{a0}%")).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
