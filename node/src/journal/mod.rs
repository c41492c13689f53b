//! The contribution journal on this node: opened before anything is drawn,
//! changed only in a transaction, refused when it is not whole.
//!
//! ```text
//! open ──▶ contact (who is new) ──commit──▶ count with frozen cells ──▶ one-shot releases
//!                                                └─▶ step ──▶ Move ──in the release's commit──▶
//! ```
//!
//! A [`Move`] writes its file under the write lock, then its row, and the
//! caller's commit makes both true: after a crash there is the journal before
//! or the one after. Where the journal of a year that was released from is
//! gone, nothing of that year is released: a new one would count students in
//! other cells, and twice.

mod file;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf, sync::Arc};

use peerlight_node_engine::privacy::{
    exact::ExactRelease,
    journal::Journal,
    stream::{self, Ahead},
};
use peerlight_proto::{
    layout::ReleaseLayout,
    units::{ContentHash, SchoolYear, UnixSeconds},
};
use sqlx::SqliteConnection;

pub use file::Folder;

use crate::store::{
    Store, StoreError,
    journals::{self, JournalRow},
    ledger,
};

/// What to do without a journal.
const PROCEDURE: &str = "nothing of that year is released until node.db, journal/ and keys/ are \
     restored from the same newest backup; if there is none, the year is closed for this node. \
     Other years, imports and local tables are not affected";

/// How often opening starts again when another process changes the journal.
const TRIES: u32 = 5;

