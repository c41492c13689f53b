//! What the contribution journal of 100,000 students costs a node: meeting
//! them, sealing it, and one step of a running count with it; beside writing
//! and flushing as many bytes.
//!
//! The students' records are read from their sealed file as a sync does, and
//! the database flushes every commit. At every step one student in eight has
//! the status, and as many change it.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, ensure};
use peerlight_node::{
    home::Home,
    keys::Keys,
    records::{RecordFile, RecordKeys, Records, meet},
    store::{Store, approvals},
};
use peerlight_proto::{
    layout::{ReleaseLayout, release_layout},
    names::MemberId,
};

use super::{
    BenchContext, Row,
    crowd::Crowd,
    district::{District, NOW},
};
use crate::clock::{Stopwatch, timed};

const STUDENTS: usize = 100_000;
const PROGRAM: &str = "chronic_absence_in_year";
const STEPS: usize = 5;

/// Of so many students one has the status.
const ONE_IN: usize = 8;

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    context.say(&format!("making {STUDENTS} student years"));
    let crowd = Crowd::new(STUDENTS);
    let member = MemberId::new("1")?;
    let district = District::of(crowd.charter().clone(), crowd.directory().clone(), member)?;
    let home = Home::at(context.scratch().join("node"));
    home.create()?;
    Keys::create(&home)?;
    let records = Records::open(home.records(), RecordKeys::new(Keys::open(&home)?.master()))?;
    let name = records.write(&crowd.student_years()?)?;
    let file = records.read(&name)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(journal(context, &district, &home, &file))
}

async fn journal(
    context: &BenchContext,
    district: &District,
    home: &Home,
    file: &RecordFile,
) -> anyhow::Result<Vec<Row>> {
    let store = Store::open(&home.database()).await?;
    approvals::insert(&store, &district.approval(), NOW).await?;
    let mut book = district.book(&store, home).await?;

    context.say("meeting them");
    let mut met = (*book.journal()).clone();
    let (first, meeting) = timed(|| meet(file, &mut met));
    let (entries, has_changed) = first?;
    ensure!(has_changed && entries.len() == file.rows(), "not everybody was met");
    let watch = Stopwatch::start();
    book.met(&store, met, has_changed, NOW).await?;
    let sealing = watch.seconds();
    let mut met = (*book.journal()).clone();
    let (again, meeting_again) = timed(|| meet(file, &mut met));
    ensure!(!again?.1, "somebody was new");

    context.say("drawing steps");
    let mut steps = Vec::new();
    for step in 0..STEPS {
        let layout = layout(district, step)?;
        let has_status =
            entries.iter().copied().filter(|id| (*id as usize + step).is_multiple_of(ONE_IN));
        let holders: Vec<u32> = has_status.collect();
        let watch = Stopwatch::start();
        let drawn = district.step(&store, &mut book, &layout, &holders).await?;
        ensure!(drawn.is_some(), "not a step of a running count");
        steps.push(watch.seconds());
    }
    let sealed = fs::read_dir(home.journal())?.next().context("there is no journal")??;
    let bytes = sealed.metadata()?.len();
    let beside = home.path().join("beside");
    let mut writes = Vec::new();
    for _ in 0..STEPS {
        let (written, seconds) = timed(|| write_flushed(&beside, bytes as usize));
        written?;
        writes.push(seconds);
    }
    let limit = median(writes);
    let layout = layout(district, 0)?;
    Ok(vec![
        Row::note("students", file.rows() as f64, "students"),
        Row::note("the sealed journal", bytes as f64, "bytes"),
        Row::at_most("meeting them for the first time", meeting, "s", 1.0),
        Row::note("meeting them again", meeting_again, "s"),
        Row::note("sealing and committing the journal", sealing, "s"),
        Row::note("limit: writing and flushing as many bytes, median", limit, "s"),
        Row::note("sealing against that limit", sealing / limit, "x"),
        Row::at_most(
            "a step: changes, noise, charge, seal and commit, median",
            median(steps),
            "s",
            1.0,
        ),
        Row::note("cells of a step", layout.cells() as f64, "cells"),
    ])
}

/// A step of the running count, from 0.
fn layout(district: &District, step: usize) -> anyhow::Result<ReleaseLayout> {
    let District { charter, directory, member, .. } = district;
    let id = PROGRAM.parse()?;
    let program = charter.program(&id).context("the charter has no running count")?;
    let period = program.periods.get(step).context("the running count has fewer steps")?;
    Ok(release_layout(charter, directory, member, &id, &period.id)?)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn write_flushed(path: &Path, bytes: usize) -> anyhow::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(&vec![7; bytes])?;
    Ok(file.sync_all()?)
}
