//! What the node must not lose, in one SQLite file: ledger, noisy releases,
//! outbox, receipts, imports, surveys, years in warehouses, approvals, decisions, drill-down
//! policy, signed documents, audit log.
//!
//! It never holds an exact count beyond an import's number of rows, nor a
//! student id. Every commit is flushed to the disk before it is believed
//! (`synchronous = FULL`): a charge that a power cut could undo would be spent
//! twice.

use std::{path::Path, time::Duration};

use peerlight_node_engine::privacy::chain;
use peerlight_proto::units::{ContentHash, SchoolYear};
use sqlx::{
    Connection, Sqlite, SqlitePool, Transaction,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};

pub mod approvals;
pub mod audit;
pub mod combined;
pub mod decisions;
pub mod documents;
pub mod drill_down;
pub mod imports;
pub mod journals;
pub mod kept_rows;
pub mod ledger;
pub mod outbox;
pub mod receipts;
pub mod response_sets;
pub mod warehouse_years;

/// The node's database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    checked: ledger::Checked,
}

/// Why the database did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the file's quota, is full. Nothing was written.
    #[error("the disk is full: free some space and try again; nothing was changed")]
    Full,
    /// Somebody else keeps the database locked.
    #[error("the node's database is in use by another program: try again when it has finished")]
    Busy,
    /// A row does not hold what this program writes.
    #[error(
        "table {table} of the node's database holds a bad {column} in row {row}: \
         restore the newest backup"
    )]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
    },
    /// The file is not a sound database.
    #[error("the node's database is damaged ({0}): restore the newest backup of node.db")]
    Damaged(String),
    /// A hash chain does not hold.
    #[error(transparent)]
    Broken(#[from] chain::Broken),
    /// The audit log's chain does not hold.
    #[error(
        "the audit log does not hold at entry {0}: it was altered or cut; restore the newest \
         backup of node.db"
    )]
    AuditBroken(u64),
    /// The database is of a newer version of this program, or its migrations
    /// failed.
    #[error("the node's database cannot be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Anything else the database says.
    #[error("the node's database failed: {0}")]
    Database(sqlx::Error),
}

/// Whether an insert wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is new.
    New,
    /// It was there already; nothing was written.
    AlreadyHeld,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        // Extended result codes keep the primary one in the low byte.
        let primary = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
        match primary {
            Some(5 | 6) => Self::Busy,
            Some(13) => Self::Full,
            Some(11 | 26) => Self::Damaged(error.to_string()),
            _ => Self::Database(error),
        }
    }
}

impl Store {
    /// Opens the database file, making it and its tables if need be.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::connect(SqliteConnectOptions::new().filename(path).create_if_missing(true)).await
    }

    /// Opens a database with the caller's own limits.
    ///
    /// When the disk is full SQLite itself rolls a transaction back, and the
    /// connection goes on believing that it is in one. Such a connection is
    /// closed rather than used again.
    pub async fn connect(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(20));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
            .connect_with(options)
            .await?;
        sqlx::migrate!("./migrations").run(&pool).await?;
        Ok(Self { pool, checked: ledger::Checked::default() })
    }

    /// Reads the whole file and refuses one that is not sound: pages,
    /// indexes, constraints, and what rows refer to.
    pub async fn check(&self) -> Result<(), StoreError> {
        let rows: Vec<(String,)> =
            sqlx::query_as("PRAGMA integrity_check(1)").fetch_all(&self.pool).await?;
        if let Some((found,)) = rows.into_iter().find(|(found,)| found != "ok") {
            return Err(StoreError::Damaged(found));
        }
        match sqlx::query("PRAGMA foreign_key_check").fetch_optional(&self.pool).await? {
            None => Ok(()),
            Some(row) => {
                let table: String = sqlx::Row::try_get(&row, 0)?;
                Err(StoreError::Damaged(format!("a row of {table} names one that is not there")))
            }
        }
    }

    /// Waits for open work and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that holds the write lock from its start, so that what it
    /// reads stays true until it commits.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Reads a hash from a row.
fn hash(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<ContentHash, StoreError> {
    let bytes: Vec<u8> = sqlx::Row::try_get(row, column)?;
    ContentHash::from_bytes(&bytes).map_err(|_| corrupt(table, column, &"?"))
}

/// Reads a school year from a row.
fn school_year(row: &SqliteRow, table: &'static str) -> Result<SchoolYear, StoreError> {
    let year: i64 = sqlx::Row::try_get(row, "school_year")?;
    u32::try_from(year)
        .ok()
        .and_then(|year| SchoolYear::ending(year).ok())
        .ok_or_else(|| corrupt(table, "school_year", &year))
}

fn corrupt(table: &'static str, column: &'static str, row: &impl ToString) -> StoreError {
    StoreError::Corrupt { table, column, row: row.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_flushes_its_commits_and_keeps_references() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let mut connections = Vec::new();
        for _ in 0..4 {
            let mut connection = store.pool.acquire().await.unwrap();
            for (pragma, expected) in [("synchronous", 2_i64), ("foreign_keys", 1)] {
                let query = sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"));
                let row = sqlx::query(query).fetch_one(&mut *connection).await.unwrap();
                assert_eq!(sqlx::Row::get::<i64, _>(&row, 0), expected, "{pragma}");
            }
            connections.push(connection);
        }
    }

    #[tokio::test]
    async fn opening_again_changes_nothing_and_a_newer_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.db");
        for _ in 0..2 {
            Store::open(&path).await.unwrap().close().await;
        }
        let store = Store::open(&path).await.unwrap();
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of a later version', TRUE, x'00', 0)",
        )
        .execute(&store.pool)
        .await
        .unwrap();
        store.close().await;
        let refused = Store::open(&path).await.unwrap_err();
        assert!(matches!(refused, StoreError::Migration(_)), "{refused}");
    }
}
