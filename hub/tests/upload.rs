//! An upload that stops half-way: it is given up, and is no bar to the next.

use std::num::NonZeroU32;

use peerlight_hub::config::Config;
use peerlight_proto::v1::{SendReleaseRequest, release_service_client::ReleaseServiceClient};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::world::{World, config};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_stalls_is_given_up_and_may_be_sent_again() {
    let upload_seconds = NonZeroU32::new(2).unwrap();
    let world = World::configured(Config { upload_seconds, ..config(None) }).await;
    let mut node = world.member("37").await;
    let draft = node.draft(&world.in_force().await, "enrolled", "march", 300);
    let frame = node.seal(draft.clone()).await;

    // Half of it, and then nothing: the stream stays open until the test ends.
    let (sender, pieces) = mpsc::channel(1);
    let half = SendReleaseRequest { data: frame[..frame.len() / 2].to_vec() };
    sender.send(half).await.unwrap();
    let mut client = ReleaseServiceClient::new(node.channel.clone());
    let refusal = client.send_release(ReceiverStream::new(pieces)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::DeadlineExceeded, "{refusal}");
    assert!(refusal.message().contains("after 2 seconds: send it again"), "{refusal}");

    node.send(draft).await.unwrap();
    drop(sender);
}
