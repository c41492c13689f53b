//! Looks at a view before its years are counted in it: the report of an import,
//! made without fetching what is to be counted.
//!
//! Ids, schools and groups come row by row and are checked as in any import; of
//! all other columns the warehouse says how many values there are and how many
//! the intake would refuse. Only of rows with such a value some come whole, to
//! say what is wrong with them.

use std::collections::BTreeMap;

use peerlight_node_engine::{
    intake::{
        Coverage, Imported, Intake, Layout, Mapping, Problem, Refused, Report, Schools, Severity,
        VIEW,
    },
    measure::Relation,
    student::Column,
};
use peerlight_proto::units::SchoolYear;

use super::{
    Address, Session, SourceError, View, Wanted, WarehouseError,
    in_place::{contact_columns, parts},
    query, take,
};

/// What a view holds.
#[derive(Debug)]
pub struct Looked {
    /// Its years, ids and groups only, and the whole report.
    pub imported: Imported,
    /// Our columns that it has, keys included, with its names for them.
    pub columns: BTreeMap<Column, String>,
}

/// A look under way.
struct Look<'a> {
    session: Session,
    view: &'a View,
    place: String,
    header: Vec<String>,
    layout: Layout,
    columns: BTreeMap<Column, String>,
}

/// Looks at every row; refuses where an import would.
pub async fn look(
    address: &Address,
    wanted: &Wanted,
    schools: Schools,
) -> Result<Looked, SourceError> {
    wanted.mapping.check()?;
    let Mapping { rename, .. } = &wanted.mapping;
    if wanted.mapping != (Mapping { rename: rename.clone(), ..Mapping::default() }) {
        return Err(WarehouseError::Mapping.into());
    }
    let place = format!("{VIEW}{}", wanted.view);
    let mut intake = Intake::new(schools, wanted.mapping.clone());
    if let Some(year) = wanted.year {
        intake = intake.only(year);
    }
    let mut session = Session::open(address, &wanted.view, wanted.patience).await?;
    let header = session.header().await?;
    let Some(layout) = intake.begin(&place, &header) else {
        intake.finish()?;
        return Err(WarehouseError::NoView { view: wanted.view.to_string() }.into());
    };
    let column = |column| Some((column, header[layout.position(column)?].clone()));
    let columns = Column::ALL.into_iter().filter_map(column).collect();
    let view = &wanted.view;
    let mut look = Look { session, view, place, header, layout, columns };
    let aside = intake.aside();
    look.groups(&mut intake, wanted.year).await?;
    let (mut report, years) = match intake.finish() {
        Ok(imported) => (imported.report, imported.years),
        Err(refused) => (*refused.report, Vec::new()),
    };
    let seen: Vec<SchoolYear> = match wanted.year {
        Some(year) if years.is_empty() => vec![year],
        _ => years.iter().map(|years| years.school_year).collect(),
    };
    for year in seen {
        look.values(year, &aside, &mut report).await?;
    }
    let Look { session, columns, .. } = look;
    session.close().await;
    if report.problems.has_fatal() {
        return Err(Refused { report: Box::new(report) }.into());
    }
    Ok(Looked { imported: Imported { years, responses: Vec::new(), report }, columns })
}

impl Look<'_> {
    /// Reads who is in the rows, and in which school and groups.
    async fn groups(
        &mut self,
        intake: &mut Intake,
        year: Option<SchoolYear>,
    ) -> Result<(), WarehouseError> {
        let layout = self.layout.clone().only(contact_columns());
        let text = query::rows(self.view, &layout, &self.header, year.is_some());
        let place = &self.place;
        let each = |number: u64, cells: &[&[u8]]| take(intake, &layout, place, number, cells);
        self.session.each_row(text, year.map(query::other_years), each).await
    }

    /// Asks how sound the values of a year are that stay where they are.
    async fn values(
        &mut self,
        year: SchoolYear,
        aside: &Intake,
        report: &mut Report,
    ) -> Result<(), WarehouseError> {
        let (name, condition, mut columns) = parts(self.view, &self.columns, year);
        columns.retain(|(column, _)| !contact_columns().contains(*column));
        let relation = Relation { name: &name, condition: &condition, columns: &columns };
        let quality = self.session.numbers(relation.quality()).await?;
        let (rows, of_columns) = quality.split_first().unwrap_or((&0, &[]));
        let mut refused = BTreeMap::new();
        for (column, counts) in relation.values().zip(of_columns.as_chunks::<2>().0) {
            let [filled, bad] = counts.map(|count| u64::try_from(count).unwrap_or(0));
            let rows = u64::try_from(*rows).unwrap_or(0);
            report.coverage.push(Coverage { school_year: year, column, filled, rows });
            if bad > 0 {
                refused.insert(column.name(), bad);
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        let text = query::rows_where(self.view, &self.layout, &self.header, &relation.refused());
        let mut intake = aside.aside();
        let (layout, place) = (&self.layout, &self.place);
        // Their numbers among all rows are not known.
        let each = |_: u64, cells: &[&[u8]]| take(&mut intake, layout, place, 0, cells);
        self.session.each_row(text, None, each).await?;
        explain(&mut refused, intake, place, report);
        Ok(())
    }
}

/// Notes what is wrong with values: in the intake's words, with the warehouse's
/// counts.
fn explain(
    refused: &mut BTreeMap<&'static str, u64>,
    intake: Intake,
    place: &str,
    report: &mut Report,
) {
    let shown = intake.finish().err().map(|refused| refused.report);
    for mut group in shown.iter().flat_map(|report| report.problems.groups()) {
        let column = group.problem.column.as_deref().unwrap_or_default();
        if let (Severity::Fatal, Some(rows)) = (group.problem.severity, refused.remove(column)) {
            group.count = rows;
            report.problems.add_group(group);
        }
    }
    for (column, _) in std::mem::take(refused) {
        let problem = Problem {
            severity: Severity::Fatal,
            column: Some(column.to_owned()),
            what: "has values that the warehouse cannot read as this node would".to_owned(),
            remedy: "look for unusual blanks around them".to_owned(),
        };
        let place =
            peerlight_node_engine::intake::Place { file: place.to_owned(), line: 0, value: None };
        report.problems.add(problem, place);
    }
}
