//! A school year that is counted where its rows are.
//!
//! ```text
//! ids, schools, groups of each row ──▶ the caller's journal ──frozen cells──▶ totals
//! └──────────────── one transaction: one state of the warehouse ───────────────────┘
//! ```
//!
//! Two ways of counting, and no third: for a release, where the journal has each
//! student; for the district's own eyes, rows as they are. Nothing but ids,
//! schools, groups and totals comes to this node.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use peerlight_node_engine::{
    intake::{Intake, Mapping, Schools, Severity, StudentYears, VIEW},
    measure::{
        Answer, CountPlan, Counter, Frozen, LocalTable, Pushdown, PushdownError, Relation,
        Students, row_key,
    },
    privacy::journal::{Cells, Journal},
    student::{Column, ColumnSet},
};
use peerlight_proto::units::SchoolYear;

use super::{Address, Session, View, WarehouseError, query, take};

/// Where a school year is.
#[derive(Debug)]
pub struct YearThere {
    /// The warehouse.
    pub address: Address,
    /// The view.
    pub view: View,
    /// The reporting year.
    pub year: SchoolYear,
    /// Our columns that were there when a person looked, with the view's names.
    pub columns: BTreeMap<Column, String>,
    /// How long the warehouse may take for each answer; whole minutes.
    pub patience: Duration,
}

/// A school year in one state of its warehouse.
pub struct InPlace {
    session: Session,
    there: YearThere,
    students: Option<StudentYears>,
}

impl InPlace {
    /// Begins to read; refuses a view that lacks a column it had.
    pub async fn open(there: YearThere) -> Result<Self, WarehouseError> {
        let mut session = Session::open(&there.address, &there.view, there.patience).await?;
        let header: BTreeSet<String> = session.header().await?.into_iter().collect();
        let lost = there.columns.values().filter(|name| !header.contains(*name));
        let lost: BTreeSet<&str> = lost.map(String::as_str).collect();
        if !lost.is_empty() {
            let columns = lost.into_iter().collect::<Vec<_>>().join(", ");
            return Err(WarehouseError::Columns { view: there.view.to_string(), columns });
        }
        Ok(Self { session, there, students: None })
    }

    /// Fetches who is in the year, and in which school and groups: the columns
    /// that the contribution journal meets students by, and no others.
    pub async fn fetch_students(
        &mut self,
        schools: Schools,
    ) -> Result<&StudentYears, WarehouseError> {
        let YearThere { view, year, columns, .. } = &self.there;
        let mut rename: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        for (column, name) in columns {
            rename.entry(name.clone()).or_default().push(*column);
        }
        let header: Vec<String> = rename.keys().cloned().collect();
        let place = format!("{VIEW}{view}");
        let mapping = Mapping { rename, ..Mapping::default() };
        let mut intake = Intake::new(schools, mapping).only(*year);
        let mut is_empty = true;
        if let Some(layout) = intake.begin(&place, &header) {
            let layout = layout.only(contact_columns());
            let text = query::rows(view, &layout, &header, true);
            let each = |number: u64, cells: &[&[u8]]| {
                is_empty = false;
                take(&mut intake, &layout, &place, number, cells);
            };
            self.session.each_row(text, Some(query::other_years(*year)), each).await?;
        }
        if is_empty {
            return Err(WarehouseError::NoRows { view: view.to_string(), year: *year });
        }
        let imported = intake.finish().map_err(|refused| unfit(view, &refused.report))?;
        let found = imported.years.into_iter().find(|it| it.school_year == *year);
        let found =
            found.ok_or_else(|| WarehouseError::NoRows { view: view.to_string(), year: *year })?;
        Ok(self.students.insert(found))
    }

