//! `hub.toml`: what an operator sets once. A flag or environment variable of
//! the command line goes before it, a default comes after it.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use peerlight_proto::names::ConsortiumId;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    home::{self, Home},
};

/// The hub's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The consortium this hub serves.
    pub consortium: ConsortiumId,
    /// The name or address under which members reach the hub; join tokens and
    /// the hub's certificate carry it.
    pub host: String,
    /// Further names for the hub's certificate.
    #[serde(default)]
    pub other_names: Vec<String>,
    /// Where nodes are served. Port 0 takes a free one.
    pub grpc_address: SocketAddr,
    /// Where pages are served. Port 0 takes a free one.
    pub https_address: SocketAddr,
    /// URL of the database; absent for the embedded one in the hub's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Whether gRPC reflection is served.
    #[serde(default)]
    pub reflection: bool,
    /// Seconds within which an upload has to be complete. Until then it holds
    /// memory that other uploads may be waiting for.
    #[serde(default = "upload_seconds")]
    pub upload_seconds: NonZeroU32,
}

/// As long as a node waits for an answer, by its own default.
pub const fn upload_seconds() -> NonZeroU32 {
    NonZeroU32::new(300).expect("300 is not zero")
}

impl Config {
    /// Reads `hub.toml`.
    pub fn read(home: &Home) -> Result<Self, Error> {
        let path = home.config();
        if !path.exists() {
            return Err(Error::NoHome(home.path().to_owned()));
        }
        let text = String::from_utf8_lossy(&home::read(&path)?).into_owned();
        toml::from_str(&text).map_err(|error| Error::Config { path, problem: error.to_string() })
    }

    /// Writes `hub.toml`.
    pub fn write(&self, home: &Home) -> Result<(), Error> {
        let text = toml::to_string(self).expect("every setting has a TOML form");
        home::write_private(&home.config(), text.as_bytes())
    }

    /// Every name the hub's certificate is for.
    pub fn certificate_names(&self) -> Vec<String> {
        let mut names = vec![self.host.clone()];
        names.extend(self.other_names.iter().cloned());
        names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// Within which an upload has to be complete.
    pub fn upload_deadline(&self) -> Duration {
        Duration::from_secs(self.upload_seconds.get().into())
    }

    /// URL of the database in use.
    pub fn database_url(&self, home: &Home) -> String {
        self.database
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}?mode=rwc", home.database().display()))
    }
}
