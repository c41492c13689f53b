//! `release`: what is due, who decides about it, what was drawn, what it became,
//! and how far the noise moved each number. The comparison never leaves this
//! machine, and there is none before the noise is drawn.

mod correct;
mod decide;
mod export;
mod receipt;

use clap::{Args, Subcommand};
use peerlight_node_engine::privacy::exact::ExactRelease;
use peerlight_proto::{
    layout::{Block, ReleaseLayout, release_layout},
    names::{MemberId, ReleaseId},
    v1::Receipt,
    wire,
};
use serde_json::{Value, json};

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{
    approval::Approved,
    documents::{self, Documents},
    error::Error,
    exact,
    node::Node,
    release::{
        pending::{self, Pending},
        receipt as signed_receipt,
    },
    store::{
        decisions::Decision,
        outbox::{self, OutboxRelease},
        receipts,
    },
};

/// Columns of a list of releases.
pub const COLUMNS: &[&str] =
    &["release_id", "sequence", "program", "period", "state", "receipt", "attempts", "problem"];

/// List releases, decide about them, compare one with the exact values behind it.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node release list
  peerlight-node release approve --all-due --name \"A. Ruiz\" --title \"Superintendent\"
  peerlight-node release approve enrolled march --name \"A. Ruiz\" --title \"Superintendent\"
  peerlight-node release withhold suspension annual --name \"A. Ruiz\" --title \"Superintendent\" --reason \"codes were wrong\"
  peerlight-node release correct suspension annual --name \"A. Ruiz\" --title \"Superintendent\" --reason \"a school's codes were missing\"
  peerlight-node release show 4f0c… --output csv > comparison.csv
  peerlight-node release export --all-waiting --to envelopes/

With release_policy = \"approve\" in node.toml nothing is drawn before somebody
approved that very release. Withholding is for good, and so is drawing.

\"show\" prints exact values: it is for the district's own eyes.")]
pub struct ReleaseArgs {
    #[command(subcommand)]
    verb: ReleaseVerb,
}

