//! `benchmark_run`: what each run was computed from.

use std::collections::HashSet;

use peerlight_proto::{
    names::{MemberId, ReleaseId},
    units::UnixSeconds,
};

use super::{Store, inconsistent};
use crate::error::Error;

/// The inputs of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    }))
}
