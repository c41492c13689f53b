//! A malicious node with a member's real certificate and keys: envelopes that
//! were altered, blown up, or somebody else's. Nothing of it is stored, and the
//! honest release still goes through.

use std::future::Future;

use peerlight_node::{
    clock::Clock,
    documents::Documents,
    home::Home,
    hub::{Hub, HubError},
    keys::Keys,
    membership::Membership,
    node::Node as OpenNode,
    release::seal::{self, Sender},
    store::{outbox, receipts},
};
use peerlight_proto::{envelope, names::ReleaseId, v1::EnvelopeHeader};
use peerlight_tests::harness::Node;
use prost::Message;
use ring::signature::Ed25519KeyPair;

use crate::fixture::{Fixture, all_delivered_once, releases};

/// What an envelope's signature is made over, before its bytes.
const SIGNED: &[u8] = b"peerlight envelope signature v1\0";
/// Where the header's length begins, after the signature.
const LENGTH: usize = 64;
/// Where the header begins.
const HEADER: usize = 68;

/// A member's own node, opened by somebody who means harm.
struct Malicious {
    node: OpenNode,
    membership: Membership,
    documents: Documents,
    keys: Keys,
    hub: Hub,
}

impl Malicious {
    async fn open(node: &Node) -> Self {
        let home = Home::at(node.program.home());
        let node = OpenNode::open(home, Clock::system(), &[]).await.unwrap();
        Self {
            membership: node.membership().unwrap(),
            documents: node.documents().await.unwrap(),
            keys: Keys::open(&node.home).unwrap(),
            hub: node.hub().await.unwrap(),
            node,
        }
    }

    /// The next release that waits, sealed as the node itself would.
    async fn next_envelope(&self) -> (ReleaseId, Vec<u8>) {
        let waiting = outbox::list_unsent(&self.node.store).await.unwrap();
        let release = &waiting[0];
        let id = release.entry.release_id.clone();
        let payload = outbox::find_payload(&self.node.store, &id).await.unwrap().unwrap();
        let sender = Sender {
            consortium: &self.membership.consortium,
            member: &self.membership.member,
            signing_key: self.keys.signing(),
        };
        let hub_keys = &self.documents.hub_keys.document;
        let now = self.node.clock.now();
        (id, seal::seal(sender, hub_keys, release, &payload, now).unwrap())
    }
}

/// Lets a node draw its releases but not send all of them.
pub fn draw_without_sending(fixture: &Fixture, node: &Node) {
    for bytes in (2_000..).step_by(1_000) {
        fixture.relay.cut_after(bytes);
        assert!(node.program.run(&["sync"]).is_err(), "everything was sent within {bytes} bytes");
        if !releases(node).is_empty() {
            break;
        }
    }
    fixture.relay.mend();
    assert!(releases(node).iter().any(|release| release["state"] == "waiting"));
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

/// Signs a frame anew over what it says now.
fn sign(frame: &mut [u8], key: &Ed25519KeyPair) {
    let (signature, signed) = frame.split_at_mut(LENGTH);
    signature.copy_from_slice(key.sign(&[SIGNED, signed].concat()).as_ref());
}

/// The frame with another header, signed anew.
fn with_header(frame: &[u8], header: &EnvelopeHeader, key: &Ed25519KeyPair) -> Vec<u8> {
    let old = header_length(frame);
    let header = header.encode_to_vec();
    let length = (header.len() as u32).to_be_bytes();
    let mut changed = [&frame[..LENGTH], &length, &header, &frame[HEADER + old..]].concat();
    sign(&mut changed, key);
    changed
}

fn header_length(frame: &[u8]) -> usize {
    u32::from_be_bytes(frame[LENGTH..HEADER].try_into().unwrap()) as usize
}

#[test]
fn an_envelope_that_was_altered_is_refused_and_the_honest_one_goes_through() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    draw_without_sending(&fixture, node);
    let held = fixture.held(&node.district);
    block_on(async {
        let malicious = Malicious::open(node).await;
        let (_, frame) = malicious.next_envelope().await;
        let body = HEADER + header_length(&frame);
        let signing = malicious.keys.signing();
        let flipped = |position: usize| {
            let mut altered = frame.clone();
            altered[position] ^= 1;
            altered
        };
        let signed_anew = |position: usize| {
            let mut altered = flipped(position);
            sign(&mut altered, signing);
            altered
        };
        let header = EnvelopeHeader::decode(&frame[HEADER..body]).unwrap();
        let restated = |change: fn(&mut EnvelopeHeader)| {
            let mut header = header.clone();
            change(&mut header);
            with_header(&frame, &header, signing)
        };
        assert!(envelope::read(&restated(|_| ())).is_ok(), "the test can make good frames");

        let (unsigned, unopened) = ("signature does not hold", "cannot be opened");
        let cases = [
            ("the signature", flipped(0), unsigned),
            ("the header's length", flipped(LENGTH), "not well formed"),
            ("the header", flipped(HEADER + 3), unsigned),
            ("the encapsulated key", flipped(body + 5), unsigned),
            ("the body", flipped(body + 40), unsigned),
            ("the last byte", flipped(frame.len() - 1), unsigned),
            ("a cut body", frame[..frame.len() - 20].to_vec(), unsigned),
            ("the key, signed anew", signed_anew(body + 5), unopened),
            ("the body, signed anew", signed_anew(body + 40), unopened),
            ("the time of making", restated(|it| it.created_at_seconds -= 1), unopened),
            ("the ledger's position", restated(|it| it.ledger_sequence += 1), unopened),
        ];
        for (what, altered, sentence) in cases {
            let refused = malicious.hub.send_release(&altered).await.unwrap_err();
            // Invalid argument: the sender's fault, and no use to send it again.
            assert!(matches!(refused, HubError::Refused(_)), "{what}: {refused}");
            assert!(refused.to_string().contains(sentence), "{what}: {refused}");
        }
        let impostor = restated(|it| it.sender = "9999999".to_owned());
        let refused = malicious.hub.send_release(&impostor).await.unwrap_err();
        assert!(matches!(refused, HubError::NotAllowed(_)), "{refused}");
        assert!(refused.to_string().contains("9999999"), "{refused}");
    });
    assert_eq!(fixture.held(&node.district), held, "something altered was stored");
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}

