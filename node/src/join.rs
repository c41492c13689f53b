//! Joining: a one-use token becomes membership; and joining again, once the
//! hub revoked the certificate or it expired.
//!
//! ```text
//! token ──pin──▶ TLS to the one authority the token names ──▶ CSR + proof ──▶ certificate, root key
//! ```
//!
//! Nothing is sent before the hub has shown a certificate of the pinned
//! authority. The secret of the token never leaves this machine. Joining again
//! replaces certificate and membership and must never touch anything else: the
//! ledger goes on where it was, so nothing is drawn a second time.

use peerlight_proto::{
    names::ConsortiumId,
    token::JoinToken,
    units::{ContentHash, hexadecimal},
    v1::{JoinRequest, JoinResponse, MemberStatus},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{
    clock::InWords,
    config::Config,
    hub::{self, Hub, HubError},
    keys::{self, Keys},
    membership::{self, Membership, MembershipError},
    node::Node,
};

/// What joining came to.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Who this node is now.
    pub membership: Membership,
    /// Whether it was this member before.
    pub again: bool,
}

/// Joins the consortium that the token names. A node that joined before may
/// join again as the same member of the same consortium, if its certificate is
/// of no use any more.
pub async fn join(node: &Node, token: &JoinToken) -> Result<Joined, MembershipError> {
    let before = Membership::find(&node.home)?;
    if let Some(before) = &before {
        check_replaceable(node, before, token).await?;
    }
    let now = node.clock.now();
    if token.expires_at <= now {
        return Err(MembershipError::TokenExpired(InWords(token.expires_at).to_string()));
    }
    let keys = Keys::open(&node.home)?;
    let certificate_request = keys.certificate_request(&token.member)?;
    let signing_key = keys.signing_public();
    let proof = token.key().prove(&certificate_request, &signing_key);
    let request =
        JoinRequest { token_id: token.id.clone(), certificate_request, proof, signing_key };
    let answer = hub::join(&token.hub, token.pin, &node.clock, request).await?;

    let (consortium, root_key) = check_answer(&answer, token, before.as_ref())?;
    let membership = Membership {
        member: token.member.clone(),
        consortium,
        hub: token.hub.clone(),
        pin: token.pin,
        root_key,
        authority: answer.authority,
        joined_at: now,
    };
    // The membership last: a node without it has not joined.
    keys::store_certificate(&node.home, &answer.certificate)?;
    membership.store(&node.home)?;
    Ok(Joined { membership, again: before.is_some() })
}

/// Refuses a token for anybody else, and to replace what is still good.
async fn check_replaceable(
    node: &Node,
    before: &Membership,
    token: &JoinToken,
) -> Result<(), MembershipError> {
    let Membership { consortium, member, .. } = before.clone();
    if token.member != member {
        let token = token.member.to_string();
        return Err(MembershipError::AnotherMembership { consortium, member, token });
    }
    if token.pin != before.pin {
        let token = format!("another hub, at {}", token.hub);
        return Err(MembershipError::AnotherMembership { consortium, member, token });
    }
    // A certificate that is lost or cannot be read is of no use either.
    let certificate = keys::certificate(&node.home).ok().flatten();
    let Some(validity) = certificate.and_then(|pem| membership::validity(&pem)) else {
        return Ok(());
    };
    if node.clock.now() >= validity.until {
        return Ok(());
    }
    match standing(node, before, token).await {
        // The hub does not take this certificate, or it is not for this key.
        Err(HubError::NotAllowed(_) | HubError::Identity(_)) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(MemberStatus::Suspended) => {
            let text = "this member is suspended, which a token does not lift: ask its operator";
            Err(HubError::NotAllowed(text.to_owned()).into())
        }
        Ok(_) => {
            let until = InWords(validity.until).to_string();
            Err(MembershipError::StillGood { consortium, member, until })
        }
    }
}

