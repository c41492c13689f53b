//! Everything that leaves was charged before, once: on the shipped release
//! transaction, and on mutants of it that must be caught.

use std::{collections::BTreeSet, num::NonZeroUsize};

use peerlight_node::{
    release::{
        decision::ReleasePolicy,
        prepare::{Terms, prepare},
    },
    store::{
        Store,
        approvals::{self, Approval},
        ledger, outbox,
    },
};
use peerlight_node_engine::privacy::{
    budget::YearLedger, exact::ExactRelease, release::NoisyRelease,
};
use peerlight_proto::{
    layout::ReleaseLayout,
    units::{ContentHash, UnixSeconds},
};

use crate::district::{District, UNDER};

const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

/// A district that approved everything, with a database.
struct Node {
    district: District,
    store: Store,
    folder: tempfile::TempDir,
}

impl Node {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let district = District::new();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let node = Self { district, store, folder };
        let terms = node.terms();
        let approval = Approval {
            charter_hash: terms.charter_hash,
            charter_number: 1,
            directory_hash: terms.directory_hash,
            directory_number: 1,
            school_year: terms.charter.school_year,
            name: "A. Adams".to_owned(),
            title: "Superintendent".to_owned(),
            approved_on: "2025-08-01".to_owned(),
            offered: terms.charter.policy.programs.iter().map(|it| it.id.clone()).collect(),
            ceiling: None,
        };
        approvals::insert(&node.store, &approval, NOW).await.unwrap();
        node
    }

    fn terms(&self) -> Terms<'_> {
        Terms {
            charter: &self.district.charter,
            charter_hash: UNDER.charter_hash,
            directory: &self.district.directory,
            directory_hash: UNDER.directory_hash,
            member: &self.district.member,
            policy: ReleasePolicy::Auto,
        }
    }

    /// Releases by the shipped transaction; gives the digest that may leave.
    async fn release(&self, layout: &ReleaseLayout) -> ContentHash {
        let prepared = prepare(&self.store, self.terms(), layout, zeros(layout), NOW).await;
        prepared.unwrap().into_release().entry.payload_digest
    }

    /// What a node that starts again finds charged.
    async fn charged_on_disk(&self) -> Vec<ContentHash> {
        let again = Store::open(&self.folder.path().join("node.db")).await.unwrap();
        let entries = ledger::list(&again).await.unwrap();
        entries.iter().map(|entry| entry.payload_digest).collect()
    }

    /// Digests that left although no entry on the disk paid for them.
    async fn unpaid(&self, left: &[ContentHash]) -> Vec<ContentHash> {
        let paid: BTreeSet<_> = self.charged_on_disk().await.into_iter().collect();
        left.iter().copied().filter(|digest| !paid.contains(digest)).collect()
    }
}

fn zeros(layout: &ReleaseLayout) -> ExactRelease {
    let blocks = layout.blocks.iter().map(|block| vec![0; block.cells()]);
    ExactRelease::from_blocks(blocks.collect())
}

/// Draws without a database: what a node must never do.
fn drawn_aside(district: &District, layout: &ReleaseLayout) -> ContentHash {
    let charge = YearLedger::new(district.charter.school_year, district.budget())
        .charge(layout, UNDER)
        .unwrap();
    NoisyRelease::draw(zeros(layout), layout, charge, NonZeroUsize::MIN).unwrap().digest()
}

/// Whether two answers to one program and period are one draw.
fn is_one_draw(first: ContentHash, again: ContentHash) -> bool {
    first == again
}

#[tokio::test]
async fn a_retry_gives_what_was_drawn_and_all_that_left_is_paid_for() {
    let node = Node::new().await;
    let mut left = Vec::new();
    for layout in &node.district.layouts()[..4] {
        let first = node.release(layout).await;
        assert!(is_one_draw(first, node.release(layout).await));
        left.push(first);
    }
    assert_eq!(node.unpaid(&left).await, []);
    assert_eq!(node.charged_on_disk().await, left);
}

#[tokio::test]
async fn two_syncs_at_once_draw_each_release_once() {
    let node = Node::new().await;
    let layouts = node.district.layouts();
    let all = async |count: usize| {
        let mut digests = Vec::new();
        for layout in &layouts[..count] {
            digests.push(node.release(layout).await);
        }
        digests
    };
    let (one, other) = tokio::join!(all(6), all(6));
    assert_eq!(one, other);
    assert_eq!(outbox::list(&node.store).await.unwrap().len(), 6);
}

#[tokio::test]
async fn new_noise_on_a_retry_is_caught() {
    let node = Node::new().await;
    let layout = &node.district.layouts()[0];
    let first = node.release(layout).await;
    assert!(!is_one_draw(first, drawn_aside(&node.district, layout)));
}

#[tokio::test]
async fn a_ledger_that_was_not_flushed_before_sending_is_caught() {
    let node = Node::new().await;
    let layouts = node.district.layouts();
    let paid = node.release(&layouts[0]).await;
    // Sent first; the power fails before its entry is on the disk.
    let sent_too_early = drawn_aside(&node.district, &layouts[1]);
    assert_eq!(node.unpaid(&[paid, sent_too_early]).await, [sent_too_early]);
}
