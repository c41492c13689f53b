//! TLS to the hub: version 1.3 only, and one trusted authority, never the
//! system's list.
//!
//! Before joining, the authority is known only by the hash of its public key
//! in the token; after it, by its certificate.

use std::sync::Arc;

use peerlight_proto::units::ContentHash;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    version::TLS13,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::clock::Clock;

const ALPN: &[u8] = b"h2";

/// SHA-256 of a certificate's public key (SPKI, DER).
pub fn spki_hash(certificate: &CertificateDer<'_>) -> Option<ContentHash> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(ContentHash::of(certificate.public_key().raw))
}

/// For joining: trusts the authority with this hash that the hub itself
/// presents, and no other.
pub(super) fn pinned(pin: ContentHash, clock: &Clock) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = PinVerifier { pin, provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(clock.clone()))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// For a member: trusts its hub's authority and shows the member's certificate.
pub(super) fn member(
    authority_pem: &str,
    certificate_pem: &str,
    key_pem: &str,
    clock: &Clock,
) -> Result<ClientConfig, Error> {
    let unreadable = |what: &str| Error::General(format!("{what} cannot be read"));
    let authority = CertificateDer::from_pem_slice(authority_pem.as_bytes())
        .map_err(|_| unreadable("the hub's authority"))?;
    let chain = CertificateDer::pem_slice_iter(certificate_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| unreadable("the node's certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
        .map_err(|_| unreadable("the node's TLS key"))?;
    let mut roots = RootCertStore::empty();
    roots.add(authority)?;
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(clock.clone()))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// Accepts a chain that leads to the pinned authority, which the hub presents
/// beside its own certificate.
#[derive(Debug)]
struct PinVerifier {
    pin: ContentHash,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = intermediates
            .iter()
            .find(|certificate| spki_hash(certificate) == Some(self.pin))
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&self.provider),
        )
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
