//! One sync: what a node does each time it calls its hub.
//!
//! ```text
//! certificate ▶ standing ▶ documents ▶ history ▶ approval ▶ due? ▶ count ▶ draw ▶ send ▶ receipts
//!                                        └ rolled back: stop   └ not current: draw nothing
//! ```
//!
//! Each step is safe to repeat. What was drawn is sent even when nothing new may
//! be drawn; a failure leaves everything before it done and nothing half done.

mod due;
mod export;
mod outbound;
mod started;

pub use export::{Exported, Wish, export};
use peerlight_proto::{
    names::{PeriodId, ProgramId},
    units::UnixSeconds,
    v1::MemberStatus,
};
pub(crate) use started::{add_corrections, batches, started};

use crate::{
    approval::{self, Approved},
    documents::Documents,
    error::Error,
    hub::{Hub, HubError},
    keys::{self, Keys},
    membership::{self, Membership},
    node::Node,
    release::standing::{self, Standing},
    store::{approvals, audit, outbox},
};

/// What a sync did.
#[derive(Debug)]
pub struct Synced {
    /// Releases drawn by this sync.
    pub drawn: usize,
    /// Receipts received by this sync.
    pub receipts: usize,
    /// Programs that are due but cannot be released, with the reason.
    pub blocked: Vec<Blocked>,
    /// Releases that are due and wait for a person's approval.
    pub awaiting: Vec<(ProgramId, PeriodId)>,
    /// When the next offered step of the calendar is due, if one is left.
    pub next_due: Option<UnixSeconds>,
    /// Why nothing new was drawn, or not everything was sent.
    pub problem: Option<Error>,
}

/// A program that is due but cannot be released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The program.
    pub program: ProgramId,
    /// Its period.
    pub period: PeriodId,
    /// A sentence: why, and what to do.
    pub reason: String,
}

/// What a sync has learned from the hub.
struct Called {
    hub: Hub,
    membership: Membership,
    documents: Documents,
    status: MemberStatus,
    /// The hub's clock less this node's, seconds.
    ahead_seconds: i64,
}

/// Calls the hub: refreshes documents, draws what is due, sends what waits.
pub async fn sync(node: &Node) -> Result<Synced, Error> {
    let called = call(node).await?;
    let mut synced = Synced {
        drawn: 0,
        receipts: 0,
        blocked: Vec::new(),
        awaiting: Vec::new(),
        next_due: None,
        problem: None,
    };
    if called.status == MemberStatus::ReceiveOnly {
        return Ok(synced);
    }
    check_history(node, &called).await?;
    match current_approval(node, &called).await {
        Ok(approved) => {
            let outcome = due::draw(node, &called, &approved).await?;
            synced.drawn = outcome.drawn;
            synced.blocked = outcome.blocked;
            synced.awaiting = outcome.awaiting;
            synced.next_due = outcome.next_due;
            synced.problem = outcome.problem;
        }
        Err(error) => synced.problem = Some(error),
    }
    match outbound::send(node, &called).await {
        Ok(receipts) => synced.receipts = receipts,
        Err(outbound::Stopped { receipts, error }) => {
            synced.receipts = receipts;
            // What the hub says comes before what is to be approved.
            synced.problem = Some(error);
        }
    }
    Ok(synced)
}

/// Refreshes charter, directory and keys, and nothing else.
pub async fn refresh(node: &Node) -> Result<Documents, Error> {
    let membership = node.membership()?;
    let hub = node.hub().await?;
    Ok(Documents::fetch(&hub, &node.store, &membership, &node.clock).await?)
}

async fn call(node: &Node) -> Result<Called, Error> {
    let membership = node.membership()?;
    let hub = node.hub().await?;
    let standing = hub.standing().await?;
    let ahead_seconds = standing.hub_time_seconds - node.clock.now().0;
    let status = MemberStatus::try_from(standing.status).unwrap_or(MemberStatus::Unspecified);
    if status == MemberStatus::Suspended {
        let text = "this member is suspended; its operator can lift it, and nothing is lost";
        return Err(HubError::NotAllowed(text.to_owned()).into());
    }
    renew_if_old(node, &hub, &membership).await?;
    let documents = Documents::fetch(&hub, &node.store, &membership, &node.clock).await?;
    Ok(Called { hub, membership, documents, status, ahead_seconds })
}

/// Asks for the next certificate from two thirds of this one's life on.
pub async fn renew_if_old(node: &Node, hub: &Hub, membership: &Membership) -> Result<bool, Error> {
    let held = keys::certificate(&node.home)?.and_then(|pem| membership::validity(&pem));
    if held.is_some_and(|validity| node.clock.now() < validity.renew_from()) {
        return Ok(false);
    }
    let request = Keys::open(&node.home)?.certificate_request(&membership.member)?;
    let certificate = hub.renew(request).await?;
    if membership::validity(&certificate).is_none() {
        let text = "its new certificate cannot be read; the old one is kept";
        return Err(HubError::BadAnswer(text.to_owned()).into());
    }
    keys::store_certificate(&node.home, &certificate)?;
    let subject = membership.member.as_str();
    audit::insert(&node.store, node.clock.now(), "peerlight-node", "renew certificate", subject)
        .await?;
    Ok(true)
}

/// Refuses to go on if this node is behind its own history; sends again what
/// the hub has lost.
async fn check_history(node: &Node, called: &Called) -> Result<(), Error> {
    let last = called.hub.standing().await?.last_receipt;
    let Membership { consortium, member, .. } = &called.membership;
    let receipt_key = &called.documents.hub_keys.document.receipt_key;
    let standing =
        standing::compare(&node.store, receipt_key, consortium, member, last.as_ref()).await?;
    if let Standing::HubBehind { after } = standing {
        let again = outbox::update_resend_after(&node.store, after).await?;
        tracing::warn!(after, again, "the hub has lost releases; they are sent again");
    }
    Ok(())
}

/// The approval, if it is for what the hub has now; tells the hub of it.
async fn current_approval(node: &Node, called: &Called) -> Result<Approved, Error> {
    let approved = Approved::open(&node.store, &called.membership).await?;
    approved.check_current(&called.documents)?;
    tell_hub(node, &called.hub, &approved).await?;
    Ok(approved)
}

/// Tells the hub of the approval in force, unless it knows.
pub async fn tell_hub(node: &Node, hub: &Hub, approved: &Approved) -> Result<(), Error> {
    let record = &approved.record;
    if record.hub_told_at.is_none() {
        hub.record_approval(approval::message(&record.approval)).await?;
        approvals::update_hub_told(&node.store, record.id, node.clock.now()).await?;
    }
    Ok(())
}
