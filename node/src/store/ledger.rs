//! `ledger_entry`: every privacy charge, hash-chained.
//!
//! Rows are only ever added, and only by the release transaction, together
//! with the payload they paid for. Reading the ledger checks its whole chain.

use peerlight_node_engine::privacy::chain::{self, Entry, Posting};
use peerlight_proto::{
    names::{PeriodId, ProgramId, ReleaseId},
    units::{Grade, GradeSet, PicoRho, UnixSeconds},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, corrupt, hash, school_year};

/// The whole ledger, oldest first, after checking that its chain holds.
pub async fn list(store: &Store) -> Result<Vec<Entry>, StoreError> {
    list_in(&mut *store.pool.acquire().await?).await
}

/// The whole ledger within a transaction.
pub(crate) async fn list_in(db: &mut SqliteConnection) -> Result<Vec<Entry>, StoreError> {
    let rows = sqlx::query("SELECT * FROM ledger_entry ORDER BY sequence").fetch_all(db).await?;
    let entries: Vec<Entry> = rows.iter().map(read).collect::<Result<_, _>>()?;
    chain::verify(&entries)?;
    Ok(entries)
}

/// Adds an entry. Within the release transaction alone.
pub(crate) async fn insert_in(db: &mut SqliteConnection, entry: &Entry) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ledger_entry (sequence, release_id, school_year, program, period, grades,
             pico_rho, payload_digest, charter_hash, directory_hash, charged_at, head)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(entry.sequence.cast_signed())
    .bind(entry.release_id.as_str())
    .bind(entry.school_year.ending_year())
    .bind(entry.program.as_str())
    .bind(entry.period.as_str())
    .bind(entry.grades.bits())
    .bind(entry.pico_rho.0.cast_signed())
    .bind(entry.payload_digest.as_bytes())
    .bind(entry.charter_hash.as_bytes())
    .bind(entry.directory_hash.as_bytes())
    .bind(entry.charged_at.0)
    .bind(entry.head.as_bytes())
    .execute(db)
    .await?;
    Ok(())
}

/// Reads an entry from a row that has all of the table's columns.
pub(super) fn read(row: &SqliteRow) -> Result<Entry, StoreError> {
    const TABLE: &str = "ledger_entry";
    let sequence: i64 = row.try_get("sequence")?;
    let bad = |column| corrupt(TABLE, column, &sequence);
    let bits: i64 = row.try_get("grades")?;
    let grades: GradeSet = Grade::all().filter(|grade| bits >> grade.index() & 1 == 1).collect();
    let pico_rho: i64 = row.try_get("pico_rho")?;
    Ok(Entry {
        sequence: u64::try_from(sequence).map_err(|_| bad("sequence"))?,
        head: hash(row, TABLE, "head")?,
        posting: Posting {
            release_id: ReleaseId::new(row.try_get::<String, _>("release_id")?)
                .map_err(|_| bad("release_id"))?,
            school_year: school_year(row, TABLE)?,
            program: ProgramId::new(row.try_get::<String, _>("program")?)
                .map_err(|_| bad("program"))?,
            period: PeriodId::new(row.try_get::<String, _>("period")?)
                .map_err(|_| bad("period"))?,
            grades,
            pico_rho: PicoRho(u64::try_from(pico_rho).map_err(|_| bad("pico_rho"))?),
            payload_digest: hash(row, TABLE, "payload_digest")?,
            charter_hash: hash(row, TABLE, "charter_hash")?,
            directory_hash: hash(row, TABLE, "directory_hash")?,
            charged_at: UnixSeconds(row.try_get("charged_at")?),
        },
    })
}
