//! What an operator does to members: admit, suspend, revoke, hand out tokens,
//! record grants.

use peerlight_proto::{
    names::MemberId,
    token::JoinToken,
    units::{UnixSeconds, hexadecimal},
};
use ring::rand::{SecureRandom, SystemRandom};

use crate::{
    addresses::Addresses,
    authority::CertificateFault,
    clock::DAY,
    error::Error,
    hub::Hub,
    store::{
        certificate,
        grant::{self, Grant},
        member::{self, Member, Participation, State},
        token,
    },
};

/// A join token is good for so long, seconds.
pub const TOKEN_SECONDS: i64 = 14 * DAY;

/// Refuses a member that may neither ask nor receive.
pub fn check_may_receive(member: &Member) -> Result<(), Error> {
    match member.state {
        State::Active | State::Invited => Ok(()),
        State::Suspended => Err(Error::Suspended(member.id.clone())),
        State::Revoked => Err(CertificateFault::Revoked.into()),
    }
}

/// Refuses a member that may not send releases.
pub fn check_may_send(member: &Member) -> Result<(), Error> {
    check_may_receive(member)?;
    match member.participation {
        Participation::Full => Ok(()),
        Participation::ReceiveOnly => Err(Error::ReceiveOnly(member.id.clone())),
    }
}

/// A token for a member, and its one-line form. Kept as a hash only.
pub async fn issue_token(hub: &Hub, id: &MemberId) -> Result<JoinToken, Error> {
    let member = find(hub, id).await?;
    if member.state == State::Suspended {
        let remedy = "lift the suspension first with `member suspend --lift`";
        return Err(Error::MemberState { member: member.id, state: "suspended", remedy });
    }
    let port = match hub.config.grpc_address.port() {
        0 => Addresses::read(&hub.home).ok_or(Error::NoAddress)?.grpc.port(),
        port => port,
    };
    let host = match hub.config.host.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => hub.config.host.clone(),
    };
    let (mut name, mut secret) = ([0; 8], [0; 16]);
    let random = SystemRandom::new();
    random.fill(&mut name).expect("the system has randomness");
    random.fill(&mut secret).expect("the system has randomness");
    let token = JoinToken::new(
        format!("{host}:{port}"),
        hub.authority.pin(),
        hexadecimal(&name),
        secret,
        member.id,
        UnixSeconds(hub.now().0 + TOKEN_SECONDS),
    );
    token::insert(&hub.store, &token).await?;
    Ok(token)
}

/// Suspends a member, or lifts its suspension.
pub async fn set_suspended(hub: &Hub, id: &MemberId, suspended: bool) -> Result<(), Error> {
    let member = find(hub, id).await?;
    let next = match (member.state, suspended) {
        (State::Active, true) => State::Suspended,
        (State::Suspended, false) => State::Active,
        (State::Suspended, true) | (State::Active, false) => return Ok(()),
        (state @ (State::Invited | State::Revoked), _) => {
            let remedy = "only a member that has joined can be suspended";
            return Err(Error::MemberState { member: member.id, state: state.as_str(), remedy });
        }
    };
    let mut transaction = hub.store.write().await?;
    member::update_state(&mut transaction, id, next).await?;
    Ok(transaction.commit().await?)
}

/// Revokes a member, every certificate it has and every token handed out to it;
/// takes effect on its next call. What it sent stays: a publication cannot be
/// recalled.
pub async fn revoke(hub: &Hub, id: &MemberId) -> Result<(), Error> {
    find(hub, id).await?;
    let mut transaction = hub.store.write().await?;
    member::update_state(&mut transaction, id, State::Revoked).await?;
    certificate::revoke_all(&mut transaction, id, hub.now()).await?;
    token::void_all(&mut transaction, id, hub.now()).await?;
    Ok(transaction.commit().await?)
}

/// Records that a member granted another oversight.
pub async fn record_grant(hub: &Hub, grant: &Grant) -> Result<(), Error> {
    find(hub, &grant.member).await?;
    find(hub, &grant.overseer).await?;
    grant::insert(&hub.store, grant).await
}

/// The member with this id.
pub async fn find(hub: &Hub, id: &MemberId) -> Result<Member, Error> {
    member::find(&hub.store, id).await?.ok_or_else(|| Error::NoMember(id.clone()))
}
