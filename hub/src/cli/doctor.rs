//! `doctor`: named checks of a hub, each with what to do about a fault.

use serde_json::json;

use super::output::{Format, Table};
use crate::{doctor, error::Error, hub::Hub};

/// Prints one row a check; gives the program's exit code.
pub async fn run(hub: &Hub, format: Format) -> Result<u8, Error> {
    let checks = doctor::examine(hub).await?;
    let rows = checks.iter().map(|check| {
        let state = if check.fault.is_none() { "ok" } else { "fault" };
        vec![json!(check.name), json!(state), json!(check.fault)]
    });
    let rows = rows.collect();
    Table { name: "checks", columns: &["check", "state", "remedy"], rows }.print(format)?;
    Ok(if checks.iter().any(|check| check.fault.is_some()) { 8 } else { 0 })
}
