//! The node's secrets: made once by `init`, kept in `keys/` for the owner alone.
//!
//! The master key seals student records and makes pseudonyms, each under a key
//! of its own derived from it. Nothing here is printed, logged or sent; only
//! public halves leave this module.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rcgen::{CertificateParams, DnType, KeyPair};
use ring::{
    hkdf,
    rand::{SecureRandom, SystemRandom},
    signature::Ed25519KeyPair,
};
use zeroize::Zeroizing;

use peerlight_proto::{document, names::MemberId, units::hexadecimal};

use crate::home::{self, Access, Home, HomeError};

const MASTER: &str = "master.key";
const SIGNING: &str = "signing.pk8";
const TLS: &str = "tls.pem";
const CERTIFICATE: &str = "certificate.pem";
const PAGE_CODE: &str = "page.code";

/// The master key, 32 random bytes.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// The node's secrets.
pub struct Keys {
    master: MasterKey,
    signing: Ed25519KeyPair,
    tls: Zeroizing<String>,
}

/// A secret cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The file is gone.
    #[error("{0} is missing: restore it from the backup of the node's keys")]
    Missing(String),
    /// Others may read the file.
    #[error("{0} can be read by other users: run \"chmod 600 {0}\"")]
    Exposed(String),
    /// The file does not hold what it should.
    #[error("{0} is damaged: restore it from the backup of the node's keys")]
    Damaged(String),
    /// The system gave no randomness or refused the key.
    #[error("this system could not make a key: {0}")]
    Make(String),
}

impl MasterKey {
    /// A key for one purpose, derived from the master key (HKDF-SHA256).
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"peerlight node master key v1");
        let mut key = Zeroizing::new([0; 32]);
        salt.extract(&*self.0)
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *key))
            .expect("32 bytes are within HKDF's reach");
        key
    }
}

impl Keys {
    /// Makes a new node's keys in a home that was just created.
    pub fn create(home: &Home) -> Result<(), KeyError> {
        let folder = home.keys();
        let secret =
            |name: &str, bytes: &[u8]| home::replace(&folder.join(name), bytes, Access::OwnerOnly);
        let random = SystemRandom::new();
        let mut master = Zeroizing::new([0; 32]);
        random.fill(&mut *master).map_err(|_| KeyError::Make("no randomness".to_owned()))?;
        let signing = Ed25519KeyPair::generate_pkcs8(&random)
            .map_err(|_| KeyError::Make("no randomness".to_owned()))?;
        let tls = KeyPair::generate().map_err(|error| KeyError::Make(error.to_string()))?;
        let mut code = [0; 10];
        random.fill(&mut code).map_err(|_| KeyError::Make("no randomness".to_owned()))?;
        secret(MASTER, &*master)?;
        secret(SIGNING, signing.as_ref())?;
        secret(TLS, Zeroizing::new(tls.serialize_pem()).as_bytes())?;
        secret(PAGE_CODE, hexadecimal(&code).as_bytes())?;
        Ok(())
    }

    /// Reads a node's keys; refuses files that others may read.
    pub fn open(home: &Home) -> Result<Self, KeyError> {
        let folder = home.keys();
        let damaged = |name: &str| KeyError::Damaged(folder.join(name).display().to_string());
        let master = secret(&folder.join(MASTER))?;
        let master: [u8; 32] = master.as_slice().try_into().map_err(|_| damaged(MASTER))?;
        let signing = secret(&folder.join(SIGNING))?;
        let signing = Ed25519KeyPair::from_pkcs8(&signing).map_err(|_| damaged(SIGNING))?;
        let tls = secret(&folder.join(TLS))?;
        let tls = std::str::from_utf8(&tls).map_err(|_| damaged(TLS))?.to_owned();
        Ok(Self { master: MasterKey(Zeroizing::new(master)), signing, tls: Zeroizing::new(tls) })
    }

    /// The master key.
    pub const fn master(&self) -> &MasterKey {
        &self.master
    }

