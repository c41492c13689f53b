//! The sealed file of a journal: AES-256-GCM under a key of its own, bound to
//! its name; written whole, flushed, renamed.
//!
//! What no row names is swept. Nothing here prints what is inside.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use peerlight_proto::units::hexadecimal;

use crate::keys::MasterKey;

const MAGIC: &[u8; 4] = b"PLC1";

/// Ending of a sealed journal.
const ENDING: &str = ".journal";

/// Ending while a file is written.
const UNFINISHED: &str = ".unfinished";

/// The folder of journals and the key that seals them.
#[derive(Clone)]
pub struct Folder {
    path: PathBuf,
    key: Zeroizing<[u8; 32]>,
}

impl Folder {
    /// The folder at `path`, whether it is there or not.
    pub fn new(path: impl Into<PathBuf>, master: &MasterKey) -> Self {
        Self { path: path.into(), key: master.derive("contribution journal") }
    }

    /// Where a file is.
    pub fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A name that no file has had.
    pub(super) fn name(year: u16, counter: u64) -> io::Result<String> {
        let mut random = [0; 8];
        fill(&mut random)?;
        Ok(format!("{year}-{counter}-{}{ENDING}", hexadecimal(&random)))
    }

    /// The bytes of a sealed file of this name.
    pub(super) fn seal(&self, name: &str, mut plain: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        let (key, aad) = (self.cipher(), aad(name));
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut plain)
            .map_err(|_| io::Error::other("the journal is too large to seal"))?;
        Ok([MAGIC.as_slice(), &nonce, &plain, tag.as_ref()].concat())
    }

    /// What a sealed file of this name holds; `None` where it does not open.
    pub(super) fn open(&self, name: &str, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = sealed.strip_prefix(MAGIC)?.first_chunk::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let start = MAGIC.len() + NONCE_LEN;
        let plain = self.cipher().open_in_place(nonce, aad(name), &mut sealed[start..]).ok()?.len();
        sealed.truncate(start + plain);
        Some(sealed.split_off(start))
    }

    /// A file's bytes, as they are on the disk.
    pub(super) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.at(name))
    }

    /// Writes a file whole, on the disk before this returns.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let unfinished = self.at(&format!("{name}{UNFINISHED}"));
        let written = write_flushed(&unfinished, bytes)
            .and_then(|()| fs::rename(&unfinished, self.at(name)))
            .and_then(|()| fs::File::open(&self.path)?.sync_all());
        if written.is_err() {
            // A full disk: make room again; the next sweep would as well.
            drop(fs::remove_file(&unfinished));
        }
        written
    }

    /// Removes journals that are not among `named`, and unfinished ones. To be
    /// called under the database's write lock.
    pub(super) fn sweep(&self, named: &BTreeSet<String>) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_ours = name.ends_with(ENDING) || name.ends_with(UNFINISHED);
            if is_ours && !named.contains(&name) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, &*self.key).expect("the key has 32 bytes");
        LessSafeKey::new(key)
    }
}

fn aad(name: &str) -> Aad<Vec<u8>> {
    Aad::from([MAGIC, name.as_bytes()].concat())
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    let failed = |_| io::Error::other("this system gave no randomness");
    SystemRandom::new().fill(bytes).map_err(failed)
}

fn write_flushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write;
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folder").field("path", &self.path).finish_non_exhaustive()
    }
}
