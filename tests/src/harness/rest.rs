//! Asks a hub's REST API over https, trusting nothing but the consortium's own
//! authority.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

/// A client of one hub with one log-in.
pub struct Rest {
    agent: Agent,
    base: String,
    authorization: String,
}

impl Rest {
    /// A client that trusts the authority in this PEM file.
    pub fn new(
        authority: &Path,
        address: SocketAddr,
        name: &str,
        password: &str,
    ) -> anyhow::Result<Self> {
        let pem =
            fs::read(authority).with_context(|| format!("cannot read {}", authority.display()))?;
        let certificate = Certificate::from_pem(&pem)?;
        let roots = RootCerts::Specific(Arc::new(vec![certificate]));
        let agent = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        let coded = BASE64_STANDARD.encode(format!("{name}:{password}"));
        Ok(Self {
            agent,
            base: format!("https://localhost:{}/api/v1", address.port()),
            authorization: format!("Basic {coded}"),
        })
    }

    /// What the API answers at a path such as `/schools`.
    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let mut answer = self
            .agent
            .get(&url)
            .header("Authorization", &self.authorization)
            .call()
            .with_context(|| format!("GET {path}"))?;
        answer.body_mut().read_json().with_context(|| format!("GET {path} is not JSON"))
    }
}
