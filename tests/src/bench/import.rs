//! Importing a CSV of student years beside DuckDB, which parses the same file
//! and writes it as Parquet with the same number of threads; and how much
//! memory the real program needs for it.
//!
//! The node does more than it is compared with: its library checks every value,
//! finds students who are there twice and sorts by school; the program makes
//! pseudonyms, seals and compares with what was held as well.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail, ensure};
use peerlight_node::{records::to_parquet, source::csv};
use peerlight_node_engine::intake::{Mapping, Schools};
use peerlight_proto::names::MemberId;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use super::{BenchContext, Row, crowd::Crowd, days};
use crate::{
    clock::Stopwatch,
    harness::{Consortium, Foundation, Node, Programs},
};

const DUCKDB: &str = include_str!("import.py");
const CHILD: &str = include_str!("child.py");

/// How often both are measured; the best counts.
const RUNS: usize = 3;

const STUDENTS: usize = 1_000_000;
const MANY: usize = 5_000_000;
const SCHOOLS: usize = 1_000;
/// As the made-up district has them.
const STUDENTS_A_SCHOOL: usize = 520;
const BAR_MEMORY: f64 = 1_500.0;

const HEADER: &str = "school_year,school_id,student_id,statewide_id,continuously_enrolled,\
    grade_level,gender,race_ethnicity,english_learner,socioeconomically_disadvantaged,\
    students_with_disabilities,homeless,foster,days_expected,days_absent,days_suspended,\
    ela_scale_score,math_scale_score,ela_level,math_level";

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    context.say(&format!("writing {STUDENTS} and {MANY} student years as CSV"));
    let file = write_csv(context, "student_years.csv", STUDENTS)?;
    let large = write_csv(context, "many_student_years.csv", MANY)?;
    let node = District::new(context)?;

    let threads = context.threads();
    let duck = duckdb(context, &file, threads)?;
    ensure!(duck.rows as usize == STUDENTS, "DuckDB wrote {} rows", duck.rows);
    let mut plain = f64::INFINITY;
    for _ in 0..RUNS {
        plain = plain.min(parse_and_write(context, &file)?);
    }
    let mut whole = Child { seconds: f64::INFINITY, peak_bytes: 0, code: 0 };
    for run in 0..RUNS {
        let measured = node.import(context, &file, &format!("run{run}"))?;
        whole.seconds = whole.seconds.min(measured.seconds);
        whole.peak_bytes = whole.peak_bytes.max(measured.peak_bytes);
    }
    let many = node.import(context, &large, "many")?;
    fs::remove_file(&large)?;

    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let size = fs::metadata(&file)?.len();
    let mut rows = vec![
        Row::note("rows of 20 columns", STUDENTS as f64, "rows"),
        Row::note("size of the CSV", megabytes(size), "MB"),
        Row::note("threads", threads as f64, "threads"),
        Row::note("DuckDB: parse, write Parquet with zstd", duck.seconds, "s"),
        Row::note("parse, check, find who is twice, write Parquet", plain, "s"),
        Row::note("the real program: the same, seal, and apply", whole.seconds, "s"),
        Row::at_least("speed beside DuckDB: parse and write", duck.seconds / plain, "x", 0.5),
        Row::at_least(
            "speed beside DuckDB: the real program",
            duck.seconds / whole.seconds,
            "x",
            0.35,
        ),
        Row::at_most("peak memory, 1,000,000 rows", megabytes(whole.peak_bytes), "MB", BAR_MEMORY),
        Row::at_most("peak memory, 5,000,000 rows", megabytes(many.peak_bytes), "MB", BAR_MEMORY),
        Row::note("the real program, 5,000,000 rows", many.seconds, "s"),
    ];
    rows.extend(days::measure(context)?);
    Ok(rows)
}

