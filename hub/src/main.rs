//! `peerlight-hub`: parses the command line, runs it, and turns an error into
//! an exit code. It decides nothing.

use std::process::ExitCode;

use clap::Parser;
use peerlight_hub::cli::{self, CommandLine};

#[tokio::main]
async fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    cli::log_to_stderr(&command_line);
    match Box::pin(cli::run(command_line)).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
