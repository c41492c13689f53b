//! Reads student years from a view of a district's or state's own warehouse,
//! over the PostgreSQL wire protocol.
//!
//! ```text
//! names of columns ──Layout──▶ SELECT of what is used, as text ──rows, one in memory──▶ Intake
//! ```
//!
//! What the cells mean is the engine's to say, as for a file. The session may
//! only read, asks nothing that a person wrote, and hands on nothing unless the
//! last row has come. No message of the server is repeated: it may hold values.

mod address;
mod error;
mod query;

use std::time::Duration;

use peerlight_node_engine::{
    intake::{Imported, Intake, Layout, Mapping, Schools, VIEW},
    student::Column,
};
use peerlight_proto::units::{ContentHash, SchoolYear};
use ring::digest::{Context, SHA256};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, ValueRef, postgres::PgRow,
};
use tokio::time::timeout;
use tokio_stream::StreamExt;

pub use address::Address;
pub use error::{AddressError, ViewNameError, WarehouseError};
pub use query::View;

use super::{Read, SourceError};
use error::{Asking, fault};

/// Name of this source, where it is not given another.
pub const SOURCE: &str = "sql";

/// How long a server may take to answer the door.
const DOOR: Duration = Duration::from_secs(30);

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
    Ok(Read { source: SOURCE.to_owned(), imported, digest, files: vec![place] })
}

async fn rows(
    address: &Address,
    wanted: &Wanted,
    place: &str,
    mut intake: Intake,
    context: &mut Context,
) -> Result<Imported, SourceError> {
    let mut connection = timeout(DOOR, address.options().connect())
        .await
        .map_err(|_| WarehouseError::Unreachable { at: address.to_string() })?
        .map_err(|error| fault(&error, Asking::Door, address, wanted))?;
    let failed = |error: sqlx::Error| fault(&error, Asking::Rows, address, wanted);
    sqlx::raw_sql(AssertSqlSafe(query::session(wanted.patience)))
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    let header = columns(&mut connection, &wanted.view).await.map_err(failed)?;
    if header.is_empty() {
        return Err(WarehouseError::NoView { view: wanted.view.to_string() }.into());
    }
    if let Some(layout) = intake.begin(place, &header) {
        for name in &header {
            digest(context, name.as_bytes());
        }
        let read = stream(&mut connection, wanted, place, &layout, &header, &mut intake, context);
        read.await.map_err(failed)?;
    }
    // Everything has come: that the server hears a goodbye matters to nobody.
    let _ = connection.close().await;
    Ok(intake.finish()?)
}

/// The names of a view's columns, in their order; none where there is no such
/// view.
async fn columns(connection: &mut PgConnection, view: &View) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(query::COLUMNS).bind(view.quoted()).fetch_all(connection).await
}

async fn stream(
    connection: &mut PgConnection,
    wanted: &Wanted,
    place: &str,
    layout: &Layout,
    header: &[String],
    intake: &mut Intake,
    context: &mut Context,
) -> sqlx::Result<()> {
    // Under a value map the warehouse's years may be called otherwise.
    let is_mapped = wanted.mapping.value.contains_key(&Column::SchoolYear);
    let year = wanted.year.filter(|_| !is_mapped && layout.position(Column::SchoolYear).is_some());
    let text = query::rows(&wanted.view, layout, header, year.is_some());
    let mut query = sqlx::query(AssertSqlSafe(text)).persistent(false);
    if let Some(year) = year {
        query = query.bind(query::other_years(year));
    }
    let mut rows = query.fetch(connection);
    let mut number = 0;
    while let Some(row) = next(wanted.patience, &mut rows).await? {
        number += 1;
        let cells = cells(&row)?;
        for cell in &cells {
            digest(context, cell);
        }
        // A character has up to four bytes: only cells of many are counted.
        let is_long = |cell: &&[u8]| {
            cell.len() >= LONGEST && String::from_utf8_lossy(cell).chars().count() >= LONGEST
        };
        if cells.iter().any(is_long) {
            let what = "a value has 10,000 characters or more";
            intake.unreadable(place, number, what, "look at the columns of the view");
        } else {
            intake.row(layout, number, cells.into_iter());
        }
    }
    Ok(())
}

/// The next row; an error where none comes in time.
async fn next<T>(
    patience: Duration,
    rows: &mut (impl tokio_stream::Stream<Item = sqlx::Result<T>> + Unpin),
) -> sqlx::Result<Option<T>> {
    let silent = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    timeout(patience, rows.next()).await.map_err(silent)?.transpose()
}

/// A row's cells as text; empty where they are missing.
fn cells(row: &PgRow) -> sqlx::Result<Vec<&[u8]>> {
    let cell = |position| {
        let value = row.try_get_raw(position)?;
        if value.is_null() {
            return Ok(&[][..]);
        }
        value.as_bytes().map_err(sqlx::Error::Decode)
    };
    (0..row.len()).map(cell).collect()
}

/// A cell, told from its neighbours by its length.
fn digest(context: &mut Context, cell: &[u8]) {
    context.update(&(cell.len() as u64).to_le_bytes());
    context.update(cell);
}
