//! My schools, and one school: exact values beside the network's estimates.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use peerlight_node_engine::measure::LocalTable;
use peerlight_proto::{
    charter::Charter,
    directory::School,
    group::StudentGroup,
    names::{MeasureId, PopulationId, SchoolId},
    v1::Benchmark,
};

use super::{Problem, Shared, render, survey};
use crate::{
    approval::Approved,
    error::Error,
    local::{self, Beside, Leaves},
    node::Node,
    words,
};

#[derive(Template)]
#[template(path = "schools.html")]
struct ListPage {
    member: String,
    year: String,
    schools: Vec<ListRow>,
    not_offered: Vec<String>,
    absent_groups: Vec<String>,
}

struct ListRow {
    id: String,
    name: String,
    level: &'static str,
    enrollment: String,
}

#[derive(Template)]
#[template(path = "school.html")]
struct SchoolPage {
    id: String,
    name: String,
    year: String,
    rows: Vec<Row>,
    surveys: Vec<survey::Row>,
    network: String,
    not_offered: Vec<String>,
    absent_groups: Vec<String>,
}

impl SchoolPage {
    /// All students, measure by measure.
    fn whole(&self) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.is_whole).collect()
    }

    /// One table a measure that has student groups.
    fn by_group(&self) -> Vec<GroupTable<'_>> {
        let mut tables: Vec<GroupTable<'_>> = Vec::new();
        for row in self.rows.iter().filter(|row| !row.is_whole) {
            match tables.last_mut().filter(|table| table.measure == row.measure) {
                Some(table) => table.rows.push(row),
                None => tables.push(GroupTable { measure: &row.measure, rows: vec![row] }),
            }
        }
        tables
    }
}

/// One measure's student groups.
struct GroupTable<'a> {
    measure: &'a str,
    rows: Vec<&'a Row>,
}

/// One measure of one group, as text.
struct Row {
    /// Whether it is about all students.
    is_whole: bool,
    measure: String,
    group: String,
    students: String,
    exact: String,
    estimate: String,
    network_mean: String,
    standing: String,
}

pub(super) async fn list(State(local): State<Shared>) -> Result<Response, Problem> {
    let node = &local.node;
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let schools = approved.directory.document.schools_of(&membership.member);
    let row = |school: &School| ListRow {
        id: school.id.to_string(),
        name: school.name.clone(),
        level: school.level.as_str(),
        enrollment: school.enrollment.map(|it| it.to_string()).unwrap_or_default(),
    };
    Ok(render(&ListPage {
        member: membership.member.to_string(),
        year: approved.charter.document.school_year.to_string(),
        schools: schools.map(row).collect(),
        not_offered: local::not_offered(&approved),
        absent_groups: local::absent_groups(node, &approved).await?,
    }))
}

pub(super) async fn show(
    State(local): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(render(&page(&local.node, &id).await?))
}

pub(super) async fn csv(
    State(local): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let page = page(&local.node, &id).await?;
    let bytes = to_csv(&page.rows).map_err(Error::Output)?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
}

fn to_csv(rows: &[Row]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "measure",
        "group",
        "students",
        "exact",
        "network_estimate",
        "network_mean",
        "standing",
    ])?;
    for row in rows {
        let Row { measure, group, students, exact, estimate, network_mean, standing, .. } = row;
        writer.write_record([measure, group, students, exact, estimate, network_mean, standing])?;
    }
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}

/// A school of this district, and what the district approved.
pub(super) async fn of_district(node: &Node, id: &str) -> Result<(Approved, School), Error> {
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let absent = || Error::Absent(format!("{id} is not a school of this district"));
    let id = SchoolId::new(id).map_err(|_| absent())?;
    let school = approved.directory.document.school(&id).filter(|it| it.lea == membership.member);
    let school = school.ok_or_else(absent)?.clone();
    Ok((approved, school))
}

