//! `ReleaseService`: who, collect, admit and store, answer.
//!
//! An upload holds room in memory from its first piece on, so it has a deadline
//! for its last one, whatever its sender does.

use std::sync::Arc;

use peerlight_proto::v1::{
    SendReleaseRequest, SendReleaseResponse, release_service_server::ReleaseService,
};
use tonic::{Request, Response, Status, Streaming};

use super::caller;
use crate::{error::Error, hub::Hub, intake::Intake};

/// Takes in sealed releases.
pub struct Releases {
    /// The hub.
    pub hub: Arc<Hub>,
    /// Where envelopes are opened and releases stored.
    pub intake: Intake,
}

#[tonic::async_trait]
impl ReleaseService for Releases {
    async fn send_release(
        &self,
        request: Request<Streaming<SendReleaseRequest>>,
    ) -> Result<Response<SendReleaseResponse>, Status> {
        let member = caller::sender(&self.hub, &request).await?;
        let in_force = self.hub.in_force().await?;
        let limit = in_force.largest_envelope(&self.hub, &member.id).await?;
        let _room = self.intake.room(limit).await?;
        let deadline = self.hub.config.upload_deadline();
        let frame = tokio::time::timeout(deadline, collect(request.into_inner(), limit))
            .await
            .map_err(|_| Error::Stalled(deadline.as_secs()))??;
        let receipt = self.intake.take(member.id, in_force, frame).await?;
        Ok(Response::new(SendReleaseResponse { receipt: Some(receipt) }))
    }
}

/// The pieces together; refuses before holding more than `limit` bytes.
async fn collect(
    mut pieces: Streaming<SendReleaseRequest>,
    limit: usize,
) -> Result<Vec<u8>, Status> {
    let mut frame = Vec::new();
    while let Some(piece) = pieces.message().await? {
        if frame.len() + piece.data.len() > limit {
            return Err(Error::TooLarge { limit }.into());
        }
        frame.extend(piece.data);
    }
    Ok(frame)
}
