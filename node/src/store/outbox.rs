//! `noisy_release` and `outbox`: what was paid for and is still to be sent.
//!
//! A payload is kept after its receipt, so that it can be sent again to a hub
//! that was restored from a backup; it is never drawn again.

use std::collections::BTreeSet;

use peerlight_node_engine::privacy::{chain::Entry, release::NoisyRelease};
use peerlight_proto::{
    names::{PeriodId, ProgramId, ReleaseId},
    units::{ContentHash, SchoolYear, UnixSeconds},
    v1::EnvelopeKind,
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, corrupt, ledger};

/// How far a release has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// To be sent.
    Waiting,
    /// The hub's receipt is here.
    Sent,
    /// The hub refused it; somebody must look. The next sync tries it again.
    Refused,
}

impl OutboxState {
    /// Its name, as in the database and in rows printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Refused => "refused",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Sent, Self::Refused].into_iter().find(|state| state.as_str() == name)
    }
}

/// A release that was drawn and paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRelease {
    /// The ledger entry that paid for it.
    pub entry: Entry,
    /// The node's release counter, from 1 without gaps.
    pub sequence: u64,
    /// What its envelope is of.
    pub kind: EnvelopeKind,
    /// Payload digest of the release before it; absent for the first.
    pub previous_payload_digest: Option<ContentHash>,
    /// How far it has come.
    pub state: OutboxState,
    /// Tries to send it.
    pub attempts: u32,
    /// When it was last tried.
    pub last_attempt_at: Option<UnixSeconds>,
    /// What was wrong then.
    pub last_problem: Option<String>,
}

const SELECT: &str = "SELECT l.*, n.sequence AS release_sequence, n.kind,
        n.previous_payload_digest, o.state, o.attempts, o.last_attempt_at, o.last_problem
    FROM noisy_release n
    JOIN ledger_entry l ON l.release_id = n.release_id
    JOIN outbox o ON o.release_id = n.release_id";

/// Every release, in the order in which noise was drawn.
pub async fn list(store: &Store) -> Result<Vec<OutboxRelease>, StoreError> {
    let query = sqlx::AssertSqlSafe(format!("{SELECT} ORDER BY n.sequence"));
    let rows = sqlx::query(query).fetch_all(&store.pool).await?;
    rows.iter().map(read).collect()
}

/// Program and period of every release of a reporting year.
pub async fn drawn(
    store: &Store,
    school_year: SchoolYear,
) -> Result<BTreeSet<(ProgramId, PeriodId)>, StoreError> {
    let of_year = list(store).await?.into_iter().map(|release| release.entry.posting);
    let of_year = of_year.filter(|posting| posting.school_year == school_year);
    Ok(of_year.map(|posting| (posting.program, posting.period)).collect())
}

/// The releases that the hub has given no receipt for, in order; refused ones
/// included, because the hub takes none that follow before it takes them.
pub async fn list_unsent(store: &Store) -> Result<Vec<OutboxRelease>, StoreError> {
    let query =
        sqlx::AssertSqlSafe(format!("{SELECT} WHERE o.state <> 'sent' ORDER BY n.sequence"));
    let rows = sqlx::query(query).fetch_all(&store.pool).await?;
    rows.iter().map(read).collect()
}

/// The release with this id.
pub async fn find(store: &Store, id: &ReleaseId) -> Result<Option<OutboxRelease>, StoreError> {
    let query = sqlx::AssertSqlSafe(format!("{SELECT} WHERE n.release_id = $1"));
    let row = sqlx::query(query).bind(id.as_str()).fetch_optional(&store.pool).await?;
    row.as_ref().map(read).transpose()
}

/// The release of one program and period.
pub async fn find_drawn(
    store: &Store,
    school_year: SchoolYear,
    program: &ProgramId,
    period: &PeriodId,
) -> Result<Option<OutboxRelease>, StoreError> {
    find_drawn_in(&mut *store.pool.acquire().await?, school_year, program, period).await
}

