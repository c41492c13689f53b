//! The command line: one verb a file, each a thin shell over the library.
//!
//! Data goes to standard output, talk to standard error. Every failure is one
//! sentence that says what, where and what to do, and an exit code.

mod audit;
mod benchmark;
mod charter;
mod config;
mod doctor;
mod extract;
mod import;
mod init;
mod join;
mod ledger;
mod measures;
mod output;
mod plan;
mod preview;
mod privacy_test;
mod records;
mod release;
mod serve;
mod sources;
mod status;
mod sync;

use std::{io::IsTerminal, path::PathBuf, process::ExitCode, sync::OnceLock, time::Duration};

use clap::{Parser, Subcommand};

use crate::{
    clock::Clock,
    config::Config,
    error::{Error, Exit},
    home::Home,
    node::Node,
    store::Store,
};

/// How long the end waits for the database: what a stopped daemon left running
/// may hold it a little longer.
const CLOSING: Duration = Duration::from_secs(5);

const EXIT_CODES: &str = "\
Exit codes:
  0 done              3 configuration             6 data refused
  1 other             4 not enrolled, not allowed 7 privacy budget refused
  2 usage             5 hub unreachable (retry)   8 doctor found a fault
                                                  9 approval needed

The road of a new node:
  peerlight-node init   --home /var/lib/peerlight
  peerlight-node join   --home /var/lib/peerlight --token token.txt
  peerlight-node import --home /var/lib/peerlight csv exports/
  peerlight-node charter --home /var/lib/peerlight show
  peerlight-node charter --home /var/lib/peerlight approve --name \"A. Ruiz\" --title \"Superintendent\"
  peerlight-node preview --home /var/lib/peerlight
  peerlight-node sync   --home /var/lib/peerlight";

/// A district's node of a Peerlight consortium. Student records stay here; only
/// what the district approved leaves, with noise added.
#[derive(Parser)]
#[command(name = "peerlight-node", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    /// The node's folder.
    #[arg(
        long,
        global = true,
        env = "PEERLIGHT_HOME",
        value_name = "DIR",
        default_value = "/var/lib/peerlight",
        hide_env_values = true
    )]
    home: PathBuf,
    /// Log more to standard error; twice for everything.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Init(init::InitArgs),
    Join(join::JoinArgs),
    Import(import::ImportArgs),
    Records(records::RecordsArgs),
    Sources(sources::SourcesArgs),
    Charter(charter::CharterArgs),
    Plan(plan::PlanArgs),
    Preview(preview::PreviewArgs),
    Release(release::ReleaseArgs),
    Sync(sync::SyncArgs),
    Serve(serve::ServeArgs),
    Ledger(ledger::LedgerArgs),
    Audit(audit::AuditArgs),
    Measures(measures::MeasuresArgs),
    Extract(extract::ExtractArgs),
    Benchmarks(benchmark::BenchmarksArgs),
    Similar(benchmark::SimilarArgs),
    Peers(benchmark::PeersArgs),
    PrivacyTest(privacy_test::PrivacyTestArgs),
    Status(status::StatusArgs),
    Doctor(doctor::DoctorArgs),
    Config(config::ConfigArgs),
}

/// What every verb works with.
struct Context {
    home: Home,
    clock: Clock,
    /// The database, once it was opened.
    store: OnceLock<Store>,
}

impl Context {
    /// The settings, with this command's flags.
    fn config(&self, flags: &[(&str, String)]) -> Result<Config, Error> {
        self.home.check()?;
        Ok(Config::load(&self.home, flags)?)
    }

    /// The node, with this command's flags.
    async fn node(&self, flags: &[(&str, String)]) -> Result<Node, Error> {
        let node = Node::open(self.home.clone(), self.clock.clone(), flags).await?;
        self.store.get_or_init(|| node.store.clone());
        Ok(node)
    }

    /// Closes the database, so that `node.db` alone is the whole of it: a copy
    /// that leaves out SQLite's write-ahead log would be damaged.
    async fn close(&self) {
        if let Some(store) = self.store.get()
            && tokio::time::timeout(CLOSING, store.close()).await.is_err()
        {
            tracing::warn!("the database is still in use: copy node.db with its -wal file");
        }
    }
}

/// Runs the program on this process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(cli.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::from(Exit::Other as u8);
        }
    };
    let context =
        Context { home: Home::at(cli.home), clock: Clock::system(), store: OnceLock::new() };
    let outcome = runtime.block_on(async {
        let outcome = run(cli.verb, &context).await;
        context.close().await;
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that closed the pipe has what it wanted.
        Err(Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit() as u8)
        }
    }
}

async fn run(verb: Verb, context: &Context) -> Result<(), Error> {
    match verb {
        Verb::Init(args) => init::run(&args, context).await,
        Verb::Join(args) => join::run(&args, context).await,
        Verb::Import(args) => import::run(&args, context).await,
        Verb::Records(args) => records::run(&args, context).await,
        Verb::Sources(args) => sources::run(&args, context).await,
        Verb::Charter(args) => charter::run(&args, context).await,
        Verb::Plan(args) => plan::run(&args, context).await,
        Verb::Preview(args) => preview::run(&args, context).await,
        Verb::Release(args) => release::run(&args, context).await,
        Verb::Sync(args) => sync::run(&args, context).await,
        Verb::Serve(args) => serve::run(&args, context).await,
        Verb::Ledger(args) => ledger::run(&args, context).await,
        Verb::Audit(args) => audit::run(&args, context).await,
        Verb::Measures(args) => measures::run(&args, context).await,
        Verb::Extract(args) => extract::run(&args, context).await,
        Verb::Benchmarks(args) => benchmark::benchmarks(&args, context).await,
        Verb::Similar(args) => benchmark::similar(&args, context).await,
        Verb::Peers(args) => benchmark::peers(&args, context).await,
        Verb::PrivacyTest(args) => privacy_test::run(&args).await,
        Verb::Status(args) => status::run(&args, context).await,
        Verb::Doctor(args) => doctor::run(&args, context).await,
        Verb::Config(args) => config::run(&args, context),
    }
}

fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "warn,peerlight_node=info",
        1 => "info,peerlight_node=debug",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("PEERLIGHT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
