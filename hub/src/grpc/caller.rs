//! From the certificate a connection shows to the member who calls.
//!
//! Asked on every call: issued by our authority, good by our clock, not
//! revoked, and its member neither suspended nor revoked.

use tonic::Request;

use crate::{
    authority::CertificateFault,
    error::Error,
    hub::Hub,
    membership,
    store::{
        certificate,
        member::{self, Member, State},
    },
};

/// The member who calls, whatever it may do.
pub async fn identify<T>(hub: &Hub, request: &Request<T>) -> Result<Member, Error> {
    let chain = request.peer_certs().ok_or(Error::Anonymous)?;
    let shown = hub.authority.check(&chain, hub.clock.tls_time())?;
    if !certificate::is_good(&hub.store, &shown.member, &shown.serial).await? {
        return Err(CertificateFault::Revoked.into());
    }
    let member = member::find(&hub.store, &shown.member).await?;
    let member = member.ok_or(Error::Shown(CertificateFault::Revoked))?;
    if member.state == State::Revoked {
        return Err(CertificateFault::Revoked.into());
    }
    Ok(member)
}

/// The member who calls, if it may ask and receive.
pub async fn receiver<T>(hub: &Hub, request: &Request<T>) -> Result<Member, Error> {
    let member = identify(hub, request).await?;
    membership::check_may_receive(&member)?;
    Ok(member)
}

/// The member who calls, if it may send releases.
pub async fn sender<T>(hub: &Hub, request: &Request<T>) -> Result<Member, Error> {
    let member = identify(hub, request).await?;
    membership::check_may_send(&member)?;
    Ok(member)
}
