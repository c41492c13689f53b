//! `/public`: official public results, of members' schools and others. They
//! are public records: every reader sees all of them.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use chrono_tz::Tz;
use peerlight_proto::names::SchoolId;
use serde::Deserialize;

use super::{answer, shell};
use crate::{
    http::{
        Web,
        problem::{PageFailure, Problem},
        read::zone,
        rendering::Rendering,
        scope::Scope,
        session::Reader,
    },
    store::public_file::{self, Held, Named, Official},
    view::{
        public::{FoundPage, files_page, files_table, results_table, school_page, schools_table},
        shell::Link,
    },
};

/// Schools that are shown of one search.
pub const MOST_FOUND: usize = 200;

/// What is looked for; every school where it is empty.
#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    find: String,
}

/// `/public`.
pub async fn list(
    State(web): State<Web>,
    Reader(scope): Reader,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let held = files(&web).await?;
    if rendering == Rendering::Csv {
        return Ok(files_table(&held).into_response());
    }
    let in_zone = web.in_force().await.map_or(Tz::UTC, |in_force| zone(&in_force));
    let shell = shell(&scope, "/public", "Official public results");
    Ok(answer(&files_page(shell, &held, in_zone)))
}

/// Files held.
pub async fn files(web: &Web) -> Result<Vec<Held>, Problem> {
    Ok(public_file::list(&web.store).await?)
}

/// Schools found, and whether there are more.
pub async fn found(web: &Web, search: &Search) -> Result<(Vec<Named>, bool), Problem> {
    let mut found = public_file::find_schools(&web.store, &search.find, MOST_FOUND + 1).await?;
    let more = found.len() > MOST_FOUND;
    found.truncate(MOST_FOUND);
    Ok((found, more))
}

/// `/public/schools`.
pub async fn schools(
    State(web): State<Web>,
    Reader(scope): Reader,
    search: Result<Query<Search>, QueryRejection>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let Query(search) = search?;
    let (rows, more) = found(&web, &search).await?;
    if rendering == Rendering::Csv {
        return Ok(schools_table(&rows).into_response());
    }
    let mut shell = shell(&scope, "/public/schools", "Schools of official files");
    shell.crumbs.push(Link::new("/public", "Official public results"));
    let query: String = search.find.bytes().map(escaped).collect();
    Ok(answer(&FoundPage { shell, query, find: search.find, rows, more }))
}

/// A byte as it stands in an address.
fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// One school's official results.
pub struct Found {
    /// The school; by its name in the directory where no file has one.
    pub school: Named,
    /// The school's page in the consortium, if the reader has it.
    pub own: Option<String>,
    /// Its results.
    pub results: Vec<Official>,
}

/// The official results of a school that an official file has, or that is the
/// reader's; any other does not exist for them.
pub async fn of_school(web: &Web, scope: &Scope, id: &str) -> Result<Found, Problem> {
    let id = SchoolId::new(id).map_err(|_| Problem::NotFound)?;
    let named = public_file::find_school(&web.store, id.as_str()).await?;
    let directory = web.directory().await?;
    let own = directory.as_ref().and_then(|signed| scope.school(&signed.directory, id.as_str()));
    if named.is_none() && own.is_none() {
        return Err(Problem::NotFound);
    }
    let nobody = Named {
        id: id.clone(),
        name: String::new(),
        district: String::new(),
        county: String::new(),
    };
    let mut school = named.unwrap_or(nobody);
    if school.name.is_empty() {
        school.name = own.map_or_else(|| format!("School {id}"), |own| own.get().name.clone());
    }
    let results = public_file::results_of(&web.store, id.as_str()).await?;
    Ok(Found { school, own: own.map(|_| format!("/schools/{id}")), results })
}

/// `/public/schools/{id}`.
pub async fn school(
    State(web): State<Web>,
    Reader(scope): Reader,
    Path(id): Path<String>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let id = id.strip_suffix(".csv").unwrap_or(&id);
    let Found { school, own, results } = of_school(&web, &scope, id).await?;
    if rendering == Rendering::Csv {
        return Ok(results_table(id, &results).into_response());
    }
    let title = format!("{}: official public results", school.name);
    let mut shell = shell(&scope, &format!("/public/schools/{id}"), title);
    shell.crumbs.push(Link::new("/public", "Official public results"));
    Ok(answer(&school_page(shell, &school, own, &results)))
}
