//! The sealed envelope: what crosses the wire and what both sides agree on.
//!
//! ```text
//! frame = signature (64) | header length (4) | header | encapsulated key (32) | ciphertext
//!         └ Ed25519 over everything after it
//! body  = payload length (4) | payload | zeros to the padded length
//! ```
//!
//! HPKE base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM
//! (RFC 9180), with the header as associated data. The signature is checked
//! over the received bytes before anything is parsed, so a header that was
//! altered, truncated or swapped never reaches the parser. Failures say only
//! that they failed.

use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, aead::AesGcm128, kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};
use prost::Message;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::v1::EnvelopeHeader;

/// Version of the frame.
pub const VERSION: u32 = 1;
/// The one suite in use.
pub const SUITE: u32 = 1;
/// No envelope is larger, bytes.
pub const LARGEST: usize = 256 * MEBIBYTE;

const MEBIBYTE: usize = 1 << 20;
const SIGNATURE_LENGTH: usize = 64;
const KEY_LENGTH: usize = 32;
const TAG_LENGTH: usize = 16;
const LARGEST_HEADER: usize = 4096;
const INFO: &[u8] = b"peerlight envelope v1";
const SIGNED: &[u8] = b"peerlight envelope signature v1\0";

/// Why an envelope is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Its frame is cut short, too long or inconsistent.
    #[error("the envelope is not well formed")]
    Malformed,
    /// It is larger than any release can be.
    #[error("the envelope is larger than {LARGEST} bytes")]
    TooLarge,
    /// Its version or suite is not one this program knows.
    #[error("the envelope's version or suite is not supported: update this program")]
    Unsupported,
    /// Its signature does not hold.
    #[error("the envelope's signature does not hold")]
    Signature,
    /// It cannot be opened with the key it names.
    #[error("the envelope cannot be opened")]
    Sealed,
    /// The key to seal to is not a valid public key.
    #[error("the hub's envelope key is not valid")]
    Key,
}

/// The secret half of a hub's envelope key.
pub struct EnvelopeSecret(Zeroizing<Vec<u8>>);

impl EnvelopeSecret {
    /// Takes 32 bytes read from the key store.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, EnvelopeError> {
        let secret = Self(Zeroizing::new(bytes));
        secret.parse()?;
        Ok(secret)
    }

    /// A fresh key pair: the secret and the public half.
    pub fn generate() -> (Self, Vec<u8>) {
        let (secret, public) = X25519HkdfSha256::gen_keypair();
        (Self(Zeroizing::new(secret.to_bytes().to_vec())), public.to_bytes().to_vec())
    }

    /// Its bytes, for the key store alone.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    fn parse(&self) -> Result<<X25519HkdfSha256 as Kem>::PrivateKey, EnvelopeError> {
        <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&self.0).map_err(|_| EnvelopeError::Key)
    }
}

/// Length a body of `length` bytes is padded to: 4 KiB, 64 KiB, then whole
/// MiB, so that an observer learns a size class and no more.
pub const fn padded_length(length: usize) -> usize {
    if length <= 4096 {
        4096
    } else if length <= 65_536 {
        65_536
    } else {
        length.div_ceil(MEBIBYTE) * MEBIBYTE
    }
}

/// Seals a payload. Fills in the header's version, suite and padded length.
pub fn seal(
    mut header: EnvelopeHeader,
    payload: &[u8],
    recipient: &[u8],
    signer: &Ed25519KeyPair,
) -> Result<Vec<u8>, EnvelopeError> {
    let recipient = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(recipient)
        .map_err(|_| EnvelopeError::Key)?;
    let length = u32::try_from(payload.len()).map_err(|_| EnvelopeError::TooLarge)?;
    let padded = padded_length(payload.len() + 4);
    if padded > LARGEST - MEBIBYTE {
        return Err(EnvelopeError::TooLarge);
    }
    let mut body = Vec::with_capacity(padded);
    body.extend(length.to_be_bytes());
    body.extend(payload);
    body.resize(padded, 0);

    header.version = VERSION;
    header.suite = SUITE;
    header.padded_length = padded as u64;
    let header = header.encode_to_vec();
    let (key, mut context) = hpke::setup_sender::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &recipient,
        INFO,
    )
    .map_err(|_| EnvelopeError::Key)?;
    let ciphertext = context.seal(&body, &header).map_err(|_| EnvelopeError::Sealed)?;

    let mut frame = vec![0; SIGNATURE_LENGTH];
    frame.extend((header.len() as u32).to_be_bytes());
    frame.extend(&header);
    frame.extend(key.to_bytes());
    frame.extend(ciphertext);
    let signature = signer.sign(&[SIGNED, &frame[SIGNATURE_LENGTH..]].concat());
    frame[..SIGNATURE_LENGTH].copy_from_slice(signature.as_ref());
    Ok(frame)
}

/// An envelope whose signature has not been checked: only its claim to be from
/// a sender may be looked at, to find the key to check it with.
pub struct Unverified<'a> {
    frame: &'a [u8],
    header: &'a [u8],
    key: &'a [u8],
    ciphertext: &'a [u8],
}

