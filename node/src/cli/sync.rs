//! `sync`: call the hub once, now.

use clap::Args;
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json},
    release::{ReleaseRow, release_rows},
};
use crate::{clock::InWords, error::Error, sync};

/// Call the hub now: fetch documents, draw what is due, send what waits.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node sync
  peerlight-node sync --output json

Safe to repeat: noise is drawn once, and a release that was sent is not sent
again. Exit code 9 means that a new charter, or a release that is due, waits for
approval; 5 that the hub, or a warehouse that counts a year, could not be reached.")]
pub struct SyncArgs {
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &SyncArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let synced = sync::sync(&node).await?;
    let rows = release_rows(&node).await?;
    match args.output {
        Output::Json => {
            let blocked: Vec<_> = synced
                .blocked
                .iter()
                .map(|it| json!({"program": it.program, "period": it.period, "reason": it.reason}))
                .collect();
            print_json(json!({
                "drawn": synced.drawn,
                "receipts": synced.receipts,
                "releases": rows.iter().map(ReleaseRow::json).collect::<Vec<_>>(),
                "blocked": blocked,
                "awaiting_approval": synced.awaiting.iter().map(|(program, period)| {
                    json!({"program": program, "period": period})
                }).collect::<Vec<_>>(),
                "next_due_seconds": synced.next_due,
                "problem": synced.problem.as_ref().map(ToString::to_string),
            }))?;
        }
        output => {
            let mut table = Table::new(super::release::COLUMNS);
            for row in &rows {
                table.push(row.cells());
            }
            table.print(output)?;
        }
    }
    for blocked in &synced.blocked {
        eprintln!("Not released: {}.", blocked.reason);
    }
    for (program, period) in &synced.awaiting {
        eprintln!("Awaiting approval: {program} {period}.");
    }
    eprintln!("{} drawn, {} receipts verified.", synced.drawn, synced.receipts);
    if let Some(next) = synced.next_due {
        eprintln!("Next due: {}.", InWords(next));
    }
    match synced.problem {
        Some(problem) => Err(problem),
        None if synced.awaiting.is_empty() => Ok(()),
        None => Err(Error::Awaiting(synced.awaiting.len())),
    }
}
