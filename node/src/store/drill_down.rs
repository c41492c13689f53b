//! `drill_down_decision`: who unlocked or masked a protected column in
//! drill-down, and why. Only ever added to; names stay on the node.

use std::collections::BTreeMap;

use peerlight_node_engine::student::Column;
use peerlight_proto::units::UnixSeconds;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, audit, corrupt};

/// A person's decision about some columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether single students' values may be seen.
    pub is_unlocked: bool,
    /// Who decided.
    pub name: String,
    /// In which office.
    pub title: String,
    /// Why.
    pub reason: String,
    /// When.
    pub decided_at: UnixSeconds,
}

/// Records a decision about every one of `columns`, and an audit entry, all or
/// none.
pub async fn insert(
    store: &Store,
    columns: &[Column],
    decision: &Decision,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for column in columns {
        sqlx::query(
            "INSERT INTO drill_down_decision (column_name, decision, name, title, reason, decided_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(column.name())
        .bind(word(decision.is_unlocked))
        .bind(&decision.name)
        .bind(&decision.title)
        .bind(&decision.reason)
        .bind(decision.decided_at.0)
        .execute(&mut *tx)
        .await?;
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    let action = if decision.is_unlocked { "unlock drill-down" } else { "mask drill-down" };
    audit::insert_in(&mut tx, decision.decided_at, &decision.name, action, &names.join(", "))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// The decision in force about each column that has one.
pub async fn in_force(store: &Store) -> Result<BTreeMap<Column, Decision>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM drill_down_decision ORDER BY id").fetch_all(&store.pool).await?;
    // The last one of a column stays.
    rows.iter().map(read).collect()
}

const fn word(is_unlocked: bool) -> &'static str {
    if is_unlocked { "unlocked" } else { "masked" }
}

fn read(row: &SqliteRow) -> Result<(Column, Decision), StoreError> {
    let id: i64 = row.try_get("id")?;
    let name: String = row.try_get("column_name")?;
    let column = Column::from_name(&name);
    let column = column.ok_or_else(|| corrupt("drill_down_decision", "column_name", &id))?;
    let decision: String = row.try_get("decision")?;
    let decision = Decision {
        is_unlocked: decision == word(true),
        name: row.try_get("name")?,
        title: row.try_get("title")?,
        reason: row.try_get("reason")?,
        decided_at: UnixSeconds(row.try_get("decided_at")?),
    };
    Ok((column, decision))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_decision_of_a_column_is_in_force_and_audited() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        assert!(in_force(&store).await.unwrap().is_empty());
        let unlocked = Decision {
            is_unlocked: true,
            name: "A. Ruiz".to_owned(),
            title: "Liaison".to_owned(),
            reason: "meals programme".to_owned(),
            decided_at: UnixSeconds(1),
        };
        let masked = Decision { is_unlocked: false, ..unlocked.clone() };
        insert(&store, &[Column::Foster, Column::Homeless], &unlocked).await.unwrap();
        insert(&store, &[Column::Foster], &masked).await.unwrap();
        let now = in_force(&store).await.unwrap();
        assert_eq!(now[&Column::Foster], masked);
        assert_eq!(now[&Column::Homeless], unlocked);
        let audit = audit::list(&store).await.unwrap();
        assert_eq!(
            audit.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
            ["unlock drill-down", "mask drill-down"]
        );
        assert_eq!(audit[0].subject, "foster, homeless");
    }
}
