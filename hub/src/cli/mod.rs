//! The hub's command line: one verb a file. Rows go to standard output, talk
//! to standard error, and every verb calls what a test can call too.

mod benchmark;
mod charter;
mod directory;
mod doctor;
mod growth;
mod init;
mod member;
pub mod output;
mod public;
mod publish;
mod release;
mod serve;
mod status;
mod user;
mod verify;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use output::Format;
use tracing_subscriber::EnvFilter;

use crate::{clock::Clock, error::Error, home::Home, hub::Hub};

const EXAMPLES: &str = "\
Examples, in the order a new consortium needs them:
  peerlight-hub --home hub init --consortium valley --host hub.valley.example
  peerlight-hub --home hub directory import schools.csv --school-year 2025-26
  peerlight-hub --home hub charter propose --school-year 2025-26
  peerlight-hub --home hub serve
  peerlight-hub --home hub member add 0612345 --name \"Alder Unified\"
  peerlight-hub --home hub member token 0612345 --to alder.token
  peerlight-hub --home hub public import caaspp sb_ca2025_all_csv_v1.zip --year 2024-25
  peerlight-hub --home hub growth close
  peerlight-hub --home hub benchmark run
  peerlight-hub --home hub publish --name 2026-F
  peerlight-hub --home hub user add ann@alder.example --role principal --school 061234501234 --password-file FILE

Exit codes: 0 done, 1 other, 2 usage, 3 configuration, 4 not enrolled or not
allowed, 5 hub unreachable, 6 input refused, 7 privacy budget refused, 8 doctor
found a fault, 9 a step is missing that has to come first.";

/// The consortium's hub: admits districts, serves charter and directory, takes
/// in their noisy releases, and shows how every school stands.
///
/// The hub never sees a student record or an exact count.
#[derive(Debug, Parser)]
#[command(name = "peerlight-hub", version, after_help = EXAMPLES)]
pub struct CommandLine {
    /// The hub's folder.
    #[arg(long, global = true, env = "PEERLIGHT_HOME", default_value = "peerlight-hub")]
    home: PathBuf,
    /// How rows are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    output: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a new consortium: its authority, keys and configuration.
    Init(init::Arguments),
    /// Serve nodes (gRPC) and people (https) until told to stop.
    Serve(serve::Arguments),
    /// Admit, list, suspend and revoke members; record what they granted.
    #[command(subcommand)]
    Member(member::Verb),
    /// Show the charter in force, or sign a new one.
    #[command(subcommand)]
    Charter(charter::Verb),
    /// Import the public list of schools, or show it.
    #[command(subcommand)]
    Directory(directory::Verb),
    /// Take in official public results, or list those held.
    #[command(subcommand)]
    Public(public::Verb),
    /// Follow and close the round that makes growth percentiles comparable.
    #[command(subcommand)]
    Growth(growth::Verb),
    /// Take in sealed releases that were carried here by hand.
    #[command(subcommand)]
    Release(release::Verb),
    /// Compute where every school stands.
    #[command(subcommand)]
    Benchmark(benchmark::Verb),
    /// Add, list and disable people who may sign in to the pages.
    #[command(subcommand)]
    User(user::Verb),
    /// Freeze and sign what the newest benchmark run found.
    Publish(publish::Arguments),
    /// Check a publication's folder, without a network.
    Verify(verify::Arguments),
    /// Show members, what arrived from them, and what waits for you.
    Status(status::Arguments),
    /// Check this hub; exit code 8 if something is wrong. Acknowledge incidents.
    Doctor(doctor::Arguments),
}

/// Sends log lines to standard error; `RUST_LOG` chooses which.
pub fn log_to_stderr(command_line: &CommandLine) {
    let default = if matches!(command_line.verb, Verb::Serve(_)) { "info" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Runs one command; gives the program's exit code.
pub async fn run(command_line: CommandLine) -> Result<u8, Error> {
    let home = Home::at(command_line.home);
    let format = command_line.output;
    let clock = Clock::system();
    match command_line.verb {
        Verb::Init(arguments) => init::run(home, clock, arguments).await?,
        Verb::Serve(arguments) => serve::run(Hub::open(home, clock).await?, arguments).await?,
        Verb::Member(verb) => member::run(&Hub::open(home, clock).await?, verb, format).await?,
        Verb::Charter(verb) => charter::run(&Hub::open(home, clock).await?, verb, format).await?,
        Verb::User(verb) => user::run(&Hub::open(home, clock).await?, verb, format).await?,
        Verb::Publish(arguments) => {
            let hub = Hub::open(home, clock).await?;
            Box::pin(publish::run(&hub, arguments, format)).await?;
        }
        Verb::Verify(arguments) => verify::run(&home, &arguments, format)?,
        Verb::Directory(verb) => {
            directory::run(&Hub::open(home, clock).await?, verb, format).await?;
        }
        Verb::Public(verb) => public::run(&Hub::open(home, clock).await?, verb, format).await?,
        Verb::Growth(verb) => growth::run(&Hub::open(home, clock).await?, verb, format).await?,
        Verb::Benchmark(verb) => {
            benchmark::run(&Hub::open(home, clock).await?, verb, format).await?;
        }
        Verb::Release(verb) => {
            Box::pin(release::run(Hub::open(home, clock).await?, verb, format)).await?;
        }
        Verb::Status(arguments) => {
            status::run(&Hub::open(home, clock).await?, &arguments, format).await?;
        }
        Verb::Doctor(arguments) => {
            return doctor::run(&Hub::open(home, clock).await?, arguments, format).await;
        }
    }
    Ok(0)
}
