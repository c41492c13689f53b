//! `status`: where this node stands, from what it holds; calls nobody.

use std::collections::BTreeSet;

use clap::Args;
use peerlight_proto::units::SchoolYear;
use serde_json::{Value, json};

use super::{
    Context,
    output::{Output, Table, print_json},
    release::pending_rows,
};
use crate::{
    approval::Approved,
    clock::InWords,
    documents::Documents,
    error::Error,
    inbox::{Inbox, Standing},
    keys,
    membership::{self, Membership},
    release::pending::PendingState,
    store::{
        combined,
        outbox::{self, OutboxState},
        warehouse_years,
    },
};

/// Show where this node stands; calls nobody.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node status
  peerlight-node status --output json")]
pub struct StatusArgs {
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &StatusArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = Membership::find(&node.home)?;
    let certificate = keys::certificate(&node.home)?.and_then(|pem| membership::validity(&pem));
    let (mut latest, mut approved) = (None, None);
    if let Some(membership) = &membership {
        latest = Documents::find(&node.store, membership).await?;
        approved = Approved::find(&node.store, membership).await?;
    }
    let is_current = match (&approved, &latest) {
        (Some(approved), Some(latest)) => approved.check_current(latest).is_ok(),
        _ => false,
    };
    let releases = outbox::list(&node.store).await?;
    let count = |state| releases.iter().filter(|release| release.state == state).count();
    let pending = if membership.is_some() { pending_rows(&node).await? } else { Vec::new() };
    let undrawn = |state| pending.iter().filter(|it| it.state == state).count();
    let held = combined::list(&node.store).await?;
    let held = held.iter().filter(|held| held.superseded_at.is_none());
    let there = warehouse_years::list(&node.store).await?;
    let there = there.iter().filter(|there| there.superseded_at.is_none());
    let years: BTreeSet<SchoolYear> = held
        .map(|held| held.year.school_year)
        .chain(there.map(|there| there.year.school_year))
        .collect();
    let years: Vec<String> = years.iter().map(SchoolYear::to_string).collect();
    let inbox = Inbox::of(&node);
    let standing = Standing::of(&inbox)?;
    if args.output == Output::Json {
        return Ok(print_json(json!({
            "home": node.home.path(),
            "member": membership.as_ref().map(|it| &it.member),
            "consortium": membership.as_ref().map(|it| &it.consortium),
            "hub": membership.as_ref().map(|it| &it.hub),
            "hub_pin": membership.as_ref().map(|it| it.pin),
            "certificate_until_seconds": certificate.map(|it| it.until),
            "charter_number": latest.as_ref().map(|it| it.charter.document.number),
            "approved_charter_number": approved.as_ref().map(|it| it.record.approval.charter_number),
            "approval_is_current": is_current,
            "school_years": years,
            "inbox": inbox_json(&inbox, &standing),
            "releases_waiting": count(OutboxState::Waiting),
            "releases_sent": count(OutboxState::Sent),
            "releases_refused": count(OutboxState::Refused),
            "releases_awaiting_approval": undrawn(PendingState::AwaitingApproval),
            "releases_withheld": undrawn(PendingState::Withheld),
        }))?);
    }
    let mut table = Table::new(&["what", "state"]);
    let mut row = |what: &str, state: String| table.push(vec![what.to_owned(), state]);
    row("home", node.home.path().display().to_string());
    row(
        "membership",
        membership.as_ref().map_or_else(
            || "not joined".to_owned(),
            |it| format!("{} in {}", it.member, it.consortium),
        ),
    );
    if let Some(membership) = &membership {
        row("hub", format!("{}, authority {}", membership.hub, membership.pin.short()));
    }
    if let Some(validity) = certificate {
        row("certificate until", InWords(validity.until).to_string());
    }
    row(
        "approval",
        match (&approved, is_current) {
            (None, _) => "none: nothing is released".to_owned(),
            (Some(it), true) => format!("charter {}", it.record.approval.charter_number),
            (Some(it), false) => {
                format!(
                    "charter {}, but the hub has a newer one",
                    it.record.approval.charter_number
                )
            }
        },
    );
    row("records", if years.is_empty() { "none".to_owned() } else { years.join(", ") });
    row("inbox", format!("{}: {}", inbox.path().display(), standing.in_words()));
    for waiting in &standing.waiting {
        row("inbox waits for", waiting.command.clone());
    }
    row(
        "releases",
        format!(
            "{} sent, {} waiting, {} refused, {} awaiting approval, {} withheld",
            count(OutboxState::Sent),
            count(OutboxState::Waiting),
            count(OutboxState::Refused),
            undrawn(PendingState::AwaitingApproval),
            undrawn(PendingState::Withheld),
        ),
    );
    Ok(table.print(args.output)?)
}

/// What is in the inbox, for programs.
fn inbox_json(inbox: &Inbox, standing: &Standing) -> Value {
    json!({
        "folder": inbox.path(),
        "imported": standing.done,
        "refused": standing.refused,
        "waiting": standing.waiting.iter().map(|it| json!({
            "name": it.name, "command": it.command,
        })).collect::<Vec<_>>(),
        "not_taken_yet": standing.untaken,
        "in_no_folder_of_a_format": standing.strangers,
    })
}
