//! `/login` and `/logout`.

use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::answer;
use crate::{
    http::{
        Web,
        auth::{self, Login},
        problem::{PageFailure, Problem},
        session::{address_of, new_token, no_cookie, reader_of, token_of},
    },
    store::session,
    view::shell::{LoginPage, Shell},
};

/// Where to go on to after signing in.
#[derive(Deserialize)]
pub struct Onward {
    next: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Credentials {
    name: String,
    password: String,
    next: Option<String>,
}

/// The form; somebody who is signed in goes on.
pub async fn form(
    State(web): State<Web>,
    Query(onward): Query<Onward>,
    headers: HeaderMap,
) -> Result<Response, PageFailure> {
    let next = auth::onward(onward.next.as_deref());
    if reader_of(&web, &headers).await?.is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    Ok(answer(&page(None, String::new(), next)))
}

fn page(wrong: Option<String>, name: String, next: &str) -> LoginPage {
    LoginPage { shell: Shell::plain("Sign in"), wrong, name, next: next.to_owned() }
}

/// Signs in: a new session, whatever session there was before.
pub async fn sign_in(
    State(web): State<Web>,
    parts: Parts,
    Form(credentials): Form<Credentials>,
) -> Result<Response, PageFailure> {
    let Credentials { name, password, next } = credentials;
    let name = name.trim().to_owned();
    let next = auth::onward(next.as_deref());
    let refused = |status: StatusCode, words: String| {
        Ok((status, answer(&page(Some(words), name.clone(), next))).into_response())
    };
    match auth::check(&web, &name, Zeroizing::new(password), address_of(&parts)).await? {
        Login::Welcome(scope) => {
            if let Some(old) = token_of(&parts.headers) {
                session::remove(&web.store, &old).await?;
            }
            let (hash, cookie) = new_token().ok_or(Problem::NoRandomness)?;
            session::insert(&web.store, &hash, &scope.user, web.clock.now()).await?;
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
        }
        Login::Wrong => {
            refused(StatusCode::UNAUTHORIZED, "The name or the password is wrong.".to_owned())
        }
        Login::Wait(seconds) => refused(
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many attempts. Wait {seconds} seconds and try again."),
        ),
    }
}

/// Ends the session.
pub async fn sign_out(State(web): State<Web>, headers: HeaderMap) -> Result<Response, PageFailure> {
    if let Some(token) = token_of(&headers) {
        session::remove(&web.store, &token).await?;
    }
    Ok(([(header::SET_COOKIE, no_cookie())], Redirect::to("/login")).into_response())
}
