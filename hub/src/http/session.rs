//! Who sent a request: the reader behind a session cookie, or the program
//! behind HTTP Basic.
//!
//! ```text
//! page  cookie ─hash─▶ user_session ─▶ hub_user ─▶ Scope      else: to /login
//! API   the same, or Basic ─▶ auth::check ─▶ hub_user ─▶ Scope  else: 401
//! ```
//!
//! Sessions are one small table of our own: a session here is a name and two
//! instants, expiry follows the hub's clock, and the session crates would
//! bring a second release of sqlx or a store of our own all the same.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use peerlight_proto::units::ContentHash;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::{
    Web,
    auth::{self, Login},
    problem::{Failure, Problem},
    scope::Scope,
};
use crate::store::{session, user};

/// `__Host-` makes browsers refuse it unless it is Secure, for this host only
/// and for every path.
const COOKIE: &str = "__Host-peerlight";

/// Where the request came from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// A reader of pages; others are sent to the log-in page.
pub struct Reader(pub Scope);

/// A program or reader of the API; others are answered 401.
pub struct Caller(pub Scope);

/// The token of a new session, and its cookie.
pub fn new_token() -> Option<(ContentHash, String)> {
    let mut token = [0; 32];
    SystemRandom::new().fill(&mut token).ok()?;
    let text = BASE64_URL_SAFE_NO_PAD.encode(token);
    let hash = ContentHash::of(text.as_bytes());
    let most = session::LONGEST_SECONDS;
    let cookie = format!("{COOKIE}={text}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={most}");
    Some((hash, cookie))
}

/// The cookie that makes a browser forget the session.
pub fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// The hash of the token a request carries.
pub fn token_of(headers: &HeaderMap) -> Option<ContentHash> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| ContentHash::of(token.as_bytes()))
}

/// The address a request came from.
pub fn address_of(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| address.ip())
}

/// The reader behind the session cookie, if any.
pub async fn reader_of(web: &Web, headers: &HeaderMap) -> Result<Option<Scope>, Problem> {
    let Some(token) = token_of(headers) else { return Ok(None) };
    let Some(name) = session::find(&web.store, &token, web.clock.now()).await? else {
        return Ok(None);
    };
    match user::find(&web.store, &name).await? {
        Some(user) => auth::scope_of(web, &user).await,
        None => Ok(None),
    }
}

impl FromRequestParts<Web> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        match reader_of(web, &parts.headers).await {
            Ok(Some(scope)) => Ok(Self(scope)),
            Ok(None) => {
                let wanted = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                Err(Redirect::to(&auth::login_path(wanted)).into_response())
            }
            Err(problem) => Err(Failure::page(problem).into_response()),
        }
    }
}

impl FromRequestParts<Web> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let found = match basic_of(&parts.headers) {
            Some((name, password)) => {
                match auth::check(web, &name, password, address_of(parts)).await {
                    Ok(Login::Welcome(scope)) => Ok(Some(scope)),
                    Ok(Login::Wrong) => Ok(None),
                    Ok(Login::Wait(seconds)) => Err(Problem::TooManyAttempts(seconds)),
                    Err(problem) => Err(problem),
                }
            }
            None => reader_of(web, &parts.headers).await,
        };
        match found {
            Ok(Some(scope)) => Ok(Self(scope)),
            Ok(None) => Err(Failure::api(Problem::NotSignedIn).into_response()),
            Err(problem) => Err(Failure::api(problem).into_response()),
        }
    }
}

fn basic_of(headers: &HeaderMap) -> Option<(String, Zeroizing<String>)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, coded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = Zeroizing::new(BASE64_STANDARD.decode(coded.trim()).ok()?);
    let text = std::str::from_utf8(&plain).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), Zeroizing::new(password.to_owned())))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_bound_to_the_host_and_only_its_hash_is_kept() {
        let (hash, cookie) = new_token().unwrap();
        for part in ["__Host-peerlight=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let (pair, _) = cookie.split_once(';').unwrap();
        let mut headers = HeaderMap::new();
        let sent = format!("other=1; {pair}");
        headers.insert(header::COOKIE, HeaderValue::from_str(&sent).unwrap());
        assert_eq!(token_of(&headers), Some(hash));
        assert!(!cookie.contains(&hash.to_string()));
    }

    #[test]
    fn a_basic_password_may_hold_a_colon() {
        let mut headers = HeaderMap::new();
        let value = format!("Basic {}", BASE64_STANDARD.encode("ann:a:b"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap());
        let (name, password) = basic_of(&headers).unwrap();
        assert_eq!((name.as_str(), password.as_str()), ("ann", "a:b"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert!(basic_of(&headers).is_none());
    }
}
