//! What the hub remembers, on SQLite or PostgreSQL with one SQL text.
//!
//! One module a table family. Functions take a [`Store`] or an open
//! transaction and give types, never rows. SQLite has one writer: every
//! transaction that writes starts with [`Store::write`], which waits for it.

pub mod approval;
pub mod benchmark_run;
pub mod certificate;
pub mod cut_point;
pub mod document;
pub mod grant;
pub mod incident;
mod many;
pub mod member;
pub mod public_file;
pub mod release;
pub mod session;
pub mod token;
pub mod user;

use std::{future::ready, time::Duration};

use sqlx::{Any, AnyPool, Connection, Executor, Transaction, any::AnyPoolOptions};

use crate::error::Error;

/// Which database holds the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, in the hub's folder.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Engine {
    fn of(url: &str) -> Option<Self> {
        if url.starts_with("sqlite:") {
            Some(Self::Sqlite)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Some(Self::Postgres)
        } else {
            None
        }
    }

    /// Its name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The hub's database. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    /// Connections to read with.
    pub pool: AnyPool,
    /// Which database it is.
    pub engine: Engine,
}

impl Store {
    /// Connects to the database at `url` and brings its schema up to date.
    ///
    /// When the disk is full SQLite itself rolls a transaction back, and the
    /// connection goes on believing that it is in one. Such a connection is
    /// closed rather than used again.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let engine = Engine::of(url).ok_or_else(|| Error::Flag {
            flag: "database",
            problem: "the URL must begin with sqlite: or postgres:".to_owned(),
        })?;
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(20))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if engine == Engine::Sqlite {
                        // A receipt promises that the release is on the disk:
                        // FULL makes every commit wait for it.
                        for pragma in [
                            "PRAGMA busy_timeout = 20000",
                            "PRAGMA journal_mode = WAL",
                            "PRAGMA synchronous = FULL",
                            "PRAGMA foreign_keys = ON",
                        ] {
                            connection.execute(pragma).await?;
                        }
                    }
                    Ok(())
                })
            })
            .before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))))
            .connect(url)
            .await?;
        sqlx::migrate!().run(&pool).await?;
        Ok(Self { pool, engine })
    }

    /// Starts a transaction that will write.
    pub async fn write(&self) -> Result<Transaction<'static, Any>, Error> {
        let begin = match self.engine {
            // Taking the write lock at once: a transaction that reads first
            // and writes later could not wait for another writer.
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        Ok(self.pool.begin_with(begin).await?)
    }
}

/// Whether the database could not write because its disk is full.
pub(crate) fn is_full(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // SQLITE_FULL, SQLITE_IOERR_SHMSIZE; disk_full of PostgreSQL.
    matches!(code.as_deref(), Some("13" | "4874" | "53100"))
}

pub(crate) fn inconsistent(table: &'static str, problem: &(impl ToString + ?Sized)) -> Error {
    Error::Inconsistent { table, problem: problem.to_string() }
}
