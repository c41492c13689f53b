//! Asks an Ed-Fi API: log-in, patience with a busy server, and nothing that it
//! sent in any message.
//!
//! Blocking: it runs off the async threads. Follows no redirect, so that
//! neither the secret nor a token reaches another server.

use std::{fs, path::PathBuf, sync::Arc, thread, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::digest::Context;
use serde_json::Value;
use ureq::{
    Agent, Body,
    http::{Response, Uri},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};
use zeroize::Zeroizing;

use super::service::ServiceError;
use crate::source::trust::distrust;

/// Longest answer, bytes: five hundred of the largest records.
const LONGEST: u64 = 64 << 20;

/// Longest time for one answer.
const DEADLINE: Duration = Duration::from_mins(5);
const CONNECT: Duration = Duration::from_secs(20);

/// How often one question is asked, and how long a server may ask us to wait.
const ATTEMPTS: u32 = 6;
const LONGEST_WAIT: u64 = 120;

/// Where an API is and who asks.
#[derive(Clone)]
pub struct Access {
    /// The URL of the API's root, which lists its others.
    pub url: String,
    /// The client's id.
    pub client: Zeroizing<String>,
    /// The client's secret.
    pub secret: Zeroizing<String>,
    /// A PEM file with the authority of the server's certificate, where it is
    /// not a public one.
    pub authority: Option<PathBuf>,
}

/// One whole answer.
pub(super) struct Answer {
    /// What it holds.
    pub(super) content: Value,
    /// What `Total-Count` says.
    pub(super) total: Option<u64>,
}

/// What `Total-Count` says, and a whole body.
type Whole = (Option<u64>, Vec<u8>);

/// A connection to one API.
pub(super) struct Client {
    agent: Agent,
    origin: String,
    credentials: Zeroizing<String>,
    token_url: String,
    token: Option<Zeroizing<String>>,
}

impl Client {
    /// A client that has asked nothing yet.
    pub(super) fn new(access: &Access) -> Result<Self, ServiceError> {
        let (origin, is_loopback) = origin(&access.url)?;
        let roots = match &access.authority {
            None => RootCerts::WebPki,
            Some(path) => {
                let refused = || ServiceError::Authority { path: path.clone() };
                let pem = fs::read(path).map_err(|_| refused())?;
                let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
                    .filter_map(|item| match item {
                        Ok(PemItem::Certificate(certificate)) => Some(certificate),
                        _ => None,
                    })
                    .collect();
                if certificates.is_empty() {
                    return Err(refused());
                }
                RootCerts::Specific(Arc::new(certificates))
            }
        };
        let mut config = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(DEADLINE));
        if is_loopback {
            config = config.proxy(None);
        }
        let pair = Zeroizing::new(format!("{}:{}", *access.client, *access.secret));
        let credentials = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*pair)));
        let agent = config.build().new_agent();
        Ok(Self { agent, origin, credentials, token_url: String::new(), token: None })
    }

    /// A URL that the server named, if it is of the same server.
    pub(super) fn own(&self, url: &str) -> Result<String, ServiceError> {
        match origin(url) {
            Ok((origin, _)) if origin == self.origin => Ok(url.to_owned()),
            _ => Err(ServiceError::Address(
                "the API's root names URLs of another server: give the URL of that server's API",
            )),
        }
    }

    /// Where to log in.
    pub(super) fn log_in_at(&mut self, url: String) {
        self.token_url = url;
    }

    /// What the API answers to anybody.
    pub(super) fn open(&mut self, what: &str, url: &str) -> Result<Value, ServiceError> {
        let answer = self.patiently(what, |client| client.agent.get(url).call())?;
        answer.map(|answer| answer.content).ok_or(not_there(what))
    }

    /// What the API answers to this client; `None` where there is nothing of
    /// the kind, or the client may not read it. Every byte goes into `digest`.
    pub(super) fn get(
        &mut self,
        what: &str,
        url: &str,
        digest: Option<&mut Context>,
    ) -> Result<Option<Answer>, ServiceError> {
        // A token may run out at any question; a new one is asked for once.
        for _ in 0..2 {
            let bearer = format!("Bearer {}", *self.token()?);
            let asked = |client: &Self| {
                let request = client.agent.get(url).header("Authorization", &bearer);
                request.header("Accept", "application/json").call()
            };
            match self.raw(what, asked) {
                Err(ServiceError::Denied { status: 401, .. }) => self.token = None,
                Err(ServiceError::Denied { status: 403, .. }) | Ok(None) => return Ok(None),
                Err(error) => return Err(error),
                Ok(Some((total, bytes))) => {
                    if let Some(digest) = digest {
                        digest.update(&bytes);
                    }
                    let content = parsed(what, &bytes)?;
                    return Ok(Some(Answer { content, total }));
                }
            }
        }
        Err(ServiceError::Denied { what: what.to_owned(), status: 401 })
    }

    fn token(&mut self) -> Result<Zeroizing<String>, ServiceError> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let what = "the log-in";
        let answer = self.patiently(what, |client| {
            let request = client.agent.post(&client.token_url);
            let request = request.header("Authorization", &*client.credentials);
            request.send_form([("grant_type", "client_credentials")])
        })?;
        let answer = answer.ok_or(not_there(what))?;
        let token = answer.content["access_token"].as_str().filter(|token| !token.is_empty());
        let expected = "an access token";
        let token = token.ok_or(ServiceError::Unexpected { what: what.to_owned(), expected })?;
        let token = Zeroizing::new(token.to_owned());
        self.token = Some(token.clone());
        Ok(token)
    }

    fn patiently(
        &self,
        what: &str,
        ask: impl Fn(&Self) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Option<Answer>, ServiceError> {
        let Some((total, bytes)) = self.raw(what, ask)? else { return Ok(None) };
        Ok(Some(Answer { content: parsed(what, &bytes)?, total }))
    }

    /// Asks until there is a whole answer, as often as is decent; `None` where
    /// there is nothing at the address.
    fn raw(
        &self,
        what: &str,
        ask: impl Fn(&Self) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Option<Whole>, ServiceError> {
        let mut last = ServiceError::Unreachable { what: what.to_owned(), reason: "no answer" };
        for attempt in 0..ATTEMPTS {
            let mut asked_to_wait = None;
            match ask(self) {
                Err(error) => {
                    if let ureq::Error::Io(broken) = &error
                        && let Some(why) = distrust(broken)
                    {
                        return Err(ServiceError::Untrusted { why });
                    }
                    let reason = reason(&error);
                    last = ServiceError::Unreachable { what: what.to_owned(), reason };
                }
                Ok(mut response) => {
                    let status = response.status().as_u16();
                    let number = |name| response.headers().get(name)?.to_str().ok()?.parse().ok();
                    let what = what.to_owned();
                    match status {
                        200 => {
                            let total = number("total-count");
                            let body = response.body_mut().with_config().limit(LONGEST);
                            match body.read_to_vec() {
                                Ok(bytes) => return Ok(Some((total, bytes))),
                                Err(ureq::Error::BodyExceedsLimit(_)) => {
                                    let expected = "less than 64 MiB";
                                    return Err(ServiceError::Unexpected { what, expected });
                                }
                                Err(_) => {
                                    let reason = "the answer was cut short";
                                    last = ServiceError::Unreachable { what, reason };
                                }
                            }
                        }
                        404 => return Ok(None),
                        401 | 403 => return Err(ServiceError::Denied { what, status }),
                        429 | 500..=599 => {
                            asked_to_wait = number("retry-after");
                            last = ServiceError::Status { what, status };
                        }
                        _ => return Err(ServiceError::Status { what, status }),
                    }
                }
            }
            if attempt + 1 < ATTEMPTS {
                thread::sleep(pause(attempt, asked_to_wait));
            }
        }
        Err(last)
    }
}

fn not_there(what: &str) -> ServiceError {
    ServiceError::Unexpected { what: what.to_owned(), expected: "there" }
}

fn parsed(what: &str, bytes: &[u8]) -> Result<Value, ServiceError> {
    let expected = "JSON";
    serde_json::from_slice(bytes)
        .map_err(|_| ServiceError::Unexpected { what: what.to_owned(), expected })
}

/// How long to wait before another attempt: what the server asks for, within
/// reason; otherwise twice as long each time.
fn pause(attempt: u32, asked: Option<u64>) -> Duration {
    Duration::from_secs(asked.unwrap_or(1 << attempt).min(LONGEST_WAIT))
}

/// The kind of a failure; its own words might repeat what was sent.
const fn reason(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::HostNotFound => "the server's name is not known",
        ureq::Error::ConnectionFailed => "there is no connection",
        ureq::Error::Timeout(_) => "there was no answer in time",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "there is no encrypted connection",
        _ => "the connection broke",
    }
}

