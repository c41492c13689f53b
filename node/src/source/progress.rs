//! How far the files of an import have been read, in bytes: told to whoever
//! watches this process's readers, as a log is.
//!
//! Tells sizes of files and nothing of what is in them.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::OnceLock,
};

/// What a watcher is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many more bytes are going to be read.
    Expected(u64),
    /// So many more bytes have been read.
    Read(u64),
}

/// Whoever watches; called from threads that read, often.
type Watcher = Box<dyn Fn(Step) + Send + Sync>;

static WATCHER: OnceLock<Watcher> = OnceLock::new();

/// Has `watcher` told of everything that this process reads from now on; the
/// first one stays.
pub fn watch(watcher: impl Fn(Step) + Send + Sync + 'static) {
    // A second watcher of one process has nothing else to see.
    let _ = WATCHER.set(Box::new(watcher));
}

fn tell(step: Step) {
    if let Some(watcher) = WATCHER.get() {
        watcher(step);
    }
}

/// Files that are going to be read. What cannot be measured is found missing
/// when it is read.
pub(super) fn expect<'a>(files: impl IntoIterator<Item = &'a Path>) {
    let sizes = files.into_iter().filter_map(|file| Some(file.metadata().ok()?.len()));
    tell(Step::Expected(sizes.sum()));
}

/// Bytes that were read in one piece.
pub(super) fn advance(bytes: u64) {
    tell(Step::Read(bytes));
}

/// A file that tells how far it has been read.
#[derive(Debug)]
pub(super) struct Counted(pub(super) File);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        advance(read as u64);
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}
