//! Sealed releases: what is taken in, what is refused, and what is alarmed.

use peerlight_hub::store::{
    incident,
    member::{Kind, Participation},
    release,
};
use peerlight_proto::{
    document,
    units::ContentHash,
    v1::{GetStandingRequest, Receipt, membership_service_client::MembershipServiceClient},
};
use prost::Message;
use tonic::Code;

use crate::{
    databases::on_both_databases,
    node::{Node, connect, send_frame},
    world::{add, id},
};

async fn held(world: &crate::world::World) -> usize {
    release::list(&world.hub.store, 2026).await.unwrap().len()
}

on_both_databases! {
    async fn a_release_gets_a_receipt_that_verifies(world) {
        let mut node = world.member("37").await;
        let draft = node.draft(&world.in_force().await, "enrolled", "period-1", 7);
        let digest = draft.header.payload_digest.clone();
        let signed = node.send(draft).await.unwrap();
        let key = document::public_key(&world.hub.keys.receipt);
        document::verify_detached(&key, document::RECEIPT, &signed.receipt, &signed.signature)
            .unwrap();
        let receipt = Receipt::decode(signed.receipt.as_slice()).unwrap();
        assert_eq!((receipt.member.as_str(), receipt.sequence), ("37", 1));
        assert_eq!(receipt.payload_digest, digest);
        let mut client = MembershipServiceClient::new(node.channel.clone());
        let standing = client.get_standing(GetStandingRequest {}).await.unwrap().into_inner();
        assert_eq!(standing.last_receipt, Some(signed));
    }

    async fn sending_a_release_twice_stores_it_once(world) {
        let mut node = world.member("37").await;
        let draft = node.draft(&world.in_force().await, "enrolled", "period-1", 7);
        let first = node.send(draft.clone()).await.unwrap();
        world.clock.advance(3600);
        let second = node.send(draft).await.unwrap();
        assert_eq!(first, second, "the same receipt, to the byte");
        assert_eq!(held(&world).await, 1);
        assert!(incident::list(&world.hub.store).await.unwrap().is_empty());
    }

    async fn the_same_release_sent_at_once_from_two_connections_is_stored_once(world) {
        let node = world.member("37").await;
        let draft = node.draft(&world.in_force().await, "enrolled", "period-1", 7);
        let frame = node.seal(draft).await;
        let other = node.reconnect(&world).await;
        let (one, two) =
            tokio::join!(send_frame(&node.channel, frame.clone()), send_frame(&other, frame));
        assert_eq!(one.unwrap(), two.unwrap());
        assert_eq!(held(&world).await, 1);
    }

    async fn a_second_noise_for_one_release_is_refused_and_reported(world) {
        let mut node = world.member("37").await;
        let in_force = world.in_force().await;
        let draft = node.draft(&in_force, "enrolled", "period-1", 7);
        node.send(draft.clone()).await.unwrap();
        let mut again = node.draft(&in_force, "enrolled", "period-1", 8);
        again.header.release_id = draft.header.release_id.clone();
        again.header.sequence = 1;
        again.header.previous_payload_digest = Vec::new();
        assert_eq!(node.send(again).await.unwrap_err().code(), Code::FailedPrecondition);
        let renamed = node.draft(&in_force, "enrolled", "period-1", 8);
        assert_eq!(node.send(renamed).await.unwrap_err().code(), Code::FailedPrecondition);
        let incidents = incident::list(&world.hub.store).await.unwrap();
        assert_eq!(incidents.len(), 2);
        assert!(incidents.iter().all(|found| found.incident.kind == "equivocation"));
        assert_eq!(held(&world).await, 1);
    }

    async fn a_copied_node_is_noticed_by_its_chain(world) {
        let mut node = world.member("37").await;
        let in_force = world.in_force().await;
        let draft = node.draft(&in_force, "enrolled", "period-1", 7);
        node.send(draft).await.unwrap();
        let mut forked = node.draft(&in_force, "tested", "annual", 7);
        forked.header.previous_payload_digest = vec![9; 32];
        assert_eq!(node.send(forked).await.unwrap_err().code(), Code::FailedPrecondition);
        let incidents = incident::list(&world.hub.store).await.unwrap();
        assert_eq!(incidents[0].incident.kind, "broken_chain");
    }

    async fn each_bad_release_is_refused_with_its_own_code(world) {
        let node = world.member("37").await;
        let in_force = world.in_force().await;
        let good = node.draft(&in_force, "enrolled", "period-1", 7);
        let with = |change: &dyn Fn(&mut crate::node::Draft)| {
            let mut draft = good.clone();
            change(&mut draft);
            draft
        };
        let cases = [
            ("another sender", with(&|d| d.header.sender = "38".into()), Code::PermissionDenied),
            ("another consortium", with(&|d| d.header.consortium = "x".into()), Code::PermissionDenied),
            ("another key", with(&|d| d.header.sender_key_id = "00".into()), Code::InvalidArgument),
            ("an unknown hub key", with(&|d| d.header.recipient_key_id = "00".into()), Code::InvalidArgument),
            ("another charter", with(&|d| d.header.charter_hash = vec![3; 32]), Code::FailedPrecondition),
            ("another directory", with(&|d| d.header.directory_hash = vec![3; 32]), Code::FailedPrecondition),
            ("half a hash", with(&|d| d.header.charter_hash = vec![3; 16]), Code::InvalidArgument),
            ("an unknown program", with(&|d| d.header.program = "x".into()), Code::InvalidArgument),
            ("another program's shape", with(&|d| d.header.program = "tested".into()), Code::InvalidArgument),
            ("another kind", with(&|d| d.header.kind = 3), Code::InvalidArgument),
            ("a gap", with(&|d| d.header.sequence = 3), Code::FailedPrecondition),
            ("another digest", with(&|d| d.header.payload_digest = vec![3; 32]), Code::InvalidArgument),
            ("the future", with(&|d| d.header.created_at_seconds += 1_000_000), Code::FailedPrecondition),
            ("no honest number", {
                let mut draft = node.draft(&in_force, "enrolled", "period-1", i64::MAX);
                draft.header.sequence = 1;
                draft
            }, Code::InvalidArgument),
        ];
        for (what, draft, code) in cases {
            let frame = node.seal(draft).await;
            let refusal = send_frame(&node.channel, frame).await.unwrap_err();
            assert_eq!(refusal.code(), code, "{what}: {refusal}");
        }
        let frame = node.seal(good).await;
        let mut altered = frame.clone();
        *altered.last_mut().unwrap() ^= 1;
        let mut oversized = frame.clone();
        oversized.resize(8 << 20, 0);
        for (what, bytes) in [("altered", altered), ("cut", frame[..99].to_vec()), ("oversized", oversized)] {
            let refusal = send_frame(&node.channel, bytes).await.unwrap_err();
            assert_eq!(refusal.code(), Code::InvalidArgument, "{what}: {refusal}");
        }
        let stranger = connect(&world, None).await;
        let refusal = send_frame(&stranger, frame.clone()).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
        let other = world.member("38").await;
        let replayed = send_frame(&other.channel, frame.clone()).await.unwrap_err();
        assert_eq!(replayed.code(), Code::InvalidArgument, "another member's envelope");
        assert_eq!(held(&world).await, 0, "nothing was half-applied");
        send_frame(&node.channel, frame).await.unwrap();
    }

    async fn what_was_not_declared_or_not_approved_is_refused(world) {
        let mut node = Node::join(&world, "37").await.unwrap();
        let in_force = world.in_force().await;
        let draft = node.draft(&in_force, "enrolled", "period-1", 7);
        let refusal = node.send(draft).await.unwrap_err();
        assert_eq!(refusal.code(), Code::FailedPrecondition, "{refusal}");
        assert!(refusal.message().contains("approval"), "{refusal}");
    }

    async fn a_member_that_only_receives_sends_nothing(world) {
        add(&world.hub, "39", Kind::Other, Participation::ReceiveOnly).await;
        let node = Node::join(&world, "39").await.unwrap();
        let refusal = send_frame(&node.channel, vec![0; 100]).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied);
    }

    async fn a_release_drawn_under_the_charter_before_is_still_taken_in(world) {
        let mut node = world.member("37").await;
        let draft = node.draft(&world.in_force().await, "enrolled", "period-1", 7);
        let wish = peerlight_hub::proposal::Wish { preset: Some("strict".to_owned()), ..Default::default() };
        peerlight_hub::proposal::propose(&world.hub, wish).await.unwrap();
        node.send(draft).await.unwrap();
        assert_eq!(held(&world).await, 1);
    }

    async fn many_members_send_at_once_and_each_release_is_held(world) {
        let mut handles = Vec::new();
        let in_force = world.in_force().await;
        for name in ["37", "38"] {
            let mut node = world.member(name).await;
            let in_force = std::sync::Arc::clone(&in_force);
            handles.push(tokio::spawn(async move {
                for program in ["tested", "suspension", "ela_met", "math_met", "chronic_absence"] {
                    node.send(node.draft(&in_force, program, "annual", 1)).await.unwrap();
                }
            }));
        }
        for handle in handles {
            handle.await.unwrap();
        }
        let heads = release::list(&world.hub.store, 2026).await.unwrap();
        assert_eq!(heads.len(), 10);
        for head in heads {
            let payload = release::find_payload(&world.hub.store, &head.member, &head.release_id);
            assert_eq!(ContentHash::of(&payload.await.unwrap().unwrap()), head.digest);
        }
        assert!(release::find_last_receipt(&world.hub.store, &id("90")).await.unwrap().is_none());
    }
}
