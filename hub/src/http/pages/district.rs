//! `/districts/{id}`: a district's totals beside the network's.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};

use super::{answer, shell};
use crate::{
    http::{
        Web, problem::PageFailure, read::reading, rendering::Rendering, scope::Role,
        session::Reader,
    },
    view::{district, shell::Link},
};

/// `/districts/{id}`.
pub async fn page(
    State(web): State<Web>,
    Reader(scope): Reader,
    Path(id): Path<String>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let reading = reading(&web).await?;
    let own = reading.district(&scope, id.strip_suffix(".csv").unwrap_or(&id))?;
    let lines = reading.district_lines(own)?;
    if rendering == Rendering::Csv {
        return Ok(district::table(own.get(), &lines, reading.run.number).into_response());
    }
    let path = format!("/districts/{}", own.get());
    let mut shell = shell(&scope, &path, reading.member_name(own.get()));
    match scope.role {
        Role::Coe(_) => shell.crumbs.push(Link::new("/coe", "My districts")),
        Role::Operator => shell.crumbs.push(Link::new("/operator", "Members")),
        Role::District(_) | Role::Principal(_) => {}
    }
    shell.dateline = Some(reading.dateline());
    shell.not_offered = reading.not_offered(std::slice::from_ref(own.get()));
    let schools = reading.in_force.directory.directory.schools_of(own.get()).count();
    let about = format!("{schools} of the network's schools. {}", reading.coverage());
    Ok(answer(&district::page(shell, own.get(), about, &lines)))
}
