//! `audit_entry`: who did what and when, hash-chained so that a change shows.
//!
//! Actions and subjects name programs, releases, files and hashes; never a
//! student, never a count.

use peerlight_proto::units::{ContentHash, UnixSeconds};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, hash};

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its position, from 1 without gaps.
    pub sequence: u64,
    /// When.
    pub at: UnixSeconds,
    /// Who: a person as they named themselves, or a program.
    pub actor: String,
    /// What was done: a verb and a noun.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Hash of the head before it and of every field above.
    pub head: ContentHash,
}

/// Adds a line.
pub async fn insert(
    store: &Store,
    at: UnixSeconds,
    actor: &str,
    action: &str,
    subject: &str,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    insert_in(&mut tx, at, actor, action, subject).await?;
    tx.commit().await?;
    Ok(())
}

/// Adds a line within a transaction that holds the write lock.
pub(crate) async fn insert_in(
    db: &mut SqliteConnection,
    at: UnixSeconds,
    actor: &str,
    action: &str,
    subject: &str,
) -> Result<(), StoreError> {
    let last = sqlx::query("SELECT * FROM audit_entry ORDER BY sequence DESC LIMIT 1")
        .fetch_optional(&mut *db)
        .await?;
    let last = last.as_ref().map(read).transpose()?;
    let mut entry = AuditEntry {
        sequence: last.as_ref().map_or(1, |last| last.sequence + 1),
        at,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        head: ContentHash([0; 32]),
    };
    entry.head = head(last.map_or(ContentHash([0; 32]), |last| last.head), &entry);
    sqlx::query(
        "INSERT INTO audit_entry (sequence, at, actor, action, subject, head)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(entry.sequence.cast_signed())
    .bind(entry.at.0)
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.subject)
    .bind(entry.head.as_bytes())
    .execute(db)
    .await?;
    Ok(())
}

/// The whole log, oldest first, after checking that its chain holds.
pub async fn list(store: &Store) -> Result<Vec<AuditEntry>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM audit_entry ORDER BY sequence").fetch_all(&store.pool).await?;
    let entries: Vec<AuditEntry> = rows.iter().map(read).collect::<Result<_, _>>()?;
    let mut previous = ContentHash([0; 32]);
    for (expected, entry) in (1..).zip(&entries) {
        if entry.sequence != expected || entry.head != head(previous, entry) {
            return Err(StoreError::AuditBroken(expected));
        }
        previous = entry.head;
    }
    Ok(entries)
}

/// Every field with its length before it.
fn head(previous: ContentHash, entry: &AuditEntry) -> ContentHash {
    let parts: [&[u8]; 7] = [
        b"peerlight audit v1",
        previous.as_bytes(),
        &entry.sequence.to_be_bytes(),
        &entry.at.0.to_be_bytes(),
        entry.actor.as_bytes(),
        entry.action.as_bytes(),
        entry.subject.as_bytes(),
    ];
    let mut bytes = Vec::with_capacity(256);
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    ContentHash::of(&bytes)
}

fn read(row: &SqliteRow) -> Result<AuditEntry, StoreError> {
    let sequence: i64 = row.try_get("sequence")?;
    Ok(AuditEntry {
        sequence: sequence.cast_unsigned(),
        at: UnixSeconds(row.try_get("at")?),
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        head: hash(row, "audit_entry", "head")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_altered_or_cut_audit_log_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        for number in 0..4 {
            insert(&store, UnixSeconds(number), "Jo Doe", "import csv", "a.csv").await.unwrap();
        }
        assert_eq!(list(&store).await.unwrap().len(), 4);
        for guard in ["audit_entry_is_never_changed", "audit_entry_is_never_removed"] {
            let drop = sqlx::AssertSqlSafe(format!("DROP TRIGGER {guard}"));
            sqlx::query(drop).execute(&store.pool).await.unwrap();
        }
        let actor = "UPDATE audit_entry SET actor = $1 WHERE sequence = 3";
        sqlx::query(actor).bind("nobody").execute(&store.pool).await.unwrap();
        assert!(matches!(list(&store).await, Err(StoreError::AuditBroken(3))));
        sqlx::query(actor).bind("Jo Doe").execute(&store.pool).await.unwrap();
        assert_eq!(list(&store).await.unwrap().len(), 4);
        sqlx::query("DELETE FROM audit_entry WHERE sequence = 2")
            .execute(&store.pool)
            .await
            .unwrap();
        assert!(matches!(list(&store).await, Err(StoreError::AuditBroken(2))));
    }
}
