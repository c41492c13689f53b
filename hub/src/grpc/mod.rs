//! What nodes call: one service a file, each a thin step over store and engine.

mod benchmark;
mod caller;
mod charter;
mod directory;
mod growth;
mod membership;
mod release;

use std::sync::Arc;

use peerlight_proto::v1::{
    DESCRIPTORS, benchmark_service_server::BenchmarkServiceServer,
    charter_service_server::CharterServiceServer, directory_service_server::DirectoryServiceServer,
    growth_service_server::GrowthServiceServer, membership_service_server::MembershipServiceServer,
    release_service_server::ReleaseServiceServer,
};
use tonic::transport::server::{Router, Server};

use crate::{error::Error, hub::Hub, intake::Intake};

/// A message is at most this large, bytes; larger things come in pieces.
const LARGEST_MESSAGE: usize = 4 << 20;

/// Every service, with its health.
pub async fn services(hub: &Arc<Hub>, intake: Intake) -> Result<Router, Error> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let membership = MembershipServiceServer::new(membership::Membership(Arc::clone(hub)));
    let charter = CharterServiceServer::new(charter::Charters(Arc::clone(hub)));
    let directory = DirectoryServiceServer::new(directory::Directories(Arc::clone(hub)));
    let release = ReleaseServiceServer::new(release::Releases { hub: Arc::clone(hub), intake });
    let growth = GrowthServiceServer::new(growth::Growth(Arc::clone(hub)));
    let benchmark = BenchmarkServiceServer::new(benchmark::Benchmarks(Arc::clone(hub)));
    health.set_serving::<MembershipServiceServer<membership::Membership>>().await;
    health.set_serving::<CharterServiceServer<charter::Charters>>().await;
    health.set_serving::<DirectoryServiceServer<directory::Directories>>().await;
    health.set_serving::<ReleaseServiceServer<release::Releases>>().await;
    health.set_serving::<GrowthServiceServer<growth::Growth>>().await;
    health.set_serving::<BenchmarkServiceServer<benchmark::Benchmarks>>().await;
    let reflection = hub.config.reflection.then(|| {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .expect("a test of the contract decodes the descriptors")
    });
    Ok(Server::builder()
        .http2_keepalive_interval(Some(std::time::Duration::from_secs(30)))
        .max_concurrent_streams(64)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .add_service(health_service)
        .add_optional_service(reflection)
        .add_service(membership.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(charter.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(directory.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(release.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(growth.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(benchmark.max_decoding_message_size(LARGEST_MESSAGE)))
}
