//! The consortium's certificate authority: issues the hub's own certificate
//! and its members', and says whether one that is shown was issued by it.
//!
//! It signs only a member id that the hub chose; whatever else a certificate
//! request asks for is left out. Its key never leaves the hub's key folder.

use std::{sync::Arc, time::Duration};

use peerlight_proto::{
    names::MemberId,
    units::{ContentHash, UnixSeconds, hexadecimal},
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::{
    CertificateError, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use crate::{
    clock::DAY,
    error::Error,
    home::{self, Home},
};

/// How long a member's certificate is good, seconds.
pub const MEMBER_SECONDS: i64 = 90 * DAY;
/// How long the hub's own certificate is good, seconds.
pub const SERVER_SECONDS: i64 = 90 * DAY;
const AUTHORITY_SECONDS: i64 = 20 * 365 * DAY;
/// Certificates start this much earlier, for clocks that are a little slow.
const CLOCK_SLACK_SECONDS: i64 = 300;

const KEY: &str = "authority.key.pem";
const CERTIFICATE: &str = "authority.crt.pem";

/// The certificate authority.
pub struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    pin: ContentHash,
    verifier: Arc<dyn ClientCertVerifier>,
}

/// A certificate the authority issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// PEM.
    pub pem: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// When it stops being good.
    pub expires_at: UnixSeconds,
}

/// Who a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Common name.
    pub member: MemberId,
    /// Serial number, hexadecimal.
    pub serial: String,
}

/// What is wrong with a certificate that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Another authority issued it, or none.
    #[error("the certificate was not issued by this hub: join with a token from its operator")]
    Foreign,
    /// It is past its end.
    #[error("the certificate has expired: ask the hub's operator for a new join token")]
    Expired,
    /// It was revoked, or replaced when the member joined anew.
    #[error("the certificate was revoked: ask the hub's operator for a new join token")]
    Revoked,
}

/// The provider of every TLS connection of the hub.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Authority {
    /// Makes a new authority and writes it into the key folder.
    pub fn create(home: &Home, consortium: &str, now: UnixSeconds) -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(Error::Certificate)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, format!("Peerlight consortium {consortium}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(serial());
        set_validity(&mut params, now, AUTHORITY_SECONDS);
        let certificate = params.self_signed(&key).map_err(Error::Certificate)?;
        home::write_private(&home.key(KEY), key.serialize_pem().as_bytes())?;
        home::write_private(&home.key(CERTIFICATE), certificate.pem().as_bytes())?;
        Self::load(home)
    }

    /// Reads the authority from the key folder.
    pub fn load(home: &Home) -> Result<Self, Error> {
        let broken = |file: &str| Error::Key { path: home.key(file) };
        let text =
            |file: &str| String::from_utf8(home::read(&home.key(file))?).map_err(|_| broken(file));
        let key = KeyPair::from_pem(&text(KEY)?).map_err(|_| broken(KEY))?;
        let pin = ContentHash::of(&key.subject_public_key_info());
        let pem = text(CERTIFICATE)?;
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| broken(CERTIFICATE))?;
        let issuer =
            Issuer::from_ca_cert_der(&certificate, key).map_err(|_| broken(CERTIFICATE))?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map_err(|_| broken(CERTIFICATE))?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|_| broken(CERTIFICATE))?;
        Ok(Self { certificate, pem, issuer, pin, verifier })
    }

    /// SHA-256 of its public key (SPKI, DER): what join tokens carry.
    pub const fn pin(&self) -> ContentHash {
        self.pin
    }

    /// Its certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Issues a client certificate for the key of a PKCS#10 request, PEM.
    pub fn issue_member(
        &self,
        member: &MemberId,
        request: &str,
        now: UnixSeconds,
    ) -> Result<Issued, Error> {
        let request =
            CertificateSigningRequestParams::from_pem(request).map_err(|_| Error::Request)?;
        let named = request.params.distinguished_name.get(&DnType::CommonName).is_some_and(
            |name| matches!(name, rcgen::DnValue::Utf8String(name) if name == member.as_str()),
        );
        if !named {
            return Err(Error::RequestName(member.clone()));
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, member.as_str());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, now, MEMBER_SECONDS);
        let serial = serial();
        params.serial_number = Some(serial.clone());
        let certificate =
            params.signed_by(&request.public_key, &self.issuer).map_err(Error::Certificate)?;
        Ok(Issued {
            pem: certificate.pem(),
            serial: hexadecimal(&serial.to_bytes()),
            expires_at: UnixSeconds(now.0 + MEMBER_SECONDS),
        })
    }

    /// A key and certificate chain for the hub itself, good under `names`.
    pub fn issue_server(
        &self,
        names: &[String],
        now: UnixSeconds,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
        let key = KeyPair::generate().map_err(Error::Certificate)?;
        let mut params = CertificateParams::new(names).map_err(Error::Certificate)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Peerlight hub");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial());
        set_validity(&mut params, now, SERVER_SECONDS);
        let certificate = params.signed_by(&key, &self.issuer).map_err(Error::Certificate)?;
        // The authority's own certificate goes along: a node that is joining
        // knows only the hash of its key.
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok((chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))))
    }

    /// Who the certificate names, if this authority issued it and it is good
    /// at `now`.
    pub fn check(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Shown, Error> {
        let (shown, others) = chain.split_first().ok_or(Error::Anonymous)?;
        self.verifier.verify_client_cert(shown, others, now).map_err(|error| {
            let expired = matches!(
                error,
                rustls::Error::InvalidCertificate(
                    CertificateError::Expired | CertificateError::ExpiredContext { .. }
                )
            );
            if expired { CertificateFault::Expired } else { CertificateFault::Foreign }
        })?;
        let foreign = || Error::from(CertificateFault::Foreign);
        let (_, parsed) = x509_parser::parse_x509_certificate(shown).map_err(|_| foreign())?;
        let name = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        let member = MemberId::new(name.ok_or_else(foreign)?).map_err(|_| foreign())?;
        Ok(Shown { member, serial: hexadecimal(parsed.raw_serial()) })
    }
}

/// 16 random bytes, positive and without a leading zero, so that DER writes
/// them as they are.
fn serial() -> SerialNumber {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the system has randomness");
    bytes[0] = (bytes[0] & 0x3f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn set_validity(params: &mut CertificateParams, now: UnixSeconds, seconds: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let after = |seconds: i64| Duration::from_secs(seconds.max(0) as u64);
    params.not_before = epoch + after(now.0 - CLOCK_SLACK_SECONDS);
    params.not_after = epoch + after(now.0 + seconds);
}
