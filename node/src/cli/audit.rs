//! `audit`: the tamper-evident log, after checking its chain.

use clap::Args;
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{clock::InWords, error::Error, store::audit};

/// Show who did what and when, after checking that nothing was altered.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node audit
  peerlight-node audit --output csv > audit.csv")]
pub struct AuditArgs {
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &AuditArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let entries = audit::list(&node.store).await?;
    if args.output == Output::Json {
        let rows: Vec<_> = entries
            .iter()
            .map(|entry| {
                json!({
                    "sequence": entry.sequence, "at_seconds": entry.at, "actor": entry.actor,
                    "action": entry.action, "subject": entry.subject, "head": entry.head,
                })
            })
            .collect();
        return Ok(print_json(json!({ "entries": rows, "chain_holds": true }))?);
    }
    let mut table = Table::new(&["sequence", "at", "actor", "action", "subject", "head"]);
    for entry in &entries {
        table.push(vec![
            entry.sequence.to_string(),
            InWords(entry.at).to_string(),
            entry.actor.clone(),
            entry.action.clone(),
            entry.subject.clone(),
            entry.head.short(),
        ]);
    }
    table.print(args.output)?;
    eprintln!("{} entries; the chain holds.", entries.len());
    Ok(())
}
