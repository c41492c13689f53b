//! `import`: which file brought which school year, and which one is in force.
//! What the sources of a year make together is in [`super::combined`].
//!
//! A school year of a source has one import in force; a newer one supersedes
//! it in the same transaction. The sealed records file must be on the disk
//! before its row is inserted: a row never names a file that is not there.

use std::collections::BTreeSet;

use peerlight_proto::units::{ContentHash, SchoolYear, UnixSeconds};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, hash, school_year};

/// One school year of one source, as imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Where it came from, such as `csv`.
    pub source: String,
    /// The reporting year.
    pub school_year: SchoolYear,
    /// Name of the file, without its folder.
    pub file_name: String,
    /// SHA-256 of everything that was read.
    pub sha256: ContentHash,
    /// Student years it has.
    pub row_count: u64,
    /// Civil date its values are cumulative to, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// Columns that were present.
    pub columns: BTreeSet<String>,
    /// Name of the sealed file in the records folder.
    pub records_file: String,
}

/// An import as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedImport {
    /// Its key.
    pub id: i64,
    /// What was imported.
    pub import: Import,
    /// When.
    pub imported_at: UnixSeconds,
    /// When a newer one took its place; absent while it is in force.
    pub superseded_at: Option<UnixSeconds>,
}

/// Records an import and supersedes the one in force of the same school year
/// and source. One with the same bytes and as-of date as the one in force
/// changes nothing.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    import: &Import,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let year = import.school_year.ending_year();
    let same = sqlx::query(
        "SELECT 1 FROM import WHERE school_year = $1 AND source = $2 AND sha256 = $3
         AND as_of IS $4 AND superseded_at IS NULL",
    )
    .bind(year)
    .bind(&import.source)
    .bind(import.sha256.as_bytes())
    .bind(&import.as_of)
    .fetch_optional(&mut *db)
    .await?;
    if same.is_some() {
        return Ok(());
    }
    end_in(db, &import.source, import.school_year, at).await?;
    let (id,): (i64,) = sqlx::query_as(
        "INSERT INTO import (source, school_year, file_name, sha256, row_count, as_of,
                             records_file, imported_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
    )
    .bind(&import.source)
    .bind(year)
    .bind(&import.file_name)
    .bind(import.sha256.as_bytes())
    .bind(import.row_count.cast_signed())
    .bind(&import.as_of)
    .bind(&import.records_file)
    .bind(at.0)
    .fetch_one(&mut *db)
    .await?;
    for column in &import.columns {
        sqlx::query("INSERT INTO import_column (import_id, name) VALUES ($1, $2)")
            .bind(id)
            .bind(column)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Ends what a source told of a school year, within a transaction that holds
/// the write lock.
pub(super) async fn end_in(
    db: &mut SqliteConnection,
    source: &str,
    year: SchoolYear,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE import SET superseded_at = $3
         WHERE school_year = $1 AND source = $2 AND superseded_at IS NULL",
    )
    .bind(year.ending_year())
    .bind(source)
    .bind(at.0)
    .execute(db)
    .await?;
    Ok(())
}

/// The imports in force of one school year, one a source.
pub async fn find(
    store: &Store,
    school_year: SchoolYear,
) -> Result<Vec<RecordedImport>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM import WHERE school_year = $1 AND superseded_at IS NULL ORDER BY source",
    )
    .bind(school_year.ending_year())
    .fetch_all(&store.pool)
    .await?;
    read_all(store, &rows).await
}

/// Every import, superseded ones included, oldest first.
pub async fn list(store: &Store) -> Result<Vec<RecordedImport>, StoreError> {
    let rows = sqlx::query("SELECT * FROM import ORDER BY id").fetch_all(&store.pool).await?;
    read_all(store, &rows).await
}

async fn read_all(store: &Store, rows: &[SqliteRow]) -> Result<Vec<RecordedImport>, StoreError> {
    let mut db = store.pool.acquire().await?;
    let mut imports = Vec::with_capacity(rows.len());
    for row in rows {
        imports.push(read(&mut db, row).await?);
    }
    Ok(imports)
}

async fn read(db: &mut SqliteConnection, row: &SqliteRow) -> Result<RecordedImport, StoreError> {
    let id: i64 = row.try_get("id")?;
    let columns: Vec<(String,)> =
        sqlx::query_as("SELECT name FROM import_column WHERE import_id = $1")
            .bind(id)
            .fetch_all(db)
            .await?;
    let row_count: i64 = row.try_get("row_count")?;
    let superseded_at: Option<i64> = row.try_get("superseded_at")?;
    Ok(RecordedImport {
        id,
        import: Import {
            source: row.try_get("source")?,
            school_year: school_year(row, "import")?,
            file_name: row.try_get("file_name")?,
            sha256: hash(row, "import", "sha256")?,
            row_count: row_count.cast_unsigned(),
            as_of: row.try_get("as_of")?,
            columns: columns.into_iter().map(|(name,)| name).collect(),
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

    async fn insert(store: &Store, imports: &[Import], at: UnixSeconds) -> Result<(), StoreError> {
        combined::insert(store, Changes { imports, ..Changes::default() }, at).await
    }

    fn import(year: u32, bytes: &[u8]) -> Import {
        Import {
            source: "csv".to_owned(),
            school_year: SchoolYear::ending(year).unwrap(),
            file_name: "student_years.csv".to_owned(),
            sha256: ContentHash::of(bytes),
            row_count: 8_000,
            as_of: None,
            columns: ["gpa", "days_absent"].map(str::to_owned).into(),
            records_file: format!("{year}-{}.sealed", ContentHash::of(bytes).short()),
        }
    }

    async fn store(folder: &tempfile::TempDir) -> Store {
        Store::open(&folder.path().join("node.db")).await.unwrap()
    }

    #[tokio::test]
    async fn a_newer_import_takes_the_place_of_the_one_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let (old, new, other) = (import(2026, b"a"), import(2026, b"b"), import(2025, b"a"));
        insert(&store, &[old.clone(), other.clone()], UnixSeconds(1)).await.unwrap();
        insert(&store, std::slice::from_ref(&new), UnixSeconds(2)).await.unwrap();
        let in_force = find(&store, new.school_year).await.unwrap();
        assert_eq!(in_force.iter().map(|held| &held.import).collect::<Vec<_>>(), [&new]);
        let all = list(&store).await.unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!((&all[0].import, all[0].superseded_at), (&old, Some(UnixSeconds(2))));
        assert_eq!((&all[1].import, all[1].superseded_at), (&other, None));
    }

    #[tokio::test]
    async fn importing_the_same_bytes_twice_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let same = [import(2026, b"a")];
        insert(&store, &same, UnixSeconds(1)).await.unwrap();
        let before = list(&store).await.unwrap();
        insert(&store, &same, UnixSeconds(2)).await.unwrap();
        assert_eq!(list(&store).await.unwrap(), before);
    }

    #[tokio::test]
    async fn one_bad_import_of_several_applies_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        insert(&store, &[import(2026, b"a")], UnixSeconds(1)).await.unwrap();
        let before = list(&store).await.unwrap();
        let mut clash = import(2025, b"c");
        clash.records_file.clone_from(&before[0].import.records_file);
        insert(&store, &[import(2026, b"b"), clash], UnixSeconds(2)).await.unwrap_err();
        assert_eq!(list(&store).await.unwrap(), before);
    }
}
