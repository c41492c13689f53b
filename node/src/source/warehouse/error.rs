//! Why a warehouse is not read. The server's own words are never repeated: an
//! error of a view may quote a student's value.

use std::time::Duration;

use peerlight_node_engine::measure::PushdownError;
use peerlight_proto::units::SchoolYear;

use super::{Address, View};
use crate::source::trust::distrust;

/// A URL cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not one.
    #[error("the address of the warehouse is not understood: write postgres://USER@HOST/DATABASE")]
    Unreadable,
    /// It has a password.
    #[error(
        "the address has a password, which every user of this machine can see on a command line: \
         leave it out, and give --password-file, PGPASSWORD or PGPASSFILE"
    )]
    Password,
    /// It sets what is not for a URL to set.
    #[error("the address sets {0}: it may only set sslmode, sslrootcert, sslcert, sslkey and host")]
    Option(String),
    /// Student years would go over a network as they are.
    #[error(
        "{0} is not this machine, and student years do not leave it unencrypted: \
         use sslmode=verify-full, or require"
    )]
    Unencrypted(String),
}

/// The name of a view is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a view is SCHEMA.NAME or NAME, of letters, digits, \"_\" and \"$\", written as \
     the database has it: mostly in small letters"
)]
pub struct ViewNameError;

/// A warehouse was not read to the end; nothing of it was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WarehouseError {
    /// Nobody answers.
    #[error("the warehouse {at} cannot be reached: check host, port and firewall, and try again")]
    Unreachable {
        /// Where.
        at: String,
    },
    /// It cannot be talked to privately.
    #[error(
        "no encrypted connection to the warehouse {at} could be made ({why}): give the authority \
         of its certificate as ?sslrootcert=FILE, or ask who runs it"
    )]
    Tls {
        /// Where.
        at: String,
        /// What the TLS library says.
        why: String,
    },
    /// It does not let the role in.
    #[error(
        "the warehouse does not let {user} in: check the name and the password, which comes from \
         --password-file, PGPASSWORD or PGPASSFILE"
    )]
    Login {
        /// The role.
        user: String,
    },
    /// There is no such database.
    #[error("the warehouse has no database of that name: {at}")]
    NoDatabase {
        /// Where.
        at: String,
    },
    /// There is no such view.
    #[error("the warehouse has no view or table {view}: check its schema, name and letter case")]
    NoView {
        /// The view.
        view: String,
    },
    /// The role may not read it.
    #[error(
        "{user} may not read {view}: it needs USAGE on the schema, and SELECT on the columns that \
         are read"
    )]
    NotAllowed {
        /// The role.
        user: String,
        /// The view.
        view: String,
    },
    /// It took too long.
    #[error("the warehouse took longer than {minutes} minutes: try again with more --minutes")]
    Slow {
        /// How long it was given.
        minutes: u64,
    },
    /// The connection ended before the last row.
    #[error(
        "the connection to the warehouse broke before the last row, and nothing was applied: \
         try again"
    )]
    Broken,
    /// The server refused for another reason.
    #[error(
        "the warehouse could not answer ({code}), and nothing was applied: its own log says why; \
         the reason is not repeated here because it may quote a student's value"
    )]
    Refused {
        /// The SQLSTATE.
        code: String,
    },
    /// A mapping does more than rename.
    #[error(
        "where the warehouse counts, a mapping file may only have [rename]: let the view itself \
         give values in Peerlight's codes, leave rows out and derive levels"
    )]
    Mapping,
    /// The plan is not for a warehouse.
    #[error(transparent)]
    Pushdown(#[from] PushdownError),
    /// The view lost columns since a person looked at it.
    #[error(
        "the view {view} no longer has {columns}, and nothing was counted: ask who runs the \
         warehouse, or look at the view again with \"import sql --pushdown\""
    )]
    Columns {
        /// The view.
        view: String,
        /// The columns, joined by commas.
        columns: String,
    },
    /// The view lost a year.
    #[error(
        "the view {view} has no rows of {year} any more, and nothing was counted: ask who runs the \
         warehouse"
    )]
    NoRows {
        /// The view.
        view: String,
        /// The year.
        year: SchoolYear,
    },
    /// A year has far more or fewer rows than a person saw.
    #[error(
        "the number of rows of {year} in the view {view} changed more than expected since a person \
         looked at it, and nothing was counted: look at it, and if it is right run \"import sql \
         --pushdown\" again with --accept-change"
    )]
    Changed {
        /// The view.
        view: String,
        /// The year.
        year: SchoolYear,
    },
    /// The view has rows or values that an import would refuse.
    #[error(
        "the view {view} has rows that an import would refuse, and nothing was counted: {what}. \
         \"import sql --pushdown --dry-run\" lists everything"
    )]
    Unfit {
        /// The view.
        view: String,
        /// The first thing that is wrong, without a value.
        what: String,
    },
}

/// What was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// Connecting.
    Door,
    /// Reading.
    Rows,
}

/// Whose move it is after a failure.
pub(super) fn fault(
    error: &sqlx::Error,
    asking: Asking,
    (address, view, patience): (&Address, &View, Duration),
) -> WarehouseError {
    let (at, user, view) = (address.to_string(), address.user().to_owned(), view.to_string());
    let minutes = patience.as_secs() / 60;
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            match code.as_ref() {
                "3D000" => WarehouseError::NoDatabase { at },
                "42501" if asking == Asking::Rows => WarehouseError::NotAllowed { user, view },
                "28P01" | "28000" | "42501" => WarehouseError::Login { user },
                "57014" => WarehouseError::Slow { minutes },
                "57P03" | "53300" => WarehouseError::Unreachable { at },
                code if code.starts_with("08") || code.starts_with("57P") => WarehouseError::Broken,
                code => WarehouseError::Refused { code: code.to_owned() },
            }
        }
        sqlx::Error::Tls(why) => WarehouseError::Tls { at, why: why.to_string() },
        sqlx::Error::Io(error) if let Some(why) = distrust(error) => {
            WarehouseError::Tls { at, why: why.to_owned() }
        }
        _ if asking == Asking::Door => WarehouseError::Unreachable { at },
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            WarehouseError::Slow { minutes }
        }
        _ => WarehouseError::Broken,
    }
}
