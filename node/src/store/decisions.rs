//! `release_decision`: who approved or withheld one release before its noise
//! was drawn. Rows are only ever added; never sent.

use peerlight_proto::{
    names::{PeriodId, ProgramId},
    units::{ContentHash, SchoolYear, UnixSeconds},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, corrupt, hash, school_year};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be drawn, under the charter and directory named beside it.
    Approved,
    /// It is never drawn.
    Withheld,
}

impl Verdict {
    /// Its name, as in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Withheld => "withheld",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Approved, Self::Withheld].into_iter().find(|verdict| verdict.as_str() == name)
    }
}

/// One decision about one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The reporting year.
    pub school_year: SchoolYear,
    /// The program.
    pub program: ProgramId,
    /// Its period.
    pub period: PeriodId,
    /// What was decided.
    pub verdict: Verdict,
    /// The charter it was decided under.
    pub charter_hash: ContentHash,
    /// The directory it was decided under.
    pub directory_hash: ContentHash,
    /// Who decided; stays on the node.
    pub name: String,
    /// In which office.
    pub title: String,
    /// Why it is withheld or corrected; empty for another approval.
    pub reason: String,
    /// When.
    pub decided_at: UnixSeconds,
}

impl Decision {
    /// Who decided what and why, for the district's own people.
    pub fn in_words(&self) -> String {
        let reason =
            if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        format!("{} by {}, {}{reason}", self.verdict.as_str(), self.name, self.title)
    }
}

/// A year's decisions, oldest first.
pub async fn list(store: &Store, year: SchoolYear) -> Result<Vec<Decision>, StoreError> {
    list_in(&mut *store.pool.acquire().await?, year).await
}

/// A year's decisions within a transaction.
pub(crate) async fn list_in(
    db: &mut SqliteConnection,
    year: SchoolYear,
) -> Result<Vec<Decision>, StoreError> {
    let rows = sqlx::query("SELECT * FROM release_decision WHERE school_year = $1 ORDER BY id")
        .bind(year.ending_year())
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

/// Adds a decision. Within a transaction that has seen that nothing was drawn.
pub(crate) async fn insert_in(
    db: &mut SqliteConnection,
    decision: &Decision,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO release_decision (school_year, program, period, decision, charter_hash,
                                       directory_hash, name, title, reason, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(decision.school_year.ending_year())
    .bind(decision.program.as_str())
    .bind(decision.period.as_str())
    .bind(decision.verdict.as_str())
    .bind(decision.charter_hash.as_bytes())
    .bind(decision.directory_hash.as_bytes())
    .bind(&decision.name)
    .bind(&decision.title)
    .bind(&decision.reason)
    .bind(decision.decided_at.0)
    .execute(db)
    .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Decision, StoreError> {
    const TABLE: &str = "release_decision";
    let id: i64 = row.try_get("id")?;
    let bad = |column| corrupt(TABLE, column, &id);
    let verdict: String = row.try_get("decision")?;
    Ok(Decision {
        school_year: school_year(row, TABLE)?,
        program: ProgramId::new(row.try_get::<String, _>("program")?)
            .map_err(|_| bad("program"))?,
        period: PeriodId::new(row.try_get::<String, _>("period")?).map_err(|_| bad("period"))?,
        verdict: Verdict::from_name(&verdict).ok_or_else(|| bad("decision"))?,
        charter_hash: hash(row, TABLE, "charter_hash")?,
        directory_hash: hash(row, TABLE, "directory_hash")?,
        name: row.try_get("name")?,
        title: row.try_get("title")?,
        reason: row.try_get("reason")?,
        decided_at: UnixSeconds(row.try_get("decided_at")?),
    })
}
