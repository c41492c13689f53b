//! TLS of both listeners: version 1.3 only, ring, the hub's own certificate
//! issued by its own authority and renewed while it serves.
//!
//! On the gRPC listener a client proves in the handshake that it holds the key
//! of the certificate it shows. Whether that certificate is good is asked on
//! every call (`grpc/caller.rs`): revocation and expiry then take effect on an
//! open connection too, and a refusal has words instead of a TLS alert.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::{
        ClientHello, ResolvesServerCert,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
    time_provider::TimeProvider,
};

use crate::{
    authority::{SERVER_SECONDS, provider},
    clock::Clock,
    error::Error,
    hub::Hub,
};

/// The hub's certificate is renewed when so much of its life is left, seconds.
const RENEW_SECONDS: i64 = SERVER_SECONDS / 3;

/// TLS for nodes: HTTP/2, a client certificate may be shown.
pub fn for_nodes(hub: &Arc<Hub>) -> Result<ServerConfig, Error> {
    let verifier = Arc::new(KeyIsHeld(provider()));
    let mut config = builder(hub)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(OwnCertificate::new(hub)?));
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// TLS for browsers.
pub fn for_pages(hub: &Arc<Hub>) -> Result<ServerConfig, Error> {
    let mut config =
        builder(hub)?.with_no_client_auth().with_cert_resolver(Arc::new(OwnCertificate::new(hub)?));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn builder(
    hub: &Arc<Hub>,
) -> Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>, Error> {
    let time = Arc::new(TlsTime(hub.clock.clone()));
    let builder = ServerConfig::builder_with_details(provider(), time);
    Ok(builder.with_protocol_versions(&[&rustls::version::TLS13])?)
}

#[derive(Debug)]
struct TlsTime(Clock);

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0.tls_time())
    }
}

/// The hub's own certificate, issued anew before it ends.
struct OwnCertificate {
    hub: Arc<Hub>,
    current: RwLock<(Arc<CertifiedKey>, i64)>,
}

impl std::fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnCertificate { .. }")
    }
}

impl OwnCertificate {
    fn new(hub: &Arc<Hub>) -> Result<Self, Error> {
        Ok(Self { hub: Arc::clone(hub), current: RwLock::new(issue(hub)?) })
    }
}

fn issue(hub: &Hub) -> Result<(Arc<CertifiedKey>, i64), Error> {
    let now = hub.now();
    let (chain, key) = hub.authority.issue_server(&hub.config.certificate_names(), now)?;
    let key = CertifiedKey::from_der(chain, key, &provider())?;
    Ok((Arc::new(key), now.0 + SERVER_SECONDS))
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let (key, ends) = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            (Arc::clone(&current.0), current.1)
        };
        if ends - self.hub.now().0 > RENEW_SECONDS {
            return Some(key);
        }
        match issue(&self.hub) {
            Ok(fresh) => {
                let key = Arc::clone(&fresh.0);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                Some(key)
            }
            Err(error) => {
                tracing::error!(%error, "the hub's certificate could not be renewed");
                Some(key)
            }
        }
    }
}

/// Lets every certificate through whose key the client holds.
#[derive(Debug)]
struct KeyIsHeld(Arc<CryptoProvider>);

impl ClientCertVerifier for KeyIsHeld {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
