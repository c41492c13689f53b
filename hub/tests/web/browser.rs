//! A browser as far as these tests need one: TLS, HTTP/1.1, one cookie. It
//! follows no redirect, so that a test sees each.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use peerlight_hub::{authority::provider, clock::Clock};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// A reader's browser.
pub struct Browser {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    cookie: Option<String>,
}

/// An answer.
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: String,
}

impl Answer {
    /// A header, or the empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

#[derive(Debug)]
struct HubTime(Clock);

impl TimeProvider for HubTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0.tls_time())
    }
}

impl Browser {
    /// A browser that trusts the authority in `pem` and nobody else.
    pub fn new(address: SocketAddr, pem: &str, clock: Clock) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_details(provider(), Arc::new(HubTime(clock)))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address, config: Arc::new(config), cookie: None }
    }

    /// Whether it holds a session cookie.
    pub fn has_cookie(&self) -> bool {
        self.cookie.is_some()
    }

    /// Takes another's cookie.
    pub fn take_cookie_of(&mut self, other: &Self) {
        self.cookie.clone_from(&other.cookie);
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// Fills in the log-in form.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        let password = password.replace(' ', "+");
        let body = format!("name={name}&password={password}&next=%2F");
        self.send("POST", "/login", &[("sec-fetch-site", "same-origin")], &body).await
    }

    /// Sends one request on a connection of its own.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut lines = vec![
            format!("{method} {path} HTTP/1.1"),
            format!("host: localhost:{}", self.address.port()),
            format!("content-length: {}", body.len()),
            "connection: close".to_owned(),
        ];
        if method == "POST" {
            lines.push("content-type: application/x-www-form-urlencoded".to_owned());
        }
        lines.extend(self.cookie.iter().map(|cookie| format!("cookie: {cookie}")));
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        let request = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        let answer = self.exchange(request.as_bytes()).await;
        if let Some(cookie) = answer.headers.get("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default().to_owned();
            self.cookie = (!pair.ends_with('=')).then_some(pair);
        }
        answer
    }

    async fn exchange(&self, request: &[u8]) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let mut stream = connector.connect(name, stream).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Answer { status, headers, body: body.to_owned() }
    }
}
