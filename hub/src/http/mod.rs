//! Pages and REST.

use std::sync::Arc;

use axum::Router;

use crate::hub::Hub;

/// Every page and resource.
pub fn router(hub: Arc<Hub>) -> Router {
    Router::new().with_state(hub)
}
