//! `/publications`: what was published, to read and to download.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};

use super::{answer, shell};
use crate::{
    http::{
        Web,
        problem::{PageFailure, Problem},
        session::Reader,
    },
    publication::manifest::{Listed, list},
    view::{
        listing::{FileRow, PublicationsPage, VersionRow},
        words::date,
    },
};

/// Publications, newest first.
pub async fn listed(web: &Web) -> Result<Vec<Listed>, Problem> {
    let folder = web.home.publications();
    tokio::task::spawn_blocking(move || list(&folder)).await.map_err(|_| Problem::NotFound)
}

/// `/publications`.
pub async fn page(State(web): State<Web>, Reader(scope): Reader) -> Result<Response, PageFailure> {
    let versions = listed(&web).await?.into_iter().map(|one| VersionRow {
        name: one.manifest.version.to_string(),
        line: format!(
            "School year {}, benchmark run {}, published {}; charter {} ({})",
            one.manifest.school_year,
            one.manifest.benchmark_run,
            date(one.manifest.created_seconds, chrono_tz::Tz::UTC),
            one.manifest.charter_number,
            one.manifest.charter_hash.short()
        ),
        files: one.files.into_iter().map(|(name, bytes)| FileRow::new(name, bytes)).collect(),
    });
    let versions = versions.collect();
    let shell = shell(&scope, "/publications", "Publications");
    Ok(answer(&PublicationsPage { shell, versions }))
}

/// `/publications/{version}/{file}`: only files that are listed, so that no
/// path leads out of the folder.
pub async fn download(
    State(web): State<Web>,
    Reader(_): Reader,
    Path((version, file)): Path<(String, String)>,
) -> Result<Response, PageFailure> {
    let found = listed(&web).await?.into_iter().any(|one| {
        one.manifest.version.as_str() == version && one.files.iter().any(|(name, _)| *name == file)
    });
    if !found {
        return Err(Problem::NotFound.into());
    }
    let path = web.home.publications().join(&version).join(&file);
    let bytes = tokio::fs::read(path).await.map_err(|_| Problem::NotFound)?;
    let kind = match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => "text/csv; charset=utf-8",
        Some("json") => "application/json",
        Some("md" | "txt" | "sig") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}
