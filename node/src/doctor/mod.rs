//! Named checks of a node: what is wrong, and what to do, before somebody
//! notices.
//!
//! ```text
//! this machine   settings ▸ disk ▸ keys ▸ database ▸ chains ▸ releases ▸ records ▸ approval
//! the hub        tcp ▸ tls ▸ standing ▸ clock ▸ history
//! ```
//!
//! It only looks: nothing is drawn, sent or repaired, and no finding holds an
//! exact count or an id of a student.

mod local;
mod remote;

use crate::{clock::Clock, config::Config, home::Home};

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is wrong.
    Ok,
    /// Something is wrong; the finding says what to do.
    Fault,
    /// It could not be looked at; the finding says why.
    NotChecked,
}

impl Outcome {
    /// Its name, as in rows printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fault => "FAULT",
            Self::NotChecked => "not checked",
        }
    }
}

/// One check and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What it came to.
    pub outcome: Outcome,
    /// A sentence for people.
    pub finding: String,
}

impl Check {
    fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Ok, finding: finding.into() }
    }

    fn not_checked(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::NotChecked, finding: why.into() }
    }

    fn of<T: Into<String>, E: ToString>(name: &'static str, found: Result<T, E>) -> Self {
        match found {
            Ok(finding) => Self::ok(name, finding),
            Err(fault) => Self { name, outcome: Outcome::Fault, finding: fault.to_string() },
        }
    }
}

/// Runs every check; those that need the hub only where `call` is true.
pub async fn examine(home: &Home, clock: &Clock, call: bool) -> Vec<Check> {
    if let Err(error) = home.check() {
        return vec![Check::of::<String, _>("home", Err(error))];
    }
    let config = Config::load(home, &[]);
    let mut checks = vec![Check::of(
        "settings",
        config.as_ref().map(|_| "readable").map_err(ToString::to_string),
    )];
    checks.extend(local::files(home, clock));
    let (found, store) = local::database(home).await;
    checks.push(found);
    if let Some(store) = &store {
        checks.extend(local::held(home, store).await);
    }
    match config {
        Ok(config) if call => checks.extend(remote::hub(home, clock, config, store.as_ref()).await),
        Ok(_) => checks.push(Check::not_checked(remote::HISTORY, "the hub was not asked")),
        Err(_) => checks.push(Check::not_checked(remote::HISTORY, "the settings cannot be read")),
    }
    if let Some(store) = store {
        store.close().await;
    }
    checks
}
