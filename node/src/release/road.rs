//! Tests of the road from totals to receipt, on a real database.

use peerlight_node_engine::privacy::budget::Refused;
use peerlight_proto::{
    envelope,
    units::{ContentHash, Grade, PicoRho},
    v1::{EnvelopeHeader, EnvelopeKind},
    wire,
};

use super::{
    ledger::LedgerView,
    prepare::{PrepareError, Prepared, prepare},
    preview::Preview,
    receipt::{self, ReceiptError},
    seal::{self, SealError},
    standing::{self, Standing, StandingError},
    trial::{NOW, Trial, exact},
};
use crate::store::{
    Inserted, Store, approvals, audit, ledger, outbox, outbox::OutboxState, receipts,
};

/// Seals the release of a program, drawing it if need be; gives the header the
/// hub reads and the payload it opens.
async fn send(trial: &Trial, store: &Store, program: &str) -> (EnvelopeHeader, Vec<u8>) {
    let release = trial.prepare(store, program).await.unwrap().into_release();
    let payload = outbox::find_payload(store, &release.entry.release_id).await.unwrap().unwrap();
    let frame = seal::seal(trial.sender(), &trial.hub_keys, &release, &payload, NOW).unwrap();
    let key = peerlight_proto::document::public_key(&trial.signing_key);
    let verified = envelope::read(&frame).unwrap().verify(&key).unwrap();
    let opened = verified.open(&trial.hub_secret).unwrap();
    (verified.header, opened)
}

async fn record(trial: &Trial, store: &Store, header: &EnvelopeHeader) -> Inserted {
    let signed = trial.sign(&Trial::receipt(header));
    let key = &trial.hub_keys.receipt_key;
    let (consortium, member) = (&trial.charter.consortium, &trial.member);
    receipt::record(store, key, consortium, member, &signed, NOW).await.unwrap().1
}

#[tokio::test]
async fn what_is_sealed_is_what_was_stored_and_it_is_noisy() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let (first, payload) = send(&trial, &store, "enrolled").await;
    let layout = trial.layout("enrolled");
    let values = wire::decode_payload(&payload, &layout).unwrap();
    assert!(values.iter().any(|block| block.iter().any(|value| *value != 1000)));
    assert_eq!(first.payload_digest, ContentHash::of(&payload).as_bytes());
    assert_eq!((first.sequence, first.ledger_sequence), (1, 1));
    assert_eq!(first.kind(), EnvelopeKind::OneShot);
    assert!(first.previous_payload_digest.is_empty());

    let (second, _) = send(&trial, &store, "growth_ela_histogram").await;
    assert_eq!((second.sequence, second.ledger_sequence), (2, 2));
    assert_eq!(second.previous_payload_digest, first.payload_digest);
    assert_eq!(second.kind(), EnvelopeKind::GrowthSum);
    let entries = ledger::list(&store).await.unwrap();
    assert_eq!(second.ledger_head, entries[1].head.as_bytes());
    let log = audit::list(&store).await.unwrap();
    assert_eq!(log.len(), 2);
    assert!(log[0].subject.contains(&first.release_id));
}

