//! Benchmarks: what the product must reach, measured beside what it is
//! compared with, in one run on one machine.
//!
//! A bench is a function from a [`BenchContext`] to [`Row`]s. A row with a bar
//! holds or does not; a row without one is for the record.

mod context;
mod counting;
mod crowd;
mod days;
mod district;
mod import;
mod intake;
mod journal;
mod noise;
mod release;
mod row;
mod similar;
mod utility;
mod utility_peer;

pub use context::BenchContext;
pub use row::{Bar, Row, table};

/// One benchmark.
pub struct Bench {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it measures, in a line.
    pub about: &'static str,
    /// Measures it.
    pub run: fn(&BenchContext) -> anyhow::Result<Vec<Row>>,
}

/// Every benchmark, in the order in which they are listed.
pub const BENCHES: &[Bench] = &[
    Bench {
        name: "counting",
        about: "exact counts of 2,000,000 student years, beside DuckDB",
        run: counting::run,
    },
    Bench {
        name: "release",
        about: "noise, charge, commit and seal for 100,000 students in 100 schools",
        run: release::run,
    },
    Bench {
        name: "journal",
        about: "the contribution journal of 100,000 students: met, sealed, and a step with it",
        run: journal::run,
    },
    Bench {
        name: "import",
        about: "1,000,000 student rows from CSV, beside DuckDB; 90,000,000 attendance events",
        run: import::run,
    },
    Bench {
        name: "intake",
        about: "1,000 releases of about 15,000 cells into a hub over gRPC",
        run: intake::run,
    },
    Bench {
        name: "similar",
        about: "like schools of 10,000 and of 100,000 schools, beside brute force",
        run: similar::run,
    },
    Bench {
        name: "noise",
        about: "noise for 300,000 cells, and one charge on a ledger of 1,000 entries",
        run: noise::run,
    },
    Bench {
        name: "utility",
        about: "how sure a school's numbers are at epsilon 4, beside naive ways to spend it",
        run: utility::run,
    },
];

/// The benchmark with this name.
pub fn find(name: &str) -> Option<&'static Bench> {
    BENCHES.iter().find(|bench| bench.name == name)
}
