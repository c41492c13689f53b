//! Tests of decisions about single releases: what waits is not drawn, what is
//! withheld never is, and what was drawn is past deciding.

use peerlight_node_engine::schedule::Step;
use peerlight_proto::{
    charter::{Continual, Period},
    names::{PeriodId, ProgramId},
    units::{ContentHash, UnixSeconds},
};

use super::{
    decision::{self, DecisionError, Permission, Person, ReleasePolicy},
    prepare::{PrepareError, Prepared, Terms},
    trial::{NOW, Trial},
};
use crate::store::{Store, approvals, audit, decisions, ledger};

const PERSON: Person<'static> = Person { name: "Jo Doe", title: "Superintendent" };

fn release(trial: &Trial, program: &str) -> (ProgramId, PeriodId) {
    let layout = trial.layout(program);
    (layout.program, layout.period)
}

async fn approve(trial: &Trial, store: &Store, program: &str) -> Result<usize, DecisionError> {
    let one = [release(trial, program)];
    decision::approve(store, trial.terms(), &one, PERSON, NOW).await
}

async fn withhold(trial: &Trial, store: &Store, program: &str) -> Result<(), DecisionError> {
    let one = release(trial, program);
    decision::withhold(store, trial.terms(), one, PERSON, "the import was wrong", NOW).await
}

#[tokio::test]
async fn nothing_is_drawn_before_that_very_release_was_approved() {
    let mut trial = Trial::new();
    trial.policy = ReleasePolicy::Approve;
    let store = trial.approved("node.db").await;
    for program in ["enrolled", "suspension"] {
        let refused = trial.prepare(&store, program).await.unwrap_err();
        assert!(matches!(refused, PrepareError::Awaiting(..)), "{refused}");
        assert!(refused.to_string().contains("release approve"), "{refused}");
    }
    assert!(ledger::list(&store).await.unwrap().is_empty());

    assert_eq!(approve(&trial, &store, "enrolled").await.unwrap(), 1);
    assert_eq!(approve(&trial, &store, "enrolled").await.unwrap(), 0, "once is enough");
    assert!(matches!(trial.prepare(&store, "enrolled").await.unwrap(), Prepared::Drawn(_)));
    assert!(trial.prepare(&store, "suspension").await.is_err());
    assert_eq!(ledger::list(&store).await.unwrap().len(), 1);

    let kept = decisions::list(&store, trial.charter.school_year).await.unwrap();
    assert_eq!((kept.len(), kept[0].name.as_str(), kept[0].decided_at), (1, "Jo Doe", NOW));
    let log = audit::list(&store).await.unwrap();
    let actions: Vec<_> = log.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["approve release", "draw release"], "who let it go comes first");
    assert_eq!(log[0].actor, "Jo Doe");
}

#[tokio::test]
async fn an_approval_ends_with_the_documents_it_was_given_under() {
    let mut trial = Trial::new();
    trial.policy = ReleasePolicy::Approve;
    let store = trial.approved("node.db").await;
    approve(&trial, &store, "enrolled").await.unwrap();
    let mut newer = trial.approval();
    newer.directory_hash = ContentHash::of(b"another directory");
    approvals::insert(&store, &newer, NOW).await.unwrap();
    let terms = Terms { directory_hash: newer.directory_hash, ..trial.terms() };
    let decided = decisions::list(&store, trial.charter.school_year).await.unwrap();
    let (program, period) = release(&trial, "enrolled");
    let before = decision::permission(trial.terms(), &decided, &program, &period);
    let after = decision::permission(terms, &decided, &program, &period);
    assert_eq!((before, after), (Permission::Granted, Permission::Awaiting));
    // Nor can anything be approved under documents the district left behind.
    let refused = approve(&trial, &store, "suspension").await.unwrap_err();
    assert!(matches!(refused, DecisionError::Terms(PrepareError::NotApproved { .. })));
}

#[tokio::test]
async fn what_is_withheld_is_never_drawn_under_any_policy() {
    let mut trial = Trial::new();
    let store = trial.approved("node.db").await;
    withhold(&trial, &store, "suspension").await.unwrap();
    for policy in [ReleasePolicy::Auto, ReleasePolicy::Approve] {
        trial.policy = policy;
        let refused = trial.prepare(&store, "suspension").await.unwrap_err();
        assert!(matches!(refused, PrepareError::Withheld(..)), "{refused}");
    }
    for refused in [
        approve(&trial, &store, "suspension").await.unwrap_err(),
        withhold(&trial, &store, "suspension").await.unwrap_err(),
    ] {
        let text = refused.to_string();
        assert!(text.contains("withheld by Jo Doe, Superintendent"), "{text}");
    }
    assert!(ledger::list(&store).await.unwrap().is_empty(), "it costs nothing");
    let kept = decisions::list(&store, trial.charter.school_year).await.unwrap();
    assert_eq!(kept[0].reason, "the import was wrong");
}

