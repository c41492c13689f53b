//! What precision this district's schools get, by preset and calendar: public
//! sizes and noise alone. Draws nothing and shows no exact value.

use askama::Template;
use axum::{extract::State, response::Response};

use super::{Problem, Shared, render};
use crate::{
    error::Error,
    plan::{self, PRESETS, charter_line, half_width},
};

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    member: String,
    presets: Vec<String>,
    names: Vec<&'static str>,
    rows: Vec<PlanRow>,
}

struct PlanRow {
    measure: String,
    program: String,
    school: String,
    calendar: &'static str,
    students: String,
    unit: String,
    half_widths: Vec<String>,
}

pub(super) async fn show(State(local): State<Shared>) -> Result<Response, Problem> {
    let node = &local.node;
    let member = node.membership()?.member;
    let documents = node.documents().await?;
    let (charter, directory) = (&documents.charter.document, &documents.directory.document);
    let plans = PRESETS
        .into_iter()
        .map(|preset| plan::plan(charter, directory, &member, preset))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::from)?;
    let figures = plans.first().map_or(&[][..], |first| &first.figures);
    let examples = plan::examples(figures);
    let name = |id: &str| {
        let school = directory.schools_of(&member).find(|school| school.id.as_str() == id);
        school.map_or_else(|| id.to_owned(), |school| school.name.clone())
    };
    let rows = figures
        .iter()
        .enumerate()
        .filter(|(_, it)| it.group == "all" && examples.contains(&it.school_id))
        .map(|(position, figure)| PlanRow {
            measure: figure.measure.clone(),
            program: figure.program.clone(),
            school: name(&figure.school_id),
            calendar: figure.calendar,
            students: format!("{:.0}", figure.students),
            unit: figure.unit.clone(),
            half_widths: plans
                .iter()
                .map(|plan| half_width(plan.figures[position].half_width))
                .collect(),
        })
        .collect();
    Ok(render(&PlanPage {
        member: member.to_string(),
        presets: plans.iter().map(charter_line).collect(),
        names: PRESETS.to_vec(),
        rows,
    }))
}
