//! `/assets`: the style sheet, from within the program.

use axum::{http::header, response::IntoResponse};

use crate::view::shell::STYLE;

/// The style sheet. Its address carries its hash, so it may be kept for good.
pub async fn style() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, STYLE)
}