/// Writes made-up student years, a little of everything missing.
fn write_csv(context: &BenchContext, name: &str, students: usize) -> anyhow::Result<PathBuf> {
    let path = context.scratch().join(name);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path)?);
    let mut random = ChaCha8Rng::seed_from_u64(7);
    writeln!(out, "{HEADER}")?;
    for student in 0..students {
        // In no order, as exports are.
        let student = student * 7_368_787 % 9_000_000;
        let school = random.random_range(0..SCHOOLS);
        let grade = random.random_range(1..=12);
        let race = ["AA", "AI", "AS", "FI", "HI", "PI", "WH", "MR"][random.random_range(0..8)];
        let gender = ["F", "M", "X"][random.random_range(0..3)];
        let mut flag = |share: f64| u8::from(random.random_bool(share));
        let flags = [flag(0.2), flag(0.6), flag(0.1), flag(0.03), flag(0.01)];
        let [absent, ela, math] = [30, 400, 400].map(|most| random.random_range(0..most));
        let half = if random.random_bool(0.2) { ".5" } else { "" };
        write!(
            out,
            "2026,{school:06},{},{},1",
            1_000_000 + student,
            3_000_000_000_u64 + student as u64
        )?;
        write!(out, ",{grade:02},{gender},{race}")?;
        flags.iter().try_for_each(|flag| write!(out, ",{flag}"))?;
        write!(out, ",180,{absent}{half},{}", random.random_range(0..3))?;
        if random.random_bool(0.9) {
            writeln!(out, ",{},{},{},{}", 2300 + ela, 2300 + math, 1 + ela / 100, 1 + math / 100)?;
        } else {
            writeln!(out, ",,,,")?;
        }
    }
    out.flush()?;
    Ok(path)
}

/// What the node's library does of it in this process, ids written as they are
/// as DuckDB does; seconds.
fn parse_and_write(context: &BenchContext, file: &Path) -> anyhow::Result<f64> {
    let crowd = Crowd::new(SCHOOLS * STUDENTS_A_SCHOOL);
    let schools = Schools::new(crowd.directory(), &MemberId::new("1")?);
    let as_it_is = |_, id: &[u8]| {
        let mut bytes = [0; 16];
        bytes[..id.len()].copy_from_slice(id);
        bytes
    };
    let watch = Stopwatch::start();
    let read = csv::read(file, &Mapping::default(), schools)?;
    fs::write(
        context.scratch().join("ours.parquet"),
        to_parquet(&read.imported.years[0], as_it_is)?,
    )?;
    let seconds = watch.seconds();
    ensure!(read.imported.years[0].rows() == STUDENTS, "not all rows were read");
    Ok(seconds)
}

#[derive(Deserialize)]
struct Duck {
    seconds: f64,
    rows: u64,
}

fn duckdb(context: &BenchContext, file: &Path, threads: usize) -> anyhow::Result<Duck> {
    let python = context.python_with("duckdb==1.4.1")?;
    context.say("parsing and writing with DuckDB");
    let script = context.scratch().join("import.py");
    fs::write(&script, DUCKDB)?;
    let mut command = Command::new(python);
    command.arg(script).arg(file).arg(context.scratch().join("duck.parquet"));
    answer(command.arg(threads.to_string()).arg(RUNS.to_string()))
}

/// What a program prints as JSON.
fn answer<T: for<'a> Deserialize<'a>>(command: &mut Command) -> anyhow::Result<T> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("the answer is not understood")
}

#[derive(Deserialize)]
struct Child {
    seconds: f64,
    peak_bytes: u64,
    code: i32,
}

/// A district that has joined a hub: the real programs.
struct District {
    _consortium: Consortium,
    node: Node,
}

impl District {
    fn new(context: &BenchContext) -> anyhow::Result<Self> {
        context.say("founding a consortium of one district");
        let root = context.scratch().join("consortium");
        fs::create_dir(&root)?;
        let schools = root.join("schools.csv");
        let mut list = b"school_id,lea_id,name,level,enrollment\n".to_vec();
        for school in 0..SCHOOLS {
            writeln!(list, "{school:06},1,School {school},k12,520")?;
        }
        fs::write(&schools, list)?;
        let programs = Programs::beside_this_one()?;
        let mut consortium = Consortium::found(&programs, &root, &Foundation::default())?;
        consortium.constitute(&schools, "2026", "made up", None)?;
        consortium.start()?;
        let node = consortium.admit("1", "The district")?;
        Ok(Self { _consortium: consortium, node })
    }

    /// Imports a file as the only source of the year: what was held is removed
    /// before, so that every run does the same.
    fn import(&self, context: &BenchContext, file: &Path, run: &str) -> anyhow::Result<Child> {
        context.say("importing with the real program");
        let home = context.scratch().join(run);
        let copied =
            Command::new("cp").arg("-r").arg(self.node.program.home()).arg(&home).status()?;
        ensure!(copied.success(), "the node's home could not be copied");
        let script = context.scratch().join("child.py");
        fs::write(&script, CHILD)?;
        let program = Programs::beside_this_one()?.node(&home);
        let import = program.command(&[Path::new("import"), Path::new("csv"), file]);
        let mut command = Command::new("python3");
        command.arg(script).arg(import.get_program()).args(import.get_args());
        let child: Child = answer(&mut command)?;
        ensure!(child.code == 0, "the import ended with exit code {}", child.code);
        fs::remove_dir_all(home)?;
        Ok(child)
    }
}
