//! `/districts`: a reader's districts side by side; `/districts/{id}`: one
//! district's totals beside the network's.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};

use super::{answer, shell};
use crate::{
    http::{
        Web, pages::school::MeasureFilter, problem::PageFailure, read::reading,
        rendering::Rendering, scope::Role, session::Reader,
    },
    view::{district, peer::Choice, shell::Link},
};

/// `/districts?measure=`.
pub async fn list(
    State(web): State<Web>,
    Reader(scope): Reader,
    filter: Result<Query<MeasureFilter>, QueryRejection>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let reading = reading(&web).await?;
    let found = reading.districts(&scope, filter?.measure()?.as_ref())?;
    if rendering == Rendering::Csv {
        return Ok(found.table(reading.run.number).into_response());
    }
    let mut shell = shell(&scope, "/districts", "Districts side by side");
    shell.dateline = Some(reading.dateline());
    let measures = reading.run.analysis.measures.iter();
    let choices = measures.map(|measure| Choice {
        id: measure.id.to_string(),
        label: measure.label.clone(),
        chosen: measure.id == found.measure.id,
    });
    Ok(answer(&found.page(shell, choices.collect())))
}

/// `/districts/{id}`.
pub async fn page(
    State(web): State<Web>,
    Reader(scope): Reader,
    Path(id): Path<String>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let reading = reading(&web).await?;
    let own = reading.district(&scope, id.strip_suffix(".csv").unwrap_or(&id))?;
    let lines = reading.district_lines(own);
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
