//! Tests of running counts through the release transaction: paid for once, in
//! order, together with the journal, under the documents of the first step.

use peerlight_node_engine::privacy::{budget::Refused, step::StepFault};
use peerlight_proto::{
    layout::ReleaseLayout,
    units::{Grade, PicoRho},
};

use super::{
    ledger::LedgerView,
    prepare::{PrepareError, Prepared, Totals, prepare},
    preview::Preview,
    trial::{NOW, Trial, exact},
};
use crate::{
    journal::{Book, JournalError},
    store::{Store, approvals, journals, ledger, outbox},
};

const PROGRAM: &str = "chronic_absence";

fn layout(trial: &Trial, step: usize) -> ReleaseLayout {
    trial.layout_at(PROGRAM, step)
}

/// Draws a step of which these entries have the status.
async fn draw(
    trial: &Trial,
    store: &Store,
    book: &mut Book,
    step: usize,
    holders: &[u32],
) -> Result<Prepared, PrepareError> {
    trial.prepare_step(store, book, &layout(trial, step), holders).await
}

fn fault(refused: &PrepareError) -> Option<StepFault> {
    match refused {
        PrepareError::Refused(Refused::Step { fault, .. }) => Some(*fault),
        _ => None,
    }
}

#[tokio::test]
async fn a_year_of_steps_is_paid_for_at_the_first_and_survives_restarts() {
    let trial = Trial::continual(PROGRAM, 4, 2);
    let store = trial.approved("node.db").await;
    let mut book = trial.met(&store, 3).await;
    let late = draw(&trial, &store, &mut book, 1, &[0]).await.unwrap_err();
    assert_eq!(fault(&late), Some(StepFault::OutOfOrder), "{late}");
    for (step, holders) in [&[0][..], &[0, 1], &[1, 2], &[1, 2]].into_iter().enumerate() {
        // As if the node had been started again.
        let mut book = trial.met(&store, 3).await;
        let drawn = draw(&trial, &store, &mut book, step, holders).await.unwrap();
        assert!(matches!(drawn, Prepared::Drawn(_)));
        // At the last step nobody came or left.
        match draw(&trial, &store, &mut book, step, holders).await {
            Ok(again) => assert!(step == 3 && matches!(again, Prepared::AlreadyDrawn(_))),
            Err(PrepareError::Journal(JournalError::Ahead(_))) => assert!(step < 3),
            Err(other) => panic!("{other}"),
        }
    }
    let entries = ledger::list(&store).await.unwrap();
    let paid: Vec<PicoRho> = entries.iter().map(|entry| entry.pico_rho).collect();
    assert_eq!(paid, [layout(&trial, 0).pico_rho(), PicoRho(0), PicoRho(0), PicoRho(0)]);
    // Contact, and three steps at which somebody came or left.
    let row = journals::find(&store, trial.charter.school_year).await.unwrap().unwrap();
    assert_eq!(row.counter, 4);
}

#[tokio::test]
async fn a_step_that_is_not_committed_leaves_the_journal_as_it_was() {
    let trial = Trial::continual(PROGRAM, 4, 2);
    let store = trial.approved("node.db").await;
    let book = trial.met(&store, 3).await;
    let row = journals::find(&store, trial.charter.school_year).await.unwrap();
    let layout = layout(&trial, 0);
    let (_, change) = book.step(&layout, &[0, 1], NOW).unwrap().unwrap();
    let mut tx = store.begin().await.unwrap();
    change.apply_in(&mut tx).await.unwrap();
    drop(tx);
    assert_eq!(journals::find(&store, trial.charter.school_year).await.unwrap(), row);
    assert!(ledger::list(&store).await.unwrap().is_empty());
    let mut book = trial.book(&store).await.unwrap();
    draw(&trial, &store, &mut book, 0, &[2]).await.unwrap();
}

#[tokio::test]
async fn a_step_without_its_journal_is_refused_and_so_is_any_other_release_with_one() {
    let trial = Trial::continual(PROGRAM, 4, 2);
    let store = trial.approved("node.db").await;
    let book = trial.met(&store, 3).await;
    let row = journals::find(&store, trial.charter.school_year).await.unwrap();
    let (step, other) = (layout(&trial, 0), trial.layout("suspension"));
    let (of_step, change) = book.step(&step, &[0, 1], NOW).unwrap().unwrap();
    let with_journal = Totals::Step { exact: exact(&other), journal: &change };
    for (layout, totals) in [(&step, of_step.into()), (&other, with_journal)] {
        let refused = prepare(&store, trial.terms(), layout, totals, NOW).await.unwrap_err();
        assert!(matches!(refused, PrepareError::OtherTotals(_)), "{refused}");
    }
    assert!(ledger::list(&store).await.unwrap().is_empty(), "nothing was charged");
    assert_eq!(journals::find(&store, trial.charter.school_year).await.unwrap(), row);
}

