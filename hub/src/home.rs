//! The hub's folder: where each of its files is.
//!
//! ```text
//! HOME/hub.toml              configuration
//!      hub.db                records (unless the database is PostgreSQL)
//!      keys/                 secrets; only the owner may read them
//!      run/addresses.json    what `serve` listens on
//!      publications/         published benchmarks
//! ```

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use crate::error::Error;

/// The hub's folder.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

impl Home {
    /// The folder at `path`, whether or not it exists.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("hub.toml")
    }

    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        self.0.join("hub.db")
    }

    /// A secret's file.
    pub fn key(&self, name: &str) -> PathBuf {
        self.0.join("keys").join(name)
    }

    /// What `serve` listens on.
    pub fn addresses(&self) -> PathBuf {
        self.0.join("run").join("addresses.json")
    }

    /// Published benchmarks.
    pub fn publications(&self) -> PathBuf {
        self.0.join("publications")
    }
}

/// Reads a file; an error names it.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Writes a file that only the owner may read, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    write(path, bytes).map_err(failed)
}

/// Makes a folder that only the owner may read.
pub fn create(path: &Path) -> Result<(), Error> {
    create_folder(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_folder(path.parent().unwrap_or(Path::new(".")))?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = options.open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)
}
