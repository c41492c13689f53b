//! The pages and the REST API, over https.
//!
//! ```text
//! listener ─▶ security ─▶ session ─▶ Scope ─▶ read ─▶ view ─▶ page | csv | json
//! ```
//!
//! A page, its CSV and its API resource share one reading function and one
//! table, so they cannot disagree. Every reading function takes the reader's
//! [`scope::Scope`], or something only a scope can make.

pub mod api;
pub mod auth;
pub mod etag;
pub mod listener;
pub mod pages;
pub mod problem;
pub mod read;
mod rendering;
pub mod scope;
pub mod security;
pub mod session;

use std::{collections::BTreeSet, ops::Deref, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use peerlight_proto::names::MemberId;

use self::problem::Problem;
use crate::{hub::Hub, store::grant};

pub use self::listener::serve;

/// Largest body of a request, bytes: forms here are small.
const LARGEST_BODY: usize = 64 * 1024;

/// What every page works with: the open hub.
#[derive(Clone)]
pub struct Web(Arc<Hub>);

impl Deref for Web {
    type Target = Hub;

    fn deref(&self) -> &Hub {
        &self.0
    }
}

impl Web {
    /// Members that granted oversight to `overseer`.
    pub async fn granted_to(&self, overseer: &MemberId) -> Result<BTreeSet<MemberId>, Problem> {
        let grants = grant::list_for_overseer(&self.store, overseer).await?;
        Ok(grants.into_iter().map(|grant| grant.member).collect())
    }
}

/// Every route of pages and API.
pub fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .merge(pages::routes())
        .nest("/api/v1", api::routes())
        .layer(middleware::from_fn(etag::answer))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(security::same_origin))
        .layer(middleware::from_fn(security::headers))
        .with_state(Web(hub))
}
