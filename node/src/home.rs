//! The node's folder: which file is where, and how files are written to it.
//!
//! ```text
//! node.toml        settings, edited by people     keys/     secrets, for the owner only
//! membership.toml  who this node is, where        records/  sealed student years
//! node.db          ledger, outbox, receipts,      journal/  sealed contribution journals
//!                  approvals, documents, audit    inbox/    files to import, unless set elsewhere
//! ```
//!
//! A file is replaced whole or not at all: a new one is written and synced
//! beside it and renamed over it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// A node's folder.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

/// The folder, or a file in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Nothing was initialised here.
    #[error("{0} is not a node's home: run \"peerlight-node init --home {0}\" first")]
    NotInitialised(String),
    /// There is a node here already.
    #[error(
        "{0} already holds a node: choose another --home, or use this one; \
         nothing was changed, because its keys cannot be made again"
    )]
    AlreadyInitialised(String),
    /// The database is gone.
    #[error(
        "{0} is missing: restore it from the newest backup. A new one would not know what was \
         released, so nothing is done without it"
    )]
    NoDatabase(String),
    /// A file cannot be read.
    #[error("cannot read {path}: {source}; check that it exists and that this user may read it")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}; check free space and permissions, then try again")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The owner alone: mode 0600.
    OwnerOnly,
    /// Whoever may enter the folder: mode 0640.
    Shared,
}

impl Home {
    /// The home at `path`, whatever is there.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Settings that people edit.
    pub fn config_file(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    /// Ledger, outbox, receipts, imports, approvals, documents and audit log.
    pub fn database(&self) -> PathBuf {
        self.0.join("node.db")
    }

    /// Secrets.
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// Sealed student years.
    pub fn records(&self) -> PathBuf {
        self.0.join("records")
    }

    /// Sealed contribution journals.
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// Who this node is at which hub; written by joining.
    pub fn membership_file(&self) -> PathBuf {
        self.0.join("membership.toml")
    }

    /// Refuses a folder in which nothing was initialised.
    pub fn check(&self) -> Result<(), HomeError> {
        if self.config_file().is_file() {
            Ok(())
        } else {
            Err(HomeError::NotInitialised(self.0.display().to_string()))
        }
    }

    /// Refuses a home whose database is gone: an empty one in its place would
    /// know of no charge, and spend the budget a second time.
    pub fn check_database(&self) -> Result<(), HomeError> {
        let path = self.database();
        if path.is_file() { Ok(()) } else { Err(HomeError::NoDatabase(path.display().to_string())) }
    }

    /// Makes the folders of a new home; refuses one that holds a node.
    pub fn create(&self) -> Result<(), HomeError> {
        if self.config_file().exists() || self.keys().exists() {
            return Err(HomeError::AlreadyInitialised(self.0.display().to_string()));
        }
        for folder in [&self.0, &self.keys(), &self.records()] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|source| write_failed(folder, source))?;
        }
        Ok(())
    }
}

fn write_failed(path: &Path, source: io::Error) -> HomeError {
    HomeError::Write { path: path.display().to_string(), source }
}

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, HomeError> {
    fs::read(path).map_err(|source| HomeError::Read { path: path.display().to_string(), source })
}

/// The bytes of a file, or `None` where there is no such file.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, HomeError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(HomeError::Read { path: path.display().to_string(), source }),
    }
}

/// Replaces a file whole: after a crash there is the old one or the new one.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), HomeError> {
    let mode = match access {
        Access::OwnerOnly => 0o600,
        Access::Shared => 0o640,
    };
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let write = || -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&fresh)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        // The rename itself must survive a crash.
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|source| {
        // What is half written is of no use; if it cannot be removed, the
        // next attempt truncates it.
        drop(fs::remove_file(&fresh));
        write_failed(path, source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_node_is_not_made_in_the_same_folder() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("node"));
        home.create().unwrap();
        assert!(matches!(home.create(), Err(HomeError::AlreadyInitialised(_))));
    }

    #[test]
    fn secrets_are_written_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "old").unwrap();
        replace(&path, b"new", Access::OwnerOnly).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
