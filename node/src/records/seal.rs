//! Seals a file whole: `PLR1`, length, then columns and ids, each
//! AES-256-GCM under its own key and bound to the file's name.
//!
//! A renamed, cut, or altered file does not open. Nonces are random; a key
//! seals far fewer than 2^32 files.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

use super::{RecordsError, keys::RecordKeys};

const MAGIC: &[u8; 4] = b"PLR1";
const HEAD: usize = MAGIC.len() + size_of::<u64>();

/// The bytes of a sealed file, in three pieces: sealed in place, so that large
/// files are in memory once.
pub(super) fn seal(
    keys: &RecordKeys,
    name: &str,
    columns: Vec<u8>,
    ids: Vec<u8>,
) -> Result<[Vec<u8>; 3], RecordsError> {
    let columns = seal_part(&keys.records, name, b"columns", columns)?;
    let ids = seal_part(&keys.ids, name, b"ids", ids)?;
    let head = [&MAGIC[..], &(columns.len() as u64).to_le_bytes()].concat();
    Ok([head, columns, ids])
}

/// The columns of a sealed file; `None` where it does not open.
pub(super) fn open(keys: &RecordKeys, name: &str, mut sealed: Vec<u8>) -> Option<bytes::Bytes> {
    let end = end_of_columns(&sealed)?;
    // Opened in place: the records are in memory once.
    sealed.truncate(end);
    let plain = open_part(&keys.records, name, b"columns", &mut sealed[HEAD..])?;
    Some(bytes::Bytes::from(sealed).slice(HEAD + NONCE_LEN..HEAD + NONCE_LEN + plain))
}

/// The ids of a sealed file; `None` where they do not open.
pub(super) fn open_ids(keys: &RecordKeys, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let mut ids = sealed[end_of_columns(sealed)?..].to_vec();
    let plain = open_part(&keys.ids, name, b"ids", &mut ids)?;
    ids.truncate(NONCE_LEN + plain);
    Some(ids.split_off(NONCE_LEN))
}

/// Where the columns end and the ids begin.
fn end_of_columns(sealed: &[u8]) -> Option<usize> {
    let (magic, rest) = sealed.split_first_chunk::<4>()?;
    let (length, _) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let end = HEAD.checked_add(length)?;
    (magic == MAGIC && end <= sealed.len()).then_some(end)
}

/// Opens a part in place, after its nonce; gives its length.
fn open_part(secret: &[u8; 32], name: &str, part: &[u8], sealed: &mut [u8]) -> Option<usize> {
    let (nonce, sealed) = sealed.split_at_mut_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    Some(key(secret).open_in_place(nonce, aad(name, part), sealed).ok()?.len())
}

fn seal_part(
    secret: &[u8; 32],
    name: &str,
    part: &[u8],
    mut plain: Vec<u8>,
) -> Result<Vec<u8>, RecordsError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| RecordsError::Randomness)?;
    key(secret)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(name, part), &mut plain)
        .expect("a part is shorter than AES-GCM's 64 GiB");
    plain.splice(0..0, nonce);
    Ok(plain)
}

fn key(secret: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret).expect("the key has 32 bytes"))
}

fn aad(name: &str, part: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([MAGIC, name.as_bytes(), b"\0", part].concat())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn keys(byte: u8) -> RecordKeys {
        RecordKeys::from_keys(Zeroizing::new([byte; 32]), Zeroizing::new([byte + 1; 32]), &[3; 32])
    }

    #[test]
    fn a_file_opens_only_unaltered_under_its_name_and_key() {
        let sealed = seal(&keys(1), "a", b"columns of students".to_vec(), b"ids".to_vec());
        let sealed = sealed.unwrap().concat();
        assert_eq!(open(&keys(1), "a", sealed.clone()).unwrap(), &b"columns of students"[..]);
        assert!(open(&keys(1), "b", sealed.clone()).is_none());
        assert!(open(&keys(5), "a", sealed.clone()).is_none());
        for position in 0..HEAD + NONCE_LEN + 19 + 16 {
            let mut altered = sealed.clone();
            altered[position] ^= 1;
            assert!(open(&keys(1), "a", altered).is_none(), "byte {position}");
            assert!(open(&keys(1), "a", sealed[..position].to_vec()).is_none());
        }
        assert!(!sealed.windows(8).any(|window| window == b"students"));
        assert_eq!(open_ids(&keys(1), "a", &sealed).unwrap(), b"ids");
        assert!(open_ids(&keys(1), "b", &sealed).is_none());
        assert!(open_ids(&keys(5), "a", &sealed).is_none());
        assert!(open_ids(&keys(1), "a", &sealed[..sealed.len() - 1]).is_none());
    }
}
