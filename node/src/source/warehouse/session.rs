//! One read-only transaction of one state of a warehouse: opened, asked, closed.
//!
//! Every failure becomes an error of ours, which repeats nothing that the server
//! said.

use std::{io, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, ValueRef, postgres::PgRow,
};
use tokio::time::timeout;
use tokio_stream::StreamExt;

use super::{
    Address, View, WarehouseError,
    error::{Asking, fault},
    query,
};

/// How long a server may take to answer the door.
const DOOR: Duration = Duration::from_secs(30);

/// An open transaction.
pub(super) struct Session {
    connection: PgConnection,
    address: Address,
    view: View,
    patience: Duration,
}

impl Session {
    /// Connects and begins.
    pub(super) async fn open(
        address: &Address,
        view: &View,
        patience: Duration,
    ) -> Result<Self, WarehouseError> {
        let about = (address, view, patience);
        let mut connection = timeout(DOOR, address.options().connect())
            .await
            .map_err(|_| WarehouseError::Unreachable { at: address.to_string() })?
            .map_err(|error| fault(&error, Asking::Door, about))?;
        sqlx::raw_sql(AssertSqlSafe(query::session(patience)))
            .execute(&mut connection)
            .await
            .map_err(|error| fault(&error, Asking::Rows, about))?;
        Ok(Self { connection, address: address.clone(), view: view.clone(), patience })
    }

    /// The names of the view's columns, in their order.
    pub(super) async fn header(&mut self) -> Result<Vec<String>, WarehouseError> {
        let view = self.view.quoted();
        let asked = sqlx::query_scalar(query::COLUMNS).bind(view).fetch_all(&mut self.connection);
        let header: Vec<String> = asked.await.map_err(|error| self.fault(&error))?;
        if header.is_empty() {
            return Err(WarehouseError::NoView { view: self.view.to_string() });
        }
        Ok(header)
    }

    /// Hands on every row's number, from 1, and cells as text, empty where they
    /// are missing. `years` is the statement's argument, if it has one.
    pub(super) async fn each_row(
        &mut self,
        text: String,
        years: Option<Vec<String>>,
        mut each: impl FnMut(u64, &[&[u8]]),
    ) -> Result<(), WarehouseError> {
        let Self { connection, address, view, patience } = self;
        let failed =
            |error: sqlx::Error| fault(&error, Asking::Rows, (&*address, &*view, *patience));
        let mut query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        if let Some(years) = years {
            query = query.bind(years);
        }
        let mut rows = query.fetch(connection);
        let mut number = 0;
        while let Some(row) = next(*patience, &mut rows).await.map_err(failed)? {
            number += 1;
            each(number, &cells(&row).map_err(failed)?);
        }
        Ok(())
    }

    /// The only row of a statement without arguments: numbers.
    pub(super) async fn numbers(&mut self, text: String) -> Result<Vec<i64>, WarehouseError> {
        let query = sqlx::query_scalar(AssertSqlSafe(text)).persistent(false);
        let asked = timeout(self.patience, query.fetch_one(&mut self.connection)).await;
        asked.unwrap_or_else(|_| Err(silent())).map_err(|error| self.fault(&error))
    }

    /// The rows of a counting statement. Its arguments are arrays: of texts, then
    /// of small numbers.
    pub(super) async fn totals(
        &mut self,
        text: String,
        texts: &[&[String]],
        numbers: &[Vec<Option<i32>>],
    ) -> Result<Vec<(i32, i32, Vec<i64>)>, WarehouseError> {
        let mut query = sqlx::query_as(AssertSqlSafe(text)).persistent(false);
        for array in texts {
            query = query.bind(*array);
        }
        for array in numbers {
            query = query.bind(array);
        }
        let asked = timeout(self.patience, query.fetch_all(&mut self.connection)).await;
        asked.unwrap_or_else(|_| Err(silent())).map_err(|error| self.fault(&error))
    }

    /// Ends it. Everything has come: that the server hears a goodbye matters to
    /// nobody.
    pub(super) async fn close(self) {
        let _ = self.connection.close().await;
    }

    fn fault(&self, error: &sqlx::Error) -> WarehouseError {
        fault(error, Asking::Rows, (&self.address, &self.view, self.patience))
    }
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}

/// The next row; an error where none comes in time.
async fn next<T>(
    patience: Duration,
    rows: &mut (impl tokio_stream::Stream<Item = sqlx::Result<T>> + Unpin),
) -> sqlx::Result<Option<T>> {
    timeout(patience, rows.next()).await.map_err(|_| silent())?.transpose()
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
