//! Who may see the pages: somebody on this machine who knows the access code.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use askama::Template;
use axum::{
    extract::{Form, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use peerlight_proto::units::hexadecimal;
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Shared, render};

const COOKIE: &str = "peerlight_node_session";
/// Sessions that may be open at once; one more ends them all.
const MOST_SESSIONS: usize = 64;
const POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// The access code, and the sessions it has opened.
pub(super) struct Door {
    code: Zeroizing<String>,
    sessions: Mutex<BTreeSet<String>>,
}

impl Door {
    pub(super) const fn new(code: Zeroizing<String>) -> Self {
        Self { code, sessions: Mutex::new(BTreeSet::new()) }
    }

    /// Whether the code is right; takes the same time wherever it differs.
    fn accepts(&self, code: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"peerlight node page code");
        let expected = hmac::sign(&key, self.code.as_bytes());
        hmac::verify(&key, code.trim().as_bytes(), expected.as_ref()).is_ok()
    }

    fn open(&self) -> Option<String> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let session = hexadecimal(&bytes);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MOST_SESSIONS {
            sessions.clear();
        }
        sessions.insert(session.clone());
        Some(session)
    }

    fn knows(&self, session: &str) -> bool {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).contains(session)
    }

    fn close(&self, session: &str) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(session);
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    was_wrong: bool,
}

/// What the log-in form sends.
#[derive(Deserialize)]
pub(super) struct Credentials {
    code: String,
}

/// Checks every request; adds what every answer carries.
pub(super) async fn check(State(local): State<Shared>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let mut answer = if !is_loopback(headers) || !is_same_site(request.method(), headers) {
        (StatusCode::FORBIDDEN, "these pages are for this machine only").into_response()
    } else if request.uri().path() == "/login"
        || session(headers).is_some_and(|session| local.door.knows(session))
    {
        next.run(request).await
    } else {
        Redirect::to("/login").into_response()
    };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

pub(super) async fn form() -> Response {
    render(&LoginPage { was_wrong: false })
}

pub(super) async fn log_in(
    State(local): State<Shared>,
    Form(credentials): Form<Credentials>,
) -> Response {
    if !local.door.accepts(&credentials.code) {
        return (StatusCode::UNAUTHORIZED, render(&LoginPage { was_wrong: true })).into_response();
    }
    let Some(session) = local.door.open() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let cookie = format!("{COOKIE}={session}; HttpOnly; SameSite=Strict; Path=/");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

pub(super) async fn log_out(State(local): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(session) = session(&headers) {
        local.door.close(session);
    }
    Redirect::to("/login").into_response()
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Whether the browser was told to go to this machine by its own name: a page
/// elsewhere that points its name here says that name.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Whether a form was sent from these pages themselves.
fn is_same_site(method: &Method, headers: &HeaderMap) -> bool {
    if method == Method::GET || method == Method::HEAD {
        return true;
    }
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_code_opens_a_session() {
        let door = Door::new(Zeroizing::new("abc123".to_owned()));
        assert!(door.accepts(" abc123\n"));
        assert!(!door.accepts("abc124") && !door.accepts(""));
        let session = door.open().unwrap();
        assert!(door.knows(&session));
        door.close(&session);
        assert!(!door.knows(&session));
    }

    #[test]
    fn a_name_that_was_pointed_here_is_refused() {
        let host = |name: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, name.parse().unwrap());
            is_loopback(&headers)
        };
        assert!(host("127.0.0.1:8460") && host("localhost:1") && host("[::1]:8460"));
        assert!(!host("evil.example:8460") && !host("127.0.0.1.evil.example"));
        assert!(!is_loopback(&HeaderMap::new()));
    }
}
