//! `CharterService`: the charter and key list in force, and approvals.

use std::sync::Arc;

use peerlight_proto::{
    document,
    names::ProgramId,
    units::ContentHash,
    v1::{
        GetCharterRequest, GetCharterResponse, GetHubKeysRequest, GetHubKeysResponse,
        RecordApprovalRequest, RecordApprovalResponse, charter_service_server::CharterService,
    },
};
use tonic::{Request, Response, Status};

use super::caller;
use crate::{
    error::Error,
    hub::{Hub, NO_CHARTER},
    store::{
        approval::{self, Approval},
        document as documents,
    },
};

/// Serves the charter in force and records who approved it.
pub struct Charters(pub Arc<Hub>);

#[tonic::async_trait]
impl CharterService for Charters {
    async fn get_charter(
        &self,
        request: Request<GetCharterRequest>,
    ) -> Result<Response<GetCharterResponse>, Status> {
        caller::receiver(&self.0, &request).await?;
        let charter = self.0.charter().await?.ok_or(NO_CHARTER)?;
        Ok(Response::new(GetCharterResponse { charter: Some(charter.signed.clone()) }))
    }

    async fn get_hub_keys(
        &self,
        request: Request<GetHubKeysRequest>,
    ) -> Result<Response<GetHubKeysResponse>, Status> {
        caller::receiver(&self.0, &request).await?;
        let keys = documents::find_newest(&self.0.store, document::HUB_KEYS).await?;
        let keys = keys.ok_or(Error::Missing("key list", "restart `peerlight-hub serve`"))?;
        Ok(Response::new(GetHubKeysResponse { keys: Some(keys.signed) }))
    }

    async fn record_approval(
        &self,
        request: Request<RecordApprovalRequest>,
    ) -> Result<Response<RecordApprovalResponse>, Status> {
        let member = caller::sender(&self.0, &request).await?;
        let asked = request.into_inner();
        let in_force = self.0.in_force().await?;
        let charter_hash = hash("charter hash", &asked.charter_hash)?;
        let directory_hash = hash("directory hash", &asked.directory_hash)?;
        in_force.admits(charter_hash, directory_hash)?;
        let offered = asked.offered_programs.into_iter().map(ProgramId::new);
        let offered = offered.collect::<Result<Vec<_>, _>>().map_err(Error::from)?;
        if offered.iter().any(|program| in_force.charter.charter.program(program).is_none()) {
            let problem = "names a program that the charter does not have";
            return Err(Error::Release { field: "list of offered programs", problem }.into());
        }
        let recorded_at = self.0.now();
        let approval =
            Approval { member: member.id, charter_hash, directory_hash, offered, recorded_at };
        approval::insert(&self.0.store, &approval).await?;
        Ok(Response::new(RecordApprovalResponse {}))
    }
}

fn hash(what: &'static str, bytes: &[u8]) -> Result<ContentHash, Error> {
    ContentHash::from_bytes(bytes).map_err(|_| Error::Hash(what))
}
