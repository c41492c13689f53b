//! Runs one benchmark and says whether it reaches its bars.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use mimalloc::MiMalloc;
use peerlight_tests::bench::{self, BENCHES, BenchContext};

/// As the node has it, whose library is measured in this process.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures Peerlight against its bars. Without a name it lists the benchmarks.
#[derive(Parser)]
#[command(name = "tests/bench")]
struct Arguments {
    /// Which benchmark.
    name: Option<String>,
    /// How to print the rows.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let Some(name) = arguments.name else {
        for bench in BENCHES {
            println!("{:<10} {}", bench.name, bench.about);
        }
        return Ok(ExitCode::SUCCESS);
    };
    let Some(bench) = bench::find(&name) else {
        eprintln!("there is no benchmark {name}; without a name they are listed");
        return Ok(ExitCode::from(2));
    };
    let rows = (bench.run)(&BenchContext::new()?)?;
    match arguments.output {
        Output::Text => println!("{}", bench::table(&rows)),
        Output::Json => println!("{}", serde_json::to_string_pretty(&rows)?),
    }
    let all_hold = rows.iter().all(|row| row.holds);
    Ok(if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
