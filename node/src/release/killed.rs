//! The step of a running count in a process that is killed (`kill -9`) at
//! every moment of its release transaction. What starts again finds nothing of
//! the step, or its charge, its payload and its journal; and goes on.
//!
//! The process that dies is this test again: it stops where it is told to,
//! says so, and waits for the end. Between two moments the database works on,
//! so what is under way when it is killed is there or not.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    pin::pin,
    process::{Command, Stdio},
};

use peerlight_node_engine::privacy::{journal::Journal, stream};

use super::{
    faults::{Killed, charges},
    prepare::{PrepareError, Prepared, Totals, prepare},
    trial::{NOW, Trial},
};
use crate::{
    journal::JournalError,
    store::{Store, journals, ledger},
};

const TEST: &str = "release::killed::killed_at_any_moment_a_step_and_its_journal_are_whole_or_not";
const PROGRAM: &str = "chronic_absence";

/// Where the process that is killed works, at which step, and where it stops:
/// after so many polls, or [`COMMITTED`].
const ORDERS: [&str; 3] = ["PEERLIGHT_TEST_FOLDER", "PEERLIGHT_TEST_STEP", "PEERLIGHT_TEST_MOMENT"];

/// Right after the commit, before the journal is swept.
const COMMITTED: usize = 0;

/// What it says when it has stopped.
const STOPPED: &str = "stopped in the middle";

/// Entries of the journal that have the status, by step.
const HOLDERS: [&[u32]; 3] = [&[0, 1], &[1, 2], &[2]];

fn trial_at(folder: &Path) -> Trial {
    let mut trial = Trial::continual(PROGRAM, 4, 2);
    trial.folder = folder.to_owned();
    trial
}

#[tokio::test]
async fn killed_at_any_moment_a_step_and_its_journal_are_whole_or_not() {
    if let [Ok(folder), Ok(step), Ok(moment)] = ORDERS.map(env::var) {
        return stop(Path::new(&folder), step.parse().unwrap(), moment.parse().unwrap()).await;
    }
    let trial = Trial::continual(PROGRAM, 4, 2);
    let store = trial.approved("node.db").await;
    let met = trial.met(&store, 3).await.journal();
    store.close().await;
    let mut kills = 0;
    for step in 0..HOLDERS.len() - 1 {
        let (mut moment, mut through) = (COMMITTED, 0);
        // One poll more or less is chance: that some went through is no end.
        while through < 3 {
            let elsewhere = tempfile::tempdir().unwrap();
            copy(&trial.folder, elsewhere.path());
            let was_killed = kill(elsewhere.path(), step, moment);
            let is_whole = go_on(&trial_at(elsewhere.path()), &met, step).await;
            assert!(is_whole || was_killed && moment != COMMITTED, "step {step} is not there");
            kills += usize::from(was_killed);
            through += usize::from(!was_killed);
            moment += 1;
        }
        let store = Store::open(&trial.path("node.db")).await.unwrap();
        draw(&trial, &store, step).await.unwrap();
        store.close().await;
    }
    assert!(kills > 12, "killed only {kills} times");
}

/// In the process that is killed: draws a step as far as it may, and waits.
async fn stop(folder: &Path, step: usize, moment: usize) {
    let trial = trial_at(folder);
    let store = Store::open(&trial.path("node.db")).await.unwrap();
    let mut drawing = pin!(draw(&trial, &store, step));
    if moment == COMMITTED {
        let layout = trial.layout_at(PROGRAM, step);
        let book = trial.book(&store).await.unwrap();
        let (exact, change) = book.step(&layout, HOLDERS[step], NOW).unwrap().unwrap();
        let totals = Totals::Step { exact, journal: &change };
        prepare(&store, trial.terms(), &layout, totals, NOW).await.unwrap();
    } else if let Some(drawn) = (Killed { inner: drawing.as_mut(), polls_left: moment }).await {
        assert!(matches!(drawn.unwrap(), Prepared::Drawn(_)));
        return;
    }
    println!("{STOPPED}");
    io::stdout().flush().unwrap();
    // Until the end: nobody writes to it.
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Draws a step as a node does that has just been started.
async fn draw(trial: &Trial, store: &Store, step: usize) -> Result<Prepared, PrepareError> {
    let mut book = trial.book(store).await?;
    trial.prepare_step(store, &mut book, &trial.layout_at(PROGRAM, step), HOLDERS[step]).await
}

/// Draws a step in another process and kills it at this moment; `false` if it
/// was through by then.
fn kill(folder: &Path, step: usize, moment: usize) -> bool {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .envs(ORDERS.into_iter().zip([
            folder.display().to_string(),
            step.to_string(),
            moment.to_string(),
        ]))
        // What it leaves goes with the folder.
        .env("TMPDIR", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let has_stopped = said.any(|line| line.contains(STOPPED));
    if has_stopped {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    assert!(has_stopped || status.success(), "{status}");
    has_stopped
}

/// Starts again after a kill at this step: whether it was drawn. Either way it
/// is drawn once, and the next one follows.
async fn go_on(trial: &Trial, met: &Journal, step: usize) -> bool {
    let store = Store::open(&trial.path("node.db")).await.unwrap();
    let is_whole = match drawn(trial, &store, met).await - step {
        0 => false,
        1 => true,
        more => panic!("{more} steps were drawn"),
    };
    match draw(trial, &store, step).await {
        Ok(Prepared::Drawn(_)) => assert!(!is_whole),
        Err(PrepareError::Journal(JournalError::Ahead(_))) => assert!(is_whole),
        other => panic!("{other:?}"),
    }
    draw(trial, &store, step + 1).await.unwrap();
    assert_eq!(drawn(trial, &store, met).await, step + 2);
    let row = journals::find(&store, trial.charter.school_year).await.unwrap().unwrap();
    let names = fs::read_dir(trial.path("journal")).unwrap();
    let names: Vec<_> = names.map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, [row.file.as_str()], "what was left is swept");
    store.close().await;
    is_whole
}

/// How many steps were drawn: each with its payload, the first paid for all,
/// and the journal knows them and no other.
async fn drawn(trial: &Trial, store: &Store, met: &Journal) -> usize {
    let drawn = charges(store).await;
    let mut journal = met.clone();
    for (step, entry) in ledger::list(store).await.unwrap().iter().enumerate() {
        let layout = trial.layout_at(PROGRAM, step);
        assert_eq!((&entry.program, &entry.period), (&layout.program, &layout.period));
        assert_eq!(entry.pico_rho, layout.pico_rho());
        stream::observe(&mut journal, &layout, HOLDERS[step]).unwrap();
    }
    let found = trial.book(store).await.unwrap().journal();
    assert!(*found == journal, "the journal is not of the {drawn} steps that were drawn");
    drawn
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}