/// The release of one program and period, within a transaction.
pub(crate) async fn find_drawn_in(
    db: &mut SqliteConnection,
    school_year: SchoolYear,
    program: &ProgramId,
    period: &PeriodId,
) -> Result<Option<OutboxRelease>, StoreError> {
    let query = sqlx::AssertSqlSafe(format!(
        "{SELECT} WHERE l.school_year = $1 AND l.program = $2 AND l.period = $3"
    ));
    let row = sqlx::query(query)
        .bind(school_year.ending_year())
        .bind(program.as_str())
        .bind(period.as_str())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The last release drawn, within a transaction.
pub(crate) async fn find_last_in(
    db: &mut SqliteConnection,
) -> Result<Option<OutboxRelease>, StoreError> {
    let query = sqlx::AssertSqlSafe(format!("{SELECT} ORDER BY n.sequence DESC LIMIT 1"));
    let row = sqlx::query(query).fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// The bytes to seal: what was stored with the charge.
pub async fn find_payload(store: &Store, id: &ReleaseId) -> Result<Option<Vec<u8>>, StoreError> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT payload FROM noisy_release WHERE release_id = $1")
            .bind(id.as_str())
            .fetch_optional(&store.pool)
            .await?;
    Ok(row.map(|(payload,)| payload))
}

/// Stores a noisy payload to be sent. Within the release transaction alone,
/// after its ledger entry; only a [`NoisyRelease`] can be stored.
pub(crate) async fn insert_in(
    db: &mut SqliteConnection,
    id: &ReleaseId,
    noisy: &NoisyRelease,
    kind: EnvelopeKind,
    last: Option<&OutboxRelease>,
) -> Result<(), StoreError> {
    let previous = last.map_or(&[][..], |last| last.entry.payload_digest.as_bytes());
    sqlx::query(
        "INSERT INTO noisy_release (release_id, sequence, kind, payload, previous_payload_digest)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id.as_str())
    .bind(last.map_or(1, |last| last.sequence + 1).cast_signed())
    .bind(kind as i32)
    .bind(noisy.payload())
    .bind(previous)
    .execute(&mut *db)
    .await?;
    sqlx::query("INSERT INTO outbox (release_id, state) VALUES ($1, 'waiting')")
        .bind(id.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that sending failed; it is tried again.
pub async fn update_failed(
    store: &Store,
    id: &ReleaseId,
    problem: &str,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    attempted(store, id, OutboxState::Waiting, problem, at).await
}

/// Notes that the hub refused it, and why.
pub async fn update_refused(
    store: &Store,
    id: &ReleaseId,
    problem: &str,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    attempted(store, id, OutboxState::Refused, problem, at).await
}

async fn attempted(
    store: &Store,
    id: &ReleaseId,
    state: OutboxState,
    problem: &str,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE outbox SET state = $2, attempts = attempts + 1, last_attempt_at = $3,
                           last_problem = $4
         WHERE release_id = $1 AND state <> 'sent'",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(at.0)
    .bind(problem)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// Makes every release after a position wait again: the hub has lost them. The
/// same payloads are sent.
pub async fn update_resend_after(store: &Store, sequence: u64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'waiting' WHERE state <> 'waiting' AND release_id IN
             (SELECT release_id FROM noisy_release WHERE sequence > $1)",
    )
    .bind(sequence.cast_signed())
    .execute(&store.pool)
    .await?;
    Ok(done.rows_affected())
}

fn read(row: &SqliteRow) -> Result<OutboxRelease, StoreError> {
    let entry = ledger::read(row)?;
    let bad = |table, column| corrupt(table, column, &entry.release_id);
    let previous: Vec<u8> = row.try_get("previous_payload_digest")?;
    let previous_payload_digest = (!previous.is_empty())
        .then(|| ContentHash::from_bytes(&previous))
        .transpose()
        .map_err(|_| bad("noisy_release", "previous_payload_digest"))?;
    let sequence: i64 = row.try_get("release_sequence")?;
    let kind: i32 = row.try_get("kind")?;
    let state: String = row.try_get("state")?;
    let last_attempt_at: Option<i64> = row.try_get("last_attempt_at")?;
    Ok(OutboxRelease {
        sequence: sequence.cast_unsigned(),
        kind: EnvelopeKind::try_from(kind).map_err(|_| bad("noisy_release", "kind"))?,
        previous_payload_digest,
        state: OutboxState::from_name(&state).ok_or_else(|| bad("outbox", "state"))?,
        attempts: row.try_get("attempts")?,
        last_attempt_at: last_attempt_at.map(UnixSeconds),
        last_problem: row.try_get("last_problem")?,
        entry,
    })
}