/// Asks the hub where this member stands, with the certificate it has, at the
/// address the token names: the hub may have moved since.
async fn standing(
    node: &Node,
    before: &Membership,
    token: &JoinToken,
) -> Result<MemberStatus, HubError> {
    let there = Membership { hub: token.hub.clone(), ..before.clone() };
    let config = Config { hub_address: None, ..node.config.clone() };
    let hub = Hub::connect(&node.home, &there, &config, &node.clock).await?;
    let status = hub.standing().await?.status;
    Ok(MemberStatus::try_from(status).unwrap_or(MemberStatus::Unspecified))
}

/// Refuses an answer that does not fit the token, or what was joined before;
/// gives consortium and root key.
fn check_answer(
    answer: &JoinResponse,
    token: &JoinToken,
    before: Option<&Membership>,
) -> Result<(ConsortiumId, String), MembershipError> {
    let refuse = MembershipError::BadAnswer;
    if answer.member != token.member.as_str() {
        return Err(refuse("it names another member than the token"));
    }
    if authority_pin(&answer.authority) != Some(token.pin) {
        return Err(refuse("its authority is not the one the token names"));
    }
    let root_key = ContentHash::from_bytes(&answer.root_key)
        .map_err(|_| refuse("its root key is not a key"))?;
    let root_key = hexadecimal(root_key.as_bytes());
    let consortium = ConsortiumId::new(answer.consortium.as_str())
        .map_err(|_| refuse("it names no consortium"))?;
    if membership::validity(&answer.certificate).is_none() {
        return Err(refuse("its certificate cannot be read"));
    }
    if before.is_some_and(|before| before.consortium != consortium || before.root_key != root_key) {
        return Err(refuse("it is of another consortium than this node joined before"));
    }
    Ok((consortium, root_key))
}

/// SHA-256 of the public key (SPKI, DER) of the first certificate of a PEM text.
fn authority_pin(pem: &str) -> Option<ContentHash> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    hub::spki_hash(&der)
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{names::MemberId, units::UnixSeconds};

    use super::*;

    fn token(pin: ContentHash) -> JoinToken {
        let member = MemberId::new("37").unwrap();
        let end = UnixSeconds(1_000);
        JoinToken::new("hub:1".to_owned(), pin, "1".to_owned(), [0; 16], member, end)
    }

    fn answer() -> (JoinResponse, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::default();
        let pem = params.self_signed(&key).unwrap().pem();
        let answer = JoinResponse {
            certificate: pem.clone(),
            authority: pem.clone(),
            root_key: vec![4; 32],
            consortium: "test".to_owned(),
            member: "37".to_owned(),
        };
        (answer, pem)
    }

    #[test]
    fn an_answer_of_another_root_or_consortium_does_not_replace_a_membership() {
        let (answer, pem) = answer();
        let token = token(authority_pin(&pem).unwrap());
        let (consortium, root_key) = check_answer(&answer, &token, None).unwrap();
        let before = Membership {
            member: token.member.clone(),
            consortium,
            hub: token.hub.clone(),
            pin: token.pin,
            root_key,
            authority: pem,
            joined_at: UnixSeconds(0),
        };
        check_answer(&answer, &token, Some(&before)).unwrap();
        let spoils: [fn(&mut JoinResponse); 4] = [
            |answer| answer.consortium = "other".to_owned(),
            |answer| answer.root_key[0] ^= 1,
            |answer| answer.member = "38".to_owned(),
            |answer| answer.certificate.clear(),
        ];
        for (number, spoil) in spoils.into_iter().enumerate() {
            let mut spoiled = answer.clone();
            spoil(&mut spoiled);
            let refused = check_answer(&spoiled, &token, Some(&before)).unwrap_err();
            assert!(matches!(refused, MembershipError::BadAnswer(_)), "spoil {number}");
        }
        let other_authority = self::token(ContentHash([3; 32]));
        let refused = check_answer(&answer, &other_authority, None);
        assert!(matches!(refused, Err(MembershipError::BadAnswer(_))));
    }
}
