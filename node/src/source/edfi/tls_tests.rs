//! The same server behind TLS with an authority of its own: who is given that
//! authority reads it, and nobody else sends it anything.

use std::{fs, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};

use super::{
    super::SourceError,
    rest_tests::{State, fetch_trusting, serve},
};

/// A certificate for `localhost`, and the authority that signed it, in PEM.
fn certified() -> (Arc<ServerConfig>, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key.serialize_der()).into());
    (Arc::new(config.unwrap()), authority)
}

#[test]
fn only_the_server_that_the_given_authority_vouches_for_is_asked() {
    let (ours, authority) = certified();
    let (_, strange) = certified();
    let folder = tempfile::tempdir().unwrap();
    let [trusted, untrusted] = [("ours", authority), ("strange", strange)].map(|(name, pem)| {
        let path = folder.path().join(name);
        fs::write(&path, pem).unwrap();
        Some(path)
    });
    let (url, state) = serve(State::whole(), Some(ours));
    let other_name = url.replace("localhost", "127.0.0.1");
    for (url, authority, what) in [
        (&url, None, "the authority of its certificate is not a known one"),
        (&url, untrusted, "the authority of its certificate is not a known one"),
        (&other_name, trusted.clone(), "is for another name than the address has"),
    ] {
        let error = fetch_trusting(url, "secret", authority).unwrap_err();
        assert!(matches!(error, SourceError::Service(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(what) && text.contains("--ca FILE"), "{text}");
    }
    assert_eq!(state.lock().unwrap().log_ins, 0, "the secret was sent");
    let read = fetch_trusting(&url, "secret", trusted).unwrap();
    assert_eq!(read.imported.years[0].rows(), 1_200);
}
