//! `document`: what the hub's root signed, as received and verified.
//!
//! Callers verify before they insert; these functions never do.

use peerlight_proto::{
    units::{ContentHash, SchoolYear, UnixSeconds},
    v1::SignedDocument,
};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Inserted, Store, StoreError, hash};

/// A verified document with what it says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedDocument {
    /// Kind, bytes and signature.
    pub signed: SignedDocument,
    /// SHA-256 of the bytes.
    pub hash: ContentHash,
    /// Its own number; 0 where it has none.
    pub number: u64,
    /// The school year it is for, if it is for one.
    pub school_year: Option<SchoolYear>,
}

/// Keeps a document.
pub async fn insert(
    store: &Store,
    document: &VerifiedDocument,
    at: UnixSeconds,
) -> Result<Inserted, StoreError> {
    let done = sqlx::query(
        "INSERT INTO document (kind, hash, number, school_year, document, signature, verified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (kind, hash) DO NOTHING",
    )
    .bind(&document.signed.kind)
    .bind(document.hash.as_bytes())
    .bind(document.number.cast_signed())
    .bind(document.school_year.map(SchoolYear::ending_year))
    .bind(&document.signed.document)
    .bind(&document.signed.signature)
    .bind(at.0)
    .execute(&store.pool)
    .await?;
    Ok(if done.rows_affected() == 1 { Inserted::New } else { Inserted::AlreadyHeld })
}

/// The document of a kind with this hash.
pub async fn find(
    store: &Store,
    kind: &str,
    hash: ContentHash,
) -> Result<Option<VerifiedDocument>, StoreError> {
    let row = sqlx::query("SELECT * FROM document WHERE kind = $1 AND hash = $2")
        .bind(kind)
        .bind(hash.as_bytes())
        .fetch_optional(&store.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The document of a kind with the highest number; of equals, the last to come.
pub async fn find_newest(
    store: &Store,
    kind: &str,
) -> Result<Option<VerifiedDocument>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM document WHERE kind = $1
         ORDER BY number DESC, verified_at DESC, rowid DESC LIMIT 1",
    )
    .bind(kind)
    .fetch_optional(&store.pool)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The documents of a kind and school year, newest first.
pub async fn list(
    store: &Store,
    kind: &str,
    school_year: SchoolYear,
) -> Result<Vec<VerifiedDocument>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM document WHERE kind = $1 AND school_year = $2
         ORDER BY number DESC, verified_at DESC, rowid DESC",
    )
    .bind(kind)
    .bind(school_year.ending_year())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<VerifiedDocument, StoreError> {
    let number: i64 = row.try_get("number")?;
    let year: Option<i64> = row.try_get("school_year")?;
    Ok(VerifiedDocument {
        signed: SignedDocument {
            kind: row.try_get("kind")?,
            document: row.try_get("document")?,
            signature: row.try_get("signature")?,
        },
        hash: hash(row, "document", "hash")?,
        number: number.cast_unsigned(),
        school_year: year.map(|_| super::school_year(row, "document")).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(number: u64, text: &str) -> VerifiedDocument {
        VerifiedDocument {
            signed: SignedDocument {
                kind: "charter".to_owned(),
                document: text.as_bytes().to_vec(),
                signature: vec![1; 64],
            },
            hash: ContentHash::of(text.as_bytes()),
            number,
            school_year: SchoolYear::ending(2026).ok(),
        }
    }

    #[tokio::test]
    async fn documents_come_back_as_they_were_kept_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let (first, second) = (document(1, "one"), document(2, "two"));
        for (document, at) in [(&second, 5), (&first, 9)] {
            let inserted = insert(&store, document, UnixSeconds(at)).await.unwrap();
            assert_eq!(inserted, Inserted::New);
        }
        let again = insert(&store, &first, UnixSeconds(10)).await.unwrap();
        assert_eq!(again, Inserted::AlreadyHeld);
        assert_eq!(find(&store, "charter", first.hash).await.unwrap(), Some(first.clone()));
        assert_eq!(find(&store, "directory", first.hash).await.unwrap(), None);
        assert_eq!(find_newest(&store, "charter").await.unwrap(), Some(second.clone()));
        let year = SchoolYear::ending(2026).unwrap();
        assert_eq!(list(&store, "charter", year).await.unwrap(), [second, first]);
    }
}
