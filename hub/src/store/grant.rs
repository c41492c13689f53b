//! `member_grant`: a member's signed permission for another to oversee it.
//! Scope follows these rows and nothing else.

use peerlight_proto::{names::MemberId, units::UnixSeconds};

use super::{Store, inconsistent};
use crate::error::Error;

/// A grant, as the member signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who is overseen.
    pub member: MemberId,
    /// Who oversees.
    pub overseer: MemberId,
    /// Who signed for the member.
    pub signed_by: String,
    /// Their title.
    pub title: String,
    /// Civil date of the signature, `YYYY-MM-DD`.
    pub signed_on: String,
    /// When the hub's operator recorded it.
    pub recorded_at: UnixSeconds,
}

type Row = (String, String, String, String, String, i64);

fn grant((member, overseer, signed_by, title, signed_on, at): Row) -> Result<Grant, Error> {
    let name =
        |id: String| MemberId::new(id).map_err(|problem| inconsistent("member_grant", &problem));
    Ok(Grant {
        member: name(member)?,
        overseer: name(overseer)?,
        signed_by,
        title,
        signed_on,
        recorded_at: UnixSeconds(at),
    })
}

/// Records a grant; one that was recorded before is replaced.
pub async fn insert(store: &Store, grant: &Grant) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO member_grant (member, overseer, signed_by, title, signed_on, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (member, overseer) DO UPDATE SET signed_by = excluded.signed_by,
             title = excluded.title, signed_on = excluded.signed_on,
             recorded_at = excluded.recorded_at",
    )
    .bind(grant.member.as_str())
    .bind(grant.overseer.as_str())
    .bind(&grant.signed_by)
    .bind(&grant.title)
    .bind(&grant.signed_on)
    .bind(grant.recorded_at.0)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// What was granted to an overseer, by member.
pub async fn list_for_overseer(store: &Store, overseer: &MemberId) -> Result<Vec<Grant>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT member, overseer, signed_by, title, signed_on, recorded_at FROM member_grant
         WHERE overseer = $1 ORDER BY member",
    )
    .bind(overseer.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter().map(grant).collect()
}

/// Every grant, by member, then overseer.
pub async fn list(store: &Store) -> Result<Vec<Grant>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT member, overseer, signed_by, title, signed_on, recorded_at FROM member_grant
         ORDER BY member, overseer",
    )
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter().map(grant).collect()
}