    /// The totals of a plan for releases, of the students who were fetched, where
    /// the journal has them: `entries` are its own, one a student. Refuses
    /// entries of other students.
    pub async fn count_met<'a>(
        &mut self,
        plan: &'a CountPlan,
        journal: &Journal,
        entries: &[u32],
    ) -> Result<Counter<'a>, WarehouseError> {
        let students = self.students.take().filter(|it| it.rows() == entries.len());
        let students = students.ok_or(PushdownError::Students)?;
        let text = |id: &[u8]| String::from_utf8_lossy(id).into_owned();
        let frozen = Frozen::of(plan, journal, entries, |row| {
            row_key(&text(students.students.get(row)), &text(students.statewide.get(row)))
        });
        self.count(plan, Some(&frozen)).await
    }

    /// The exact values of a plan, of rows as they are.
    pub async fn count_local(&mut self, plan: &CountPlan) -> Result<LocalTable, WarehouseError> {
        Ok(self.count(plan, None).await?.finish_local())
    }

    /// Ends the transaction.
    pub async fn close(self) {
        self.session.close().await;
    }

    async fn count<'a>(
        &mut self,
        plan: &'a CountPlan,
        frozen: Option<&Frozen>,
    ) -> Result<Counter<'a>, WarehouseError> {
        let view = &self.there.view;
        let (name, condition, columns) = parts(view, &self.there.columns, self.there.year);
        let relation = Relation { name: &name, condition: &condition, columns: &columns };
        let students = if frozen.is_some() { Students::Frozen } else { Students::AsTheyAre };
        let pushdown = Pushdown::new(plan, relation, students)?;
        let refused = self.session.numbers(pushdown.refusals()).await?;
        check_refusals(view, &pushdown, &refused)?;
        let schools: Vec<String> = plan.schools().iter().map(ToString::to_string).collect();
        let mut texts: Vec<&[String]> = vec![&schools];
        texts.extend(frozen.map(Frozen::keys));
        let numbers = frozen.map_or(&[][..], Frozen::arrays);
        let rows = self.session.totals(pushdown.statement(), &texts, numbers).await?;
        let mut answer = Answer::to(plan, frozen);
        for (school, slot, totals) in rows {
            answer.take(school, slot, &totals)?;
        }
        Ok(answer.finish()?)
    }
}

/// The columns by which the journal meets a student, with the row's keys.
pub(super) fn contact_columns() -> ColumnSet {
    let keys = [Column::SchoolYear, Column::SchoolId, Column::StudentId, Column::StatewideId];
    Cells::columns().union(keys.into_iter().collect())
}

/// What a [`Relation`] of a year is made of.
pub(super) fn parts(
    view: &View,
    columns: &BTreeMap<Column, String>,
    year: SchoolYear,
) -> (String, String, Vec<(Column, String)>) {
    let quoted: Vec<(Column, String)> =
        columns.iter().map(|(column, name)| (*column, query::quoted(name))).collect();
    let of_year = columns.get(&Column::SchoolYear).map(|name| query::quoted(name));
    let condition = of_year.map_or_else(|| "false".to_owned(), |it| Relation::of_year(&it, year));
    (view.quoted(), condition, quoted)
}

/// Refuses values that an import would refuse, without showing one.
fn check_refusals(
    view: &View,
    pushdown: &Pushdown<'_>,
    refused: &[i64],
) -> Result<(), WarehouseError> {
    let by_column = pushdown.reads().zip(refused).filter(|(_, rows)| **rows > 0);
    let columns: Vec<&str> = by_column.map(|(column, _)| column.name()).collect();
    let what = match refused.last() {
        _ if !columns.is_empty() => format!("values of {} cannot be read", columns.join(", ")),
        Some(0) => return Ok(()),
        _ => "rows have no id of a student, or the id of another row".to_owned(),
    };
    Err(WarehouseError::Unfit { view: view.to_string(), what })
}

/// The first fatal problem of rows that are no student years.
fn unfit(view: &View, report: &peerlight_node_engine::intake::Report) -> WarehouseError {
    let fatal = report.problems.groups().find(|it| it.problem.severity == Severity::Fatal);
    let what = fatal.map_or_else(
        || "rows are no student years".to_owned(),
        |group| match group.problem.column {
            Some(column) => format!("{column} {}", group.problem.what),
            None => group.problem.what,
        },
    );
    WarehouseError::Unfit { view: view.to_string(), what }
}

impl fmt::Debug for InPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").field("view", &self.there.view).finish_non_exhaustive()
    }
}
