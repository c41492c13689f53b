//! What every answer carries, and which requests are refused before anything
//! else looks at them: the headers that keep a page from running or loading
//! anything of others, and the check that an unsafe request comes from our own
//! pages.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// No scripts at all: every page works without them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
     base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// Headers of every answer.
const HEADERS: [(&str, &str); 8] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("strict-transport-security", "max-age=63072000"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
];

/// Adds the headers; answers are private and checked again each time, unless
/// the route says otherwise.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

/// Refuses an unsafe request that another site's page made in the reader's
/// browser.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || comes_from_us(&request) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "this request came from another site; open the page again and retry\n")
        .into_response()
}

/// Browsers say where a request comes from in `Sec-Fetch-Site`, older ones in
/// `Origin`. A program sends neither and holds no reader's cookie, so there is
/// nothing to forge.
fn comes_from_us(request: &Request) -> bool {
    let headers = request.headers();
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let Some(host) = host.or_else(|| text(headers, &header::HOST)) else { return false };
    origin.to_str().is_ok_and(|origin| origin == format!("https://{host}"))
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut request = Request::post("/login");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn an_unsafe_request_of_another_site_is_told_apart() {
        let host = ("host", "hub.example:8443");
        for (headers, ours) in [
            (vec![host], true),
            (vec![host, ("origin", "https://hub.example:8443")], true),
            (vec![host, ("origin", "https://hub.example")], false),
            (vec![host, ("origin", "http://hub.example:8443")], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "none")], true),
            (vec![host, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![("origin", "https://hub.example")], false),
        ] {
            assert_eq!(comes_from_us(&request(&headers)), ours, "{headers:?}");
        }
    }
}
