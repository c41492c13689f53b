//! `token`: join tokens, each good once.

use peerlight_proto::{
    names::MemberId,
    token::{JoinToken, TokenKey},
    units::UnixSeconds,
};
use sqlx::AnyConnection;

use super::{Store, inconsistent};
use crate::error::Error;

/// Remembers a token that was handed out; its secret is not kept.
pub async fn insert(store: &Store, token: &JoinToken) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO token (token_id, member, token_key, expires_at, used_at)
         VALUES ($1, $2, $3, $4, 0)",
    )
    .bind(&token.id)
    .bind(token.member.as_str())
    .bind(token.key().as_bytes())
    .bind(token.expires_at.0)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// Uses up a token: gives its member and key if it was unused and not expired.
/// Undone if the transaction is.
pub async fn use_up(
    connection: &mut AnyConnection,
    id: &str,
    now: UnixSeconds,
) -> Result<Option<(MemberId, TokenKey)>, Error> {
    let done = sqlx::query(
        "UPDATE token SET used_at = $1 WHERE token_id = $2 AND used_at = 0 AND expires_at > $1",
    )
    .bind(now.0)
    .bind(id)
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    let (member, key): (String, Vec<u8>) =
        sqlx::query_as("SELECT member, token_key FROM token WHERE token_id = $1")
            .bind(id)
            .fetch_one(connection)
            .await?;
    let member = MemberId::new(member).map_err(|problem| inconsistent("token", &problem))?;
    let key = TokenKey::from_bytes(&key).ok_or_else(|| inconsistent("token", "token_key"))?;
    Ok(Some((member, key)))
}

/// Voids every token of a member that is not used yet.
pub async fn void_all(
    connection: &mut AnyConnection,
    member: &MemberId,
    now: UnixSeconds,
) -> Result<(), Error> {
    sqlx::query("UPDATE token SET used_at = $1 WHERE member = $2 AND used_at = 0")
        .bind(now.0)
        .bind(member.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
