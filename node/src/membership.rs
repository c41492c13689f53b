//! Who this node is at which hub, as joining wrote it down, and how long its
//! certificate holds. Only joining (`join.rs`) may write it.

use peerlight_proto::{
    names::{ConsortiumId, MemberId},
    units::{ContentHash, UnixSeconds},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{
    home::{self, Access, Home, HomeError},
    hub::HubError,
    keys::KeyError,
};

/// What joining made of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// This member.
    pub member: MemberId,
    /// The consortium.
    pub consortium: ConsortiumId,
    /// Host and port of the hub, as the token said.
    pub hub: String,
    /// SHA-256 of the hub authority's public key, as the token said.
    pub pin: ContentHash,
    /// Ed25519 public key of the hub's root, hexadecimal.
    pub(crate) root_key: String,
    /// The hub's authority, PEM.
    pub authority: String,
    /// When it joined.
    pub joined_at: UnixSeconds,
}

/// Joining, or using what it made, failed.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// The node has not joined.
    #[error(
        "this node has not joined a consortium: run \"peerlight-node join --token FILE\" with the \
         token from the hub's operator"
    )]
    NotJoined,
    /// The token is for another member, or of another consortium's hub.
    #[error(
        "this node is {member} of {consortium}, and the token is for {token}: nothing was sent or \
         changed; a node keeps the history of one member, so make another --home for another"
    )]
    AnotherMembership {
        /// The consortium.
        consortium: ConsortiumId,
        /// The member.
        member: MemberId,
        /// Whom the token is for.
        token: String,
    },
    /// What it joined before is still good.
    #[error(
        "this node is {member} of {consortium}, and its certificate is good until {until}: nothing \
         was changed and the token was not used; \"peerlight-node sync\" renews the certificate"
    )]
    StillGood {
        /// The consortium.
        consortium: ConsortiumId,
        /// The member.
        member: MemberId,
        /// When the certificate ends, in words.
        until: String,
    },
    /// The token is too old.
    #[error("the join token expired on {0}: ask the hub's operator for a new one")]
    TokenExpired(String),
    /// The hub's answer does not fit the token.
    #[error(
        "the hub's answer is refused because {0}; nothing was stored: tell the hub's operator \
         before trying again"
    )]
    BadAnswer(&'static str),
    /// A file cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The hub cannot be reached or refuses.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The file is damaged.
    #[error(
        "{path} is damaged ({problem}): restore it from a backup, or join again with a new --home"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

/// How long a certificate holds, and when to renew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From here.
    pub from: UnixSeconds,
    /// Until here.
    pub until: UnixSeconds,
}

impl Validity {
    /// From when a new one should be asked for: two thirds of its life.
    pub const fn renew_from(self) -> UnixSeconds {
        UnixSeconds(self.from.0 + (self.until.0 - self.from.0) / 3 * 2)
    }
}

impl Membership {
    /// The membership of this home.
    pub fn open(home: &Home) -> Result<Self, MembershipError> {
        Self::find(home)?.ok_or(MembershipError::NotJoined)
    }

    /// The membership of this home, or `None` before joining.
    pub fn find(home: &Home) -> Result<Option<Self>, MembershipError> {
        let path = home.membership_file();
        let Some(bytes) = home::read_if_there(&path)? else { return Ok(None) };
        let damaged = |problem: String| MembershipError::Damaged {
            path: path.display().to_string(),
            problem,
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| damaged(error.to_string()))?;
        toml::from_str(text).map(Some).map_err(|error| damaged(error.message().to_owned()))
    }

    /// The hub's root key, 32 bytes; empty if the file was tampered with, in
    /// which case no signature holds.
    pub fn root_key(&self) -> Vec<u8> {
        let key: Result<ContentHash, _> = self.root_key.parse();
        key.map(|key| key.as_bytes().to_vec()).unwrap_or_default()
    }

    /// Writes it down; for joining alone.
    pub(crate) fn store(&self, home: &Home) -> Result<(), HomeError> {
        let text = toml::to_string(self).expect("a membership has a TOML form");
        home::replace(&home.membership_file(), text.as_bytes(), Access::OwnerOnly)
    }
}

/// How long the first certificate of a PEM text holds.
pub fn validity(pem: &str) -> Option<Validity> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let validity = certificate.validity();
    Some(Validity {
        from: UnixSeconds(validity.not_before.timestamp()),
        until: UnixSeconds(validity.not_after.timestamp()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life() {
        let validity = Validity { from: UnixSeconds(1_000), until: UnixSeconds(1_090) };
        assert_eq!(validity.renew_from(), UnixSeconds(1_060));
    }

    #[test]
    fn a_node_that_has_not_joined_says_how_to() {
        let folder = tempfile::tempdir().unwrap();
        let error = Membership::open(&Home::at(folder.path())).unwrap_err();
        assert!(error.to_string().contains("join --token"));
    }
}
