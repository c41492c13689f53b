//! `doctor`: named checks, each with what to do; exit 8 if one found a fault.

use std::{fs, io::Write as _};

use clap::Args;
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{
    approval::Approved,
    clock::InWords,
    documents::Documents,
    error::Error,
    hub::Hub,
    keys::{self, Keys},
    membership::{self, Membership},
    node::Node,
    store::{audit, ledger},
};

/// A clock that differs more than this is a fault, seconds.
const CLOCK_TOLERANCE: i64 = 120;
/// Disk space that must be free, bytes.
const FREE_BYTES: usize = 1 << 20;

/// Check this node: files, keys, database, ledger, clock, hub, certificate, approval.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node doctor
  peerlight-node doctor --offline --output json")]
pub struct DoctorArgs {
    /// Do not call the hub.
    #[arg(long)]
    offline: bool,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

struct Check {
    name: &'static str,
    outcome: Result<String, String>,
}

pub async fn run(args: &DoctorArgs, context: &Context) -> Result<(), Error> {
    let mut checks = vec![check("settings", context.config(&[]).map(|_| "readable"))];
    match context.node(&[]).await {
        Ok(node) => {
            checks.extend(local(&node).await);
            if !args.offline {
                checks.extend(remote(&node).await);
            }
        }
        Err(error) => checks.push(Check { name: "database", outcome: Err(error.to_string()) }),
    }
    let faults = checks.iter().filter(|check| check.outcome.is_err()).count();
    if args.output == Output::Json {
        let rows: Vec<_> = checks
            .iter()
            .map(|check| {
                let (Ok(text) | Err(text)) = &check.outcome;
                json!({"check": check.name, "ok": check.outcome.is_ok(), "finding": text})
            })
            .collect();
        print_json(json!({ "checks": rows, "faults": faults }))?;
    } else {
        let mut table = Table::new(&["check", "result", "finding"]);
        for check in &checks {
            let (Ok(text) | Err(text)) = &check.outcome;
            let result = if check.outcome.is_ok() { "ok" } else { "FAULT" };
            table.push(vec![check.name.to_owned(), result.to_owned(), text.clone()]);
        }
        table.print(args.output)?;
    }
    if faults == 0 { Ok(()) } else { Err(Error::Fault(faults)) }
}

fn check<T: Into<String>>(name: &'static str, outcome: Result<T, impl Into<Error>>) -> Check {
    let outcome = outcome.map(Into::into).map_err(|error| error.into().to_string());
    Check { name, outcome }
}

async fn local(node: &Node) -> Vec<Check> {
    let exposed = match keys::exposed(&node.home) {
        Ok(files) if files.is_empty() => Ok("for the owner alone".to_owned()),
        Ok(files) => Err(format!("others may read {}: run chmod 600", files.join(", "))),
        Err(error) => Err(error.to_string()),
    };
    let mut checks = vec![
        Check { name: "disk", outcome: disk(node) },
        Check { name: "permissions", outcome: exposed },
        check("keys", Keys::open(&node.home).map(|_| "readable")),
        check("database", Ok::<_, Error>("opened and up to date")),
        check(
            "ledger chain",
            ledger::list(&node.store).await.map(|it| format!("{} charges", it.len())),
        ),
        check(
            "audit chain",
            audit::list(&node.store).await.map(|it| format!("{} entries", it.len())),
        ),
    ];
    let membership = match node.membership() {
        Ok(membership) => membership,
        Err(error) => {
            checks.push(check::<String>("membership", Err(error)));
            return checks;
        }
    };
    let joined = format!("{} in {}", membership.member, membership.consortium);
    checks.push(check("membership", Ok::<_, Error>(joined)));
    checks.push(Check { name: "certificate", outcome: certificate(node) });
    checks.push(check("charter approval", approval(node, &membership).await));
    checks
}

/// Whether a file can be written and flushed.
fn disk(node: &Node) -> Result<String, String> {
    let path = node.home.path().join(".doctor");
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&path)?;
        file.write_all(&vec![0; FREE_BYTES])?;
        file.sync_all()
    };
    let outcome = write();
    // What was written proved its point; a file left behind is overwritten.
    drop(fs::remove_file(&path));
    outcome.map(|()| "writable".to_owned()).map_err(|error| {
        format!("cannot write in {}: {error}; free some space", node.home.path().display())
    })
}

fn certificate(node: &Node) -> Result<String, String> {
    let pem = keys::certificate(&node.home).map_err(|error| error.to_string())?;
    let validity = pem.and_then(|pem| membership::validity(&pem));
    let validity = validity.ok_or("there is none, or it cannot be read: join again")?;
    let until = InWords(validity.until);
    let now = node.clock.now();
    if now >= validity.until {
        return Err(format!("expired on {until}: ask the hub's operator for a new join token"));
    }
    if now < validity.from {
        return Err(format!(
            "not valid before {}: check this machine's clock",
            InWords(validity.from)
        ));
    }
    Ok(format!("until {until}"))
}

async fn approval(node: &Node, membership: &Membership) -> Result<String, Error> {
    let approved = Approved::open(&node.store, membership).await?;
    approved.check_current(&Documents::open(&node.store, membership).await?)?;
    Ok(format!(
        "charter {} by {}",
        approved.record.approval.charter_number, approved.record.approval.name
    ))
}

async fn remote(node: &Node) -> Vec<Check> {
    let Ok(membership) = node.membership() else { return Vec::new() };
    let address = node.config.hub_address.as_deref().unwrap_or(&membership.hub);
    let reached = tokio::net::TcpStream::connect(address).await;
    let tcp = reached.map(|_| format!("{address} answers")).map_err(|error| {
        format!("{address}: {error}; check the address, and port and firewall on the way out")
    });
    let mut checks = vec![Check { name: "tcp", outcome: tcp }];
    if checks[0].outcome.is_err() {
        return checks;
    }
    let hub = match Hub::connect(&node.home, &membership, &node.config, &node.clock).await {
        Ok(hub) => hub,
        Err(error) => {
            checks.push(check::<String>("tls", Err(error)));
            return checks;
        }
    };
    checks
        .push(check("tls", Ok::<_, Error>(format!("authority {} holds", membership.pin.short()))));
    match hub.standing().await {
        Ok(standing) => {
            checks.push(check("standing", Ok::<_, Error>("the hub knows this member")));
            let ahead = standing.hub_time_seconds - node.clock.now().0;
            let outcome = if ahead.abs() <= CLOCK_TOLERANCE {
                Ok(format!("{ahead} s from the hub's"))
            } else {
                Err(format!("{ahead} s from the hub's: set this machine's clock (NTP)"))
            };
            checks.push(Check { name: "clock", outcome });
        }
        Err(error) => checks.push(check::<String>("standing", Err(error))),
    }
    checks
}
