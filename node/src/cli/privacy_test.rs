//! `privacy-test`: is this machine's noise what the ledger charges for? Draws
//! from the shipped noise over made-up numbers; reads no record.

use std::{num::NonZeroUsize, thread};

use clap::Args;
use peerlight_node_engine::privacy::audit::{Audit, Interval, USUAL_TRIES, Verdict};
use serde_json::json;

use super::output::{Output, Table, print_json};
use crate::error::Error;

/// Check by statistics that this machine's noise is what the ledger charges for.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node privacy-test
  peerlight-node privacy-test --runs 100000 --output json

Draws a made-up release of one school with and without one made-up student, by
the same code that draws every release, and measures how well the two can be
told apart: mu = sqrt(2 rho) (Dong, Roth and Su 2022). Needs no node, no record
and no hub. 20,000 runs find a sigma that is a few percent off. Exit code 0: the
noise is what is charged; 1: it is not, and nothing should be released.")]
pub struct PrivacyTestArgs {
    /// Tries with the made-up student, and as many without; at least 1000.
    #[arg(long, value_name = "N", default_value_t = USUAL_TRIES)]
    runs: u32,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &PrivacyTestArgs) -> Result<(), Error> {
    let runs = args.runs;
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let audit = tokio::task::spawn_blocking(move || Audit::run(runs, threads))
        .await
        .map_err(|_| Error::Absent("the audit was interrupted: try again".to_owned()))??;
    let verdict = audit.verdict();
    if args.output == Output::Json {
        print_json(json!({
            "runs": audit.tries,
            "epsilon": audit.epsilon,
            "charged_pico_rho": audit.charged,
            "mu_charged": audit.mu,
            "mu_by_spread": {"low": audit.by_spread.low, "high": audit.by_spread.high},
            "mu_by_guesses": {"low": audit.by_guesses.low, "high": audit.by_guesses.high},
            "wrong_guesses": audit.wrong_guesses,
            "kurtosis": audit.kurtosis,
            "as_charged": verdict == Verdict::AsCharged,
            "verdict": words(verdict),
        }))?;
    } else {
        table(&audit).print(args.output)?;
    }
    eprintln!("{}", words(verdict));
    if verdict == Verdict::AsCharged { Ok(()) } else { Err(Error::Noise) }
}

fn table(audit: &Audit) -> Table {
    let mut table = Table::new(&["what", "charged", "low", "high"]);
    let mut row = |what: &str, charged: f64, Interval { low, high }: Interval| {
        let number = |value: f64| format!("{value:.4}");
        table.push(vec![what.to_owned(), number(charged), number(low), number(high)]);
    };
    row("mu by the spread of the noise", audit.mu, audit.by_spread);
    row("mu by guessing who is there", audit.mu, audit.by_guesses);
    let kurtosis = Interval { low: audit.kurtosis, high: audit.kurtosis };
    row("fourth moment (3 is Gaussian)", 3.0, kurtosis);
    table
}

const fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AsCharged => "The noise is what the ledger charges for.",
        Verdict::TooLittle => {
            "There is less noise than the ledger charges for: students would be protected less \
             than was promised. Release nothing, and tell the program's authors."
        }
        Verdict::TooMuch => {
            "There is more noise than the ledger charges for: nobody is harmed, but figures are \
             worse than they need be. Tell the program's authors."
        }
        Verdict::OtherShape => {
            "The noise has another shape than the ledger charges for: its price is not known. \
             Release nothing, and tell the program's authors."
        }
    }
}
