//! Reads student years from a view of a district's or state's own warehouse,
//! over the PostgreSQL wire protocol.
//!
//! ```text
//! names of columns ──Layout──▶ SELECT of what is used, as text ──rows, one in memory──▶ Intake
//!                         └──▶ of ids and groups only ──▶ journal ──▶ SELECT of totals ──▶ Counter
//! ```
//!
//! What the cells mean is the engine's to say, as for a file. The session may
//! only read, asks nothing that a person wrote, and hands on nothing unless the
//! last row has come. No message of the server is repeated: it may hold values.

mod address;
mod error;
mod in_place;
mod look;
mod query;
mod session;

use std::time::Duration;

use peerlight_node_engine::{
    intake::{Imported, Intake, Layout, Mapping, Schools, VIEW},
    student::Column,
};
use peerlight_proto::units::{ContentHash, SchoolYear};
use ring::digest::{Context, SHA256};

pub use address::Address;
pub use error::{AddressError, ViewNameError, WarehouseError};
pub use in_place::{InPlace, YearThere};
pub use look::{Looked, look};
pub use query::View;
use session::Session;

use super::{Read, SourceError};

/// Name of this source, where it is not given another.
pub const SOURCE: &str = "sql";

/// Longest cell, characters: as long as no value or id is.
const LONGEST: usize = 10_000;

/// What is read of a view.
#[derive(Debug)]
pub struct Wanted {
    /// The view.
    pub view: View,
    /// Only this school year, if one is named.
    pub year: Option<SchoolYear>,
    /// How its columns become ours.
    pub mapping: Mapping,
    /// How long the server may take to begin to answer, and may then fall
    /// silent; whole minutes.
    pub patience: Duration,
}

/// Reads every row of a view; refuses them all where one has a fatal error or
/// the last one does not come.
pub async fn read(
    address: &Address,
    wanted: &Wanted,
    schools: Schools,
) -> Result<Read, SourceError> {
    wanted.mapping.check()?;
    let place = format!("{VIEW}{}", wanted.view);
    let mut context = Context::new(&SHA256);
    context.update(format!("{:?} {:?}", wanted.mapping, wanted.year).as_bytes());
    let mut intake = Intake::new(schools, wanted.mapping.clone());
    if let Some(year) = wanted.year {
        intake = intake.only(year);
    }
    let imported = rows(address, wanted, &place, intake, &mut context).await?;
    let digest = context.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    Ok(Read { source: SOURCE.to_owned(), imported, digest, files: vec![place], kept: None })
}

async fn rows(
    address: &Address,
    wanted: &Wanted,
    place: &str,
    mut intake: Intake,
    context: &mut Context,
) -> Result<Imported, SourceError> {
    let mut session = Session::open(address, &wanted.view, wanted.patience).await?;
    let header = session.header().await?;
    if let Some(layout) = intake.begin(place, &header) {
        for name in &header {
            digest(context, name.as_bytes());
        }
        // Under a value map the warehouse's years may be called otherwise.
        let is_mapped = wanted.mapping.value.contains_key(&Column::SchoolYear);
        let has_year = layout.position(Column::SchoolYear).is_some();
        let year = wanted.year.filter(|_| !is_mapped && has_year);
        let text = query::rows(&wanted.view, &layout, &header, year.is_some());
        let each = |number: u64, cells: &[&[u8]]| {
            for cell in cells {
                digest(context, cell);
            }
            take(&mut intake, &layout, place, number, cells);
        };
        session.each_row(text, year.map(query::other_years), each).await?;
    }
    session.close().await;
    Ok(intake.finish()?)
}

/// Hands a row on, unless a cell of it is too long to be one.
fn take(intake: &mut Intake, layout: &Layout, place: &str, number: u64, cells: &[&[u8]]) {
    // A character has up to four bytes: only cells of many are counted.
    let is_long = |cell: &&[u8]| {
        cell.len() >= LONGEST && String::from_utf8_lossy(cell).chars().count() >= LONGEST
    };
    if cells.iter().any(is_long) {
        let what = "a value has 10,000 characters or more";
        intake.unreadable(place, number, what, "look at the columns of the view");
    } else {
        intake.row(layout, number, cells.iter().copied());
    }
}

/// A cell, told from its neighbours by its length.
fn digest(context: &mut Context, cell: &[u8]) {
    context.update(&(cell.len() as u64).to_le_bytes());
    context.update(cell);
}
