//! `approval`: which charter and directory a district approved, and what it
//! declared it would send under them.

use std::collections::BTreeSet;

use peerlight_proto::{
    names::{MemberId, ProgramId},
    units::{ContentHash, UnixSeconds},
};

use super::{Store, inconsistent};
use crate::error::Error;

/// A district's approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The district.
    pub member: MemberId,
    /// The charter it approved.
    pub charter_hash: ContentHash,
    /// The directory it approved.
    pub directory_hash: ContentHash,
    /// Programs it will send.
    pub offered: Vec<ProgramId>,
    /// When the hub was told.
    pub recorded_at: UnixSeconds,
}

/// Records an approval; a later one of the same charter and directory
/// replaces what was declared.
pub async fn insert(store: &Store, approval: &Approval) -> Result<(), Error> {
    let offered: Vec<&str> = approval.offered.iter().map(ProgramId::as_str).collect();
    sqlx::query(
        "INSERT INTO approval (member, charter_hash, directory_hash, offered, recorded_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (member, charter_hash, directory_hash)
         DO UPDATE SET offered = excluded.offered, recorded_at = excluded.recorded_at",
    )
    .bind(approval.member.as_str())
    .bind(approval.charter_hash.to_string())
    .bind(approval.directory_hash.to_string())
    .bind(offered.join(","))
    .bind(approval.recorded_at.0)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// What a member declared when it last approved a charter; `None` if it did
/// not approve it.
pub async fn find_offered(
    store: &Store,
    member: &MemberId,
    charter: ContentHash,
) -> Result<Option<BTreeSet<ProgramId>>, Error> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT offered FROM approval WHERE member = $1 AND charter_hash = $2
         ORDER BY recorded_at DESC LIMIT 1",
    )
    .bind(member.as_str())
    .bind(charter.to_string())
    .fetch_optional(&store.pool)
    .await?;
    row.map(|(offered,)| Ok(programs(&offered)?.into_iter().collect())).transpose()
}

fn programs(offered: &str) -> Result<Vec<ProgramId>, Error> {
    let ids = offered.split(',').filter(|id| !id.is_empty());
    ids.map(ProgramId::new)
        .collect::<Result<_, _>>()
        .map_err(|problem| inconsistent("approval", &problem))
}

type Row = (String, String, String, String, i64);

/// Every approval of a charter, by member, oldest first.
pub async fn list(store: &Store, charter: ContentHash) -> Result<Vec<Approval>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT member, charter_hash, directory_hash, offered, recorded_at FROM approval
         WHERE charter_hash = $1 ORDER BY member, recorded_at",
    )
    .bind(charter.to_string())
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter().map(approval).collect()
}

/// Every approval recorded until an instant, by member, oldest first.
pub async fn list_until(store: &Store, at: UnixSeconds) -> Result<Vec<Approval>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT member, charter_hash, directory_hash, offered, recorded_at FROM approval
         WHERE recorded_at <= $1 ORDER BY member, recorded_at",
    )
    .bind(at.0)
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter().map(approval).collect()
}

fn approval((member, charter, directory, offered, at): Row) -> Result<Approval, Error> {
    let broken = |problem: &str| inconsistent("approval", problem);
    Ok(Approval {
        member: MemberId::new(member).map_err(|_| broken("member"))?,
        charter_hash: charter.parse().map_err(|_| broken("charter_hash"))?,
        directory_hash: directory.parse().map_err(|_| broken("directory_hash"))?,
        offered: programs(&offered)?,
        recorded_at: UnixSeconds(at),
    })
}