async fn page(node: &Node, id: &str) -> Result<SchoolPage, Problem> {
    let membership = node.membership()?;
    let (approved, School { id, name, .. }) = of_district(node, id).await?;
    let values = local::table(node, &membership, &approved).await?;
    // Without the hub the district's own values are still shown.
    let (benchmarks, network) = match local::beside(node, &id).await {
        Ok(found) => (found, String::new()),
        Err(error) => (BTreeMap::new(), error.to_string()),
    };
    Ok(SchoolPage {
        rows: rows(&approved, &values, &id, &benchmarks),
        surveys: survey::rows(node, approved.charter.document.school_year, &id).await?,
        id: id.to_string(),
        name,
        year: approved.charter.document.school_year.to_string(),
        network,
        not_offered: local::not_offered(&approved),
        absent_groups: local::absent_groups(node, &approved).await?,
    })
}

fn rows(
    approved: &Approved,
    values: &LocalTable,
    school: &SchoolId,
    benchmarks: &Beside,
) -> Vec<Row> {
    let charter = &approved.charter.document;
    let one = |value: f64| format!("{value:.1}");
    let row = |measure: String, group: StudentGroup, beside: Option<&Benchmark>| Row {
        is_whole: group == StudentGroup::All,
        measure,
        group: group.label(),
        students: String::new(),
        exact: String::new(),
        estimate: beside.map(words::estimate).unwrap_or_default(),
        network_mean: beside.and_then(|it| it.network_mean).map(one).unwrap_or_default(),
        standing: beside.map(standing).unwrap_or_default(),
    };
    let mut rows = Vec::new();
    for measure in values.measures() {
        let leaves = local::leaves(approved, measure);
        let mut name = local::label(charter, measure);
        if leaves == Leaves::Never {
            name.push_str(" (here only, not released)");
        }
        for &group in values.groups(measure) {
            let beside = benchmarks.get(&(measure.to_string(), group.to_string()));
            let exact = values.school(school, measure, group);
            // Of what the charter releases, a gap is said; of the rest it is left out.
            let is_gap_said = group == StudentGroup::All && leaves != Leaves::Never;
            if exact.is_none() && beside.is_none() && !is_gap_said {
                continue;
            }
            rows.push(Row {
                students: exact.map(|it| it.denominator().to_string()).unwrap_or_default(),
                exact: exact.map_or_else(
                    || "no students counted".to_owned(),
                    |it| one(local::shown(charter, measure, it.value())),
                ),
                ..row(name.clone(), group, beside)
            });
        }
    }
    // What the hub knows of and these records do not hold as a measure.
    for ((measure, group), beside) in benchmarks {
        let is_local = values.measures().any(|known| known.as_str() == measure);
        if !is_local && group == "all" {
            let (label, counted) = population(charter, values, school, measure);
            rows.push(Row {
                exact: counted.map_or_else(
                    || "Not collected that year".to_owned(),
                    |students| students.to_string(),
                ),
                ..row(label, StudentGroup::All, Some(beside))
            });
        }
    }
    rows
}

/// A population's name, and how many students of the school are in it: those
/// counted by the measure about it that has the most grades.
fn population(
    charter: &Charter,
    values: &LocalTable,
    school: &SchoolId,
    id: &str,
) -> (String, Option<i64>) {
    let known = PopulationId::new(id).ok().and_then(|id| charter.population(&id));
    let Some(known) = known else {
        let measure = MeasureId::new(id);
        return (measure.map_or_else(|_| id.to_owned(), |id| local::label(charter, &id)), None);
    };
    let about =
        |measure: &&MeasureId| charter.measure(measure).is_some_and(|it| it.population == known.id);
    let students = values
        .measures()
        .filter(about)
        .filter_map(|measure| values.school(school, measure, StudentGroup::All))
        .map(|it| it.denominator())
        .max();
    (known.label.clone(), students)
}

/// `level 7 of 10, better than 66 % (58 to 74) of its level's schools`.
fn standing(row: &Benchmark) -> String {
    let level = row.level.map(|level| format!("level {level} of 10"));
    let rank = match (row.percentile_rank, row.percentile_rank_low, row.percentile_rank_high) {
        (Some(rank), Some(low), Some(high)) => {
            Some(format!("better than {rank:.0} % ({low:.0} to {high:.0}) of its level's schools"))
        }
        _ => None,
    };
    [level, rank].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