/// An envelope that its sender signed.
pub struct Verified<'a> {
    /// What the sender states.
    pub header: EnvelopeHeader,
    inner: Unverified<'a>,
}

/// Splits a frame into its parts.
pub fn read(frame: &[u8]) -> Result<Unverified<'_>, EnvelopeError> {
    if frame.len() > LARGEST {
        return Err(EnvelopeError::TooLarge);
    }
    let malformed = EnvelopeError::Malformed;
    let rest = frame.get(SIGNATURE_LENGTH..).ok_or(malformed)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > LARGEST_HEADER {
        return Err(malformed);
    }
    let (header, rest) = rest.split_at_checked(length).ok_or(malformed)?;
    let (key, ciphertext) = rest.split_at_checked(KEY_LENGTH).ok_or(malformed)?;
    Ok(Unverified { frame, header, key, ciphertext })
}

impl<'a> Unverified<'a> {
    /// Checks the signature, then parses the header.
    pub fn verify(self, sender_key: &[u8]) -> Result<Verified<'a>, EnvelopeError> {
        let (signature, signed) = self.frame.split_at(SIGNATURE_LENGTH);
        UnparsedPublicKey::new(&ED25519, sender_key)
            .verify(&[SIGNED, signed].concat(), signature)
            .map_err(|_| EnvelopeError::Signature)?;
        let header = EnvelopeHeader::decode(self.header).map_err(|_| EnvelopeError::Malformed)?;
        if header.version != VERSION || header.suite != SUITE {
            return Err(EnvelopeError::Unsupported);
        }
        if self.ciphertext.len() as u64 != header.padded_length.saturating_add(TAG_LENGTH as u64) {
            return Err(EnvelopeError::Malformed);
        }
        Ok(Verified { header, inner: self })
    }
}

impl Verified<'_> {
    /// Opens the envelope; gives the noisy payload.
    pub fn open(&self, secret: &EnvelopeSecret) -> Result<Vec<u8>, EnvelopeError> {
        let sealed = EnvelopeError::Sealed;
        let key = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(self.inner.key)
            .map_err(|_| sealed)?;
        let mut context = hpke::setup_receiver::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret.parse()?,
            &key,
            INFO,
        )
        .map_err(|_| sealed)?;
        let mut body =
            context.open(self.inner.ciphertext, self.inner.header).map_err(|_| sealed)?;
        let (length, rest) = body.split_first_chunk::<4>().ok_or(EnvelopeError::Malformed)?;
        let length = u32::from_be_bytes(*length) as usize;
        let padding = rest.get(length..).ok_or(EnvelopeError::Malformed)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(EnvelopeError::Malformed);
        }
        body.truncate(4 + length);
        body.drain(..4);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::public_key;

    fn sealed(payload: &[u8]) -> (Vec<u8>, EnvelopeSecret, Ed25519KeyPair) {
        let (secret, public) = EnvelopeSecret::generate();
        let signer = Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap();
        let header = EnvelopeHeader { sender: "37".to_owned(), ..EnvelopeHeader::default() };
        (seal(header, payload, &public, &signer).unwrap(), secret, signer)
    }

    #[test]
    fn an_envelope_opens_to_what_was_sealed() {
        for length in [0, 1, 4092, 4093, 70_000, 2 << 20] {
            let payload = vec![9; length];
            let (frame, secret, signer) = sealed(&payload);
            let verified = read(&frame).unwrap().verify(&public_key(&signer)).unwrap();
            assert_eq!(verified.header.sender, "37");
            assert_eq!(verified.open(&secret).unwrap(), payload);
        }
    }

    #[test]
    fn every_altered_or_missing_byte_is_noticed() {
        let (frame, _, signer) = sealed(b"noisy");
        let key = public_key(&signer);
        let refused = |frame: &[u8]| read(frame).and_then(|read| read.verify(&key)).is_err();
        for position in 0..frame.len() {
            let mut altered = frame.clone();
            altered[position] ^= 1;
            assert!(refused(&altered), "byte {position}");
        }
        for length in (0..frame.len()).step_by(7) {
            assert!(refused(&frame[..length]), "length {length}");
        }
    }

    #[test]
    fn another_key_opens_nothing() {
        let (frame, _, signer) = sealed(b"noisy");
        let (other, _) = EnvelopeSecret::generate();
        let verified = read(&frame).unwrap().verify(&public_key(&signer)).unwrap();
        assert_eq!(verified.open(&other), Err(EnvelopeError::Sealed));
    }

    #[test]
    fn a_low_order_recipient_key_is_refused() {
        let signer = Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap();
        let refused = seal(EnvelopeHeader::default(), b"x", &[0; 32], &signer);
        assert_eq!(refused, Err(EnvelopeError::Key));
    }

    #[test]
    fn lengths_fall_into_few_classes() {
        assert_eq!(padded_length(1), 4096);
        assert_eq!(padded_length(4097), 65_536);
        assert_eq!(padded_length(65_537), 1 << 20);
        assert_eq!(padded_length((1 << 20) + 1), 2 << 20);
    }
}
