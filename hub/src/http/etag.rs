//! Gives every answer of moderate size an `ETag`, and answers 304 where the
//! reader holds it already.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use peerlight_proto::units::ContentHash;

/// Answers that a route streams may be larger; those it tags itself.
const LARGEST_TAGGED: usize = 64 * 1024 * 1024;

/// Tags answers to GET.
pub async fn answer(request: Request, next: Next) -> Response {
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let reads = *request.method() == Method::GET;
    let response = next.run(request).await;
    if !reads || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_TAGGED).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = format!("\"{}\"", ContentHash::of(&bytes).short());
    let value = HeaderValue::from_str(&tag).expect("hexadecimal digits make a header");
    parts.headers.insert(header::ETAG, value);
    if known.is_some_and(|known| holds(&known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::CONTENT_TYPE);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn holds(known: &HeaderValue, tag: &str) -> bool {
    known.to_str().is_ok_and(|known| {
        known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_several() {
        let known = |text| HeaderValue::from_static(text);
        assert!(holds(&known("\"a\", W/\"b\""), "\"b\""));
        assert!(holds(&known("*"), "\"b\""));
        assert!(!holds(&known("\"a\""), "\"b\""));
    }
}
