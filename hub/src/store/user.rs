//! `hub_user`: who may sign in, with which role; and `login_attempt`: how
//! often somebody failed to.
//!
//! Passwords are here only as hashes. An attempt is counted by the hash of the
//! name that was tried, whether or not such a user exists.

use peerlight_proto::units::{ContentHash, UnixSeconds};
use sqlx::Row;

use super::Store;
use crate::error::Error;

/// One user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Name they sign in with.
    pub name: String,
    /// Argon2id hash of their password.
    pub password_hash: String,
    /// Name of their role.
    pub role: String,
    /// The school or member the role is for; empty for an operator.
    pub subject: String,
    /// Whether they may no longer sign in.
    pub disabled: bool,
    /// When they were added.
    pub created_at: UnixSeconds,
}

/// Whether [`insert`] wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The user is new.
    New,
    /// Somebody has that name; nothing was written.
    NameTaken,
}

/// Adds a user.
pub async fn insert(store: &Store, user: &User) -> Result<Inserted, Error> {
    let done = sqlx::query(
        "INSERT INTO hub_user (name, password_hash, role, subject, disabled, created_at) \
         VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (name) DO NOTHING",
    )
    .bind(&user.name)
    .bind(&user.password_hash)
    .bind(&user.role)
    .bind(&user.subject)
    .bind(user.created_at.0)
    .execute(&store.pool)
    .await?;
    Ok(if done.rows_affected() == 1 { Inserted::New } else { Inserted::NameTaken })
}

/// The user with this name.
pub async fn find(store: &Store, name: &str) -> Result<Option<User>, Error> {
    let row = sqlx::query("SELECT * FROM hub_user WHERE name = $1")
        .bind(name)
        .fetch_optional(&store.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Every user, by name.
pub async fn list(store: &Store) -> Result<Vec<User>, Error> {
    let rows = sqlx::query("SELECT * FROM hub_user ORDER BY name").fetch_all(&store.pool).await?;
    rows.iter().map(read).collect()
}

/// Lets a user sign in no longer; false if there is none of that name.
pub async fn disable(store: &Store, name: &str) -> Result<bool, Error> {
    let mut change = store.write().await?;
    let done = sqlx::query("UPDATE hub_user SET disabled = 1 WHERE name = $1")
        .bind(name)
        .execute(&mut *change)
        .await?;
    sqlx::query("DELETE FROM user_session WHERE user_name = $1")
        .bind(name)
        .execute(&mut *change)
        .await?;
    change.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// Replaces a user's password hash.
pub async fn update_password(
    store: &Store,
    name: &str,
    password_hash: &str,
) -> Result<bool, Error> {
    let mut change = store.write().await?;
    let done = sqlx::query("UPDATE hub_user SET password_hash = $2 WHERE name = $1")
        .bind(name)
        .bind(password_hash)
        .execute(&mut *change)
        .await?;
    sqlx::query("DELETE FROM user_session WHERE user_name = $1")
        .bind(name)
        .execute(&mut *change)
        .await?;
    change.commit().await?;
    Ok(done.rows_affected() == 1)
}

fn read(row: &sqlx::any::AnyRow) -> Result<User, Error> {
    Ok(User {
        name: row.try_get("name")?,
        password_hash: row.try_get("password_hash")?,
        role: row.try_get("role")?,
        subject: row.try_get("subject")?,
        disabled: row.try_get::<i64, _>("disabled")? != 0,
        created_at: UnixSeconds(row.try_get("created_at")?),
    })
}

/// Failed attempts in a row, and when the last one was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub last_at: UnixSeconds,
}

/// Where attempts are counted: a name or an address, hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(String);

impl Source {
    /// The account with this name, whether or not it exists.
    pub fn name(name: &str) -> Self {
        Self(format!("name:{}", ContentHash::of(name.as_bytes())))
    }

    /// A network address.
    pub fn address(address: std::net::IpAddr) -> Self {
        Self(format!("address:{}", ContentHash::of(address.to_string().as_bytes())))
    }
}

/// Failed attempts from `source`.
pub async fn find_attempts(store: &Store, source: &Source) -> Result<Attempts, Error> {
    let row = sqlx::query("SELECT failures, last_at FROM login_attempt WHERE source = $1")
        .bind(&source.0)
        .fetch_optional(&store.pool)
        .await?;
    let Some(row) = row else { return Ok(Attempts::default()) };
    let failures: i64 = row.try_get("failures")?;
    Ok(Attempts {
        failures: u32::try_from(failures).unwrap_or(u32::MAX),
        last_at: UnixSeconds(row.try_get("last_at")?),
    })
}

/// Counts one more failure, and forgets those older than a day.
pub async fn insert_failure(store: &Store, source: &Source, now: UnixSeconds) -> Result<(), Error> {
    sqlx::query("DELETE FROM login_attempt WHERE last_at < $1")
        .bind(now.0 - crate::clock::DAY)
        .execute(&store.pool)
        .await?;
    sqlx::query(
        "INSERT INTO login_attempt (source, failures, last_at) VALUES ($1, 1, $2) \
         ON CONFLICT (source) DO UPDATE SET failures = login_attempt.failures + 1, last_at = $2",
    )
    .bind(&source.0)
    .bind(now.0)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// Forgets the failures of `source`: it succeeded.
pub async fn remove_failures(store: &Store, source: &Source) -> Result<(), Error> {
    sqlx::query("DELETE FROM login_attempt WHERE source = $1")
        .bind(&source.0)
        .execute(&store.pool)
        .await?;
    Ok(())
}
