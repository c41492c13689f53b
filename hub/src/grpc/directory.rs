//! `DirectoryService`: the directory in force, in pieces.

use std::{pin::Pin, sync::Arc};

use peerlight_proto::v1::{
    DocumentChunk, GetDirectoryRequest, GetDirectoryResponse,
    directory_service_server::DirectoryService,
};
use prost::Message;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::caller;
use crate::hub::{Hub, NO_DIRECTORY};

/// Bytes in one piece.
const PIECE: usize = 64 * 1024;

/// Serves the directory in force.
pub struct Directories(pub Arc<Hub>);

#[tonic::async_trait]
impl DirectoryService for Directories {
    type GetDirectoryStream =
        Pin<Box<dyn Stream<Item = Result<GetDirectoryResponse, Status>> + Send>>;

    async fn get_directory(
        &self,
        request: Request<GetDirectoryRequest>,
    ) -> Result<Response<Self::GetDirectoryStream>, Status> {
        caller::receiver(&self.0, &request).await?;
        let directory = self.0.directory().await?.ok_or(NO_DIRECTORY)?;
        let bytes = directory.signed.encode_to_vec();
        let pieces: Vec<_> = bytes
            .chunks(PIECE)
            .map(|piece| {
                let chunk = Some(DocumentChunk { data: piece.to_vec() });
                Ok(GetDirectoryResponse { chunk })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(pieces))))
    }
}
