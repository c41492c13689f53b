//! `benchmark_run`: what each run was computed from.

use std::collections::HashSet;

use peerlight_proto::{
    names::{MeasureId, MemberId, ReleaseId, SchoolId},
    units::{SchoolYear, UnixSeconds},
};

use super::{Store, inconsistent, many};
use crate::error::Error;

/// The inputs of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// Counts up with every run; chosen by [`insert`].
    pub number: u64,
    /// Number of the charter.
    pub charter: u32,
    /// Number of the directory.
    pub directory: u32,
    /// Fixes the posterior draws.
    pub seed: u64,
    /// When it was made.
    pub finished_at: UnixSeconds,
    /// The releases it is from.
    pub releases: HashSet<(MemberId, ReleaseId)>,
    /// Official results that it took for what is believed of schools.
    pub official: Vec<OfficialPrior>,
}

/// An official result of an earlier year, as a run took it.
#[derive(Clone, Debug, PartialEq)]
pub struct OfficialPrior {
    /// The charter's measure that it is like.
    pub measure: MeasureId,
    /// The school.
    pub school: SchoolId,
    /// The year it is of.
    pub school_year: SchoolYear,
    /// The series of the official file.
    pub source: String,
    /// The result, in the official measure's unit.
    pub value: f64,
}

/// Stores a run under the next number; gives the number.
pub async fn insert(store: &Store, run: &StoredRun) -> Result<u64, Error> {
    let mut transaction = store.write().await?;
    let (number,): (i64,) = sqlx::query_as(
        "INSERT INTO benchmark_run (run, charter, directory, seed, finished_at)
         SELECT coalesce(max(run), 0) + 1, $1, $2, $3, $4 FROM benchmark_run RETURNING run",
    )
    .bind(i64::from(run.charter))
    .bind(i64::from(run.directory))
    .bind(run.seed as i64)
    .bind(run.finished_at.0)
    .fetch_one(&mut *transaction)
    .await?;
    for (member, release_id) in &run.releases {
        sqlx::query(
            "INSERT INTO benchmark_run_release (run, member, release_id) VALUES ($1, $2, $3)",
        )
        .bind(number)
        .bind(member.as_str())
        .bind(release_id.as_str())
        .execute(&mut *transaction)
        .await?;
    }
    let columns = "benchmark_run_official (run, measure, school_id, school_year, source, value)";
    many::insert(&mut transaction, columns, &run.official, |query, prior| {
        query
            .bind(number)
            .bind(prior.measure.to_string())
            .bind(prior.school.to_string())
            .bind(i64::from(prior.school_year.ending_year()))
            .bind(prior.source.clone())
            .bind(prior.value)
    })
    .await?;
    transaction.commit().await?;
    Ok(number as u64)
}

/// The highest number; 0 where there is none.
pub async fn newest_number(store: &Store) -> Result<u64, Error> {
    let (number,): (i64,) =
        sqlx::query_as("SELECT CAST(coalesce(max(run), 0) AS BIGINT) FROM benchmark_run")
            .fetch_one(&store.pool)
            .await?;
    Ok(number as u64)
}

/// The run with this number.
pub async fn find(store: &Store, number: u64) -> Result<Option<StoredRun>, Error> {
    let row: Option<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT charter, directory, seed, finished_at FROM benchmark_run WHERE run = $1",
    )
    .bind(number as i64)
    .fetch_optional(&store.pool)
    .await?;
    let Some((charter, directory, seed, finished_at)) = row else { return Ok(None) };
    let broken = |problem: &str| inconsistent("benchmark_run", problem);
    let releases: Vec<(String, String)> =
        sqlx::query_as("SELECT member, release_id FROM benchmark_run_release WHERE run = $1")
            .bind(number as i64)
            .fetch_all(&store.pool)
            .await?;
    let releases = releases.into_iter().map(|(member, release_id)| {
        let member = MemberId::new(member).map_err(|_| broken("member"))?;
        Ok((member, ReleaseId::new(release_id).map_err(|_| broken("release_id"))?))
    });
    Ok(Some(StoredRun {
        number,
        charter: u32::try_from(charter).map_err(|_| broken("charter"))?,
        directory: u32::try_from(directory).map_err(|_| broken("directory"))?,
        seed: seed as u64,
        finished_at: UnixSeconds(finished_at),
        releases: releases.collect::<Result<_, Error>>()?,
        official: official_of(store, number).await?,
    }))
}

async fn official_of(store: &Store, number: u64) -> Result<Vec<OfficialPrior>, Error> {
    let rows: Vec<(String, String, i64, String, f64)> = sqlx::query_as(
        "SELECT measure, school_id, school_year, source, value FROM benchmark_run_official
         WHERE run = $1 ORDER BY measure, school_id",
    )
    .bind(number as i64)
    .fetch_all(&store.pool)
    .await?;
    let broken = |column: &str| inconsistent("benchmark_run_official", column);
    let read = |(measure, school, year, source, value): (String, String, i64, String, f64)| {
        let ending = u32::try_from(year).ok().and_then(|year| SchoolYear::ending(year).ok());
        Ok(OfficialPrior {
            measure: MeasureId::new(measure).map_err(|_| broken("measure"))?,
            school: SchoolId::new(school).map_err(|_| broken("school_id"))?,
            school_year: ending.ok_or_else(|| broken("school_year"))?,
            source,
            value,
        })
    };
    rows.into_iter().map(read).collect()
}
