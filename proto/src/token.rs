//! The join token: one line that an operator hands to a district.
//!
//! It carries where the hub is, the hash of the hub's authority key, and a
//! secret of one use. The node checks the pin before it sends anything, and
//! proves it knows the secret without sending it: the hub stores only
//! k = HKDF(secret) and checks an HMAC under k.

use ring::{hkdf, hmac};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::{
    names::MemberId,
    units::{ContentHash, UnixSeconds, hexadecimal},
};

const PREFIX: &str = "plj1.";

/// A join token.
#[derive(Clone, Serialize, Deserialize)]
pub struct JoinToken {
    /// Host and port of the hub's gRPC address.
    pub hub: String,
    /// SHA-256 of the hub authority's public key (its SPKI, DER).
    pub pin: ContentHash,
    /// Names the token at the hub.
    pub id: String,
    /// 128 random bits, hexadecimal.
    secret: String,
    /// The member it admits.
    pub member: MemberId,
    /// When it stops working.
    pub expires_at: UnixSeconds,
}

impl std::fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JoinToken {{ hub: {}, id: {}, member: {}, .. }}", self.hub, self.id, self.member)
    }
}

impl Drop for JoinToken {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// The text offered as a join token is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a join token: it starts with {PREFIX} and is one line without spaces")]
pub struct InvalidToken;

/// The key both sides derive from a token's secret.
pub struct TokenKey([u8; 32]);

impl JoinToken {
    /// A token with this secret.
    pub fn new(
        hub: String,
        pin: ContentHash,
        id: String,
        secret: [u8; 16],
        member: MemberId,
        expires_at: UnixSeconds,
    ) -> Self {
        Self { hub, pin, id, secret: hexadecimal(&secret), member, expires_at }
    }

    /// Reads the line an operator handed over.
    pub fn parse(line: &str) -> Result<Self, InvalidToken> {
        let encoded = line.trim().strip_prefix(PREFIX).ok_or(InvalidToken)?;
        let json = from_hex(encoded).ok_or(InvalidToken)?;
        let text = std::str::from_utf8(&json).map_err(|_| InvalidToken)?;
        toml::from_str(text).map_err(|_| InvalidToken)
    }

    /// The line to hand over.
    pub fn to_line(&self) -> String {
        let text = toml::to_string(self).expect("a token has a TOML form");
        format!("{PREFIX}{}", hexadecimal(text.as_bytes()))
    }

    /// The key that proves knowledge of the secret.
    pub fn key(&self) -> TokenKey {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"peerlight join token v1");
        let secret = salt.extract(self.secret.as_bytes());
        let mut key = [0; 32];
        secret
            .expand(&[self.id.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .expect("32 bytes are within HKDF's reach");
        TokenKey(key)
    }
}

impl TokenKey {
    /// Takes the key the hub stored.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What the hub stores.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Proof that its holder asks for this certificate and signing key.
    pub fn prove(&self, certificate_request: &str, signing_key: &[u8]) -> Vec<u8> {
        hmac::sign(&self.hmac(), &proven(certificate_request, signing_key)).as_ref().to_vec()
    }

    /// Whether the proof holds; compares in constant time.
    pub fn accepts(&self, certificate_request: &str, signing_key: &[u8], proof: &[u8]) -> bool {
        hmac::verify(&self.hmac(), &proven(certificate_request, signing_key), proof).is_ok()
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

fn proven(certificate_request: &str, signing_key: &[u8]) -> Vec<u8> {
    let mut bytes = (certificate_request.len() as u64).to_be_bytes().to_vec();
    bytes.extend(certificate_request.as_bytes());
    bytes.extend(signing_key);
    bytes
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> JoinToken {
        JoinToken::new(
            "127.0.0.1:4433".to_owned(),
            ContentHash::of(b"key"),
            "t1".to_owned(),
            [5; 16],
            MemberId::new("37").unwrap(),
            UnixSeconds(1),
        )
    }

    #[test]
    fn a_token_survives_being_copied_as_a_line() {
        let read = JoinToken::parse(&format!(" {}\n", token().to_line())).unwrap();
        assert_eq!(read.key().as_bytes(), token().key().as_bytes());
        assert_eq!(read.hub, "127.0.0.1:4433");
        assert!(JoinToken::parse("plj1.zz").is_err());
        assert!(JoinToken::parse("hello").is_err());
    }

    #[test]
    fn a_proof_holds_for_its_request_and_key_only() {
        let key = token().key();
        let proof = key.prove("csr", b"signing");
        assert!(key.accepts("csr", b"signing", &proof));
        assert!(!key.accepts("csR", b"signing", &proof));
        assert!(!key.accepts("csr", b"signinG", &proof));
    }

    #[test]
    fn debugging_a_token_shows_no_secret() {
        assert!(!format!("{:?}", token()).contains("0505"));
    }
}