#[tokio::test]
async fn what_was_drawn_is_past_deciding() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let drawn = trial.prepare(&store, "suspension").await.unwrap().into_release();
    for refused in [
        approve(&trial, &store, "suspension").await.unwrap_err(),
        withhold(&trial, &store, "suspension").await.unwrap_err(),
    ] {
        let text = refused.to_string();
        assert!(text.contains(drawn.entry.release_id.as_str()), "{text}");
        assert!(text.contains("cannot be called back"), "{text}");
    }
    assert!(decisions::list(&store, trial.charter.school_year).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_decision_names_its_person_and_something_there_is() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let one = [release(&trial, "enrolled")];
    let nobody = Person { name: " ", ..PERSON };
    let refused = decision::approve(&store, trial.terms(), &one, nobody, NOW).await.unwrap_err();
    assert!(matches!(refused, DecisionError::Empty("name")));
    let none = one[0].clone();
    let refused = decision::withhold(&store, trial.terms(), none, PERSON, "", NOW).await;
    assert!(matches!(refused, Err(DecisionError::Empty("reason"))));
    // One that is unknown stops the whole decision.
    let unknown = [one[0].clone(), (one[0].0.clone(), "never".parse().unwrap())];
    let refused = decision::approve(&store, trial.terms(), &unknown, PERSON, NOW).await;
    assert!(matches!(refused, Err(DecisionError::Unknown { .. })));
    assert!(decisions::list(&store, trial.charter.school_year).await.unwrap().is_empty());
    let url = format!("sqlite://{}", trial.path("node.db").display());
    let raw = sqlx::SqlitePool::connect(&url).await.unwrap();
    withhold(&trial, &store, "enrolled").await.unwrap();
    let changed = sqlx::query("DELETE FROM release_decision").execute(&raw).await;
    assert!(changed.unwrap_err().to_string().contains("only ever added to"));
}

/// A trial whose `off_track` is a stream of four steps.
fn streaming() -> (Trial, ProgramId, Vec<Step>) {
    let mut trial = Trial::new();
    trial.policy = ReleasePolicy::Approve;
    let id: ProgramId = "off_track".parse().unwrap();
    let program = trial.charter.policy.programs.iter_mut().find(|it| it.id == id).unwrap();
    program.continual = Some(Continual { changes: 1 });
    program.periods = (1..=4)
        .map(|month| Period {
            id: format!("month-{month}").parse().unwrap(),
            due: format!("2026-0{month}-01"),
        })
        .collect();
    let steps = program.periods.iter().zip(1..).map(|(period, at)| Step {
        due_at: UnixSeconds(at),
        program: id.clone(),
        period: period.id.clone(),
    });
    let steps = steps.collect();
    (trial, id, steps)
}

#[tokio::test]
async fn a_step_of_a_stream_waits_for_the_one_before_and_takes_the_later_ones_with_it() {
    let (trial, program, steps) = streaming();
    let store = trial.approved("node.db").await;
    let pair = |step: &Step| (step.program.clone(), step.period.clone());
    let later = [pair(&steps[1])];
    decision::approve(&store, trial.terms(), &later, PERSON, NOW).await.unwrap();
    let decided = decisions::list(&store, trial.charter.school_year).await.unwrap();
    let sorted = decision::sort(trial.terms(), &decided, steps.iter().collect());
    assert_eq!(sorted.awaiting.len(), 4, "the second is approved, but the first is not");

    decision::approve(&store, trial.terms(), &[pair(&steps[0])], PERSON, NOW).await.unwrap();
    decision::withhold(&store, trial.terms(), pair(&steps[2]), PERSON, "closed", NOW)
        .await
        .unwrap();
    let decided = decisions::list(&store, trial.charter.school_year).await.unwrap();
    let sorted = decision::sort(trial.terms(), &decided, steps.iter().collect());
    assert_eq!(sorted.granted, [&steps[0], &steps[1]]);
    assert!(sorted.awaiting.is_empty(), "the last went with the third");
    let last = decision::permission(trial.terms(), &decided, &program, &steps[3].period);
    assert_eq!(last, Permission::Withheld);
    let refused = decision::approve(&store, trial.terms(), &[pair(&steps[3])], PERSON, NOW).await;
    assert!(matches!(refused, Err(DecisionError::Withheld { .. })));
}

#[tokio::test]
async fn a_started_stream_is_decided_about_under_the_documents_it_goes_on_under() {
    let (trial, _, steps) = streaming();
    let store = trial.approved("node.db").await;
    let pair = |step: &Step| (step.program.clone(), step.period.clone());
    decision::approve(&store, trial.terms(), &[pair(&steps[0])], PERSON, NOW).await.unwrap();
    trial.prepare(&store, "off_track").await.unwrap();
    approvals::insert(&store, &trial.newer(), NOW).await.unwrap();
    let next = [pair(&steps[1])];
    assert_eq!(decision::approve(&store, trial.terms(), &next, PERSON, NOW).await.unwrap(), 1);
    let refused = approve(&trial, &store, "suspension").await.unwrap_err();
    assert!(matches!(refused, DecisionError::Terms(PrepareError::Older { .. })), "{refused}");
}