#[tokio::test]
async fn asking_again_seals_the_same_payload_anew_and_charges_nothing() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let (first, payload) = send(&trial, &store, "suspension").await;
    assert!(matches!(trial.prepare(&store, "suspension").await, Ok(Prepared::AlreadyDrawn(_))));
    let (again, same) = send(&trial, &store, "suspension").await;
    assert_eq!((again, same), (first, payload));
    assert_eq!(ledger::list(&store).await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_wishes_at_once_draw_noise_once() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let (one, other) =
        tokio::join!(trial.prepare(&store, "enrolled"), trial.prepare(&store, "enrolled"));
    let (one, other) = (one.unwrap(), other.unwrap());
    let drawn = [&one, &other].iter().filter(|p| matches!(p, Prepared::Drawn(_))).count();
    assert_eq!(drawn, 1);
    assert_eq!(one.into_release(), other.into_release());
    assert_eq!(outbox::list(&store).await.unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_is_released_but_under_the_newest_approval() {
    let trial = Trial::new();
    let store = Store::open(&trial.path("node.db")).await.unwrap();
    let refused = trial.prepare(&store, "enrolled").await.unwrap_err();
    assert!(matches!(refused, PrepareError::NothingApproved));

    let approval = trial.approval();
    let mut cases = vec![];
    let mut other = approval.clone();
    other.charter_hash = ContentHash::of(b"another");
    cases.push((other, "is not the one the district approved"));
    let mut other = approval.clone();
    other.directory_hash = ContentHash::of(b"another");
    cases.push((other, "is not the one the district approved"));
    let mut newer = approval.clone();
    newer.charter_number += 1;
    cases.push((newer, "charter 3 is older than the approved 4"));
    let mut newer = approval.clone();
    newer.directory_number += 1;
    cases.push((newer, "directory 5 is older than the approved 6"));
    let mut low = approval.clone();
    low.ceiling = Some(PicoRho(1_000));
    cases.push((low, "above the district's own ceiling"));
    let mut fewer = approval.clone();
    fewer.offered.remove(&"enrolled".parse().unwrap());
    cases.push((fewer, "does not offer enrolled"));
    for (approval, sentence) in cases {
        approvals::insert(&store, &approval, NOW).await.unwrap();
        let refused = trial.prepare(&store, "enrolled").await.unwrap_err().to_string();
        assert!(refused.contains(sentence), "{refused}");
    }
    assert!(ledger::list(&store).await.unwrap().is_empty());

    approvals::insert(&store, &approval, NOW).await.unwrap();
    trial.prepare(&store, "enrolled").await.unwrap();
}

#[tokio::test]
async fn totals_counted_under_another_directory_are_refused() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let mut layout = trial.layout("enrolled");
    layout.blocks[0].schools.pop();
    let refused = prepare(&store, trial.terms(), &layout, exact(&layout), NOW).await.unwrap_err();
    assert!(matches!(refused, PrepareError::OtherLayout(_)), "{refused}");
    assert!(ledger::list(&store).await.unwrap().is_empty());
}

#[tokio::test]
async fn preview_and_ledger_agree_with_rho_of_sensitivity_and_sigma() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let preview =
        Preview::of_year(&trial.charter, &trial.directory, &trial.member, &[].into(), |_| true)
            .unwrap();
    trial.met(&store, 1).await;
    let programs = trial.charter.policy.programs.iter().map(|program| program.id.clone());
    for program in programs {
        for period in &trial.charter.program(&program).unwrap().periods {
            let layout = peerlight_proto::layout::release_layout(
                &trial.charter,
                &trial.directory,
                &trial.member,
                &program,
                &period.id,
            );
            trial.prepare_layout(&store, &layout.unwrap()).await.unwrap();
        }
    }
    let entries = ledger::list(&store).await.unwrap();
    let view = LedgerView::of(
        &entries,
        trial.charter.school_year,
        preview.budget_pico_rho,
        &trial.charter,
    );
    assert_eq!(view.budget_pico_rho, preview.budget_pico_rho);
    for charge in &view.charges {
        let rows = preview
            .programs
            .iter()
            .filter(|row| row.program == charge.program && row.period == charge.period);
        let mut rho = 0.0;
        let mut sum = 0;
        for row in rows {
            assert_eq!(row.grades, charge.grades);
            let cost = row.l2_squared as f64 / (2.0 * row.sigma * row.sigma);
            assert!((cost - row.pico_rho.rho()).abs() < 1e-12 + 1e-12 * cost, "{row:?}");
            rho += cost;
            sum += row.pico_rho.0;
        }
        assert_eq!(sum, charge.pico_rho.0);
        assert!((rho - charge.pico_rho.rho()).abs() < 1e-11);
    }
    for grade in Grade::all() {
        let paid = view.charges.iter().filter(|charge| charge.grades.contains(grade));
        let paid: u64 = paid.map(|charge| charge.pico_rho.0).sum();
        assert_eq!(view.left_pico_rho_by_grade[&grade].0, view.budget_pico_rho.0 - paid);
    }
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert!(json["left_pico_rho_by_grade"]["TK"].is_u64(), "{json}");
    assert!(json["charges"][0]["pico_rho"].is_u64());
    let json = serde_json::to_value(&preview).unwrap();
    assert_eq!(json["programs"][0]["margin"], "all");
    assert_eq!(json["programs"][0]["grades"][0], "TK");
}

