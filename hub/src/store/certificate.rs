//! `certificate`: what the hub has issued, and what of it is revoked.

use peerlight_proto::{names::MemberId, units::UnixSeconds};
use sqlx::AnyConnection;

use super::Store;
use crate::{authority::Issued, error::Error};

/// Remembers a certificate.
pub async fn insert(
    connection: &mut AnyConnection,
    member: &MemberId,
    issued: &Issued,
    now: UnixSeconds,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO certificate (serial, member, issued_at, expires_at, revoked_at)
         VALUES ($1, $2, $3, $4, 0)",
    )
    .bind(&issued.serial)
    .bind(member.as_str())
    .bind(now.0)
    .bind(issued.expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the hub issued this certificate to the member and has not revoked it.
pub async fn is_good(store: &Store, member: &MemberId, serial: &str) -> Result<bool, Error> {
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT revoked_at FROM certificate WHERE serial = $1 AND member = $2")
            .bind(serial)
            .bind(member.as_str())
            .fetch_optional(&store.pool)
            .await?;
    Ok(row == Some((0,)))
}

/// Revokes every certificate of a member; takes effect on its next call.
pub async fn revoke_all(
    connection: &mut AnyConnection,
    member: &MemberId,
    now: UnixSeconds,
) -> Result<(), Error> {
    sqlx::query("UPDATE certificate SET revoked_at = $1 WHERE member = $2 AND revoked_at = 0")
        .bind(now.0)
        .bind(member.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// When the last good certificate of a member ends; `None` if it has none.
pub async fn last_end(store: &Store, member: &MemberId) -> Result<Option<UnixSeconds>, Error> {
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT expires_at FROM certificate WHERE member = $1 AND revoked_at = 0
         ORDER BY expires_at DESC LIMIT 1",
    )
    .bind(member.as_str())
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.map(|(end,)| UnixSeconds(end)))
}
