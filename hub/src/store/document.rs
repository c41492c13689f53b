//! `document`: charters, directories, key lists and growth tables, exactly as
//! signed. Numbers count up within a kind; the highest is in force.

use peerlight_proto::{
    units::{ContentHash, UnixSeconds},
    v1::SignedDocument,
};
use sqlx::AnyConnection;

use super::{Store, inconsistent};
use crate::error::Error;

/// A stored document.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its number within its kind.
    pub number: u32,
    /// The school year it is for, by ending year; 0 where it has none.
    pub school_year: u16,
    /// Its hash.
    pub hash: ContentHash,
    /// Its bytes and signature.
    pub signed: SignedDocument,
    /// When it was signed.
    pub signed_at: UnixSeconds,
}

type Row = (String, i64, i64, String, Vec<u8>, Vec<u8>, i64);

const COLUMNS: &str =
    "SELECT kind, number, school_year, hash, document, signature, signed_at FROM document";

fn stored((kind, number, year, hash, document, signature, at): Row) -> Result<Stored, Error> {
    let broken = |problem: &str| inconsistent("document", problem);
    Ok(Stored {
        number: u32::try_from(number).map_err(|_| broken("number"))?,
        school_year: u16::try_from(year).map_err(|_| broken("school_year"))?,
        hash: hash.parse().map_err(|_| broken("hash"))?,
        signed: SignedDocument { kind, document, signature },
        signed_at: UnixSeconds(at),
    })
}

/// Stores a document under the number it carries.
pub async fn insert(connection: &mut AnyConnection, document: &Stored) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO document (kind, number, school_year, hash, document, signature, signed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&document.signed.kind)
    .bind(i64::from(document.number))
    .bind(i64::from(document.school_year))
    .bind(document.hash.to_string())
    .bind(&document.signed.document)
    .bind(&document.signed.signature)
    .bind(document.signed_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The document of this kind with this number.
pub async fn find(store: &Store, kind: &str, number: u32) -> Result<Option<Stored>, Error> {
    let sql = format!("{COLUMNS} WHERE kind = $1 AND number = $2");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(kind)
        .bind(i64::from(number))
        .fetch_optional(&store.pool)
        .await?;
    row.map(stored).transpose()
}

/// The document of this kind with this hash.
pub async fn find_hashed(
    store: &Store,
    kind: &str,
    hash: ContentHash,
) -> Result<Option<Stored>, Error> {
    let sql = format!("{COLUMNS} WHERE kind = $1 AND hash = $2");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(kind)
        .bind(hash.to_string())
        .fetch_optional(&store.pool)
        .await?;
    row.map(stored).transpose()
}

/// The document of this kind in force.
pub async fn find_newest(store: &Store, kind: &str) -> Result<Option<Stored>, Error> {
    find(store, kind, newest_number(store, kind).await?).await
}

/// The newest document of this kind for a school year.
pub async fn find_for_year(store: &Store, kind: &str, year: u16) -> Result<Option<Stored>, Error> {
    let sql =
        format!("{COLUMNS} WHERE kind = $1 AND school_year = $2 ORDER BY number DESC LIMIT 1");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(kind)
        .bind(i64::from(year))
        .fetch_optional(&store.pool)
        .await?;
    row.map(stored).transpose()
}

/// The highest number of a kind; 0 where there is none.
pub async fn newest_number(store: &Store, kind: &str) -> Result<u32, Error> {
    let (number,): (i64,) = sqlx::query_as(
        "SELECT CAST(coalesce(max(number), 0) AS BIGINT) FROM document WHERE kind = $1",
    )
    .bind(kind)
    .fetch_one(&store.pool)
    .await?;
    u32::try_from(number).map_err(|_| inconsistent("document", "number"))
}
