//! Turns files of the SGP demonstration state into what the demo runs on.

use std::path::PathBuf;

use clap::Parser;
use peerlight_tests::sgp;

/// Writes the demo's input and prints the school year that is released.
#[derive(Parser)]
struct Arguments {
    /// Folder to write into.
    #[arg(long)]
    to: PathBuf,
    /// Files in the long format, gzipped or not.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    println!("{}", sgp::convert(&arguments.files, &arguments.to)?);
    Ok(())
}
