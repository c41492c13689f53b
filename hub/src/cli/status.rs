//! `status`: members, what arrived from them, and what waits for the operator.

use serde_json::{Value, json};

use super::output::{Format, Table};
use crate::{
    error::Error,
    hub::Hub,
    store::{incident, member, release},
};

/// Prints one row a member.
pub async fn run(hub: &Hub, format: Format) -> Result<(), Error> {
    let charter = hub.charter().await?;
    let directory = hub.directory().await?;
    eprintln!("consortium {} on {}", hub.config.consortium, hub.store.engine.as_str());
    match &charter {
        Some(signed) => eprintln!(
            "charter {} for {}, epsilon {}",
            signed.charter.number, signed.charter.school_year, signed.charter.policy.budget.epsilon
        ),
        None => eprintln!("no charter yet: run `peerlight-hub charter propose`"),
    }
    match &directory {
        Some(signed) => eprintln!(
            "directory {} with {} schools",
            signed.directory.number,
            signed.directory.schools.len()
        ),
        None => eprintln!("no directory yet: run `peerlight-hub directory import schools.csv`"),
    }
    for incident in incident::list(&hub.store).await?.iter().take(5) {
        eprintln!(
            "look at this: {} of {}: {}",
            incident.kind, incident.member, incident.description
        );
    }
    let heads = match &charter {
        Some(signed) => release::list(&hub.store, signed.charter.school_year.ending_year()).await?,
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    for member in member::list(&hub.store).await? {
        let own: Vec<_> = heads.iter().filter(|head| head.member == member.id).collect();
        let last = own.iter().map(|head| head.received_at.0).max();
        let last = last.and_then(|at| chrono::DateTime::from_timestamp(at, 0));
        let schools =
            directory.as_ref().map_or(0, |signed| signed.directory.schools_of(&member.id).count());
        rows.push(vec![
            json!(member.id.as_str()),
            json!(member.name),
            json!(member.state.as_str()),
            json!(schools),
            json!(own.len()),
            last.map_or(Value::Null, |at| json!(at.to_rfc3339())),
        ]);
    }
    let columns = &["member", "name", "state", "schools", "releases", "last_received"];
    Table { name: "members", columns, rows }.print(format)
}