/// Scheme, host and port of a URL, and whether it is this machine. Plain http
/// is for this machine alone.
fn origin(url: &str) -> Result<(String, bool), ServiceError> {
    let refused = |what| Err(ServiceError::Address(what));
    let Ok(uri) = url.parse::<Uri>() else { return refused("the URL cannot be understood") };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return refused("the URL has no server: write https://host/path");
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return refused("the URL has a user in it: give the client id and secret as files");
    }
    let is_loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    let port = match (scheme, uri.port_u16()) {
        ("https", port) => port.unwrap_or(443),
        ("http", port) if is_loopback => port.unwrap_or(80),
        _ => return refused("student records are fetched over https alone: write https://"),
    };
    Ok((format!("{scheme}://{}:{port}", host.to_ascii_lowercase()), is_loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_asked() {
        let of = |url| origin(url).map(|(origin, _)| origin);
        assert_eq!(of("https://A.org/x").as_deref(), Ok("https://a.org:443"));
        assert_eq!(of("http://127.0.0.1:9/x").as_deref(), Ok("http://127.0.0.1:9"));
        for url in ["http://a.org/", "ftp://a.org", "a.org/x", "https://u:p@a.org/", "http://"] {
            assert!(of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_server_is_waited_for_as_long_as_it_asks_within_reason() {
        assert_eq!(pause(0, None).as_secs(), 1);
        assert_eq!(pause(3, None).as_secs(), 8);
        assert_eq!(pause(3, Some(2)).as_secs(), 2);
        assert_eq!(pause(0, Some(86_400)).as_secs(), LONGEST_WAIT);
    }
}
