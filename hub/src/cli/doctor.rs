//! `doctor`: named checks of a hub, each with what to do about a fault; and
//! the operator's word that an incident was looked at.

use clap::Args;
use serde_json::json;

use super::output::{Format, Table};
use crate::{
    doctor,
    error::Error,
    hub::Hub,
    store::incident::{self, Acknowledgement},
};

/// Flags of `doctor`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Record that this incident was looked at, instead of checking; may be repeated.
    #[arg(long, value_name = "INCIDENT", requires_all = ["by", "note"])]
    acknowledge: Vec<String>,
    /// Who looked at it.
    #[arg(long, value_name = "NAME", requires = "acknowledge", value_parser = words)]
    by: Option<String>,
    /// What they found and did.
    #[arg(long, value_name = "TEXT", requires = "acknowledge", value_parser = words)]
    note: Option<String>,
}

/// Prints one row a check, or records an acknowledgement; gives the program's
/// exit code.
pub async fn run(hub: &Hub, arguments: Arguments, format: Format) -> Result<u8, Error> {
    if let Arguments { acknowledge, by: Some(by), note: Some(note) } = arguments {
        let acknowledgement = Acknowledgement { by, note, at: hub.now() };
        incident::acknowledge(&hub.store, &acknowledge, &acknowledgement).await?;
        let open = incident::list(&hub.store).await?.iter().filter(|one| one.is_open()).count();
        eprintln!("acknowledged {} by {}", acknowledge.join(", "), acknowledgement.by);
        eprintln!("incidents still open: {open}");
        return Ok(0);
    }
    let checks = doctor::examine(hub).await?;
    let rows = checks.iter().map(|check| {
        let state = if check.fault.is_none() { "ok" } else { "fault" };
        vec![json!(check.name), json!(state), json!(check.fault), json!(check.note)]
    });
    let columns = &["check", "state", "remedy", "note"];
    Table { name: "checks", columns, rows: rows.collect() }.print(format)?;
    Ok(if checks.iter().any(|check| check.fault.is_some()) { 8 } else { 0 })
}

fn words(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("write something: it is kept for good") } else { Ok(text.to_owned()) }
}