#[derive(Subcommand)]
enum ReleaseVerb {
    /// Every release that is due, was decided about or was drawn.
    List {
        /// How rows are printed.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Record that a person approves releases, before their noise is drawn.
    Approve(decide::ApproveArgs),
    /// Record that a release is never drawn; later steps of a running total go with it.
    Withhold(decide::WithholdArgs),
    /// Ask for a release to be made again from the records held now, from the reserve.
    Correct(correct::CorrectArgs),
    /// Write sealed releases to files, to be carried by hand.
    Export(export::ExportArgs),
    /// Take in receipts of releases that were carried to the hub by hand.
    Receipt(receipt::ReceiptArgs),
    /// One drawn release: true, sent and difference of every number.
    Show {
        /// The release.
        release_id: ReleaseId,
        /// How rows are printed.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

/// A release with what the hub said about it.
pub struct ReleaseRow {
    release: OutboxRelease,
    receipt: Option<Receipt>,
}

impl ReleaseRow {
    pub fn cells(&self) -> Vec<String> {
        let OutboxRelease { entry, sequence, state, attempts, last_problem, .. } = &self.release;
        vec![
            entry.release_id.to_string(),
            sequence.to_string(),
            entry.program.to_string(),
            entry.period.to_string(),
            state.as_str().to_owned(),
            if self.receipt.is_some() { "verified" } else { "none" }.to_owned(),
            attempts.to_string(),
            last_problem.clone().unwrap_or_default(),
        ]
    }

    pub fn json(&self) -> Value {
        let OutboxRelease { entry, sequence, state, attempts, last_problem, .. } = &self.release;
        json!({
            "release_id": entry.release_id,
            "sequence": sequence,
            "school_year": entry.school_year,
            "program": entry.program,
            "period": entry.period,
            "grades": entry.grades,
            "pico_rho": entry.pico_rho,
            "payload_digest": entry.payload_digest,
            "state": state.as_str(),
            "attempts": attempts,
            "problem": last_problem,
            "receipt_verified": self.receipt.is_some(),
            "received_at_seconds": self.receipt.as_ref().map(|it| it.received_at_seconds),
        })
    }
}

/// Every release; each receipt is verified again.
pub async fn release_rows(node: &Node) -> Result<Vec<ReleaseRow>, Error> {
    let membership = node.membership()?;
    let latest = Documents::find(&node.store, &membership).await?;
    let mut rows = Vec::new();
    for release in outbox::list(&node.store).await? {
        let signed = receipts::find(&node.store, &release.entry.release_id).await?;
        let receipt = match (signed, &latest) {
            (Some(signed), Some(latest)) => {
                let receipt =
                    signed_receipt::verify(&latest.hub_keys.document.receipt_key, &signed)?;
                signed_receipt::check(
                    &receipt,
                    &membership.consortium,
                    &membership.member,
                    &release,
                )?;
                Some(receipt)
            }
            _ => None,
        };
        rows.push(ReleaseRow { release, receipt });
    }
    Ok(rows)
}

pub async fn run(args: &ReleaseArgs, context: &Context) -> Result<(), Error> {
    match &args.verb {
        ReleaseVerb::List { output } => list(&context.node(&[]).await?, *output).await,
        ReleaseVerb::Approve(args) => decide::approve(args, context).await,
        ReleaseVerb::Withhold(args) => decide::withhold(args, context).await,
        ReleaseVerb::Correct(args) => correct::run(args, context).await,
        ReleaseVerb::Receipt(args) => receipt::run(args, context).await,
        ReleaseVerb::Export(args) => export::run(args, context).await,
        ReleaseVerb::Show { release_id, output } => {
            show(&context.node(&[]).await?, release_id, *output).await
        }
    }
}

/// What was not drawn yet; nothing before a charter is approved.
pub async fn pending_rows(node: &Node) -> Result<Vec<Pending>, Error> {
    match Approved::find(&node.store, &node.membership()?).await? {
        Some(approved) => pending::list(node, &approved).await,
        None => Ok(Vec::new()),
    }
}

/// A release that was not drawn, under [`COLUMNS`].
pub fn pending_cells(pending: &Pending) -> Vec<String> {
    let said = pending.decision.as_ref().map(Decision::in_words);
    vec![
        String::new(),
        String::new(),
        pending.program.to_string(),
        pending.period.to_string(),
        pending.state.as_str().to_owned(),
        String::new(),
        String::new(),
        said.unwrap_or_default(),
    ]
}

fn pending_json(pending: &Pending) -> Value {
    json!({
        "program": pending.program,
        "period": pending.period,
        "due_at_seconds": pending.due_at,
        "state": pending.state.as_str(),
        "decision": pending.decision.as_ref().map(|it| json!({
            "verdict": it.verdict.as_str(),
            "name": it.name,
            "title": it.title,
            "reason": it.reason,
            "decided_at_seconds": it.decided_at,
        })),
    })
}

async fn list(node: &Node, output: Output) -> Result<(), Error> {
    let rows = release_rows(node).await?;
    let pending = pending_rows(node).await?;
    if output == Output::Json {
        let rows: Vec<_> = rows.iter().map(ReleaseRow::json).collect();
        let pending: Vec<_> = pending.iter().map(pending_json).collect();
        return Ok(print_json(json!({ "releases": rows, "not_drawn": pending }))?);
    }
    let mut table = Table::new(COLUMNS);
    for row in &rows {
        table.push(row.cells());
    }
    for it in &pending {
        table.push(pending_cells(it));
    }
    Ok(table.print(output)?)
}

async fn show(node: &Node, id: &ReleaseId, output: Output) -> Result<(), Error> {
    let absent = || {
        Error::Absent(format!(
            "there is no drawn release {id}: see \"release list\"; true and sent values are compared \
             only after the noise is drawn"
        ))
    };
    let release = outbox::find(&node.store, id).await?.ok_or_else(absent)?;
    let payload = outbox::find_payload(&node.store, id).await?.ok_or_else(absent)?;
    let membership = node.membership()?;
    let entry = &release.entry;
    let charter = documents::charter_at(&node.store, &membership, entry.charter_hash).await?;
    let directory = documents::directory_at(&node.store, &membership, entry.directory_hash).await?;
    let member: &MemberId = &membership.member;
    let (charter, directory) = (charter, directory.document);
    let layout =
        release_layout(&charter.document, &directory, member, &entry.program, &entry.period)?;
    let sent = wire::decode_payload(&payload, &layout)
        .map_err(|error| Error::Absent(format!("the stored release cannot be read: {error}")))?;
    let tables = documents::growth_tables(&node.store, &membership, &charter).await?;
    let totals =
        exact::release(node, &charter.document, &directory, member, &layout, tables.as_ref());
    let exact = totals.await?.ok_or_else(absent)?;
    print_comparison(&layout, &exact, &sent, output)?;
    let is_approved = Approved::find(&node.store, &membership).await?;
    if is_approved.is_some_and(|it| it.charter.hash != entry.charter_hash) {
        eprintln!("This release was made under an earlier charter.");
    }
    eprintln!("True values are those of the records held now; they never leave this machine.");
    Ok(())
}

fn print_comparison(
    layout: &ReleaseLayout,
    exact: &ExactRelease,
    sent: &[Vec<i64>],
    output: Output,
) -> Result<(), Error> {
    let mut table = Table::new(&[
        "margin",
        "school_id",
        "group",
        "component",
        "true",
        "sent",
        "difference",
        "sigma",
    ]);
    let mut rows = Vec::new();
    for (block, pairs) in layout.blocks.iter().zip(exact.beside(sent)) {
        for (position, (exact, sent)) in pairs.enumerate() {
            let (school, group, component) = place(block, position);
            if output == Output::Json {
                rows.push(json!({
                    "margin": block.margin, "school_id": school, "group": group,
                    "component": component, "true": exact, "sent": sent,
                    "difference": sent - exact, "sigma": block.sigma.units(),
                }));
            } else {
                table.push(vec![
                    block.margin.to_string(),
                    school,
                    group,
                    component.to_string(),
                    exact.to_string(),
                    sent.to_string(),
                    (sent - exact).to_string(),
                    format!("{:.2}", block.sigma.units()),
                ]);
            }
        }
    }
    if output == Output::Json {
        return Ok(print_json(
            json!({ "program": layout.program, "period": layout.period, "cells": rows }),
        )?);
    }
    Ok(table.print(output)?)
}

/// Which school, group and component a position of a block is.
fn place(block: &Block, position: usize) -> (String, String, usize) {
    let components = block.quantity.components();
    let (cell, component) = (position / components, position % components);
    let groups = block.groups.len().max(1);
    let school = block.schools.get(cell / groups);
    let group = block.groups.get(cell % groups);
    (
        school.map_or_else(|| "district".to_owned(), ToString::to_string),
        group.map(ToString::to_string).unwrap_or_default(),
        component,
    )
}
