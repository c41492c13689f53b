//! `/schools`: a reader's schools, and each school's page, year so far, like
//! schools and peers.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use peerlight_proto::{directory::School, names::MeasureId};
use serde::Deserialize;

use super::{answer, shell};
use crate::{
    export::{Table, text, whole},
    http::{
        Web,
        problem::{PageFailure, Problem},
        read::{Reading, names, reading},
        rendering::Rendering,
        scope::{OwnSchool, Scope},
        session::Reader,
    },
    store::public_file,
    view::{
        listing::{SchoolRow, SchoolsPage},
        peer::{Choice, PeersPage},
        school,
        shell::{Link, Shell},
        so_far, words,
    },
};

/// A filter by measure.
#[derive(Deserialize)]
pub struct MeasureFilter {
    measure: Option<String>,
}

impl MeasureFilter {
    /// The measure chosen, if any.
    pub fn measure(&self) -> Result<Option<MeasureId>, Problem> {
        match self.measure.as_deref().filter(|id| !id.is_empty()) {
            None => Ok(None),
            Some(id) => MeasureId::new(id)
                .map(Some)
                .map_err(|error| Problem::BadRequest(format!("measure: {error}"))),
        }
    }
}

/// A reader's schools.
pub async fn rows(web: &Web, scope: &Scope) -> Result<Vec<SchoolRow>, Problem> {
    let Some(directory) = web.directory().await? else { return Ok(Vec::new()) };
    let names = names(web).await?;
    let row = |own: OwnSchool<'_>| {
        let school = own.get();
        SchoolRow {
            id: school.id.to_string(),
            name: school.name.clone(),
            district: names.get(&school.lea).cloned().unwrap_or_else(|| school.lea.to_string()),
            level: school.level.as_str().to_owned(),
            students: school.enrollment,
        }
    };
    Ok(scope.schools(&directory.directory).into_iter().map(row).collect())
}

/// `/schools`.
pub async fn list(
    State(web): State<Web>,
    Reader(scope): Reader,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let rows = rows(&web, &scope).await?;
    if rendering == Rendering::Csv {
        return Ok(listing(&rows).into_response());
    }
    Ok(answer(&SchoolsPage { shell: shell(&scope, "/schools", "Schools"), rows }))
}

/// A reader's schools as a table.
pub fn listing(rows: &[SchoolRow]) -> Table {
    Table {
        name: "schools".to_owned(),
        columns: vec![
            text("school_id"),
            text("name"),
            text("district"),
            text("level"),
            whole("enrollment"),
        ],
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    row.id.as_str().into(),
                    row.name.as_str().into(),
                    row.district.as_str().into(),
                    row.level.as_str().into(),
                    row.students.into(),
                ]
            })
            .collect(),
    }
}

/// A school's shell: its name, where it is in the site, what it lacks.
fn school_shell(reading: &Reading, scope: &Scope, school: &School, below: Option<&str>) -> Shell {
    let path = format!("/schools/{}", school.id);
    let own = below.map_or_else(|| path.clone(), |below| format!("{path}/{below}"));
    let title = match below {
        None => school.name.clone(),
        Some("similar") => format!("Schools like {}", school.name),
        Some("so-far") => format!("{}: this year so far", school.name),
        Some(_) => format!("Peers of {}", school.name),
    };
    let mut shell = shell(scope, &own, title);
    shell.crumbs.push(Link::new("/schools", "Schools"));
    if below.is_some() {
        shell.crumbs.push(Link::new(path, school.name.clone()));
    }
    shell.dateline = Some(reading.dateline());
    shell.not_offered = reading.not_offered(std::slice::from_ref(&school.lea));
    shell
}

/// `/schools/{id}`.
pub async fn page(
    State(web): State<Web>,
    Reader(scope): Reader,
    Path(id): Path<String>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let reading = reading(&web).await?;
    let own = reading.school(&scope, id.strip_suffix(".csv").unwrap_or(&id))?;
    let (lines, school) = (reading.lines(own)?, own.get());
    if rendering == Rendering::Csv {
        return Ok(school::table(school, &lines, reading.run.number).into_response());
    }
    let shell = school_shell(&reading, &scope, school, None);
    let district = reading.district_of(school);
    let official = !public_file::results_of(&web.store, school.id.as_str()).await?.is_empty();
    let year = reading.in_force.charter.charter.school_year;
    Ok(answer(&school::page(shell, school, &district, &lines, year, official)))
}

/// `/schools/{id}/so-far`.
pub async fn so_far(
    State(web): State<Web>,
    Reader(scope): Reader,
    Path(id): Path<String>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let reading = reading(&web).await?;
    let own = reading.school(&scope, &id)?;
    let (measures, school) = (reading.so_far(own)?, own.get());
    if rendering == Rendering::Csv {
        return Ok(so_far::table(school, &measures, reading.run.number).into_response());
    }
    let shell = school_shell(&reading, &scope, school, Some("so-far"));
    Ok(answer(&so_far::page(shell, school, &measures)))
}

/// `/schools/{id}/similar`.
pub async fn similar(
    State(web): State<Web>,
    Reader(scope): Reader,
    Path(id): Path<String>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let reading = reading(&web).await?;
    let own = reading.school(&scope, &id)?;
    let likeness = reading.likeness(own)?;
    if rendering == Rendering::Csv {
        return Ok(likeness.table().into_response());
    }
    let shell = school_shell(&reading, &scope, own.get(), Some("similar"));
    let source = reading.features_source();
    Ok(answer(&likeness.page(shell, source, |other| reading.district_of(other))))
}

/// `/schools/{id}/peers`.
pub async fn peers(
    State(web): State<Web>,
    Reader(scope): Reader,
    Path(id): Path<String>,
    filter: Result<Query<MeasureFilter>, QueryRejection>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let reading = reading(&web).await?;
    let own = reading.school(&scope, &id)?;
    let chosen = filter?.measure()?;
    let peers = reading.peers(own, chosen.as_ref())?;
    if rendering == Rendering::Csv {
        return Ok(peers.table().into_response());
    }
    let measures = reading.run.analysis.measures.iter().filter(|measure| measure.is_matched_on());
    let choices = measures.map(|measure| Choice {
        id: measure.id.to_string(),
        label: measure.label.clone(),
        chosen: chosen.as_ref() == Some(&measure.id),
    });
    let claim = reading.in_force.charter.charter.policy.display.claim_probability;
    Ok(answer(&PeersPage {
        shell: school_shell(&reading, &scope, own.get(), Some("peers")),
        path: format!("/schools/{}", own.get().id),
        claim: words::number(claim * 100.0, 0),
        source: reading.features_source().to_owned(),
        choices: choices.collect(),
        query: chosen.as_ref().map_or_else(String::new, |id| format!("?measure={id}")),
        answers: peers.views(|other| reading.district_of(other)),
    }))
}
