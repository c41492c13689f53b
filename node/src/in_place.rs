//! The school years that a warehouse counts: where each is, and how it is
//! reached. What is counted, and for whom, [`crate::exact`] says.
//!
//! The password is read anew each time, from its file or the environment; no
//! part of it is kept.

use std::{path::Path, time::Duration};

use peerlight_node_engine::{intake::Schools, measure::Pushdown, student::ColumnSet};
use peerlight_proto::{
    charter::{Charter, Program},
    units::SchoolYear,
};
use zeroize::Zeroizing;

use crate::{
    error::Error,
    home,
    node::Node,
    source::{
        SourceError,
        warehouse::{Address, InPlace, View, WarehouseError, YearThere},
    },
    store::warehouse_years::{self, WarehouseYear},
};

/// What to do about what no warehouse counts.
pub const REMEDY: &str = "run \"import sql\" without --pushdown";

/// Where a year is counted; `None` where that is on this node.
pub async fn find(node: &Node, year: SchoolYear) -> Result<Option<WarehouseYear>, Error> {
    Ok(warehouse_years::find(&node.store, year).await?)
}

/// The columns of a year that can be counted there.
pub fn columns(there: &WarehouseYear) -> ColumnSet {
    let all = there.columns.keys().copied();
    all.filter(|column| column.is_countable()).collect()
}

/// The district's schools, as rows may name them.
pub async fn schools(node: &Node) -> Result<Schools, Error> {
    let member = node.membership()?.member;
    Ok(Schools::new(&node.documents().await?.directory.document, &member))
}

/// Begins to read a year where it is.
pub async fn open(there: &WarehouseYear) -> Result<InPlace, Error> {
    let password = there.password_file.as_deref().map(|file| password(Path::new(file)));
    let password = password.transpose()?;
    let usage = |error: &dyn std::error::Error| Error::Usage(error.to_string());
    let address = Address::parse(&there.url, password.as_ref().map(|text| text.as_str()));
    let view: View = there.view.parse().map_err(|error| usage(&error))?;
    let there = YearThere {
        address: address.map_err(|error| usage(&error))?,
        view,
        year: there.school_year,
        columns: there.columns.clone(),
        patience: Duration::from_secs(60 * there.minutes),
    };
    Ok(InPlace::open(there).await.map_err(SourceError::from)?)
}

/// Refuses a year of which there are so many percent more or fewer rows than a
/// person saw.
pub fn check_rows(there: &WarehouseYear, rows: usize, percent: f64) -> Result<(), Error> {
    let (then, now) = (there.row_count as f64, rows as f64);
    if (now - then).abs() * 100.0 <= percent * then {
        return Ok(());
    }
    let (view, year) = (there.view.clone(), there.school_year);
    Err(SourceError::from(WarehouseError::Changed { view, year }).into())
}

/// The first line of a file.
pub fn password(path: &Path) -> Result<Zeroizing<String>, Error> {
    let bytes = Zeroizing::new(home::read(path)?);
    let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
    Ok(first_line(&text))
}

/// The first line of a text.
pub fn first_line(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())
}

/// The programs of a charter that are wanted and that no warehouse can count, a
/// sentence each; none where the year is counted on this node.
pub async fn not_counted(
    node: &Node,
    charter: &Charter,
    wanted: impl Fn(&Program) -> bool,
) -> Result<Vec<String>, Error> {
    if find(node, charter.school_year).await?.is_none() {
        return Ok(Vec::new());
    }
    let programs = charter.policy.programs.iter().filter(|program| wanted(program));
    Ok(programs.filter_map(refused).collect())
}

/// Why no warehouse can count a program, in a sentence; `None` where one may.
pub fn refused(program: &Program) -> Option<String> {
    Pushdown::refused(program).map(|why| format!("{}: {why} ({REMEDY})", program.id))
}