#[tokio::test]
async fn of_two_processes_one_draws_a_step() {
    let trial = Trial::continual(PROGRAM, 4, 2);
    let store = trial.approved("node.db").await;
    trial.met(&store, 3).await;
    let other_store = Store::open(&trial.path("node.db")).await.unwrap();
    let mut one = trial.book(&store).await.unwrap();
    let mut other = trial.book(&other_store).await.unwrap();
    let (first, second) = tokio::join!(
        draw(&trial, &store, &mut one, 0, &[0]),
        draw(&trial, &other_store, &mut other, 0, &[0, 1])
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    let drawn = [&first, &second].iter().filter(|it| matches!(it, Prepared::Drawn(_))).count();
    assert_eq!(drawn, 1);
    assert_eq!(first.into_release(), second.into_release());
    assert_eq!(outbox::list(&store).await.unwrap().len(), 1);
    let row = journals::find(&store, trial.charter.school_year).await.unwrap().unwrap();
    assert_eq!(row.counter, 2, "one journal went with it");
    trial.book(&store).await.unwrap();
}

#[tokio::test]
async fn a_started_count_goes_on_under_its_own_charter_and_nothing_else_does() {
    let mut trial = Trial::continual(PROGRAM, 4, 2);
    let store = trial.approved("node.db").await;
    let mut book = trial.met(&store, 3).await;
    draw(&trial, &store, &mut book, 0, &[0]).await.unwrap();

    let newer = trial.newer();
    approvals::insert(&store, &newer, NOW).await.unwrap();
    draw(&trial, &store, &mut book, 1, &[0]).await.unwrap();
    let refused = trial.prepare(&store, "suspension").await.unwrap_err();
    assert!(matches!(refused, PrepareError::Older { .. }), "{refused}");

    // Under the new charter it neither starts again nor goes on.
    trial.charter.number = newer.charter_number;
    let hash = std::mem::replace(&mut trial.charter_hash, newer.charter_hash);
    for (step, expected) in [(2, StepFault::OtherDocuments)] {
        let refused = draw(&trial, &store, &mut book, step, &[0]).await.unwrap_err();
        assert_eq!(fault(&refused), Some(expected), "{refused}");
    }
    trial.prepare(&store, "suspension").await.unwrap();
    trial.charter.number -= 1;
    trial.charter_hash = hash;
    draw(&trial, &store, &mut book, 2, &[0]).await.unwrap();
}

#[tokio::test]
async fn a_count_started_under_what_was_never_approved_does_not_go_on() {
    let trial = Trial::continual(PROGRAM, 4, 2);
    let store = trial.approved("node.db").await;
    let mut book = trial.met(&store, 3).await;
    draw(&trial, &store, &mut book, 0, &[0]).await.unwrap();
    // A database whose approvals are others': the first step's are not there.
    let url = format!("sqlite://{}", trial.path("node.db").display());
    let raw = sqlx::SqlitePool::connect(&url).await.unwrap();
    for statement in ["DELETE FROM approval_program", "DELETE FROM approval"] {
        sqlx::query(statement).execute(&raw).await.unwrap();
    }
    approvals::insert(&store, &trial.newer(), NOW).await.unwrap();
    let refused = draw(&trial, &store, &mut book, 1, &[0]).await.unwrap_err();
    assert!(matches!(refused, PrepareError::Older { .. }), "{refused}");
}

#[tokio::test]
async fn preview_and_ledger_show_one_price_for_a_running_count() {
    let trial = Trial::continual(PROGRAM, 4, 2);
    let store = trial.approved("node.db").await;
    let year = trial.charter.school_year;
    let of = async || {
        let drawn = outbox::drawn(&store, year).await.unwrap();
        let (charter, directory) = (&trial.charter, &trial.directory);
        let only = |id: &_| *id == PROGRAM.parse().unwrap();
        Preview::of_year(charter, directory, &trial.member, &drawn, only).unwrap()
    };
    let price = layout(&trial, 0).pico_rho();
    let before = of().await;
    assert!(before.programs.iter().all(|row| row.releases == 4 && row.l2_squared > 0));
    let asked: PicoRho = before.programs.iter().map(|row| row.pico_rho).sum();
    assert_eq!(asked, price);
    let rho: f64 = before
        .programs
        .iter()
        .map(|row| row.l2_squared as f64 / (2.0 * row.sigma * row.sigma))
        .sum();
    assert!((rho - price.rho()).abs() < 1e-11);

    let mut book = trial.met(&store, 3).await;
    draw(&trial, &store, &mut book, 0, &[0]).await.unwrap();
    let after = of().await;
    assert!(after.programs.iter().all(|row| row.releases == 3));
    assert!(after.programs.iter().all(|row| row.l2_squared == 0 && row.pico_rho == PicoRho(0)));
    draw(&trial, &store, &mut book, 1, &[0]).await.unwrap();
    let entries = ledger::list(&store).await.unwrap();
    let view = LedgerView::of(&entries, year, after.budget_pico_rho, &trial.charter);
    let left = view.left_pico_rho_by_grade[&Grade::all().next().unwrap()];
    assert_eq!(left, after.budget_pico_rho.minus(price));
}
