//! Checks that need the hub: the way to it, who it says we are, its clock, and
//! whether this node's history is the one it knows.

use peerlight_proto::v1::{GetStandingResponse, MemberStatus};

use super::Check;
use crate::{
    clock::Clock,
    config::Config,
    documents::{DocumentError, Documents},
    error::Error,
    home::Home,
    hub::Hub,
    membership::Membership,
    release::standing::{self, Standing},
    store::Store,
};

/// Name of the check that `sync` makes too, before it draws or sends.
pub(super) const HISTORY: &str = "history";
/// A clock that differs more than this is a fault, seconds.
const CLOCK_TOLERANCE: i64 = 120;

/// Calls the hub and asks where this member stands.
pub(super) async fn hub(
    home: &Home,
    clock: &Clock,
    config: Config,
    store: Option<&Store>,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let standing = match Membership::open(home) {
        Ok(membership) => {
            let standing = call(home, clock, &config, &membership, &mut checks).await;
            standing.map(|standing| (membership, standing))
        }
        Err(_) => None,
    };
    checks.push(match (standing, store) {
        (Some((membership, standing)), Some(store)) => {
            Check::of(HISTORY, history(store, &membership, &standing).await)
        }
        (None, _) => Check::not_checked(HISTORY, "the hub did not say what it holds of this node"),
        (_, None) => Check::not_checked(HISTORY, "the database cannot be opened"),
    });
    checks
}

/// The way to the hub, as far as it leads.
async fn call(
    home: &Home,
    clock: &Clock,
    config: &Config,
    membership: &Membership,
    checks: &mut Vec<Check>,
) -> Option<GetStandingResponse> {
    let address = config.hub_address.as_deref().unwrap_or(&membership.hub);
    let reached = tokio::net::TcpStream::connect(address).await;
    let is_reached = reached.is_ok();
    checks.push(Check::of(
        "tcp",
        reached.map(|_| format!("{address} answers")).map_err(|error| {
            format!("{address}: {error}; check the address, and port and firewall on the way out")
        }),
    ));
    if !is_reached {
        return None;
    }
    let hub = match Hub::connect(home, membership, config, clock).await {
        Ok(hub) => hub,
        Err(error) => {
            checks.push(Check::of::<String, _>("tls", Err(error)));
            return None;
        }
    };
    checks.push(Check::ok("tls", format!("authority {} holds", membership.pin.short())));
    let standing = match hub.standing().await {
        Ok(standing) => standing,
        Err(error) => {
            checks.push(Check::of::<String, _>("standing", Err(error)));
            return None;
        }
    };
    checks.push(Check::of("standing", status(&standing)));
    let ahead = standing.hub_time_seconds - clock.now().0;
    checks.push(Check::of(
        "clock",
        if ahead.abs() <= CLOCK_TOLERANCE {
            Ok(format!("{ahead} s from the hub's"))
        } else {
            Err(format!("{ahead} s from the hub's: set this machine's clock (NTP)"))
        },
    ));
    Some(standing)
}

fn status(standing: &GetStandingResponse) -> Result<&'static str, &'static str> {
    match MemberStatus::try_from(standing.status) {
        Ok(MemberStatus::Full) => Ok("the hub knows this member"),
        Ok(MemberStatus::ReceiveOnly) => Ok("this member receives and sends nothing"),
        Ok(MemberStatus::Suspended) => {
            Err("this member is suspended: ask the hub's operator to lift it; nothing is lost")
        }
        Ok(MemberStatus::Unspecified) | Err(_) => {
            Err("the hub's answer is not understood: update this program")
        }
    }
}

/// The comparison that every sync makes before it draws or sends anything.
async fn history(
    store: &Store,
    membership: &Membership,
    standing: &GetStandingResponse,
) -> Result<String, Error> {
    let last = standing.last_receipt.as_ref();
    let receipt_key = match Documents::open(store, membership).await {
        Ok(documents) => documents.hub_keys.document.receipt_key,
        // Without a receipt there is none to verify.
        Err(DocumentError::NotFetched) if last.is_none() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let Membership { consortium, member, .. } = membership;
    match standing::compare(store, &receipt_key, consortium, member, last).await? {
        Standing::InStep => Ok("in step with the hub's last receipt".to_owned()),
        Standing::HubBehind { after } => {
            Ok(format!("the hub has lost what came after release {after}; the next sync sends it"))
        }
    }
}
