//! Recording that school years are counted in a warehouse: what was seen of
//! them, whether that may take the place of what is counted now, and the audit
//! log. All of it is recorded or nothing.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_node_engine::{
    intake::{Change, StudentYears},
    student::{Column, MISSING, Values},
};
use peerlight_proto::units::{Grade, SchoolYear};

use super::{Done, Settled, Wish, absent};
use crate::{
    error::Error,
    node::Node,
    records::{Applied, ImportError, Outcome},
    source::warehouse::{Looked, SOURCE},
    store::{
        combined::{self, CombinedPart, CombinedYear},
        warehouse_years::{self, WarehouseYear},
    },
};

/// Where the years are, as a person wrote it.
#[derive(Debug)]
pub struct Warehouse {
    /// Its address, without a password.
    pub url: String,
    /// The path of the file with the password.
    pub password_file: Option<String>,
    /// The view.
    pub view: String,
    /// How long it may take, minutes.
    pub minutes: u64,
}

/// How many students of a year each school and grade has. Exact: for the
/// district's own eyes.
#[derive(Clone, PartialEq, Eq)]
pub struct Census {
    /// The school year.
    pub school_year: SchoolYear,
    /// By school; the empty id where rows do not tell it.
    pub by_school: Vec<(String, u64)>,
    /// By grade, none where rows do not tell it.
    pub by_grade: Vec<(Option<Grade>, u64)>,
}

/// Records what was seen, or says why that is refused.
///
/// # Errors
///
/// The node's database. A refusal is no error here but a [`Settled::outcome`].
pub async fn settle(
    node: &Node,
    looked: Result<Looked, Error>,
    warehouse: &Warehouse,
    wish: &Wish,
) -> Result<Settled, Error> {
    let (is_dry_run, at) = (wish.dry_run, node.clock.now());
    let settled = |report, outcome| Settled {
        source: SOURCE.to_owned(),
        digest: None,
        report,
        outcome,
        is_dry_run,
        at,
    };
    let Looked { imported, columns } = match looked {
        Ok(looked) => looked,
        Err(error) => {
            return Ok(settled(error.report().cloned().unwrap_or_default(), Err(error)));
        }
    };
    let (mut new, mut census) = (Vec::new(), Vec::new());
    let mut outcome = Outcome::default();
    for years in &imported.years {
        let year = warehouse.year(years, &columns);
        let applied = match judge(node, &year, wish).await {
            Ok(applied) => applied,
            Err(Error::Import(refused)) => {
                return Ok(settled(imported.report, Err(refused.into())));
            }
            Err(error) => return Err(error),
        };
        let shown = if is_dry_run { Applied::Checked } else { applied };
        outcome.years.push((year.school_year, year.row_count, shown));
        outcome.combined.push(whole(years, &year));
        census.push(Census::of(years));
        if applied != Applied::Unchanged {
            new.push(year);
        }
    }
    if !is_dry_run {
        warehouse_years::insert(&node.store, &new, wish.actor, at).await?;
    }
    let absent = absent(node, &outcome.combined).await?;
    Ok(settled(imported.report, Ok(Done { outcome, absent, census })))
}

/// Whether a year may be counted there from now on, in place of what is counted
/// now.
async fn judge(node: &Node, year: &WarehouseYear, wish: &Wish) -> Result<Applied, Error> {
    let before = warehouse_years::find(&node.store, year.school_year).await?;
    let held = combined::find(&node.store, year.school_year).await?;
    let percent = node.config.accept_change_percent;
    let (then, now) = (before.as_ref().map_or(0, |it| it.row_count) as f64, year.row_count as f64);
    let changes = match &before {
        Some(before) if before == year => return Ok(Applied::Unchanged),
        Some(before) if (&before.url, &before.view) != (&year.url, &year.view) => {
            let (old, new) = (&before.view, &year.view);
            Some(format!("it is counted in the view {old}, and would be counted in {new}"))
        }
        Some(_) if (now - then).abs() * 100.0 > percent * then => {
            let what = "number of rows".to_owned();
            Some(Change { what, before: then, now, unit: "rows" }.to_string())
        }
        None if held.is_some() => {
            let view = &year.view;
            Some(format!("it is counted from imported records, and would be counted in {view}"))
        }
        _ => None,
    };
    match changes.filter(|_| !wish.accept_change) {
        Some(changes) => Err(ImportError::Changed { year: year.school_year, changes }.into()),
        None if before.is_none() && held.is_none() => Ok(Applied::New),
        None => Ok(Applied::Replaced),
    }
}

impl Warehouse {
    fn year(&self, years: &StudentYears, columns: &BTreeMap<Column, String>) -> WarehouseYear {
        WarehouseYear {
            school_year: years.school_year,
            url: self.url.clone(),
            password_file: self.password_file.clone(),
            view: self.view.clone(),
            minutes: self.minutes,
            row_count: years.rows() as u64,
            columns: columns.clone(),
        }
    }
}

/// The year as it would be of imported records.
fn whole(years: &StudentYears, year: &WarehouseYear) -> CombinedYear {
    let is_nowhere = |school: &&u32| **school == StudentYears::NO_SCHOOL;
    let without_school = years.school.iter().filter(is_nowhere).count() as u64;
    let joined = year.row_count - without_school;
    let values = year.columns.keys().filter(|column| column.is_countable());
    let first_of: BTreeSet<String> = values.map(|column| column.name().to_owned()).collect();
    let source = format!("{SOURCE}, counted in the warehouse");
    CombinedYear {
        school_year: year.school_year,
        row_count: joined,
        without_school,
        precedence: String::new(),
        records_file: None,
        parts: vec![CombinedPart { source, joined, without_school, first_of }],
    }
}

impl Census {
    fn of(years: &StudentYears) -> Self {
        let mut schools: BTreeMap<&str, u64> = BTreeMap::new();
        for school in &years.school {
            let id = years.schools.get(*school as usize).map_or("", String::as_str);
            *schools.entry(id).or_default() += 1;
        }
        let bytes = |column| match years.values(column) {
            Some(Values::Bytes(bytes)) => bytes.as_slice(),
            _ => &[],
        };
        let (assessed, level) = (bytes(Column::GradeAssessed), bytes(Column::GradeLevel));
        let mut grades: BTreeMap<u8, u64> = BTreeMap::new();
        for row in 0..years.rows() {
            let at = |bytes: &[u8]| bytes.get(row).copied().filter(|byte| *byte != MISSING);
            *grades.entry(at(level).or(at(assessed)).unwrap_or(MISSING)).or_default() += 1;
        }
        let grade = |(byte, rows): (u8, u64)| (Grade::from_index(usize::from(byte)), rows);
        Self {
            school_year: years.school_year,
            by_school: schools.into_iter().map(|(id, rows)| (id.to_owned(), rows)).collect(),
            by_grade: grades.into_iter().map(grade).collect(),
        }
    }
}

impl std::fmt::Debug for Census {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Census").field("school_year", &self.school_year).finish_non_exhaustive()
    }
}
