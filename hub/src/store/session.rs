//! `user_session`: who is signed in, by the hash of the token in their cookie,
//! so that a copy of the database signs nobody in.

use super::Store;
use crate::error::Error;
use peerlight_proto::units::{ContentHash, UnixSeconds};

/// Seconds after which a session that nobody uses ends.
pub const IDLE_SECONDS: i64 = 2 * 3600;

/// Seconds after which every session ends.
pub const LONGEST_SECONDS: i64 = 12 * 3600;

/// Seconds between two notes that a session is in use.
const NOTE_SECONDS: i64 = 60;

/// Starts a session, and forgets those that ended.
pub async fn insert(
    store: &Store,
    token_hash: &ContentHash,
    user: &str,
    now: UnixSeconds,
) -> Result<(), Error> {
    sqlx::query("DELETE FROM user_session WHERE created_at <= $1 OR seen_at <= $2")
        .bind(now.0 - LONGEST_SECONDS)
        .bind(now.0 - IDLE_SECONDS)
        .execute(&store.pool)
        .await?;
    sqlx::query(
        "INSERT INTO user_session (token_hash, user_name, created_at, seen_at) \
         VALUES ($1, $2, $3, $3)",
    )
    .bind(token_hash.to_string())
    .bind(user)
    .bind(now.0)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// The name of the user whose session this is, unless it ended.
pub async fn find(
    store: &Store,
    token_hash: &ContentHash,
    now: UnixSeconds,
) -> Result<Option<String>, Error> {
    let row: Option<(String, i64)> = sqlx::query_as(
        "SELECT user_name, seen_at FROM user_session \
         WHERE token_hash = $1 AND created_at > $2 AND seen_at > $3",
    )
    .bind(token_hash.to_string())
    .bind(now.0 - LONGEST_SECONDS)
    .bind(now.0 - IDLE_SECONDS)
    .fetch_optional(&store.pool)
    .await?;
    let Some((name, seen_at)) = row else { return Ok(None) };
    if now.0 - seen_at >= NOTE_SECONDS {
        sqlx::query("UPDATE user_session SET seen_at = $2 WHERE token_hash = $1")
            .bind(token_hash.to_string())
            .bind(now.0)
            .execute(&store.pool)
            .await?;
    }
    Ok(Some(name))
}

/// Ends a session.
pub async fn remove(store: &Store, token_hash: &ContentHash) -> Result<(), Error> {
    sqlx::query("DELETE FROM user_session WHERE token_hash = $1")
        .bind(token_hash.to_string())
        .execute(&store.pool)
        .await?;
    Ok(())
}
