//! `doctor`: prints what the checks found; exit 8 if one found a fault.

use clap::Args;
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{
    doctor::{self, Outcome},
    error::Error,
};

/// Check this node: files, keys, database, records, certificate, approval, hub, history.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node doctor
  peerlight-node doctor --offline --output json

Every fault says what to do. Nothing is drawn, sent or repaired. \"history\" compares
this node with the hub's last receipt, as sync does: it finds an old copy.")]
pub struct DoctorArgs {
    /// Do not call the hub.
    #[arg(long)]
    offline: bool,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &DoctorArgs, context: &Context) -> Result<(), Error> {
    let checks = doctor::examine(&context.home, &context.clock, !args.offline).await;
    let faults = checks.iter().filter(|check| check.outcome == Outcome::Fault).count();
    if args.output == Output::Json {
        let rows: Vec<_> = checks
            .iter()
            .map(|check| {
                let ok = match check.outcome {
                    Outcome::Ok => Some(true),
                    Outcome::Fault => Some(false),
                    Outcome::NotChecked => None,
                };
                json!({"check": check.name, "ok": ok, "finding": check.finding})
            })
            .collect();
        print_json(json!({ "checks": rows, "faults": faults }))?;
    } else {
        let mut table = Table::new(&["check", "result", "finding"]);
        for check in checks {
            let result = check.outcome.as_str().to_owned();
            table.push(vec![check.name.to_owned(), result, check.finding]);
        }
        table.print(args.output)?;
    }
    if faults == 0 { Ok(()) } else { Err(Error::Fault(faults)) }
}