#[tokio::test]
async fn a_lower_budget_in_mid_year_leaves_only_what_is_left() {
    let mut trial = Trial::new();
    let store = trial.approved("node.db").await;
    for program in ["chronic_absence_in_year", "enrolled", "suspension"] {
        trial.prepare(&store, program).await.unwrap();
    }
    trial.charter.number += 1;
    for tier in &mut trial.charter.policy.budget.tier {
        tier.pico_rho.0 /= 4;
    }
    approvals::insert(&store, &trial.approval(), NOW).await.unwrap();
    let refused = trial.prepare(&store, "chronic_absence").await.unwrap_err();
    let PrepareError::Refused(Refused::Overdrawn(overdrawn)) = refused else {
        panic!("{refused}");
    };
    assert!(overdrawn.asked > overdrawn.left);
    let old = trial.prepare(&store, "suspension").await.unwrap();
    assert!(matches!(old, Prepared::AlreadyDrawn(_)), "what was drawn stays as it was");
}

#[tokio::test]
async fn a_receipt_is_kept_once_and_ends_the_sending() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let (header, _) = send(&trial, &store, "enrolled").await;
    let id = header.release_id.parse().unwrap();
    outbox::update_failed(&store, &id, "the hub is down", NOW).await.unwrap();
    assert_eq!(outbox::list_unsent(&store).await.unwrap()[0].attempts, 1);

    assert_eq!(record(&trial, &store, &header).await, Inserted::New);
    assert_eq!(record(&trial, &store, &header).await, Inserted::AlreadyHeld);
    assert!(outbox::list_unsent(&store).await.unwrap().is_empty());
    let release = outbox::find(&store, &id).await.unwrap().unwrap();
    assert_eq!((release.state, release.attempts), (OutboxState::Sent, 2));
    let kept = receipts::find(&store, &id).await.unwrap().unwrap();
    receipt::verify(&trial.hub_keys.receipt_key, &kept).unwrap();
    outbox::update_refused(&store, &id, "late", NOW).await.unwrap();
    let release = outbox::find(&store, &id).await.unwrap().unwrap();
    assert_eq!(release.state, OutboxState::Sent, "what was received stays so");
}

