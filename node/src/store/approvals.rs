//! `approval`: who approved which charter and directory, and what the district
//! offers under them. The newest one is in force.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::{
    names::ProgramId,
    units::{ContentHash, PicoRho, SchoolYear, UnixSeconds},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, corrupt, hash, school_year};

/// A district's approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The charter.
    pub charter_hash: ContentHash,
    /// Its number.
    pub charter_number: u32,
    /// The directory.
    pub directory_hash: ContentHash,
    /// Its number.
    pub directory_number: u32,
    /// The reporting year of both.
    pub school_year: SchoolYear,
    /// Who approved; stays on the node.
    pub name: String,
    /// In which office.
    pub title: String,
    /// On which civil date, `YYYY-MM-DD`.
    pub approved_on: String,
    /// The programs the district will send.
    pub offered: BTreeSet<ProgramId>,
    /// The district's own limit on a year's budget, if it set one.
    pub ceiling: Option<PicoRho>,
}

/// An approval as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedApproval {
    /// Its key.
    pub id: i64,
    /// What was approved.
    pub approval: Approval,
    /// When it was recorded here.
    pub recorded_at: UnixSeconds,
    /// When the hub recorded it, if it has.
    pub hub_told_at: Option<UnixSeconds>,
}

/// Records an approval, which is in force from now on; gives its key.
pub async fn insert(
    store: &Store,
    approval: &Approval,
    at: UnixSeconds,
) -> Result<i64, StoreError> {
    let mut tx = store.begin().await?;
    let ceiling = approval.ceiling.map(|ceiling| i64::try_from(ceiling.0).unwrap_or(i64::MAX));
    let (id,): (i64,) = sqlx::query_as(
        "INSERT INTO approval (charter_hash, charter_number, directory_hash, directory_number,
                               school_year, name, title, approved_on, ceiling_pico_rho, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(approval.charter_hash.as_bytes())
    .bind(approval.charter_number)
    .bind(approval.directory_hash.as_bytes())
    .bind(approval.directory_number)
    .bind(approval.school_year.ending_year())
    .bind(&approval.name)
    .bind(&approval.title)
    .bind(&approval.approved_on)
    .bind(ceiling)
    .bind(at.0)
    .fetch_one(&mut *tx)
    .await?;
    for program in &approval.offered {
        sqlx::query("INSERT INTO approval_program (approval_id, program) VALUES ($1, $2)")
            .bind(id)
            .bind(program.as_str())
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// The approval in force.
pub async fn find_newest(store: &Store) -> Result<Option<RecordedApproval>, StoreError> {
    find_newest_in(&mut *store.pool.acquire().await?).await
}

/// The approval in force, within a transaction.
pub(crate) async fn find_newest_in(
    db: &mut SqliteConnection,
) -> Result<Option<RecordedApproval>, StoreError> {
    let row = sqlx::query("SELECT * FROM approval ORDER BY id DESC LIMIT 1")
        .fetch_optional(&mut *db)
        .await?;
    match row {
        Some(row) => {
            let id: i64 = row.try_get("id")?;
            let programs: Vec<(String,)> =
                sqlx::query_as("SELECT program FROM approval_program WHERE approval_id = $1")
                    .bind(id)
                    .fetch_all(db)
                    .await?;
            let programs = programs.into_iter().map(|(program,)| offered_program(id, program));
            read(&row, programs.collect::<Result<_, _>>()?).map(Some)
        }
        None => Ok(None),
    }
}

/// Every approval, oldest first.
pub async fn list(store: &Store) -> Result<Vec<RecordedApproval>, StoreError> {
    list_in(&mut *store.pool.acquire().await?).await
}

/// Every approval, oldest first, within a transaction.
pub(crate) async fn list_in(
    db: &mut SqliteConnection,
) -> Result<Vec<RecordedApproval>, StoreError> {
    let rows = sqlx::query("SELECT * FROM approval ORDER BY id").fetch_all(&mut *db).await?;
    let programs: Vec<(i64, String)> =
        sqlx::query_as("SELECT approval_id, program FROM approval_program").fetch_all(db).await?;
    let mut offered: BTreeMap<i64, BTreeSet<ProgramId>> = BTreeMap::new();
    for (id, program) in programs {
        offered.entry(id).or_default().insert(offered_program(id, program)?);
    }
    rows.iter()
        .map(|row| read(row, offered.remove(&row.try_get("id")?).unwrap_or_default()))
        .collect()
}

/// Notes that the hub has recorded an approval.
pub async fn update_hub_told(store: &Store, id: i64, at: UnixSeconds) -> Result<(), StoreError> {
    sqlx::query("UPDATE approval SET hub_told_at = $2 WHERE id = $1")
        .bind(id)
        .bind(at.0)
        .execute(&store.pool)
        .await?;
    Ok(())
}

fn offered_program(id: i64, program: String) -> Result<ProgramId, StoreError> {
    ProgramId::new(program).map_err(|_| corrupt("approval_program", "program", &id))
}

fn read(row: &SqliteRow, offered: BTreeSet<ProgramId>) -> Result<RecordedApproval, StoreError> {
    let id: i64 = row.try_get("id")?;
    let ceiling: Option<i64> = row.try_get("ceiling_pico_rho")?;
    let hub_told_at: Option<i64> = row.try_get("hub_told_at")?;
    Ok(RecordedApproval {
        id,
        approval: Approval {
            charter_hash: hash(row, "approval", "charter_hash")?,
            charter_number: row.try_get("charter_number")?,
            directory_hash: hash(row, "approval", "directory_hash")?,
            directory_number: row.try_get("directory_number")?,
            school_year: school_year(row, "approval")?,
            name: row.try_get("name")?,
            title: row.try_get("title")?,
            approved_on: row.try_get("approved_on")?,
            offered,
            ceiling: ceiling.map(|ceiling| PicoRho(ceiling.cast_unsigned())),
        },
        recorded_at: UnixSeconds(row.try_get("recorded_at")?),
        hub_told_at: hub_told_at.map(UnixSeconds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_approval_is_in_force_and_every_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        assert_eq!(find_newest(&store).await.unwrap(), None);
        let first = Approval {
            charter_hash: ContentHash::of(b"c"),
            charter_number: 1,
            directory_hash: ContentHash::of(b"d"),
            directory_number: 2,
            school_year: SchoolYear::ending(2026).unwrap(),
            name: "Jo Doe".to_owned(),
            title: "Superintendent".to_owned(),
            approved_on: "2026-06-01".to_owned(),
            offered: ["tested", "ela_met"].map(|id| ProgramId::new(id).unwrap()).into(),
            ceiling: Some(PicoRho(7)),
        };
        let second = Approval { charter_number: 2, ceiling: None, ..first.clone() };
        insert(&store, &first, UnixSeconds(1)).await.unwrap();
        let id = insert(&store, &second, UnixSeconds(2)).await.unwrap();
        update_hub_told(&store, id, UnixSeconds(3)).await.unwrap();
        let newest = find_newest(&store).await.unwrap().unwrap();
        assert_eq!((&newest.approval, newest.hub_told_at), (&second, Some(UnixSeconds(3))));
        let all = list(&store).await.unwrap();
        assert_eq!((&all[0].approval, all[0].hub_told_at), (&first, None));
        assert_eq!(all[1], newest);
    }
}
