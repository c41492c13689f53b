//! `warehouse_year`: which school years are counted in a warehouse, and where
//! that is. Recorded with an audit entry, or not at all.
//!
//! A school year has one in force at most, and while it has one it is not
//! counted from imported records. Never a password: only the path of its file.

use std::collections::BTreeMap;

use peerlight_node_engine::student::Column;
use peerlight_proto::units::{SchoolYear, UnixSeconds};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Store, StoreError, audit, corrupt, school_year};

/// A school year in a warehouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarehouseYear {
    /// The reporting year.
    pub school_year: SchoolYear,
    /// Where the warehouse is, without a password.
    pub url: String,
    /// Path of the file with the password, if one was named.
    pub password_file: Option<String>,
    /// The view, `SCHEMA.NAME`.
    pub view: String,
    /// How long the warehouse may take, minutes.
    pub minutes: u64,
    /// Rows of the year when a person last looked at it.
    pub row_count: u64,
    /// Columns of student years, keys included, with the view's names for them.
    pub columns: BTreeMap<Column, String>,
}

/// A school year in a warehouse as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedWarehouseYear {
    /// The year.
    pub year: WarehouseYear,
    /// When.
    pub recorded_at: UnixSeconds,
    /// When it was no longer counted there; absent while it is.
    pub superseded_at: Option<UnixSeconds>,
}

/// Records years, and an audit entry of each, all or none; what was in force of
/// the same years is superseded.
pub async fn insert(
    store: &Store,
    years: &[WarehouseYear],
    actor: &str,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for year in years {
        end_in(&mut tx, year.school_year, at).await?;
        insert_one(&mut tx, year, at).await?;
        let subject = format!("{}, view {}", year.school_year, year.view);
        audit::insert_in(&mut tx, at, actor, "count in warehouse", &subject).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn insert_one(
    db: &mut SqliteConnection,
    year: &WarehouseYear,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let (id,): (i64,) = sqlx::query_as(
        "INSERT INTO warehouse_year (school_year, url, password_file, view_name, minutes,
                                     row_count, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(year.school_year.ending_year())
    .bind(&year.url)
    .bind(&year.password_file)
    .bind(&year.view)
    .bind(year.minutes.cast_signed())
    .bind(year.row_count.cast_signed())
    .bind(at.0)
    .fetch_one(&mut *db)
    .await?;
    for (column, name) in &year.columns {
        sqlx::query(
            "INSERT INTO warehouse_column (warehouse_id, name, view_column) VALUES ($1, $2, $3)",
        )
        .bind(id)
        .bind(column.name())
        .bind(name)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// From now on a year is counted from imported records again; nothing where it
/// was.
pub async fn end(store: &Store, year: SchoolYear, at: UnixSeconds) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    end_in(&mut tx, year, at).await?;
    tx.commit().await?;
    Ok(())
}

/// The same within a transaction that holds the write lock.
pub(super) async fn end_in(
    db: &mut SqliteConnection,
    year: SchoolYear,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE warehouse_year SET superseded_at = $2
         WHERE school_year = $1 AND superseded_at IS NULL",
    )
    .bind(year.ending_year())
    .bind(at.0)
    .execute(db)
    .await?;
    Ok(())
}

/// Where a year is counted; `None` where that is on this node.
pub async fn find(store: &Store, year: SchoolYear) -> Result<Option<WarehouseYear>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM warehouse_year WHERE school_year = $1 AND superseded_at IS NULL",
    )
    .bind(year.ending_year())
    .fetch_optional(&store.pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut db = store.pool.acquire().await?;
    Ok(Some(read(&mut db, &row).await?.year))
}

/// Every one, superseded ones included, oldest first.
pub async fn list(store: &Store) -> Result<Vec<RecordedWarehouseYear>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM warehouse_year ORDER BY id").fetch_all(&store.pool).await?;
    let mut db = store.pool.acquire().await?;
    let mut years = Vec::with_capacity(rows.len());
    for row in &rows {
        years.push(read(&mut db, row).await?);
    }
    Ok(years)
}

async fn read(
    db: &mut SqliteConnection,
    row: &SqliteRow,
) -> Result<RecordedWarehouseYear, StoreError> {
    let id: i64 = row.try_get("id")?;
    let named: Vec<(String, String)> =
        sqlx::query_as("SELECT name, view_column FROM warehouse_column WHERE warehouse_id = $1")
            .bind(id)
            .fetch_all(db)
            .await?;
    let column = |(name, view_column): (String, String)| {
        let column = Column::from_name(&name);
        let column = column.ok_or_else(|| corrupt("warehouse_column", "name", &id))?;
        Ok((column, view_column))
    };
    let columns = named.into_iter().map(column).collect::<Result<_, StoreError>>()?;
    let (minutes, row_count): (i64, i64) = (row.try_get("minutes")?, row.try_get("row_count")?);
    let superseded_at: Option<i64> = row.try_get("superseded_at")?;
    Ok(RecordedWarehouseYear {
        year: WarehouseYear {
            school_year: school_year(row, "warehouse_year")?,
            url: row.try_get("url")?,
            password_file: row.try_get("password_file")?,
            view: row.try_get("view_name")?,
            minutes: minutes.cast_unsigned(),
            row_count: row_count.cast_unsigned(),
            columns,
        },
        recorded_at: UnixSeconds(row.try_get("recorded_at")?),
        superseded_at: superseded_at.map(UnixSeconds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(view: &str) -> WarehouseYear {
        let columns = [(Column::StudentId, "local_id"), (Column::Gpa, "gpa")];
        WarehouseYear {
            school_year: SchoolYear::ending(2026).unwrap(),
            url: "postgres://reader@db/w".to_owned(),
            password_file: None,
            view: view.to_owned(),
            minutes: 30,
            row_count: 8_000,
            columns: columns.map(|(column, name)| (column, name.to_owned())).into(),
        }
    }

    #[tokio::test]
    async fn a_year_is_in_one_warehouse_until_it_is_counted_here_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let (old, new) = (year("a.b"), year("a.c"));
        assert_eq!(find(&store, old.school_year).await.unwrap(), None);
        insert(&store, std::slice::from_ref(&old), "node", UnixSeconds(1)).await.unwrap();
        insert(&store, std::slice::from_ref(&new), "node", UnixSeconds(2)).await.unwrap();
        assert_eq!(find(&store, new.school_year).await.unwrap(), Some(new.clone()));
        end(&store, new.school_year, UnixSeconds(3)).await.unwrap();
        assert_eq!(find(&store, new.school_year).await.unwrap(), None);
        let all = list(&store).await.unwrap();
        assert_eq!((&all[0].year, all[0].superseded_at), (&old, Some(UnixSeconds(2))));
        assert_eq!((&all[1].year, all[1].superseded_at), (&new, Some(UnixSeconds(3))));
        let audit = audit::list(&store).await.unwrap();
        assert_eq!(audit.len(), 2);
        assert_eq!(audit[1].subject, "2025-26, view a.c");
    }
}
