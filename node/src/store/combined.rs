//! `combined_year`: what the imports in force of a school year make together,
//! and the sealed file that is counted.
//!
//! Written in the transaction that records the imports: a combined year in
//! force always names the imports in force. The sealed files must be on the
//! disk before.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::units::{SchoolYear, UnixSeconds};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Store, StoreError, audit,
    imports::{self, Import},
    kept_rows::{self, KeptRows},
    response_sets::{self, ResponseSet},
    school_year, warehouse_years,
};

/// A school year from all of its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CombinedYear {
    /// The reporting year.
    pub school_year: SchoolYear,
    /// Student years it has.
    pub row_count: u64,
    /// Students left out, because no source says which school they are in.
    pub without_school: u64,
    /// The settings it was made under, as one line.
    pub precedence: String,
    /// Name of the sealed file in the records folder; `None` without rows.
    pub records_file: Option<String>,
    /// The sources it was made of, those that are believed first before the
    /// others.
    pub parts: Vec<CombinedPart>,
}

/// One source of a combined year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CombinedPart {
    /// The source's name; its import of the year in force is the part.
    pub source: String,
    /// Rows that are in the combined year.
    pub joined: u64,
    /// Rows that were left out.
    pub without_school: u64,
    /// Columns that it is believed about first.
    pub first_of: BTreeSet<String>,
}

/// A combined year as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedYear {
    /// The year.
    pub year: CombinedYear,
    /// When.
    pub combined_at: UnixSeconds,
    /// When a newer one took its place; absent while it is in force.
    pub superseded_at: Option<UnixSeconds>,
}

impl CombinedYear {
    /// The columns it has.
    pub fn columns(&self) -> BTreeSet<&str> {
        self.parts.iter().flat_map(|part| part.first_of.iter().map(String::as_str)).collect()
    }
}

/// What an import changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changes<'a> {
    /// School years of its source.
    pub imports: &'a [Import],
    /// What these and the years' other sources make together.
    pub years: &'a [CombinedYear],
    /// Administrations of surveys without ids of students.
    pub responses: &'a [ResponseSet],
    /// Rows that the source's next files may change.
    pub kept: Option<&'a KeptRows>,
}

