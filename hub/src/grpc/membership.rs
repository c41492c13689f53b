//! `MembershipService`: joining, renewing, standing.

use std::sync::Arc;

use peerlight_proto::{
    names::MemberId,
    v1::{
        GetStandingRequest, GetStandingResponse, JoinRequest, JoinResponse, MemberStatus,
        RenewRequest, RenewResponse, membership_service_server::MembershipService,
    },
};
use tonic::{Request, Response, Status};

use super::caller;
use crate::{
    authority::Issued,
    error::Error,
    hub::Hub,
    store::{
        certificate,
        member::{self, Participation, State},
        release, token,
    },
};

/// Admits members and renews their certificates.
pub struct Membership(pub Arc<Hub>);

#[tonic::async_trait]
impl MembershipService for Membership {
    async fn join(&self, request: Request<JoinRequest>) -> Result<Response<JoinResponse>, Status> {
        let (member, issued) = join(&self.0, &request.into_inner()).await?;
        tracing::info!(%member, "a member joined");
        Ok(Response::new(JoinResponse {
            certificate: issued.pem,
            authority: self.0.authority.pem().to_owned(),
            root_key: self.0.keys.root_public(),
            consortium: self.0.config.consortium.to_string(),
            member: member.to_string(),
        }))
    }

    async fn renew(
        &self,
        request: Request<RenewRequest>,
    ) -> Result<Response<RenewResponse>, Status> {
        let member = caller::receiver(&self.0, &request).await?;
        let asked = request.into_inner().certificate_request;
        let issued = self.0.authority.issue_member(&member.id, &asked, self.0.now())?;
        let mut transaction = self.0.store.write().await?;
        certificate::insert(&mut transaction, &member.id, &issued, self.0.now()).await?;
        transaction.commit().await.map_err(Error::from)?;
        Ok(Response::new(RenewResponse { certificate: issued.pem }))
    }

    async fn get_standing(
        &self,
        request: Request<GetStandingRequest>,
    ) -> Result<Response<GetStandingResponse>, Status> {
        let member = caller::identify(&self.0, &request).await?;
        let status = match (member.state, member.participation) {
            (State::Suspended | State::Revoked, _) => MemberStatus::Suspended,
            (_, Participation::Full) => MemberStatus::Full,
            (_, Participation::ReceiveOnly) => MemberStatus::ReceiveOnly,
        };
        Ok(Response::new(GetStandingResponse {
            status: status.into(),
            last_receipt: release::find_last_receipt(&self.0.store, &member.id).await?,
            member: member.id.into(),
            hub_time_seconds: self.0.now().0,
        }))
    }
}

/// Uses up the token and issues the certificate, or neither.
async fn join(hub: &Hub, asked: &JoinRequest) -> Result<(MemberId, Issued), Error> {
    let now = hub.now();
    if asked.signing_key.len() != 32 {
        return Err(Error::SigningKey);
    }
    let mut transaction = hub.store.write().await?;
    let used = token::use_up(&mut transaction, &asked.token_id, now).await?;
    let (member, key) = used.ok_or(Error::Token)?;
    if !key.accepts(&asked.certificate_request, &asked.signing_key, &asked.proof) {
        return Err(Error::Token);
    }
    // A token handed out before does not lift a suspension.
    if member::find_state(&mut transaction, &member).await? == Some(State::Suspended) {
        return Err(Error::Suspended(member));
    }
    let issued = hub.authority.issue_member(&member, &asked.certificate_request, now)?;
    // A member joins anew when it lost its keys: the old ones must not go on.
    certificate::revoke_all(&mut transaction, &member, now).await?;
    certificate::insert(&mut transaction, &member, &issued, now).await?;
    member::insert_signing_key(&mut transaction, &member, &asked.signing_key, now).await?;
    member::update_state(&mut transaction, &member, State::Active).await?;
    transaction.commit().await?;
    Ok((member, issued))
}
