//! `/network`: how the network's schools are distributed.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use peerlight_proto::{directory::Level, names::MeasureId};
use serde::Deserialize;

use super::{answer, shell};
use crate::{
    export::Table,
    http::{
        Web,
        problem::{PageFailure, Problem},
        read::{Reading, reading},
        rendering::Rendering,
        session::Reader,
    },
    view::{
        network::{self, NetworkPage},
        peer::Choice,
        school::level_words,
    },
};

/// The filters, as in the URL.
#[derive(Deserialize)]
pub struct Filter {
    level: Option<String>,
    measure: Option<String>,
}

/// The filters, checked.
pub struct Chosen {
    level: Option<Level>,
    measure: Option<MeasureId>,
}

impl Filter {
    /// Checks the filters; an empty one is none.
    pub fn checked(&self) -> Result<Chosen, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let level = given(&self.level).map(|name| {
            Level::from_name(&name).ok_or_else(|| {
                Problem::BadRequest("level: use elementary, middle, high or k12".to_owned())
            })
        });
        let measure = given(&self.measure).map(|id| {
            MeasureId::new(id).map_err(|error| Problem::BadRequest(format!("measure: {error}")))
        });
        Ok(Chosen { level: level.transpose()?, measure: measure.transpose()? })
    }
}

impl Chosen {
    /// The same as a query string.
    fn query(&self) -> String {
        let level = self.level.map(|level| format!("level={}", level.as_str()));
        let measure = self.measure.as_ref().map(|id| format!("measure={id}"));
        let parts: Vec<String> = level.into_iter().chain(measure).collect();
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }

    /// The rows chosen as a table.
    pub fn table(&self, reading: &Reading) -> Table {
        let rows = reading.network(self.level, self.measure.as_ref());
        let year = reading.in_force.charter.charter.school_year;
        network::table(year, reading.run.number, &rows, &reading.run.analysis)
    }
}

/// `/network`.
pub async fn page(
    State(web): State<Web>,
    Reader(scope): Reader,
    filter: Result<Query<Filter>, QueryRejection>,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let chosen = filter?.checked()?;
    let reading = reading(&web).await?;
    if rendering == Rendering::Csv {
        return Ok(chosen.table(&reading).into_response());
    }
    let measures = &reading.run.analysis.measures;
    let mut shell = shell(&scope, "/network", "Network");
    shell.dateline = Some(reading.dateline());
    shell.not_offered = reading.not_offered(&reading.run.analysis.districts);
    let rows = reading.network(chosen.level, chosen.measure.as_ref());
    let levels = Level::ALL.map(|level| Choice {
        id: level.as_str().to_owned(),
        label: level_words(level),
        chosen: chosen.level == Some(level),
    });
    let measure_choices = measures.iter().filter(|measure| measure.better.is_some());
    Ok(answer(&NetworkPage {
        shell,
        coverage: reading.coverage(),
        levels: levels.to_vec(),
        measures: measure_choices
            .map(|measure| Choice {
                id: measure.id.to_string(),
                label: measure.label.clone(),
                chosen: chosen.measure.as_ref() == Some(&measure.id),
            })
            .collect(),
        query: chosen.query(),
        rows: rows.into_iter().map(|row| network::row(row, measures)).collect(),
    }))
}
