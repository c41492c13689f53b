//! `status`: members, what arrived from them, and what waits for the operator.

use clap::Args;
use peerlight_proto::units::UnixSeconds;
use serde_json::{Value, json};

use super::output::{Format, Table};
use crate::{
    error::Error,
    hub::Hub,
    store::{
        incident::{self, Recorded},
        member, release,
    },
};

/// So many open incidents are named beside the members.
const NAMED: usize = 5;

/// Flags of `status`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// List every incident instead, open and acknowledged.
    #[arg(long)]
    incidents: bool,
}

/// Prints one row a member, or one row an incident.
pub async fn run(hub: &Hub, arguments: &Arguments, format: Format) -> Result<(), Error> {
    if arguments.incidents { incidents(hub, format).await } else { members(hub, format).await }
}

async fn members(hub: &Hub, format: Format) -> Result<(), Error> {
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
    let open: Vec<_> =
        incident::list(&hub.store).await?.into_iter().filter(Recorded::is_open).collect();
    for Recorded { id, incident, .. } in open.iter().take(NAMED) {
        eprintln!(
            "look at incident {id}: {} of {}: {}",
            incident.kind, incident.member, incident.description
        );
    }
    if open.len() > NAMED {
        let more = open.len() - NAMED;
        eprintln!("and at {more} more: run `peerlight-hub status --incidents`");
    }
    let heads = match &charter {
        Some(signed) => release::list(&hub.store, signed.charter.school_year.ending_year()).await?,
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    for member in member::list(&hub.store).await? {
        let own: Vec<_> = heads.iter().filter(|head| head.member == member.id).collect();
        let last = own.iter().map(|head| head.received_at.0).max();
        let schools =
            directory.as_ref().map_or(0, |signed| signed.directory.schools_of(&member.id).count());
        rows.push(vec![
            json!(member.id.as_str()),
            json!(member.name),
            json!(member.state.as_str()),
            json!(schools),
            json!(own.len()),
            last.map_or(Value::Null, |at| instant(UnixSeconds(at))),
        ]);
    }
    let columns = &["member", "name", "state", "schools", "releases", "last_received"];
    Table { name: "members", columns, rows }.print(format)
}

async fn incidents(hub: &Hub, format: Format) -> Result<(), Error> {
    let recorded = incident::list(&hub.store).await?;
    let rows = recorded.into_iter().map(|Recorded { id, incident, acknowledgement }| {
        let (by, at, note) = match acknowledgement {
            Some(found) => (json!(found.by), instant(found.at), json!(found.note)),
            None => (Value::Null, Value::Null, Value::Null),
        };
        vec![
            json!(id),
            instant(incident.at),
            json!(incident.member.as_str()),
            json!(incident.kind),
            json!(incident.description),
            by,
            at,
            note,
        ]
    });
    let columns = &[
        "incident",
        "at",
        "member",
        "kind",
        "description",
        "acknowledged_by",
        "acknowledged_at",
        "note",
    ];
    Table { name: "incidents", columns, rows: rows.collect() }.print(format)
}

fn instant(at: UnixSeconds) -> Value {
    chrono::DateTime::from_timestamp(at.0, 0)
        .map_or(Value::Null, |instant| json!(instant.to_rfc3339()))
}
