//! `journal`: which sealed file is a reporting year's contribution journal.
//!
//! The file is written under the write lock, before the row that names it and
//! in the same transaction: a row never names a file that is not there, and
//! nobody sweeps a file that is about to be named.

use peerlight_proto::units::{ContentHash, SchoolYear, UnixSeconds};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, hash, school_year};

/// The journal of one reporting year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// The reporting year.
    pub school_year: SchoolYear,
    /// From 1, one more with every change.
    pub counter: u64,
    /// Name of the sealed file in the journal folder.
    pub file: String,
    /// SHA-256 of the sealed file.
    pub sha256: ContentHash,
    /// When it was written.
    pub changed_at: UnixSeconds,
}

/// A year's journal, if it has one.
pub async fn find(store: &Store, year: SchoolYear) -> Result<Option<JournalRow>, StoreError> {
    find_in(&mut *store.pool.acquire().await?, year).await
}

/// A year's journal, within a transaction.
pub(crate) async fn find_in(
    db: &mut SqliteConnection,
    year: SchoolYear,
) -> Result<Option<JournalRow>, StoreError> {
    let row = sqlx::query("SELECT * FROM journal WHERE school_year = $1")
        .bind(year.ending_year())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Every year's journal, earliest first.
pub async fn list(store: &Store) -> Result<Vec<JournalRow>, StoreError> {
    list_in(&mut *store.pool.acquire().await?).await
}

/// Every year's journal, within a transaction.
pub(crate) async fn list_in(db: &mut SqliteConnection) -> Result<Vec<JournalRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM journal ORDER BY school_year").fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Makes a row its year's journal. Within a transaction that holds the write
/// lock and has found the row before it.
pub(crate) async fn put_in(db: &mut SqliteConnection, row: &JournalRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO journal (school_year, counter, file, sha256, changed_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (school_year) DO UPDATE SET counter = excluded.counter,
             file = excluded.file, sha256 = excluded.sha256, changed_at = excluded.changed_at",
    )
    .bind(row.school_year.ending_year())
    .bind(row.counter.cast_signed())
    .bind(&row.file)
    .bind(row.sha256.as_bytes())
    .bind(row.changed_at.0)
    .execute(db)
    .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<JournalRow, StoreError> {
    let counter: i64 = row.try_get("counter")?;
    Ok(JournalRow {
        school_year: school_year(row, "journal")?,
        counter: counter.cast_unsigned(),
        file: row.try_get("file")?,
        sha256: hash(row, "journal", "sha256")?,
        changed_at: UnixSeconds(row.try_get("changed_at")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_journal_only_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let mut row = JournalRow {
            school_year: SchoolYear::ending(2026).unwrap(),
            counter: 1,
            file: "a".to_owned(),
            sha256: ContentHash::of(b"a"),
            changed_at: UnixSeconds(1),
        };
        let mut db = store.pool.acquire().await.unwrap();
        put_in(&mut db, &row).await.unwrap();
        put_in(&mut db, &row).await.unwrap_err();
        row.counter = 3;
        put_in(&mut db, &row).await.unwrap_err();
        row.counter = 2;
        put_in(&mut db, &row).await.unwrap();
        sqlx::query("DELETE FROM journal").execute(&mut *db).await.unwrap_err();
        assert_eq!(find_in(&mut db, row.school_year).await.unwrap(), Some(row));
    }
}
