//! Documents that the hub's root key signs: charter, directory, key list,
//! growth tables.
//!
//! Bytes are verified as received and parsed afterwards; nothing is encoded
//! again to verify it. The kind is bound into the signature, so that one kind
//! of document cannot be passed off as another.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::{units::ContentHash, v1::SignedDocument};

/// Kind of the charter; the document is TOML.
pub const CHARTER: &str = "charter";
/// Kind of the directory; the document is an encoded `Directory`.
pub const DIRECTORY: &str = "directory";
/// Kind of the hub's key list; the document is an encoded `HubKeys`.
pub const HUB_KEYS: &str = "hub-keys";
/// Kind of the growth tables; the document is an encoded `GrowthTables`.
pub const GROWTH_TABLES: &str = "growth-tables";
/// Kind of a receipt; the document is an encoded `Receipt`.
pub const RECEIPT: &str = "receipt";
/// Kind of a publication's list of files and hashes.
pub const PUBLICATION: &str = "publication";

/// A signature does not hold for the bytes it came with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {0} is not signed by the key it should be signed by")]
pub struct BadSignature(pub String);

/// What is signed: a domain, the kind, and the bytes, each with its length.
fn signed_bytes(kind: &str, document: &[u8]) -> Vec<u8> {
    let mut bytes = b"peerlight document v1\0".to_vec();
    for part in [kind.as_bytes(), document] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

/// Signs a document's bytes as being of `kind`.
pub fn sign(key: &Ed25519KeyPair, kind: &str, document: Vec<u8>) -> SignedDocument {
    let signature = sign_detached(key, kind, &document);
    SignedDocument { kind: kind.to_owned(), document, signature }
}

/// The signature alone.
pub fn sign_detached(key: &Ed25519KeyPair, kind: &str, document: &[u8]) -> Vec<u8> {
    key.sign(&signed_bytes(kind, document)).as_ref().to_vec()
}

/// Checks that `signed` is of `kind` and signed by `key`; gives its hash.
pub fn verify(
    key: &[u8],
    kind: &str,
    signed: &SignedDocument,
) -> Result<ContentHash, BadSignature> {
    if signed.kind != kind {
        return Err(BadSignature(kind.to_owned()));
    }
    verify_detached(key, kind, &signed.document, &signed.signature)
}

/// Checks a signature that travels apart from its bytes; gives their hash.
pub fn verify_detached(
    key: &[u8],
    kind: &str,
    document: &[u8],
    signature: &[u8],
) -> Result<ContentHash, BadSignature> {
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&signed_bytes(kind, document), signature)
        .map_err(|_| BadSignature(kind.to_owned()))?;
    Ok(ContentHash::of(document))
}

/// How keys are named: the first 8 bytes of the public key's SHA-256.
pub fn key_id(public_key: &[u8]) -> String {
    ContentHash::of(public_key).short()
}

/// The public half of a signing key, 32 bytes.
pub fn public_key(key: &Ed25519KeyPair) -> Vec<u8> {
    key.public_key().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_bytes_kind_and_key_only() {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
        let signed = sign(&key, CHARTER, b"text".to_vec());
        assert!(verify(&public_key(&key), CHARTER, &signed).is_ok());
        assert!(verify(&public_key(&other), CHARTER, &signed).is_err());
        assert!(verify(&public_key(&key), DIRECTORY, &signed).is_err());
        let relabelled = SignedDocument { kind: DIRECTORY.to_owned(), ..signed.clone() };
        assert!(verify(&public_key(&key), DIRECTORY, &relabelled).is_err());
        let altered = SignedDocument { document: b"texu".to_vec(), ..signed };
        assert!(verify(&public_key(&key), CHARTER, &altered).is_err());
    }
}
