//! The program `peerlight-node`: parses the command line, runs one verb, and
//! turns its outcome into an exit code. It decides nothing itself.

use std::process::ExitCode;

use peerlight_node::cli;

fn main() -> ExitCode {
    cli::main()
}
