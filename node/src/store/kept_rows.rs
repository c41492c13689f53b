//! `kept_rows`: rows of a source that its next files may change, such as a
//! roster that is sent as changes; where they are, never what they are.
//!
//! One a source, the last. Written in the transaction that records the import
//! they came from; the sealed file must be on the disk before.

use peerlight_proto::units::{ContentHash, UnixSeconds};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, hash};

/// The rows kept of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRows {
    /// The source.
    pub source: String,
    /// Digest of the import that they came from.
    pub sha256: ContentHash,
    /// Name of the sealed file in the records folder.
    pub records_file: String,
}

/// Records what is kept of a source, in the place of what was.
pub(super) async fn put(
    db: &mut SqliteConnection,
    kept: &KeptRows,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kept_rows (source, sha256, records_file, kept_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (source) DO UPDATE SET sha256 = $2, records_file = $3, kept_at = $4",
    )
    .bind(&kept.source)
    .bind(kept.sha256.as_bytes())
    .bind(&kept.records_file)
    .bind(at.0)
    .execute(db)
    .await?;
    Ok(())
}

/// What is kept of a source.
pub async fn find(store: &Store, source: &str) -> Result<Option<KeptRows>, StoreError> {
    let row = sqlx::query("SELECT * FROM kept_rows WHERE source = $1")
        .bind(source)
        .fetch_optional(&store.pool)
        .await?;
    row.map(|row| read(&row)).transpose()
}

/// Lets go of what is kept of a source that tells of no school year any more,
/// within a transaction that holds the write lock.
pub(super) async fn end_in(db: &mut SqliteConnection, source: &str) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM kept_rows WHERE source = $1 AND NOT EXISTS
         (SELECT 1 FROM import WHERE source = $1 AND superseded_at IS NULL)",
    )
    .bind(source)
    .execute(db)
    .await?;
    Ok(())
}

/// What is kept, by source.
pub async fn list(store: &Store) -> Result<Vec<KeptRows>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM kept_rows ORDER BY source").fetch_all(&store.pool).await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<KeptRows, StoreError> {
    Ok(KeptRows {
        source: row.try_get("source")?,
        sha256: hash(row, "kept_rows", "sha256")?,
        records_file: row.try_get("records_file")?,
    })
}
