//! `receipt`: the hub's signed word that it holds a release.
//!
//! Callers verify before they insert (see `release::receipt`).

use peerlight_proto::{names::ReleaseId, units::UnixSeconds, v1::SignedReceipt};
use sqlx::Row;

use super::{Inserted, Store, StoreError};

/// Keeps a verified receipt and marks its release as sent, in one transaction.
/// The first receipt of a release is the one that is kept.
pub async fn insert(
    store: &Store,
    id: &ReleaseId,
    receipt: &SignedReceipt,
    at: UnixSeconds,
) -> Result<Inserted, StoreError> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "INSERT INTO receipt (release_id, receipt, signature, received_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT (release_id) DO NOTHING",
    )
    .bind(id.as_str())
    .bind(&receipt.receipt)
    .bind(&receipt.signature)
    .bind(at.0)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE outbox SET state = 'sent', attempts = attempts + 1, last_attempt_at = $2,
                           last_problem = NULL
         WHERE release_id = $1 AND state <> 'sent'",
    )
    .bind(id.as_str())
    .bind(at.0)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(if done.rows_affected() == 1 { Inserted::New } else { Inserted::AlreadyHeld })
}

/// The receipt of a release, if the hub has given one.
pub async fn find(store: &Store, id: &ReleaseId) -> Result<Option<SignedReceipt>, StoreError> {
    let row = sqlx::query("SELECT receipt, signature FROM receipt WHERE release_id = $1")
        .bind(id.as_str())
        .fetch_optional(&store.pool)
        .await?;
    row.map(|row| {
        Ok(SignedReceipt { receipt: row.try_get("receipt")?, signature: row.try_get("signature")? })
    })
    .transpose()
}
