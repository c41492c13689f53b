//! `release`: noisy releases and the receipts the hub gave for them.

use peerlight_hub_engine::admission::{HeldPeriod, History, Reused, Stored};
use peerlight_proto::{
    names::{MemberId, PeriodId, ProgramId, ReleaseId},
    units::{ContentHash, UnixSeconds},
    v1::{EnvelopeHeader, SignedReceipt},
};
use sqlx::AnyConnection;

use super::{Store, inconsistent};
use crate::error::Error;

/// A release that passed admission, with its receipt.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRelease {
    /// What its header states.
    pub head: Head,
    /// Digest of the release before it; empty for the first.
    pub previous_digest: String,
    /// Position of the ledger entry that paid for it.
    pub ledger_sequence: u64,
    /// Hash of that entry, hexadecimal.
    pub ledger_head: String,
    /// The hub's word for it.
    pub receipt: SignedReceipt,
    /// The noisy payload.
    pub payload: Vec<u8>,
}

/// What is listed about a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Who sent it.
    pub member: MemberId,
    /// How the node named it.
    pub release_id: ReleaseId,
    /// The node's release counter.
    pub sequence: u64,
    /// Reporting year, by ending year.
    pub school_year: u16,
    /// The charter's program.
    pub program: ProgramId,
    /// The program's period.
    pub period: PeriodId,
    /// SHA-256 of the noisy payload.
    pub digest: ContentHash,
    /// Charter it was made under.
    pub charter_hash: ContentHash,
    /// Directory it was made under.
    pub directory_hash: ContentHash,
    /// When its noise was drawn, by the node's clock.
    pub created_at: UnixSeconds,
    /// When the hub stored it.
    pub received_at: UnixSeconds,
    /// How many integers it carries.
    pub cells: u64,
}

impl Head {
    /// What names it among all members' releases.
    pub fn key(&self) -> (MemberId, ReleaseId) {
        (self.member.clone(), self.release_id.clone())
    }
}

/// What became of a release.
#[derive(Clone, Debug, PartialEq)]
pub enum Inserted {
    /// It is new.
    New,
    /// The hub held it already, and gave this receipt then.
    AlreadyHeld(SignedReceipt),
    /// The hub holds another release with the same of this.
    Contradicts(Reused),
}

/// Stores a release and its receipt unless the hub holds it, or another that
/// claims to be it. All within the caller's transaction.
pub async fn insert(
    connection: &mut AnyConnection,
    release: &NewRelease,
) -> Result<Inserted, Error> {
    let head = &release.head;
    let done = sqlx::query(
        "INSERT INTO release (member, release_id, sequence, school_year, program, period, digest,
             previous_digest, ledger_sequence, ledger_head, charter_hash, directory_hash,
             created_at, received_at, cells, receipt, receipt_signature, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         ON CONFLICT DO NOTHING",
    )
    .bind(head.member.as_str())
    .bind(head.release_id.as_str())
    .bind(head.sequence as i64)
    .bind(i64::from(head.school_year))
    .bind(head.program.as_str())
    .bind(head.period.as_str())
    .bind(head.digest.to_string())
    .bind(&release.previous_digest)
    .bind(release.ledger_sequence as i64)
    .bind(&release.ledger_head)
    .bind(head.charter_hash.to_string())
    .bind(head.directory_hash.to_string())
    .bind(head.created_at.0)
    .bind(head.received_at.0)
    .bind(head.cells as i64)
    .bind(&release.receipt.receipt)
    .bind(&release.receipt.signature)
    .bind(&release.payload)
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(Inserted::New);
    }
    held(connection, head).await
}

