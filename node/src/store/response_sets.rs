//! `response_set`: administrations of surveys whose answers no student's id
//! belongs to; where the answers are, never what they are.
//!
//! A school year, kind of respondent and source have one in force. Written in
//! the transaction that records an import; the sealed file must be on the disk
//! before.

use peerlight_node_engine::respondent::Respondent;
use peerlight_proto::units::{ContentHash, SchoolYear, UnixSeconds};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, corrupt, hash, school_year};

/// One administration, as imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseSet {
    /// When.
    pub school_year: SchoolYear,
    /// Who answered.
    pub respondent: Respondent,
    /// Where it came from, such as `survey`.
    pub source: String,
    /// Names of the files, without their folders.
    pub file_name: String,
    /// SHA-256 of everything that was read.
    pub sha256: ContentHash,
    /// Answers it has.
    pub response_count: u64,
    /// Civil date that it tells of, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// Name of the sealed file in the records folder.
    pub records_file: String,
}

/// An administration as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedResponseSet {
    /// What was imported.
    pub set: ResponseSet,
    /// When.
    pub imported_at: UnixSeconds,
    /// When a newer one took its place; absent while it is in force.
    pub superseded_at: Option<UnixSeconds>,
}

/// Ends every administration of a source in a school year, within a transaction
/// that holds the write lock.
pub(super) async fn end_in(
    db: &mut SqliteConnection,
    source: &str,
    year: SchoolYear,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE response_set SET superseded_at = $3
         WHERE school_year = $1 AND source = $2 AND superseded_at IS NULL",
    )
    .bind(year.ending_year())
    .bind(source)
    .bind(at.0)
    .execute(db)
    .await?;
    Ok(())
}

/// Records an administration in the place of the one in force.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    set: &ResponseSet,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE response_set SET superseded_at = $4
         WHERE school_year = $1 AND respondent = $2 AND source = $3 AND superseded_at IS NULL",
    )
    .bind(set.school_year.ending_year())
    .bind(set.respondent.as_str())
    .bind(&set.source)
    .bind(at.0)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO response_set (school_year, respondent, source, file_name, sha256,
                                   response_count, as_of, records_file, imported_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(set.school_year.ending_year())
    .bind(set.respondent.as_str())
    .bind(&set.source)
    .bind(&set.file_name)
    .bind(set.sha256.as_bytes())
    .bind(set.response_count.cast_signed())
    .bind(&set.as_of)
    .bind(&set.records_file)
    .bind(at.0)
    .execute(&mut *db)
    .await?;
    Ok(())
}

/// The administrations in force, by school year, kind of respondent and source.
pub async fn in_force(store: &Store) -> Result<Vec<ResponseSet>, StoreError> {
    let mut sets: Vec<ResponseSet> = list(store)
        .await?
        .into_iter()
        .filter(|held| held.superseded_at.is_none())
        .map(|held| held.set)
        .collect();
    sets.sort_by(|a, b| {
        (a.school_year, a.respondent, &a.source).cmp(&(b.school_year, b.respondent, &b.source))
    });
    Ok(sets)
}

/// Every administration, superseded ones included, oldest first.
pub async fn list(store: &Store) -> Result<Vec<RecordedResponseSet>, StoreError> {
    let rows = sqlx::query("SELECT * FROM response_set ORDER BY id").fetch_all(&store.pool).await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<RecordedResponseSet, StoreError> {
    let id: i64 = row.try_get("id")?;
    let respondent: String = row.try_get("respondent")?;
    let respondent = Respondent::from_name(&respondent)
        .ok_or_else(|| corrupt("response_set", "respondent", &id))?;
    let response_count: i64 = row.try_get("response_count")?;
    let superseded_at: Option<i64> = row.try_get("superseded_at")?;
    Ok(RecordedResponseSet {
        set: ResponseSet {
            school_year: school_year(row, "response_set")?,
            respondent,
            source: row.try_get("source")?,
            file_name: row.try_get("file_name")?,
            sha256: hash(row, "response_set", "sha256")?,
            response_count: response_count.cast_unsigned(),
            as_of: row.try_get("as_of")?,
            records_file: row.try_get("records_file")?,
        },
        imported_at: UnixSeconds(row.try_get("imported_at")?),
        superseded_at: superseded_at.map(UnixSeconds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::combined::{self, Changes};

    fn set(respondent: Respondent, source: &str, bytes: &[u8]) -> ResponseSet {
        let sha256 = ContentHash::of(bytes);
        ResponseSet {
            school_year: SchoolYear::ending(2026).unwrap(),
            respondent,
            source: source.to_owned(),
            file_name: "survey_responses.csv".to_owned(),
            sha256,
            response_count: 40,
            as_of: Some("2026-02-28".to_owned()),
            records_file: format!("responses-{respondent}-{source}-{}", sha256.short()),
        }
    }

    #[tokio::test]
    async fn an_administration_takes_the_place_of_its_own_kind_and_source_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let staff = set(Respondent::Staff, "survey", b"a");
        let parents = set(Respondent::Parent, "survey", b"a");
        let autumn = set(Respondent::Staff, "autumn", b"a");
        let insert = async |responses: &[ResponseSet], at| {
            let changes = Changes { responses, ..Changes::default() };
            combined::insert(&store, changes, UnixSeconds(at)).await
        };
        insert(&[staff.clone(), parents.clone(), autumn.clone()], 1).await.unwrap();
        let later = set(Respondent::Staff, "survey", b"b");
        insert(std::slice::from_ref(&later), 2).await.unwrap();
        assert_eq!(in_force(&store).await.unwrap(), [autumn, later.clone(), parents]);
        let all = list(&store).await.unwrap();
        assert_eq!((&all[0].set, all[0].superseded_at), (&staff, Some(UnixSeconds(2))));

        // The second of two names a file that another one has: none is recorded.
        let mut clash = set(Respondent::Student, "survey", b"c");
        clash.records_file.clone_from(&later.records_file);
        insert(&[set(Respondent::Staff, "survey", b"d"), clash], 3).await.unwrap_err();
        assert_eq!(list(&store).await.unwrap(), all);
    }
}
