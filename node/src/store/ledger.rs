//! `ledger_entry`: every privacy charge, hash-chained.
//!
//! Rows are only ever added, and only by the release transaction, together
//! with the payload they paid for. The first reading checks the whole chain;
//! later ones of the same process read and check what was added, after seeing
//! that the entry before it is still the one it was.

use std::sync::{Arc, Mutex, PoisonError};

use peerlight_node_engine::privacy::chain::{self, Entry, Posting};
use peerlight_proto::{
    names::{PeriodId, ProgramId, ReleaseId},
    units::{Grade, GradeSet, PicoRho, UnixSeconds},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, corrupt, hash, school_year};

/// Entries whose chain was checked, oldest first.
type Entries = Arc<Vec<Entry>>;

/// What this process has read of the ledger and found to hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked(Arc<Mutex<Entries>>);

impl Checked {
    fn get(&self) -> Entries {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, entries: &Entries) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(entries);
    }
}

/// The whole ledger, oldest first, after checking that its chain holds.
pub async fn list(store: &Store) -> Result<Entries, StoreError> {
    list_in(store, &mut *store.pool.acquire().await?).await
}

/// The whole ledger within a transaction that has added nothing to it.
pub(crate) async fn list_in(
    store: &Store,
    db: &mut SqliteConnection,
) -> Result<Entries, StoreError> {
    let known = store.checked.get();
    let last = known.last();
    let from = last.map_or(0, |last| last.sequence.cast_signed());
    let found = list_from(db, from).await?;
    let entries = match (last, found.split_first()) {
        (Some(last), Some((first, added))) if first == last => {
            if added.is_empty() {
                return Ok(known);
            }
            chain::verify_after(Some(last), added)?;
            [&known, added].concat()
        }
        (None, _) => {
            chain::verify(&found)?;
            found
        }
        // It is not the ledger that was read before: all of it is in question.
        _ => {
            let entries = list_from(db, 0).await?;
            chain::verify(&entries)?;
            entries
        }
    };
    let entries = Arc::new(entries);
    store.checked.set(&entries);
    Ok(entries)
}

async fn list_from(db: &mut SqliteConnection, sequence: i64) -> Result<Vec<Entry>, StoreError> {
    let query = "SELECT * FROM ledger_entry WHERE sequence >= $1 ORDER BY sequence";
    let rows = sqlx::query(query).bind(sequence).fetch_all(db).await?;
    rows.iter().map(read).collect()
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

    fn posting(number: u32) -> Posting {
        let hash = ContentHash::of(b"");
        Posting {
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
        }
    }

    #[tokio::test]
    async fn what_is_added_after_a_reading_is_checked_and_so_is_what_it_follows() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let mut entries: Vec<Entry> = Vec::new();
        for number in 1..=3 {
            let entry = Entry::after(entries.last(), posting(number));
            insert_in(&mut store.pool.acquire().await.unwrap(), &entry).await.unwrap();
            entries.push(entry);
            assert_eq!(*list(&store).await.unwrap(), entries);
            assert_eq!(*list(&store).await.unwrap(), entries, "nothing was added");
        }
        let mut forged = Entry::after(entries.last(), posting(4));
        forged.head = ContentHash::of(b"forged");
        insert_in(&mut store.pool.acquire().await.unwrap(), &forged).await.unwrap();
        let Err(StoreError::Broken(broken)) = list(&store).await else { panic!("it is forged") };
        assert_eq!(broken.sequence, 4);

        // Somebody with the file alters the entry that was read last.
        for statement in [
            "DROP TRIGGER ledger_entry_is_never_changed",
            "DROP TRIGGER ledger_entry_is_never_removed",
            "DELETE FROM ledger_entry WHERE sequence = 4",
            "UPDATE ledger_entry SET pico_rho = 1 WHERE sequence = 3",
        ] {
            sqlx::query(statement).execute(&store.pool).await.unwrap();
        }
        let Err(StoreError::Broken(broken)) = list(&store).await else { panic!("it is altered") };
        assert_eq!(broken.sequence, 3);
        sqlx::query("DELETE FROM ledger_entry WHERE sequence > 1")
            .execute(&store.pool)
            .await
            .unwrap();
        assert_eq!(*list(&store).await.unwrap(), entries[..1], "the receipts show what is cut off");
    }

    #[tokio::test]
    async fn a_ledger_with_rows_is_brought_up_to_date_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.db");
        let pool = earlier(&path, 3).await;
        let mut entries: Vec<Entry> = Vec::new();
        for number in 1..=3 {
            let entry = Entry::after(entries.last(), posting(number));
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
        assert_eq!(*list(&store).await.unwrap(), entries);
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