/// Records what an import changes, all or none; what was in force of the same
/// years and sources is superseded, and they are counted here, no longer in a
/// warehouse.
pub async fn insert(
    store: &Store,
    changes: Changes<'_>,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let Changes { imports, years, responses, kept } = changes;
    let mut tx = store.begin().await?;
    for import in imports {
        imports::insert(&mut tx, import, at).await?;
    }
    for set in responses {
        response_sets::insert(&mut tx, set, at).await?;
    }
    for year in years {
        warehouse_years::end_in(&mut tx, year.school_year, at).await?;
        insert_one(&mut tx, year, at).await?;
    }
    if let Some(kept) = kept {
        kept_rows::put(&mut tx, kept, at).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A source that is no longer believed about a school year.
#[derive(Clone, Copy, Debug)]
pub struct Forgotten<'a> {
    /// The source.
    pub source: &'a str,
    /// The school year.
    pub year: SchoolYear,
    /// Whether it told of students, and not only of surveys.
    pub has_rows: bool,
    /// What the year's other sources make together; none where there is no
    /// other.
    pub rest: Option<&'a CombinedYear>,
}

/// Records that a source is forgotten, and what is left, all or none; with a
/// line in the audit log.
pub async fn forget(
    store: &Store,
    forgotten: Forgotten<'_>,
    actor: &str,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let Forgotten { source, year, has_rows, rest } = forgotten;
    let mut tx = store.begin().await?;
    imports::end_in(&mut tx, source, year, at).await?;
    response_sets::end_in(&mut tx, source, year, at).await?;
    kept_rows::end_in(&mut tx, source).await?;
    match rest {
        Some(rest) => insert_one(&mut tx, rest, at).await?,
        None if has_rows => end_in(&mut tx, year, at).await?,
        None => {}
    }
    audit::insert_in(&mut tx, at, actor, &format!("forget {source}"), &year.to_string()).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends the combined year in force.
async fn end_in(
    db: &mut SqliteConnection,
    year: SchoolYear,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE combined_year SET superseded_at = $2
         WHERE school_year = $1 AND superseded_at IS NULL",
    )
    .bind(year.ending_year())
    .bind(at.0)
    .execute(db)
    .await?;
    Ok(())
}

async fn insert_one(
    db: &mut SqliteConnection,
    year: &CombinedYear,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let ending = year.school_year.ending_year();
    end_in(db, year.school_year, at).await?;
    let (id,): (i64,) = sqlx::query_as(
        "INSERT INTO combined_year (school_year, row_count, without_school, precedence,
                                    records_file, combined_at)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(ending)
    .bind(year.row_count.cast_signed())
    .bind(year.without_school.cast_signed())
    .bind(&year.precedence)
    .bind(&year.records_file)
    .bind(at.0)
    .fetch_one(&mut *db)
    .await?;
    for (position, part) in (0_i64..).zip(&year.parts) {
        let (import_id,): (i64,) = sqlx::query_as(
            "INSERT INTO combined_part (combined_id, import_id, position, joined, without_school)
             SELECT $1, id, $2, $3, $4 FROM import
             WHERE school_year = $5 AND source = $6 AND superseded_at IS NULL
             RETURNING import_id",
        )
        .bind(id)
        .bind(position)
        .bind(part.joined.cast_signed())
        .bind(part.without_school.cast_signed())
        .bind(ending)
        .bind(&part.source)
        .fetch_one(&mut *db)
        .await?;
        for column in &part.first_of {
            sqlx::query(
                "INSERT INTO combined_column (combined_id, name, import_id) VALUES ($1, $2, $3)",
            )
            .bind(id)
            .bind(column)
            .bind(import_id)
            .execute(&mut *db)
            .await?;
        }
    }
    Ok(())
}

/// The combined year in force of a school year.
pub async fn find(
    store: &Store,
    school_year: SchoolYear,
) -> Result<Option<RecordedYear>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM combined_year WHERE school_year = $1 AND superseded_at IS NULL")
            .bind(school_year.ending_year())
            .fetch_optional(&store.pool)
            .await?;
    match row {
        Some(row) => {
            let mut db = store.pool.acquire().await?;
            read(&mut db, &row).await.map(Some)
        }
        None => Ok(None),
    }
}

/// Every combined year, superseded ones included, oldest first.
pub async fn list(store: &Store) -> Result<Vec<RecordedYear>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM combined_year ORDER BY id").fetch_all(&store.pool).await?;
    let mut db = store.pool.acquire().await?;
    let mut years = Vec::with_capacity(rows.len());
    for row in &rows {
        years.push(read(&mut db, row).await?);
    }
    Ok(years)
}

