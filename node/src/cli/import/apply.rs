//! How an import of any format is applied, as flags; and what became of it,
//! printed.

use std::path::PathBuf;

use clap::Args;
use peerlight_node_engine::intake::table::Day;

use super::{
    super::output::{Output, say_absent_groups},
    print::print_report,
    progress,
};
pub use crate::import::reading;
use crate::{
    calendar,
    error::Error,
    import::{self, Settled, Wish},
    node::Node,
    source::{Read, is_source_name},
};

/// How an import of any format is applied.
#[derive(Args)]
pub struct ApplyArgs {
    /// Check everything and apply nothing.
    #[arg(long)]
    dry_run: bool,
    /// Apply although much changed since the last import.
    #[arg(long)]
    accept_change: bool,
    /// Civil date the values are cumulative to.
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<String>,
    /// Write import-report.html and import-report.csv into this folder, also
    /// when the import is refused.
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl ApplyArgs {
    /// Refuses flags that cannot be meant, before anything is read; shows from
    /// then on how far it is, but to a program.
    pub fn check(&self, source: &str) -> Result<(), Error> {
        if self.as_of.as_ref().is_some_and(|date| !calendar::is_date(date)) {
            return Err(Error::Usage("--as-of is not a civil date: write YYYY-MM-DD".to_owned()));
        }
        if !is_source_name(source) {
            let text = "a source's name has 1 to 32 small letters, digits, \"_\" and \"-\"";
            return Err(Error::Usage(text.to_owned()));
        }
        if self.output != Output::Json {
            progress::show();
        }
        Ok(())
    }

    /// The last day that the files can tell of: `--as-of`, or today.
    pub fn last_day(&self, node: &Node) -> Day {
        let today = || Day::of_unix(node.clock.now().0);
        self.as_of.as_deref().and_then(Day::read).unwrap_or_else(today)
    }

    /// Applies what was read, or says why it was refused.
    pub async fn apply(&self, node: &Node, read: Result<Read, Error>) -> Result<(), Error> {
        self.say(import::settle(node, read, &self.wish()).await?)
    }

    /// What is wished.
    pub fn wish(&self) -> Wish {
        Wish {
            as_of: self.as_of.clone(),
            accept_change: self.accept_change,
            dry_run: self.dry_run,
            actor: "peerlight-node",
        }
    }

    /// Prints what became of it.
    pub fn say(&self, settled: Settled) -> Result<(), Error> {
        progress::end();
        match &settled.outcome {
            Ok(done) => {
                let outcome = Some(&done.outcome);
                print_report(&settled.report, self.output, outcome, &done.absent, &done.census)?;
            }
            Err(error) if error.report().is_some() => {
                print_report(&settled.report, self.output, None, &[], &[])?;
            }
            Err(_) => {}
        }
        if let Some(folder) = &self.report {
            settled.write_report(folder)?;
            eprintln!("The report is in {}.", folder.display());
        }
        for (year, sentences) in &settled.outcome?.absent {
            say_absent_groups(*year, sentences);
        }
        Ok(())
    }
}
