//! Counts the student years of one school year under a plan, on several
//! threads, each taking the next part of the file.

use std::sync::atomic::{AtomicUsize, Ordering};

use parquet::errors::Result;
use peerlight_node_engine::{
    measure::{CountPlan, Counter},
    student::ColumnSet,
};

use super::{
    contact::Met,
    decode::{RecordFile, positions_of},
    priors::{Priors, resolvable},
};

/// A school year's records, with the years before it.
#[derive(Debug)]
pub struct Year {
    /// The year that is counted.
    pub file: RecordFile,
    /// The years one, two and three before, where the node has them.
    pub earlier: [Option<RecordFile>; 3],
}

/// The records could not be read to the end.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// The content is damaged.
    #[error("the records of {year} cannot be read ({source}): import the year again")]
    Content {
        /// The school year.
        year: peerlight_proto::units::SchoolYear,
        /// What is wrong.
        source: parquet::errors::ParquetError,
    },
}

impl Year {
    /// The columns that can be counted: those of the file, and earlier scores
    /// that the node can resolve from its own years.
    pub fn columns(&self) -> ColumnSet {
        let own = self.file.columns();
        own.union(resolvable(
            own,
            self.earlier.each_ref().map(|file| file.as_ref().map(RecordFile::columns)),
        ))
    }
}

/// Counts a year under a plan as its records are, on up to `threads` threads:
/// for the district's own eyes.
pub fn count<'a>(
    year: &Year,
    plan: &'a CountPlan,
    threads: usize,
) -> std::result::Result<Counter<'a>, CountError> {
    run(year, plan, None, threads)
}

/// Counts a year under a plan where the journal has its students, each once:
/// for releases.
pub fn count_met<'a>(
    year: &Year,
    plan: &'a CountPlan,
    met: &Met,
    threads: usize,
) -> std::result::Result<Counter<'a>, CountError> {
    run(year, plan, Some(met), threads)
}

fn run<'a>(
    year: &Year,
    plan: &'a CountPlan,
    met: Option<&Met>,
    threads: usize,
) -> std::result::Result<Counter<'a>, CountError> {
    let own = year.file.columns();
    let wanted = plan.columns();
    let columns = wanted.minus(wanted.minus(own));
    let resolved = year.columns().minus(own);
    let resolved = wanted.minus(wanted.minus(resolved));
    let content = |source| CountError::Content { year: year.file.school_year, source };
    let earlier = year.earlier.each_ref().map(Option::as_ref);
    let priors = Priors::read(resolved, earlier).map_err(content)?;
    let positions = year.file.positions(plan.schools());
    let frozen = met.map(|met| positions_of(met.journal.schools(), plan.schools()));
    let next = AtomicUsize::new(0);
    let work = || -> Result<Counter<'a>> {
        let mut counter = plan.counter();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= year.file.parts() {
                return Ok(counter);
            }
            let with_students = !resolved.is_empty();
            let mut first = year.file.first_row(part);
            year.file.part(part, columns, &positions, with_students, |chunk, students| {
                priors.fill(chunk, students);
                let rows = first..first + chunk.rows();
                first = rows.end;
                if let (Some(met), Some(frozen)) = (met, &frozen) {
                    met.journal.freeze(chunk, &met.entries[rows.clone()], frozen);
                    counter.add_students(chunk, &met.entries[rows]);
                } else {
                    counter.add(chunk);
                }
            })?;
        }
    };
    let threads = threads.clamp(1, year.file.parts().max(1));
    let counters: Vec<Result<Counter<'a>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut all = plan.counter();
    for counter in counters {
        all = all.merge(counter.map_err(content)?);
    }
    Ok(all)
}