#[test]
fn an_envelope_without_end_is_refused_early_and_the_hub_goes_on() {
    const MEBIBYTES: usize = 64;
    let fixture = Fixture::new(2);
    let (node, other) = (&fixture.nodes[0], &fixture.nodes[1]);
    let before = fixture.relay.sent();
    block_on(async {
        let malicious = Malicious::open(node).await;
        let refused = malicious.hub.send_release(&vec![7; MEBIBYTES << 20]).await.unwrap_err();
        assert!(matches!(refused, HubError::Refused(_)), "{refused}");
        assert!(refused.to_string().contains("larger than"), "{refused}");
    });
    let sent = fixture.relay.sent() - before;
    assert!(sent < MEBIBYTES << 18, "{sent} bytes were taken before the refusal");
    assert_eq!(fixture.held(&node.district), 0);
    for node in [other, node] {
        node.sync().unwrap();
        all_delivered_once(&fixture, node);
    }
}

#[test]
fn a_captured_envelope_is_of_use_to_its_sender_alone() {
    let fixture = Fixture::new(2);
    let (node, other) = (&fixture.nodes[0], &fixture.nodes[1]);
    draw_without_sending(&fixture, node);
    let held = fixture.held(&node.district);
    let (id, captured) = block_on(async { Malicious::open(node).await.next_envelope().await });
    block_on(async {
        let thief = Malicious::open(other).await;
        let refused = thief.hub.send_release(&captured).await.unwrap_err();
        assert!(matches!(refused, HubError::Refused(_)), "{refused}");
        assert!(refused.to_string().contains("signature does not hold"), "{refused}");
        // Nor under a signature of the thief's own.
        let mut signed = captured.clone();
        sign(&mut signed, thief.keys.signing());
        let refused = thief.hub.send_release(&signed).await.unwrap_err();
        assert!(matches!(refused, HubError::Refused(_) | HubError::NotAllowed(_)), "{refused}");
    });
    assert_eq!((fixture.held(&node.district), fixture.held(&other.district)), (held, 0));

    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    block_on(async {
        let again = Malicious::open(node).await;
        let kept = receipts::find(&again.node.store, &id).await.unwrap().unwrap();
        for _ in 0..2 {
            let receipt = again.hub.send_release(&captured).await.unwrap();
            assert_eq!(receipt, kept, "the same receipt, to the byte");
        }
    });
    all_delivered_once(&fixture, node);
}