/// The journal cannot be used or kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Releases were drawn from a journal of which nothing is left.
    #[error("the contribution journal of {year} is missing: {PROCEDURE}")]
    Absent {
        /// The reporting year.
        year: SchoolYear,
    },
    /// Its file is missing, altered, or sealed under other keys.
    #[error("the contribution journal of {year}, {}, {what}: {PROCEDURE}", path.display())]
    Lost {
        /// The reporting year.
        year: SchoolYear,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It holds changes of a step that the ledger does not know.
    #[error(transparent)]
    Ahead(#[from] Ahead),
    /// Another process has changed it since it was opened.
    #[error("another process of this node is releasing {year}: sync again when it has finished")]
    Moved {
        /// The reporting year.
        year: SchoolYear,
    },
    /// Its file cannot be written.
    #[error("the contribution journal {} could not be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The open journal of one reporting year.
#[derive(Debug)]
pub struct Book {
    folder: Folder,
    school_year: SchoolYear,
    row: Option<JournalRow>,
    journal: Arc<Journal>,
}

/// One change of a year's journal, to be made in a transaction: or none, if
/// only what it was made from must still hold.
#[derive(Debug)]
pub struct Move {
    folder: Folder,
    school_year: SchoolYear,
    before: Option<JournalRow>,
    after: Option<After>,
}

/// What the journal becomes.
#[derive(Debug)]
struct After {
    row: JournalRow,
    sealed: Vec<u8>,
    journal: Arc<Journal>,
}

impl Book {
    /// Opens a year's journal, or starts one for a year of which nothing was
    /// released.
    pub async fn open(
        store: &Store,
        folder: Folder,
        year: SchoolYear,
    ) -> Result<Self, JournalError> {
        let mut tries = TRIES;
        loop {
            let row = journals::find(store, year).await?;
            let Some(row) = row else {
                let entries = ledger::list(store).await?;
                if entries.iter().any(|entry| entry.school_year == year) {
                    return Err(JournalError::Absent { year });
                }
                let journal = Arc::new(Journal::new(year));
                return Ok(Self { folder, school_year: year, row: None, journal });
            };
            match read(&folder, &row) {
                Ok(journal) => {
                    let journal = Arc::new(journal);
                    return Ok(Self { folder, school_year: year, row: Some(row), journal });
                }
                Err(error) => {
                    // Another process may have replaced the file just now.
                    tries -= 1;
                    if tries == 0 || journals::find(store, year).await?.as_ref() == Some(&row) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The journal as it is here.
    pub fn journal(&self) -> Arc<Journal> {
        Arc::clone(&self.journal)
    }

    /// Takes in a journal that has met the year's students, and commits it.
    pub async fn met(
        &mut self,
        store: &Store,
        journal: Journal,
        has_changed: bool,
        at: UnixSeconds,
    ) -> Result<(), JournalError> {
        if !has_changed && self.row.is_some() {
            return Ok(());
        }
        let change = self.change(Some(journal), at)?;
        let mut tx = store.begin().await?;
        change.apply_in(&mut tx).await?;
        tx.commit().await.map_err(StoreError::from)?;
        self.adopt(store, change).await
    }

    /// The exact integers of a running count's step, of which `holders` have
    /// the status now, and what the transaction that draws it must do to the
    /// journal. `None` for a layout that is of no running count.
    pub fn step(
        &self,
        layout: &ReleaseLayout,
        holders: &[u32],
        at: UnixSeconds,
    ) -> Result<Option<(ExactRelease, Move)>, JournalError> {
        // A copy: what is not committed must not be in the next step's file.
        let mut journal = (*self.journal).clone();
        let has_changed = stream::observe(&mut journal, layout, holders)?;
        let Some(exact) = stream::row(&journal, layout) else { return Ok(None) };
        Ok(Some((exact, self.change(has_changed.then_some(journal), at)?)))
    }

    /// Goes on from a change that was committed; removes the file before it.
    pub async fn adopt(&mut self, store: &Store, change: Move) -> Result<(), JournalError> {
        let Some(After { row, journal, .. }) = change.after else { return Ok(()) };
        // Under the write lock: no file may be about to be named.
        let mut tx = store.begin().await?;
        let named = journals::list_in(&mut tx).await?.into_iter().map(|row| row.file).collect();
        let path = self.folder.at(&row.file);
        let swept = self.folder.sweep(&named);
        drop(tx);
        (self.row, self.journal) = (Some(row), journal);
        swept.map_err(|source| JournalError::Write { path, source })
    }

    fn change(&self, journal: Option<Journal>, at: UnixSeconds) -> Result<Move, JournalError> {
        let year = self.school_year;
        let after = journal.map(|journal| {
            let counter = self.row.as_ref().map_or(1, |row| row.counter + 1);
            let name = Folder::name(year.ending_year(), counter)?;
            let sealed = self.folder.seal(&name, journal.to_bytes())?;
            let sha256 = ContentHash::of(&sealed);
            let row = JournalRow { school_year: year, counter, file: name, sha256, changed_at: at };
            Ok(After { row, sealed, journal: Arc::new(journal) })
        });
        let path = self.folder.at("");
        let after = after.transpose().map_err(|source| JournalError::Write { path, source })?;
        let (folder, before) = (self.folder.clone(), self.row.clone());
        Ok(Move { folder, school_year: year, before, after })
    }
}

impl Move {
    /// Writes the file and its row within a transaction that holds the write
    /// lock; refuses if another process has changed the journal.
    pub(crate) async fn apply_in(&self, db: &mut SqliteConnection) -> Result<(), JournalError> {
        if journals::find_in(db, self.school_year).await? != self.before {
            return Err(JournalError::Moved { year: self.school_year });
        }
        let Some(After { row, sealed, .. }) = &self.after else { return Ok(()) };
        self.folder
            .write(&row.file, sealed)
            .map_err(|source| JournalError::Write { path: self.folder.at(&row.file), source })?;
        Ok(journals::put_in(db, row).await?)
    }
}

fn read(folder: &Folder, row: &JournalRow) -> Result<Journal, JournalError> {
    let lost =
        |what| JournalError::Lost { year: row.school_year, path: folder.at(&row.file), what };
    let sealed = folder.read(&row.file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => lost("is missing"),
        _ => lost("cannot be read"),
    })?;
    if ContentHash::of(&sealed) != row.sha256 {
        return Err(lost("is damaged"));
    }
    let plain = folder.open(&row.file, sealed);
    let plain = plain.ok_or_else(|| lost("does not open under this node's keys"))?;
    match Journal::from_bytes(&plain) {
        Ok(journal) if journal.school_year() == row.school_year => Ok(journal),
        _ => Err(lost("is of another version of this program")),
    }
}
