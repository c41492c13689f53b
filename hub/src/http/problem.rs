//! What can go wrong with a page or an API call, and how it is said: a page in
//! words, or `application/problem+json` (RFC 9457).
//!
//! Whatever the hub's own machine did is logged and never shown.

use axum::{
    extract::rejection::QueryRejection,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Serialize;
use tonic::Code;

use crate::{
    error::Error,
    view::shell::{ProblemPage, Shell},
};

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Nothing is there, or nothing the reader may see.
    #[error("there is nothing here that you may see; check the address, or ask the hub's operator")]
    NotFound,
    /// The page is for another role.
    #[error("this is for {0}; sign in with such an account")]
    NotForYou(&'static str),
    /// Nobody is signed in.
    #[error("sign in first: with a session, or with HTTP Basic")]
    NotSignedIn,
    /// The password was wrong too often.
    #[error("too many attempts; wait {0} seconds")]
    TooManyAttempts(i64),
    /// The request is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// Something other than reading was asked for.
    #[error("this can only be read: send GET")]
    ReadOnly,
    /// The hub has nothing to show yet.
    #[error("{0}")]
    NotYet(String),
    /// The system gave no random numbers for a session.
    #[error("the hub failed; try again, and tell the operator if it stays")]
    NoRandomness,
    /// The hub's own machine or records failed.
    #[error("the hub failed; try again, and tell the operator if it stays")]
    Hub(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(..) => Self::NotYet(error.to_string()),
            other => Self::Hub(other),
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::BadRequest(format!("the query: {}", rejection.body_text()))
    }
}

impl Problem {
    /// Its status code.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotForYou(_) => StatusCode::FORBIDDEN,
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::ReadOnly => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotYet(_) => StatusCode::CONFLICT,
            Self::Hub(error)
                if matches!(error.code(), Code::Unavailable | Code::ResourceExhausted) =>
            {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Hub(_) | Self::NoRandomness => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its short name, also the end of its `type`.
    const fn name(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::NotForYou(_) => "not-for-you",
            Self::NotSignedIn => "not-signed-in",
            Self::TooManyAttempts(_) => "too-many-attempts",
            Self::BadRequest(_) => "bad-request",
            Self::ReadOnly => "read-only",
            Self::NotYet(_) => "not-yet",
            Self::Hub(_) | Self::NoRandomness => "hub-failed",
        }
    }

    /// Its name for people.
    const fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "Nothing here",
            Self::NotForYou(_) => "Not for this account",
            Self::NotSignedIn => "Not signed in",
            Self::TooManyAttempts(_) => "Too many attempts",
            Self::BadRequest(_) => "The request cannot be read",
            Self::ReadOnly => "Only for reading",
            Self::NotYet(_) => "Not yet",
            Self::Hub(_) | Self::NoRandomness => "The hub failed",
        }
    }

    fn log(&self) {
        if let Self::Hub(error) = self {
            tracing::error!(%error, "a page could not be answered");
        }
    }

    /// First letter upper, for a page.
    fn sentence(&self) -> String {
        let text = self.to_string();
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).chain(['.']).collect()
        })
    }
}

/// A problem with the way it is said.
pub struct Failure {
    problem: Problem,
    api: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
}

impl Failure {
    /// Said as a page.
    pub const fn page(problem: Problem) -> Self {
        Self { problem, api: false }
    }

    /// Said as problem+json.
    pub const fn api(problem: Problem) -> Self {
        Self { problem, api: true }
    }
}

/// A page's failure: the default of `?` in a page.
pub struct PageFailure(pub Problem);

/// An API call's failure: the default of `?` in the API.
pub struct ApiFailure(pub Problem);

impl<E: Into<Problem>> From<E> for PageFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl<E: Into<Problem>> From<E> for ApiFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        Failure::page(self.0).into_response()
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        Failure::api(self.0).into_response()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { problem, api } = self;
        problem.log();
        let status = problem.status();
        let mut response = if api {
            let body = Body {
                r#type: format!("/help#{}", problem.name()),
                title: problem.title(),
                status: status.as_u16(),
                detail: problem.to_string(),
            };
            let body = serde_json::to_vec(&body).expect("four plain fields have a JSON form");
            let kind = [(header::CONTENT_TYPE, "application/problem+json")];
            (status, kind, body).into_response()
        } else {
            let shell = Shell::plain(problem.title());
            (status, Html(ProblemPage::new(shell, problem.sentence()).html())).into_response()
        };
        let headers = response.headers_mut();
        match problem {
            Problem::NotSignedIn => {
                let challenge = HeaderValue::from_static("Basic realm=\"Peerlight\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            Problem::ReadOnly => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            Problem::TooManyAttempts(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
            }
            _ => {}
        }
        response
    }
}
