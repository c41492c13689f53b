//! Joining, renewing, being suspended and revoked.

use peerlight_hub::{authority::MEMBER_SECONDS, membership, store::member};
use peerlight_proto::{
    document,
    v1::{
        GetCharterRequest, GetStandingRequest, MemberStatus, RenewRequest,
        charter_service_client::CharterServiceClient,
        membership_service_client::MembershipServiceClient,
    },
};
use tonic::{Code, Status, transport::Channel};

use crate::{
    databases::on_both_databases,
    node::{Node, connect, request},
    world::id,
};

async fn charter(channel: &Channel) -> Result<(), Status> {
    CharterServiceClient::new(channel.clone()).get_charter(GetCharterRequest {}).await.map(drop)
}

async fn standing(channel: &Channel) -> Result<MemberStatus, Status> {
    let mut client = MembershipServiceClient::new(channel.clone());
    Ok(client.get_standing(GetStandingRequest {}).await?.into_inner().status())
}

fn code<T>(outcome: Result<T, Status>) -> Code {
    outcome.map_or_else(|status| status.code(), |_| Code::Ok)
}

on_both_databases! {
    async fn a_token_admits_once(world) {
        let line = world.token("37").await;
        let node = Node::join_with(&world, &line, "37").await.unwrap();
        assert_eq!(standing(&node.channel).await.unwrap(), MemberStatus::Full);
        let again = Node::join_with(&world, &line, "37").await;
        assert_eq!(code(again), Code::PermissionDenied);
    }

    async fn a_token_admits_nobody_else_and_is_not_used_up_by_trying(world) {
        let line = world.token("37").await;
        let other = Node::join_with(&world, &line, "38").await;
        assert_eq!(code(other), Code::InvalidArgument);
        assert!(Node::join_with(&world, &line, "37").await.is_ok());
    }

    async fn a_token_that_has_expired_admits_nobody(world) {
        let line = world.token("37").await;
        world.clock.advance(membership::TOKEN_SECONDS);
        assert_eq!(code(Node::join_with(&world, &line, "37").await), Code::PermissionDenied);
    }

    async fn without_a_certificate_only_joining_is_possible(world) {
        let stranger = connect(&world, None).await;
        assert_eq!(code(charter(&stranger).await), Code::Unauthenticated);
        assert_eq!(code(standing(&stranger).await), Code::Unauthenticated);
    }

    async fn a_suspended_member_may_ask_only_where_it_stands(world) {
        let node = world.member("37").await;
        membership::set_suspended(&world.hub, &id("37"), true).await.unwrap();
        assert_eq!(code(charter(&node.channel).await), Code::PermissionDenied);
        assert_eq!(standing(&node.channel).await.unwrap(), MemberStatus::Suspended);
        membership::set_suspended(&world.hub, &id("37"), false).await.unwrap();
        assert_eq!(code(charter(&node.channel).await), Code::Ok);
    }

    async fn revocation_takes_effect_on_the_next_call_of_an_open_connection(world) {
        let node = world.member("37").await;
        assert_eq!(code(charter(&node.channel).await), Code::Ok);
        membership::revoke(&world.hub, &id("37")).await.unwrap();
        assert_eq!(code(charter(&node.channel).await), Code::Unauthenticated);
        assert_eq!(code(standing(&node.channel).await), Code::Unauthenticated);
        let back = Node::join(&world, "37").await.unwrap();
        assert_eq!(code(charter(&back.channel).await), Code::Ok);
        assert_eq!(code(charter(&node.channel).await), Code::Unauthenticated);
    }

    async fn a_token_handed_out_before_lifts_neither_suspension_nor_revocation(world) {
        let before = world.token("37").await;
        let node = world.member("37").await;
        membership::set_suspended(&world.hub, &id("37"), true).await.unwrap();
        let refused = Node::join_with(&world, &before, "37").await.err().unwrap();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(refused.message().contains("suspended"), "{refused}");
        assert_eq!(standing(&node.channel).await.unwrap(), MemberStatus::Suspended);

        membership::revoke(&world.hub, &id("37")).await.unwrap();
        assert_eq!(code(Node::join_with(&world, &before, "37").await), Code::PermissionDenied);
        let after = world.token("37").await;
        assert_eq!(code(Node::join_with(&world, &after, "37").await), Code::Ok);
    }

    async fn the_key_of_who_joined_last_is_in_use_although_no_second_has_passed(world) {
        for _ in 0..8 {
            let node = Node::join(&world, "37").await.unwrap();
            let key = member::find_signing_key(&world.hub.store, &id("37")).await.unwrap();
            assert_eq!(key, Some(document::public_key(&node.signer)));
        }
    }

    async fn a_certificate_ends_unless_it_is_renewed(world) {
        let node = world.member("37").await;
        world.clock.advance(MEMBER_SECONDS - 60);
        let asked = RenewRequest { certificate_request: request("37", node.key()) };
        let mut client = MembershipServiceClient::new(node.channel.clone());
        let renewed = client.renew(asked).await.unwrap().into_inner().certificate;
        let other = RenewRequest { certificate_request: request("38", node.key()) };
        assert_eq!(code(client.renew(other).await), Code::InvalidArgument);
        world.clock.advance(120);
        assert_eq!(code(charter(&node.channel).await), Code::Unauthenticated);
        let channel = connect(&world, Some((&renewed, node.key()))).await;
        assert_eq!(code(charter(&channel).await), Code::Ok);
    }

    async fn a_certificate_of_another_authority_is_foreign(world) {
        let folder = tempfile::tempdir().unwrap();
        let home = peerlight_hub::home::Home::at(folder.path());
        let now = world.hub.now();
        let other = peerlight_hub::authority::Authority::create(&home, "test", now).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let forged = other.issue_member(&id("37"), &request("37", &key), now).unwrap();
        world.member("37").await;
        let channel = connect(&world, Some((&forged.pem, &key))).await;
        let refusal = charter(&channel).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
        assert!(refusal.message().contains("not issued by this hub"), "{refusal}");
    }
}
