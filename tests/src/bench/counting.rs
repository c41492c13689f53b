//! Counting student years beside DuckDB on the same Parquet: every measure of
//! the shipped catalogue, by school, for everybody and every grade, race,
//! gender and flag.
//!
//! Both read the same unsealed file with the same number of threads in one
//! run, and their counts must be equal before any time is believed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail, ensure};
use peerlight_node::records::{RecordFile, RecordKeys, Records, Year, count, to_parquet};
use peerlight_node_engine::{
    intake::StudentYears,
    measure::{CountPlan, LocalTable},
};
use peerlight_proto::{
    layout::{FIXED_POINT, year_layouts},
    names::MemberId,
};

use super::{BenchContext, Row, crowd::Crowd};
use crate::clock::Stopwatch;

/// Computes the same counts in three stated shapes of query, and times them.
const DUCKDB: &str = include_str!("counting.py");

/// How often each is measured; the best counts, for both.
const RUNS: usize = 5;

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let large = Made::new(context, 2_000_000, "large")?;
    let small = Made::new(context, 100_000, "small")?;

    context.reset_peak_memory()?;
    let threads = context.threads();
    let unsealed = best(|| large.count_unsealed(threads))?;
    let peak = context.peak_memory()?;
    let decode = best(|| large.decode(threads))?;
    let sealed = best(|| large.count_sealed(threads))?;
    let releases = best(|| large.count_releases(threads))?;
    let beside = best(|| small.count_sealed(threads))?;
    let table = large.table(threads)?;
    let duck = duckdb(context, &large.parquet, threads)?;
    compare(&table, &duck.counts)?;

    for (shape, seconds) in &duck.seconds {
        rows.push(Row::note(format!("DuckDB, {shape}"), *seconds, "s"));
    }
    let best_shape = duck.seconds.iter().map(|(_, seconds)| *seconds).fold(f64::INFINITY, f64::min);
    rows.push(Row::note("student years", large.students as f64, "rows"));
    rows.push(Row::note("schools", large.crowd.schools() as f64, "schools"));
    rows.push(Row::note("threads", threads as f64, "threads"));
    rows.push(Row::note("counting, unsealed file", unsealed, "s"));
    rows.push(Row::note("decoding the same columns", decode, "s"));
    rows.push(Row::at_most("counting / DuckDB's best shape", unsealed / best_shape, "x", 0.4));
    rows.push(Row::at_most("counting / decoding", unsealed / decode, "x", 3.0));
    rows.push(Row::at_most("peak memory while counting", peak as f64 / 1e6, "MB", 200.0));
    rows.push(Row::note("counting, sealed file", sealed, "s"));
    rows.push(Row::note("counting every program's release, unsealed", releases, "s"));
    rows.push(Row::note("counting 100,000 students, sealed file", beside, "s"));
    Ok(rows)
}

/// A file of student years, sealed and unsealed, and what it is counted by.
struct Made {
    crowd: Crowd,
    students: usize,
    parquet: PathBuf,
    records: Records,
    sealed: String,
}

impl Made {
    fn new(context: &BenchContext, students: usize, name: &str) -> anyhow::Result<Self> {
        context.say(&format!("making {students} student years"));
        let crowd = Crowd::new(students);
        let years = crowd.student_years()?;
        let keys = || RecordKeys::from_keys([1; 32].into(), [2; 32].into(), &[3; 32]);
        let parquet = context.scratch().join(format!("{name}.parquet"));
        let named = keys();
        fs::write(&parquet, to_parquet(&years, |kind, id| named.pseudonym(kind, id))?)?;
        let records = Records::open(context.scratch().join(name), keys())?;
        let sealed = records.write(&years)?;
        let students = StudentYears::rows(&years);
        Ok(Self { crowd, students, parquet, records, sealed })
    }

    fn unsealed(&self) -> anyhow::Result<Year> {
        let bytes = fs::read(&self.parquet)?;
        Ok(Year { file: RecordFile::open(bytes.into())?, earlier: [None, None, None] })
    }

    fn plan(&self, year: &Year) -> anyhow::Result<CountPlan> {
        let (charter, directory) = (self.crowd.charter(), self.crowd.directory());
        Ok(CountPlan::local(charter, directory, &member(), None, year.columns())?)
    }

    fn table(&self, threads: usize) -> anyhow::Result<LocalTable> {
        let year = self.unsealed()?;
        let plan = self.plan(&year)?;
        Ok(count(&year, &plan, threads)?.finish_local())
    }

    fn count_unsealed(&self, threads: usize) -> anyhow::Result<()> {
        self.table(threads).map(drop)
    }