/// Says what stands in the way of a release that was not inserted.
async fn held(connection: &mut AnyConnection, head: &Head) -> Result<Inserted, Error> {
    type Row = (String, i64, String, Vec<u8>, Vec<u8>);
    let same: Option<Row> = sqlx::query_as(
        "SELECT digest, sequence, program, receipt, receipt_signature FROM release
         WHERE member = $1 AND release_id = $2",
    )
    .bind(head.member.as_str())
    .bind(head.release_id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    if let Some((digest, sequence, program, receipt, signature)) = same {
        let again = digest == head.digest.to_string()
            && sequence == head.sequence as i64
            && program == head.program.as_str();
        return Ok(if again {
            Inserted::AlreadyHeld(SignedReceipt { receipt, signature })
        } else {
            Inserted::Contradicts(Reused::ReleaseId)
        });
    }
    let sequence: Option<(String,)> =
        sqlx::query_as("SELECT release_id FROM release WHERE member = $1 AND sequence = $2")
            .bind(head.member.as_str())
            .bind(head.sequence as i64)
            .fetch_optional(connection)
            .await?;
    Ok(Inserted::Contradicts(if sequence.is_some() { Reused::Sequence } else { Reused::Period }))
}

const COLUMNS: &str = "SELECT member, release_id, sequence, school_year, program, period, digest, \
                       charter_hash, directory_hash, created_at, received_at, cells FROM release";

fn head(row: &sqlx::any::AnyRow) -> Result<Head, Error> {
    use sqlx::Row;
    let broken = |problem: &str| inconsistent("release", problem);
    let text = |column: usize| row.try_get::<String, _>(column);
    let number = |column: usize| row.try_get::<i64, _>(column);
    Ok(Head {
        member: MemberId::new(text(0)?).map_err(|_| broken("member"))?,
        release_id: ReleaseId::new(text(1)?).map_err(|_| broken("release_id"))?,
        sequence: number(2)? as u64,
        school_year: u16::try_from(number(3)?).map_err(|_| broken("school_year"))?,
        program: ProgramId::new(text(4)?).map_err(|_| broken("program"))?,
        period: PeriodId::new(text(5)?).map_err(|_| broken("period"))?,
        digest: text(6)?.parse().map_err(|_| broken("digest"))?,
        charter_hash: text(7)?.parse().map_err(|_| broken("charter_hash"))?,
        directory_hash: text(8)?.parse().map_err(|_| broken("directory_hash"))?,
        created_at: UnixSeconds(number(9)?),
        received_at: UnixSeconds(number(10)?),
        cells: number(11)? as u64,
    })
}

/// A release the hub holds, as admission compares it.
fn known(head: &Head) -> Stored {
    Stored {
        release_id: head.release_id.clone(),
        sequence: head.sequence,
        payload_digest: head.digest,
        program: head.program.clone(),
        period: head.period.clone(),
        school_year: head.school_year,
    }
}

/// What the hub holds of a member that bears on a release it sends.
pub async fn find_history(
    store: &Store,
    member: &MemberId,
    header: &EnvelopeHeader,
    school_year: u16,
) -> Result<History, Error> {
    let sql = format!(
        "{COLUMNS} WHERE member = $1 AND (release_id = $2 OR sequence = $3
             OR (school_year = $4 AND program = $5)
             OR sequence = (SELECT max(sequence) FROM release WHERE member = $1))"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(member.as_str())
        .bind(header.release_id.as_str())
        .bind(i64::try_from(header.sequence).unwrap_or(i64::MAX))
        .bind(i64::from(school_year))
        .bind(header.program.as_str())
        .fetch_all(&store.pool)
        .await?;
    let heads: Vec<Head> = rows.iter().map(head).collect::<Result<_, _>>()?;
    let same_program = heads
        .iter()
        .filter(|head| head.school_year == school_year && head.program.as_str() == header.program)
        .map(|head| HeldPeriod {
            period: head.period.clone(),
            charter_hash: head.charter_hash,
            directory_hash: head.directory_hash,
        })
        .collect();
    let held: Vec<Stored> = heads.iter().map(known).collect();
    let with = |same: &dyn Fn(&Stored) -> bool| held.iter().find(|held| same(held)).cloned();
    Ok(History {
        newest: held.iter().max_by_key(|held| held.sequence).cloned(),
        same_id: with(&|held| held.release_id.as_str() == header.release_id),
        same_sequence: with(&|held| held.sequence == header.sequence),
        same_period: with(&|held| {
            held.school_year == school_year
                && held.program.as_str() == header.program
                && held.period.as_str() == header.period
        }),
        same_program,
    })
}

/// The receipt the hub gave for one release.
pub async fn find_receipt(
    store: &Store,
    member: &MemberId,
    release_id: &ReleaseId,
) -> Result<Option<SignedReceipt>, Error> {
    let row: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT receipt, receipt_signature FROM release WHERE member = $1 AND release_id = $2",
    )
    .bind(member.as_str())
    .bind(release_id.as_str())
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.map(|(receipt, signature)| SignedReceipt { receipt, signature }))
}

/// Charters and directories under which a member ever made a release.
pub async fn list_documents(
    store: &Store,
    member: &MemberId,
) -> Result<Vec<(ContentHash, ContentHash)>, Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT charter_hash, directory_hash FROM release WHERE member = $1",
    )
    .bind(member.as_str())
    .fetch_all(&store.pool)
    .await?;
    let broken = |column: &str| inconsistent("release", column);
    rows.into_iter()
        .map(|(charter, directory)| {
            let charter = charter.parse().map_err(|_| broken("charter_hash"))?;
            Ok((charter, directory.parse().map_err(|_| broken("directory_hash"))?))
        })
        .collect()
}

/// Every release of a school year, by member, then sequence; no payloads.
pub async fn list(store: &Store, school_year: u16) -> Result<Vec<Head>, Error> {
    let sql = format!("{COLUMNS} WHERE school_year = $1 ORDER BY member, sequence");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(i64::from(school_year))
        .fetch_all(&store.pool)
        .await?;
    rows.iter().map(head).collect()
}

/// The noisy payload of one release.
pub async fn find_payload(
    store: &Store,
    member: &MemberId,
    release_id: &ReleaseId,
) -> Result<Option<Vec<u8>>, Error> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT payload FROM release WHERE member = $1 AND release_id = $2")
            .bind(member.as_str())
            .bind(release_id.as_str())
            .fetch_optional(&store.pool)
            .await?;
    Ok(row.map(|(payload,)| payload))
}

/// The receipt of the member's newest release.
pub async fn find_last_receipt(
    store: &Store,
    member: &MemberId,
) -> Result<Option<SignedReceipt>, Error> {
    let row: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT receipt, receipt_signature FROM release WHERE member = $1
         ORDER BY sequence DESC LIMIT 1",
    )
    .bind(member.as_str())
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.map(|(receipt, signature)| SignedReceipt { receipt, signature }))
}
