//! The program `peerlight-node`: parses the command line, runs one verb, and
//! turns its outcome into an exit code. It decides nothing itself.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use peerlight_node::cli;

/// Noise and imports ask for many small pieces on several threads; the
/// system's allocator takes a tenth longer for both (`tests/bench`).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
