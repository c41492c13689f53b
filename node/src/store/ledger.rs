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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use sqlx::{SqlitePool, migrate::Migrator, sqlite::SqliteConnectOptions};

    use peerlight_proto::units::{ContentHash, SchoolYear};

    use super::*;

    /// A database as an earlier version left it: migrations up to `version`.
    async fn earlier(path: &std::path::Path, version: i64) -> SqlitePool {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let pool = SqlitePool::connect_with(options.foreign_keys(true)).await.unwrap();
        let all = sqlx::migrate!("./migrations");
        let upto: Vec<_> = all.iter().filter(|it| it.version <= version).cloned().collect();
        let migrator = Migrator { migrations: Cow::Owned(upto), ..all };
        migrator.run(&pool).await.unwrap();
        pool
    }

    #[tokio::test]
    async fn a_ledger_with_rows_is_brought_up_to_date_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.db");
        let pool = earlier(&path, 3).await;
        let hash = ContentHash::of(b"");
        let mut entries: Vec<Entry> = Vec::new();
        for number in 1..=3 {
            let posting = Posting {
                release_id: format!("r{number}").parse().unwrap(),
                school_year: SchoolYear::ending(2026).unwrap(),
                program: "enrolled".parse().unwrap(),
                period: format!("p{number}").parse().unwrap(),
                grades: GradeSet::ALL,
                pico_rho: PicoRho(7),
                payload_digest: hash,
                charter_hash: hash,
                directory_hash: hash,
                charged_at: UnixSeconds(1),
            };
            let entry = Entry::after(entries.last(), posting);
            insert_in(&mut pool.acquire().await.unwrap(), &entry).await.unwrap();
            let id = format!("r{number}");
            for statement in [
                "INSERT INTO noisy_release VALUES ($1, (SELECT count(*) + 1 FROM noisy_release), 1, x'00', x'')",
                "INSERT INTO outbox (release_id, state) VALUES ($1, 'waiting')",
            ] {
                sqlx::query(statement).bind(&id).execute(&pool).await.unwrap();
            }
            entries.push(entry);
        }
        pool.close().await;

        let store = Store::open(&path).await.unwrap();
        store.check().await.unwrap();
        assert_eq!(list(&store).await.unwrap(), entries);
        assert_eq!(crate::store::outbox::list(&store).await.unwrap().len(), 3);
        let mut free = entries[2].posting.clone();
        (free.release_id, free.period) = ("r4".parse().unwrap(), "p4".parse().unwrap());
        free.pico_rho = PicoRho(0);
        let free = Entry::after(entries.last(), free);
        insert_in(&mut store.pool.acquire().await.unwrap(), &free).await.unwrap();
        for refused in [
            "UPDATE ledger_entry SET pico_rho = 1",
            "DELETE FROM ledger_entry",
            "INSERT INTO noisy_release VALUES ('nobody', 9, 1, x'00', x'')",
        ] {
            sqlx::query(refused).execute(&store.pool).await.unwrap_err();
        }
    }
}
