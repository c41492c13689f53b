//! Tests of the release transaction under faults: killed at every step, out of
//! disk, and a ledger that somebody edited. Whatever happens, a charge has its
//! payload, a payload its charge, and noise is drawn once.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use sqlx::SqlitePool;

use super::{
    prepare::{PrepareError, Prepared},
    trial::Trial,
};
use crate::store::{Store, StoreError, ledger, outbox};

/// Polls the future inside at most so many times, then is done without it: as
/// if the program had been killed there.
pub(super) struct Killed<'a, F> {
    pub(super) inner: Pin<&'a mut F>,
    pub(super) polls_left: usize,
}

impl<F: Future> Future for Killed<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls_left == 0 {
            return Poll::Ready(None);
        }
        self.polls_left -= 1;
        match self.inner.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.polls_left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// How many charges there are, each with its payload and outbox entry.
///
/// Looks under the write lock: a commit that a killed future left under way
/// must not fall between the two lists.
pub(super) async fn charges(store: &Store) -> usize {
    let lock = store.begin().await.unwrap();
    let entries = ledger::list(store).await.unwrap();
    let releases = outbox::list(store).await.unwrap();
    assert_eq!(entries.len(), releases.len(), "a charge without a payload, or the reverse");
    for (position, (entry, release)) in entries.iter().zip(&releases).enumerate() {
        assert_eq!((entry, release.sequence), (&release.entry, position as u64 + 1));
        let payload = outbox::find_payload(store, &entry.release_id).await.unwrap().unwrap();
        let digest = peerlight_proto::units::ContentHash::of(&payload);
        assert_eq!(digest, entry.payload_digest);
    }
    drop(lock);
    entries.len()
}

#[tokio::test]
async fn killed_at_any_moment_a_release_is_whole_or_not_there() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    trial.met(&store, 1).await;
    let (mut drawn, mut kills) = (0, 0);
    for program in &trial.charter.policy.programs {
        // One moment later with every try, until it is through.
        for polls in 1.. {
            let outcome = {
                let whole = pin!(trial.prepare(&store, program.id.as_str()));
                Killed { inner: whole, polls_left: polls }.await
            };
            let held = charges(&store).await;
            if let Some(prepared) = outcome {
                assert_eq!(prepared.unwrap().into_release().sequence, drawn as u64 + 1);
            }
            if held > drawn {
                assert_eq!(held, drawn + 1);
                drawn = held;
                break;
            }
            kills += 1;
        }
        // Also where it was killed between the commit and the answer.
        let again = trial.prepare(&store, program.id.as_str()).await.unwrap();
        assert!(matches!(again, Prepared::AlreadyDrawn(_)));
    }
    assert_eq!(charges(&store).await, drawn);
    assert!(kills >= drawn, "killed only {kills} times on the way to {drawn} releases");
}

#[tokio::test]
async fn a_failure_at_any_statement_charges_nothing() {
    let trial = Trial::continual("chronic_absence", 4, 2);
    let store = trial.approved("node.db").await;
    let met = trial.met(&store, 3).await.journal();
    trial.prepare(&store, "english_learners").await.unwrap();
    // A step of a running count: it writes what others do, and the journal.
    let layout = trial.layout("chronic_absence");
    let raw = raw(&trial).await;
    for (table, change) in [
        ("journal", "UPDATE"),
        ("ledger_entry", "INSERT"),
        ("noisy_release", "INSERT"),
        ("outbox", "INSERT"),
        ("audit_entry", "INSERT"),
    ] {
        let broken = format!(
            "CREATE TRIGGER broken_{table} AFTER {change} ON {table} BEGIN SELECT RAISE(FAIL, 'broken'); END"
        );
        sqlx::query(sqlx::AssertSqlSafe(broken)).execute(&raw).await.unwrap();
        let mut book = trial.book(&store).await.unwrap();
        let failed = trial.prepare_step(&store, &mut book, &layout, &[0, 1]).await.unwrap_err();
        assert!(failed.to_string().contains("broken"), "{table}: {failed}");
        assert_eq!(charges(&store).await, 1, "{table}");
        assert!(*trial.book(&store).await.unwrap().journal() == *met, "{table}");
        let mended = format!("DROP TRIGGER broken_{table}");
        sqlx::query(sqlx::AssertSqlSafe(mended)).execute(&raw).await.unwrap();
    }
    let mut book = trial.book(&store).await.unwrap();
    let drawn = trial.prepare_step(&store, &mut book, &layout, &[0, 1]).await.unwrap();
    let drawn = drawn.into_release();
    assert_eq!((drawn.sequence, drawn.entry.sequence), (2, 2), "no gap was left");
}

/// The same database, past the store's own functions.
async fn raw(trial: &Trial) -> SqlitePool {
    let path = trial.path("node.db");
    SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap()
}

#[tokio::test]
async fn a_full_disk_charges_nothing_and_the_release_comes_later() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    trial.met(&store, 1).await;
    trial.prepare(&store, "english_learners").await.unwrap();
    store.close().await;
    let pages = std::fs::metadata(trial.path("node.db")).unwrap().len() / 4096;
    let limited = trial.limited("node.db", pages as usize).await;
    let programs: Vec<&str> =
        trial.charter.policy.programs.iter().map(|program| program.id.as_str()).collect();
    let mut drawn = 1;
    let mut refused = None;
    for program in programs.into_iter().filter(|program| *program != "english_learners") {
        match trial.prepare(&limited, program).await {
            Ok(_) => drawn += 1,
            Err(PrepareError::Store(StoreError::Full)) => refused = Some(program),
            Err(other) => panic!("{program}: {other}"),
        }
        assert_eq!(charges(&limited).await, drawn, "after {program}");
    }
    limited.close().await;
    let refused = refused.expect("the disk was never full");

    let store = Store::open(&trial.path("node.db")).await.unwrap();
    let release = trial.prepare(&store, refused).await.unwrap().into_release();
    assert_eq!(release.sequence, drawn as u64 + 1);
    assert_eq!(charges(&store).await, drawn + 1);
}

#[tokio::test]
async fn an_edited_ledger_stops_every_release() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    trial.prepare(&store, "enrolled").await.unwrap();
    let raw = raw(&trial).await;
    for statement in [
        "UPDATE ledger_entry SET pico_rho = 1",
        "DELETE FROM ledger_entry",
        "UPDATE noisy_release SET payload = x'00'",
        "DELETE FROM audit_entry",
    ] {
        let refused = sqlx::query(statement).execute(&raw).await.unwrap_err().to_string();
        assert!(refused.contains("only ever added to") || refused.contains("drawn once"));
    }
    // Somebody who removes the guard first is found by the chain.
    sqlx::query("DROP TRIGGER ledger_entry_is_never_changed").execute(&raw).await.unwrap();
    sqlx::query("UPDATE ledger_entry SET pico_rho = 1").execute(&raw).await.unwrap();
    let refused = trial.prepare(&store, "suspension").await.unwrap_err();
    assert!(matches!(refused, PrepareError::Store(StoreError::Broken(_))), "{refused}");
    assert!(refused.to_string().contains("restored"), "{refused}");
}
