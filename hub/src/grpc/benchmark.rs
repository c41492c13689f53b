//! `BenchmarkService`: where a school stands, its like schools, its peers.

use std::sync::Arc;

use peerlight_proto::v1::{
    ListBenchmarksRequest, ListBenchmarksResponse, ListPeersRequest, ListPeersResponse,
    ListSimilarRequest, ListSimilarResponse, benchmark_service_server::BenchmarkService,
};
use tonic::{Request, Response, Status};

use super::caller;
use crate::hub::Hub;

/// Answers questions about benchmarks.
pub struct Benchmarks(pub Arc<Hub>);

#[tonic::async_trait]
impl BenchmarkService for Benchmarks {
    async fn list_benchmarks(
        &self,
        request: Request<ListBenchmarksRequest>,
    ) -> Result<Response<ListBenchmarksResponse>, Status> {
        caller::receiver(&self.0, &request).await?;
        Ok(Response::new(ListBenchmarksResponse::default()))
    }

    async fn list_similar(
        &self,
        request: Request<ListSimilarRequest>,
    ) -> Result<Response<ListSimilarResponse>, Status> {
        caller::receiver(&self.0, &request).await?;
        Ok(Response::new(ListSimilarResponse::default()))
    }

    async fn list_peers(
        &self,
        request: Request<ListPeersRequest>,
    ) -> Result<Response<ListPeersResponse>, Status> {
        caller::receiver(&self.0, &request).await?;
        Ok(Response::new(ListPeersResponse::default()))
    }
}