    fn count_sealed(&self, threads: usize) -> anyhow::Result<()> {
        let file = self.records.read(&self.sealed)?;
        let year = Year { file, earlier: [None, None, None] };
        let plan = self.plan(&year)?;
        drop(count(&year, &plan, threads)?.finish_local());
        Ok(())
    }

    fn count_releases(&self, threads: usize) -> anyhow::Result<()> {
        let year = self.unsealed()?;
        let (charter, directory) = (self.crowd.charter(), self.crowd.directory());
        let offered = peerlight_node_engine::measure::offered(charter, year.columns())?;
        let layouts: Vec<_> = year_layouts(charter, directory, &member())
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .filter(|layout| offered.contains(&layout.program))
            .filter(|layout| !layout.program.as_str().starts_with("growth"))
            // A running count's steps need a journal; its status is counted too.
            .filter(|layout| layout.step().is_none())
            .collect();
        let plan = CountPlan::new(charter, directory, &member(), &layouts, None, year.columns())?;
        ensure!(count(&year, &plan, threads)?.finish().len() == layouts.len());
        Ok(())
    }

    fn decode(&self, threads: usize) -> anyhow::Result<()> {
        let year = self.unsealed()?;
        let plan = self.plan(&year)?;
        let wanted = plan.columns();
        let columns = wanted.minus(wanted.minus(year.file.columns()));
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || -> anyhow::Result<usize> {
            let mut rows = 0;
            loop {
                let part = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if part >= year.file.parts() {
                    return Ok(rows);
                }
                rows += year.file.decode(columns, part)?;
            }
        };
        let rows: usize = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            handles
                .into_iter()
                .map(|handle| handle.join().unwrap_or_else(|_| bail!("decoding panicked")))
                .sum::<anyhow::Result<usize>>()
        })?;
        ensure!(rows == self.students, "decoded {rows} rows");
        Ok(())
    }
}

fn member() -> MemberId {
    MemberId::new("1").expect("one digit is a name")
}

/// The shortest of several runs, seconds.
fn best(run: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let watch = Stopwatch::start();
        run()?;
        best = best.min(watch.seconds());
    }
    Ok(best)
}

/// What DuckDB says.
#[derive(serde::Deserialize)]
struct Duck {
    /// Best time of each shape.
    seconds: Vec<(String, f64)>,
    counts: Vec<Told>,
}

/// Group, measure, numerator, denominator, a checksum of both over all
/// schools, and the sum of what is averaged.
type Told = (String, String, i64, i64, i64, i64);

fn duckdb(context: &BenchContext, parquet: &Path, threads: usize) -> anyhow::Result<Duck> {
    let python = context.python_with("duckdb==1.4.1")?;
    let script = context.scratch().join("counting.py");
    fs::write(&script, DUCKDB)?;
    context.say("counting with DuckDB");
    let output = Command::new(python)
        .arg(&script)
        .arg(parquet)
        .arg(threads.to_string())
        .arg(RUNS.to_string())
        .output()?;
    if !output.status.success() {
        bail!("DuckDB failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("DuckDB's answer is not understood")
}

/// Refuses to believe any time unless every count is equal: the district's by
/// group, and each school's through a checksum.
fn compare(table: &LocalTable, duck: &[Told]) -> anyhow::Result<()> {
    let mut compared = 0;
    for measure in table.measures() {
        for group in table.groups(measure) {
            let said = duck
                .iter()
                .find(|(of, name, ..)| *of == group.to_string() && name == measure.as_str());
            let weigh = |(position, school)| {
                let value = table.school(school, measure, *group)?;
                Some((position as i64 + 1) * (value.numerator() + 3 * value.denominator()))
            };
            let checksum: i64 = table.schools().iter().enumerate().filter_map(weigh).sum();
            let ours = table.district(measure, *group);
            let ours = ours.map_or((0, 0, checksum, 0), |value| {
                let denominator = value.denominator();
                let unit =
                    if measure.as_str().ends_with("_dfs") { FIXED_POINT as f64 } else { 1.0 };
                let sum = (value.value() * denominator as f64 * unit).round() as i64;
                (value.numerator(), denominator, checksum, sum)
            });
            let theirs = said.map_or((0, 0, 0, 0), |said| (said.2, said.3, said.4, said.5));
            ensure!(ours == theirs, "{measure} of {group}: {ours:?} here, {theirs:?} at DuckDB");
            compared += 1;
        }
    }
    ensure!(compared > 300, "only {compared} groups were compared");
    Ok(())
}
