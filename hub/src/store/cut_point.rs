//! `cut_point`: where levels are cut, once a publication of the school year
//! has fixed it. A row is never changed.

use std::collections::BTreeMap;

use peerlight_hub_engine::analysis::Stratum;
use peerlight_proto::{directory::Level, names::MeasureId};
use sqlx::{Row, any::AnyRow};

use super::{Store, inconsistent};
use crate::error::Error;

/// Cut points by what schools are compared within.
pub type CutPoints = BTreeMap<Stratum, [f64; 9]>;

/// Fixes the cut points of a published run, where none are fixed yet.
pub async fn insert(
    store: &Store,
    school_year: u16,
    run: u64,
    cut_points: &CutPoints,
) -> Result<(), Error> {
    let mut transaction = store.write().await?;
    for (stratum, cuts) in cut_points {
        let query = sqlx::query(
            "INSERT INTO cut_point (school_year, measure, student_group, level, run, tenth_1,
                 tenth_2, tenth_3, tenth_4, tenth_5, tenth_6, tenth_7, tenth_8, tenth_9)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             ON CONFLICT DO NOTHING",
        )
        .bind(i64::from(school_year))
        .bind(stratum.measure.as_str())
        .bind(stratum.group.to_string())
        .bind(stratum.level.as_str())
        .bind(run as i64);
        let query = cuts.iter().fold(query, |query, cut| query.bind(*cut));
        query.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The cut points of a school year that were fixed before a run was made.
pub async fn before(store: &Store, school_year: u16, run: u64) -> Result<CutPoints, Error> {
    let rows = sqlx::query(
        "SELECT measure, student_group, level, tenth_1, tenth_2, tenth_3, tenth_4, tenth_5,
             tenth_6, tenth_7, tenth_8, tenth_9
         FROM cut_point WHERE school_year = $1 AND run < $2",
    )
    .bind(i64::from(school_year))
    .bind(run as i64)
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<(Stratum, [f64; 9]), Error> {
    let broken = |column: &str| inconsistent("cut_point", column);
    let text = |column: usize| row.try_get::<String, _>(column);
    let group = text(1)?.parse().map_err(|_| broken("student_group"))?;
    let level = Level::from_name(&text(2)?);
    let measure = MeasureId::new(text(0)?).map_err(|_| broken("measure"))?;
    let stratum = Stratum { measure, group, level: level.ok_or_else(|| broken("level"))? };
    let mut cuts = [0.0; 9];
    for (tenth, cut) in cuts.iter_mut().enumerate() {
        *cut = row.try_get(3 + tenth)?;
    }
    Ok((stratum, cuts))
}