#[tokio::test]
async fn a_receipt_that_states_anything_else_is_not_believed() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let (header, _) = send(&trial, &store, "enrolled").await;
    let key = &trial.hub_keys.receipt_key;
    let (consortium, member) = (&trial.charter.consortium, &trial.member);
    let spoils: [fn(&mut peerlight_proto::v1::Receipt); 7] = [
        |receipt| receipt.consortium = "other".to_owned(),
        |receipt| receipt.member = "38".to_owned(),
        |receipt| receipt.release_id = "unknown".to_owned(),
        |receipt| receipt.sequence += 1,
        |receipt| receipt.payload_digest[0] ^= 1,
        |receipt| receipt.ledger_sequence += 1,
        |receipt| receipt.ledger_head[0] ^= 1,
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let mut spoiled = Trial::receipt(&header);
        spoil(&mut spoiled);
        let signed = trial.sign(&spoiled);
        let kept = receipt::record(&store, key, consortium, member, &signed, NOW).await;
        assert!(kept.is_err(), "spoil {number}");
    }
    let mut forged = trial.sign(&Trial::receipt(&header));
    forged.signature[0] ^= 1;
    let kept = receipt::record(&store, key, consortium, member, &forged, NOW).await;
    assert!(matches!(kept, Err(ReceiptError::Signature)));
    assert_eq!(outbox::list_unsent(&store).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_restored_or_copied_node_releases_nothing() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let key = &trial.hub_keys.receipt_key;
    let (consortium, member) = (&trial.charter.consortium, &trial.member);
    let compare = async |store: &Store, header: Option<&EnvelopeHeader>| {
        let last = header.map(|header| trial.sign(&Trial::receipt(header)));
        standing::compare(store, key, consortium, member, last.as_ref()).await
    };
    assert_eq!(compare(&store, None).await.unwrap(), Standing::InStep);
    let (first, _) = send(&trial, &store, "enrolled").await;
    assert_eq!(compare(&store, None).await.unwrap(), Standing::InStep, "not received yet");
    record(&trial, &store, &first).await;
    let (second, _) = send(&trial, &store, "suspension").await;
    assert_eq!(compare(&store, Some(&second)).await.unwrap(), Standing::InStep, "a lost answer");
    record(&trial, &store, &second).await;

    let lost = compare(&store, Some(&first)).await.unwrap();
    assert_eq!(lost, Standing::HubBehind { after: 1 });
    assert_eq!(outbox::update_resend_after(&store, 1).await.unwrap(), 1);
    assert_eq!(outbox::list_unsent(&store).await.unwrap()[0].sequence, 2);

    let clone = trial.approved("clone.db").await;
    let ahead = compare(&clone, Some(&second)).await.unwrap_err();
    assert!(matches!(ahead, StandingError::Ahead { hub: 2, node: 0 }));
    assert!(ahead.to_string().contains("restore the newest backup"), "{ahead}");
    send(&trial, &clone, "enrolled").await;
    let other = compare(&clone, Some(&first)).await.unwrap_err();
    assert!(matches!(other, StandingError::NotAncestor { sequence: 1 }), "{other}");
}

#[tokio::test]
async fn nothing_is_sealed_to_a_key_before_or_after_its_days() {
    let trial = Trial::new();
    let store = trial.approved("node.db").await;
    let release = trial.prepare(&store, "enrolled").await.unwrap().into_release();
    let key = &trial.hub_keys.envelope_keys[0];
    for (seconds, active) in [
        (key.active_from_seconds - 1, false),
        (key.active_from_seconds, true),
        (key.active_until_seconds - 1, true),
        (key.active_until_seconds, false),
    ] {
        let at = peerlight_proto::units::UnixSeconds(seconds);
        let sealed = seal::seal(trial.sender(), &trial.hub_keys, &release, b"x", at);
        assert_eq!(sealed == Err(SealError::NoActiveKey), !active, "{seconds}");
    }
}

#[tokio::test]
async fn after_a_new_hub_key_the_same_payload_is_sealed_anew() {
    let mut trial = Trial::new();
    let store = trial.approved("node.db").await;
    let (before, payload) = send(&trial, &store, "enrolled").await;
    let (secret, public_key) = peerlight_proto::envelope::EnvelopeSecret::generate();
    let mut key = trial.hub_keys.envelope_keys[0].clone();
    key.key_id = peerlight_proto::document::key_id(&public_key);
    key.public_key = public_key;
    trial.hub_keys.envelope_keys = vec![key];
    trial.hub_secret = secret;
    let (after, same) = send(&trial, &store, "enrolled").await;
    assert_eq!((after.payload_digest, same), (before.payload_digest, payload));
    assert_ne!(after.recipient_key_id, before.recipient_key_id);
    assert_eq!(after.sequence, before.sequence);
    assert_eq!(ledger::list(&store).await.unwrap().len(), 1, "nothing is charged again");
}
