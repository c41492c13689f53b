//! The demo: a whole consortium on one machine, made by the real programs and
//! asked the real questions through their public surfaces.
//!
//! ```text
//! schools and student years ──▶ hub, nodes ──▶ round 1 ──▶ growth closed ──▶ round 2
//!   given or synthetic                                      benchmarks ──▶ publication
//!                                                           questions  ──▶ answers
//! ```

mod answer;
mod ask;
mod build;
mod input;
mod progress;
mod user;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use peerlight_proto::units::SchoolYear;

use self::{input::Input, progress::Progress};
use crate::harness::Programs;

/// What to make, and what to do with it.
#[derive(Args, Debug)]
pub struct Options {
    /// Use these files: schools.csv, and one folder of student-year files for
    /// each district, named by its id.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How many synthetic districts to make.
    #[arg(long, default_value_t = 6, conflicts_with = "data")]
    districts: usize,
    /// How many synthetic students to make, in all.
    #[arg(long, default_value_t = 48_000, conflicts_with = "data")]
    students: usize,
    /// Which synthetic districts to make.
    #[arg(long, default_value_t = 1, conflicts_with = "data")]
    seed: u64,
    /// The school year that is released, such as 2025-26. Default: the last
    /// one of the data.
    #[arg(long)]
    school_year: Option<SchoolYear>,
    /// Charter file, instead of the shipped one.
    #[arg(long, value_name = "FILE")]
    charter: Option<PathBuf>,
    /// Mapping file for the student years.
    #[arg(long, value_name = "FILE", requires = "data")]
    map: Option<PathBuf>,
    /// Where the schools' features come from, in words people will read.
    #[arg(long, value_name = "WORDS", requires = "data")]
    features_source: Option<String>,
    /// Use this PostgreSQL database for the hub, instead of an SQLite file.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Ask the real questions, print the answers, and end.
    #[arg(long)]
    check: bool,
    /// How `--check` prints its answers.
    #[arg(long, value_enum, default_value_t = Output::Text, requires = "check")]
    output: Output,
    /// Leave everything in this folder: the hub in DIR/hub, each node in
    /// DIR/nodes/DISTRICT.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Whether everything held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Holds,
    /// Something did not; it has been said what.
    DoesNotHold,
}

/// A folder that is kept or goes when this does.
enum Place {
    Kept(PathBuf),
    Passing(tempfile::TempDir),
}

impl Place {
    fn new(keep: Option<&Path>) -> anyhow::Result<Self> {
        match keep {
            None => {
                Ok(Self::Passing(tempfile::Builder::new().prefix("peerlight-demo-").tempdir()?))
            }
            Some(path) => {
                fs::create_dir_all(path)
                    .with_context(|| format!("cannot make {}", path.display()))?;
                Ok(Self::Kept(path.canonicalize()?))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Passing(folder) => folder.path(),
        }
    }
}

/// Runs the demo until it is done, or until `stop` is set.
pub fn run(options: &Options, stop: &Arc<AtomicBool>) -> anyhow::Result<Verdict> {
    let progress = Progress::new(Arc::clone(stop));
    let programs = Programs::beside_this_one()?;
    let place = Place::new(options.keep.as_deref())?;
    let input = Input::new(options, place.path(), &progress)?;
    let built = build::build(options, &input, &programs, place.path(), &progress)?;
    if options.check {
        let asked = ask::ask(&built, &input, &progress)?;
        progress.done();
        match options.output {
            Output::Text => print!("{}", asked.answers.text(&input)),
            Output::Json => println!("{}", serde_json::to_string_pretty(&asked.answers)?),
        }
        for fault in &asked.faults {
            eprintln!("does not hold: {fault}");
        }
        let holds = asked.faults.is_empty();
        return Ok(if holds { Verdict::Holds } else { Verdict::DoesNotHold });
    }
    progress.done();
    println!("https://localhost:{}", built.consortium.https.port());
    println!();
    for user in &built.users {
        println!("{:<10} {:<28} {}", user.role, user.name, user.password);
        println!("{:<10} {}", "", user.about);
    }
    println!();
    let authority = built.consortium.authority();
    println!("Browsers warn of the demo's own certificate authority: {}", authority.display());
    println!("Try: peerlight-node --home {} status", built.nodes[0].program.home().display());
    println!("Ctrl-C ends it{}.", if options.keep.is_some() { "" } else { " and removes it all" });
    progress.wait_for_stop();
    Ok(Verdict::Holds)
}
