//! Where a running hub listens, written down in its folder so that other
//! commands and its operator find it.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    home::{self, Home},
};

/// What a running hub listens on; also written to `run/addresses.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// For nodes.
    pub grpc: SocketAddr,
    /// For people.
    pub https: SocketAddr,
}

impl Addresses {
    /// What the hub in this folder listens on, or last did.
    pub fn read(home: &Home) -> Option<Self> {
        serde_json::from_slice(&home::read(&home.addresses()).ok()?).ok()
    }

    /// Writes it down.
    pub fn write(&self, home: &Home) -> Result<(), Error> {
        let text = serde_json::to_vec(self).expect("addresses have a JSON form");
        home::write_private(&home.addresses(), &text)
    }
}