    /// Signs envelopes.
    pub const fn signing(&self) -> &Ed25519KeyPair {
        &self.signing
    }

    /// The public half of the signing key, 32 bytes.
    pub fn signing_public(&self) -> Vec<u8> {
        document::public_key(&self.signing)
    }

    /// The private key of the TLS certificate, PEM.
    pub(crate) fn tls_pem(&self) -> &str {
        &self.tls
    }

    /// A certificate request (PKCS#10, PEM) whose common name is `member`.
    pub fn certificate_request(&self, member: &MemberId) -> Result<String, KeyError> {
        let failed = |error: rcgen::Error| KeyError::Make(error.to_string());
        let key = KeyPair::from_pem(&self.tls).map_err(failed)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, member.as_str());
        params.serialize_request(&key).and_then(|request| request.pem()).map_err(failed)
    }
}

/// Stores the certificate that the hub issued.
pub fn store_certificate(home: &Home, pem: &str) -> Result<(), HomeError> {
    home::replace(&home.keys().join(CERTIFICATE), pem.as_bytes(), Access::OwnerOnly)
}

/// The certificate that the hub issued, PEM; `None` before joining.
pub fn certificate(home: &Home) -> Result<Option<String>, KeyError> {
    let path = home.keys().join(CERTIFICATE);
    let Some(bytes) = home::read_if_there(&path)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| KeyError::Damaged(path.display().to_string()))
}

/// The code that opens the local pages.
pub fn page_code(home: &Home) -> Result<Zeroizing<String>, KeyError> {
    let path = home.keys().join(PAGE_CODE);
    let bytes = secret(&path)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| KeyError::Damaged(path.display().to_string()))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Files in `keys/` that others may read.
pub fn exposed(home: &Home) -> Result<Vec<String>, HomeError> {
    let folder = home.keys();
    let failed = |source| HomeError::Read { path: folder.display().to_string(), source };
    let mut exposed = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_exposed(&path)? {
            exposed.push(path.display().to_string());
        }
    }
    exposed.sort();
    Ok(exposed)
}

fn is_exposed(path: &Path) -> Result<bool, HomeError> {
    let metadata = fs::metadata(path)
        .map_err(|source| HomeError::Read { path: path.display().to_string(), source })?;
    Ok(metadata.permissions().mode() & 0o077 != 0)
}

fn secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if !path.exists() {
        return Err(KeyError::Missing(path.display().to_string()));
    }
    if is_exposed(path)? {
        return Err(KeyError::Exposed(path.display().to_string()));
    }
    Ok(Zeroizing::new(home::read(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("node"));
        home.create().unwrap();
        Keys::create(&home).unwrap();
        (folder, home)
    }

    #[test]
    fn keys_are_read_back_and_purposes_have_keys_of_their_own() {
        let (_folder, home) = home();
        let first = Keys::open(&home).unwrap();
        let again = Keys::open(&home).unwrap();
        assert_eq!(first.signing_public(), again.signing_public());
        assert_eq!(*first.master().derive("records"), *again.master().derive("records"));
        assert_ne!(*first.master().derive("records"), *first.master().derive("pseudonyms"));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let (_folder, home) = home();
        let path = home.keys().join(MASTER);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keys::open(&home), Err(KeyError::Exposed(_))));
        assert_eq!(exposed(&home).unwrap(), [path.display().to_string()]);
    }

    #[test]
    fn a_missing_key_is_named() {
        let (_folder, home) = home();
        fs::remove_file(home.keys().join(TLS)).unwrap();
        let error = Keys::open(&home).err().unwrap().to_string();
        assert!(error.contains(TLS) && error.contains("backup"), "{error}");
    }

    #[test]
    fn a_damaged_key_is_named() {
        let (_folder, home) = home();
        home::replace(&home.keys().join(SIGNING), b"x", Access::OwnerOnly).unwrap();
        let error = Keys::open(&home).err().unwrap().to_string();
        assert!(error.contains(SIGNING) && error.contains("backup"), "{error}");
    }
}