async fn read(db: &mut SqliteConnection, row: &SqliteRow) -> Result<RecordedYear, StoreError> {
    let id: i64 = row.try_get("id")?;
    let columns: Vec<(i64, String)> =
        sqlx::query_as("SELECT import_id, name FROM combined_column WHERE combined_id = $1")
            .bind(id)
            .fetch_all(&mut *db)
            .await?;
    let mut first_of: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (import_id, name) in columns {
        first_of.entry(import_id).or_default().insert(name);
    }
    let parts: Vec<(i64, String, i64, i64)> = sqlx::query_as(
        "SELECT import_id, source, joined, without_school
         FROM combined_part JOIN import ON import.id = import_id
         WHERE combined_id = $1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(&mut *db)
    .await?;
    let part =
        |(import_id, source, joined, without_school): (i64, String, i64, i64)| CombinedPart {
            source,
            joined: joined.cast_unsigned(),
            without_school: without_school.cast_unsigned(),
            first_of: first_of.remove(&import_id).unwrap_or_default(),
        };
    let (row_count, without_school): (i64, i64) =
        (row.try_get("row_count")?, row.try_get("without_school")?);
    let superseded_at: Option<i64> = row.try_get("superseded_at")?;
    Ok(RecordedYear {
        year: CombinedYear {
            school_year: school_year(row, "combined_year")?,
            row_count: row_count.cast_unsigned(),
            without_school: without_school.cast_unsigned(),
            precedence: row.try_get("precedence")?,
            records_file: row.try_get("records_file")?,
            parts: parts.into_iter().map(part).collect(),
        },
        combined_at: UnixSeconds(row.try_get("combined_at")?),
        superseded_at: superseded_at.map(UnixSeconds),
    })
}

#[cfg(test)]
mod tests {
    use peerlight_proto::units::ContentHash;

    use super::*;

    fn import(source: &str, bytes: &[u8]) -> Import {
        Import {
            source: source.to_owned(),
            school_year: SchoolYear::ending(2026).unwrap(),
            file_name: "student_years.csv".to_owned(),
            sha256: ContentHash::of(bytes),
            row_count: 10,
            as_of: None,
            columns: ["gpa"].map(str::to_owned).into(),
            records_file: format!("2026-{}.records", ContentHash::of(bytes).short()),
        }
    }

    fn year(file: &str, sources: &[&str]) -> CombinedYear {
        let part = |source: &&str| CombinedPart {
            source: (*source).to_owned(),
            joined: 9,
            without_school: 1,
            first_of: [format!("column_of_{source}")].into(),
        };
        CombinedYear {
            school_year: SchoolYear::ending(2026).unwrap(),
            row_count: 9,
            without_school: 1,
            precedence: "student_id; ; ".to_owned(),
            records_file: Some(file.to_owned()),
            parts: sources.iter().map(part).collect(),
        }
    }

    fn kept(bytes: &[u8]) -> KeptRows {
        KeptRows {
            source: "csv".to_owned(),
            sha256: ContentHash::of(bytes),
            records_file: format!("kept-{}.records", ContentHash::of(bytes).short()),
        }
    }

    #[tokio::test]
    async fn a_combined_year_comes_back_as_it_was_and_takes_the_place_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let (one, first, last) = (year("a", &["csv"]), kept(b"a"), kept(b"b"));
        let imports = [import("csv", b"a")];
        let years = std::slice::from_ref(&one);
        let changes =
            Changes { imports: &imports, years, kept: Some(&first), ..Changes::default() };
        insert(&store, changes, UnixSeconds(1)).await.unwrap();
        assert_eq!(kept_rows::list(&store).await.unwrap(), [first]);
        let changes = Changes { kept: Some(&last), ..Changes::default() };
        insert(&store, changes, UnixSeconds(2)).await.unwrap();
        let both = year("b", &["sis", "csv"]);
        let (imports, years) = ([import("sis", b"b")], std::slice::from_ref(&both));
        let changes = Changes { imports: &imports, years, ..Changes::default() };
        insert(&store, changes, UnixSeconds(2)).await.unwrap();
        let found = find(&store, both.school_year).await.unwrap().unwrap();
        assert_eq!((&found.year, found.superseded_at), (&both, None));
        assert_eq!(found.year.columns(), ["column_of_csv", "column_of_sis"].into());
        let all = list(&store).await.unwrap();
        assert_eq!((&all[0].year, all[0].superseded_at), (&one, Some(UnixSeconds(2))));
        assert_eq!(all.len(), 2);
        assert_eq!(kept_rows::find(&store, "csv").await.unwrap(), Some(last));
        assert_eq!(kept_rows::find(&store, "sis").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_year_of_a_source_that_is_not_held_is_refused_with_its_imports() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let wrong = [year("a", &["csv", "sis"])];
        let (imports, kept) = ([import("csv", b"a")], kept(b"a"));
        let changes =
            Changes { imports: &imports, years: &wrong, kept: Some(&kept), ..Changes::default() };
        insert(&store, changes, UnixSeconds(1)).await.unwrap_err();
        assert_eq!(kept_rows::list(&store).await.unwrap(), []);
        assert_eq!(
            (imports::list(&store).await.unwrap(), list(&store).await.unwrap()),
            (vec![], vec![])
        );
    }
}
