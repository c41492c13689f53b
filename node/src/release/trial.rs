//! A small approved district and a pretended hub, for this module's tests.

use std::{collections::BTreeMap, path::PathBuf};

use peerlight_node_engine::{
    privacy::{
        exact::ExactRelease,
        journal::{Cells, Student},
    },
    student::{Chunk, Column, Values},
};
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Continual, Period, Policy},
    directory::{Directory, Level, School},
    document,
    envelope::EnvelopeSecret,
    layout::{ReleaseLayout, release_layout},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{ContentHash, GradeSet, SchoolYear, UnixSeconds},
    v1::{EnvelopeHeader, EnvelopeKey, HubKeys, Receipt, SignedReceipt},
};
use prost::Message;
use ring::signature::Ed25519KeyPair;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use super::{
    decision::ReleasePolicy,
    prepare::{PrepareError, Prepared, Terms, Totals, prepare},
    seal::Sender,
};
use crate::{
    home::Home,
    journal::{Book, Folder, JournalError},
    keys::Keys,
    store::{
        Store,
        approvals::{self, Approval},
    },
};

pub(super) const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

pub(super) struct Trial {
    /// Where its files are: a folder of its own, unless a test says otherwise.
    pub(super) folder: PathBuf,
    _own: TempDir,
    pub(super) charter: Charter,
    pub(super) charter_hash: ContentHash,
    pub(super) directory: Directory,
    pub(super) member: MemberId,
    pub(super) signing_key: Ed25519KeyPair,
    pub(super) receipt_key: Ed25519KeyPair,
    pub(super) hub_secret: EnvelopeSecret,
    pub(super) hub_keys: HubKeys,
    pub(super) policy: ReleasePolicy,
}

impl Trial {
    pub(super) fn new() -> Self {
        let school_year = SchoolYear::ending(2026).unwrap();
        let consortium = ConsortiumId::new("test").unwrap();
        let member = MemberId::new("37").unwrap();
        let charter = Charter {
            consortium: consortium.clone(),
            number: 3,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        };
        let school = |id: &str| School {
            id: SchoolId::new(id).unwrap(),
            lea: member.clone(),
            name: String::new(),
            level: Level::K12,
            school_type: "regular".to_owned(),
            grades: GradeSet::ALL,
            county: None,
            enrollment: Some(500),
            features: BTreeMap::new(),
        };
        let directory = Directory {
            consortium,
            number: 5,
            school_year,
            features_source: String::new(),
            schools: vec![school("1"), school("2")],
        };
        let (hub_secret, public_key) = EnvelopeSecret::generate();
        let receipt_key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
        let hub_keys = HubKeys {
            consortium: "test".to_owned(),
            number: 1,
            envelope_keys: vec![EnvelopeKey {
                key_id: document::key_id(&public_key),
                public_key,
                active_from_seconds: NOW.0 - 1,
                active_until_seconds: NOW.0 + 1000,
                opens_until_seconds: NOW.0 + 2000,
            }],
            receipt_key: document::public_key(&receipt_key),
        };
        let own = tempfile::tempdir().unwrap();
        Self {
            folder: own.path().to_owned(),
            _own: own,
            charter,
            charter_hash: ContentHash::of(b"charter"),
            directory,
            member,
            signing_key: Ed25519KeyPair::from_seed_unchecked(&[2; 32]).unwrap(),
            receipt_key,
            hub_secret,
            hub_keys,
            policy: ReleasePolicy::Auto,
        }
    }

    /// The same, with a measure's program as a running count.
    pub(super) fn continual(program: &str, steps: u32, changes: u32) -> Self {
        let mut trial = Self::new();
        let programs = &mut trial.charter.policy.programs;
        let program = programs.iter_mut().find(|it| it.id.as_str() == program).unwrap();
        program.continual = Some(Continual { changes });
        let period = |month: u32| Period {
            id: format!("month-{month}").parse().unwrap(),
            due: format!("2026-{month:02}-01"),
        };
        program.periods = (1..=steps).map(period).collect();
        trial
    }

    /// Keys of a node, made at the first call.
    pub(super) fn keys(&self) -> Keys {
        let home = Home::at(self.path("home"));
        if home.check().is_err() && !home.keys().exists() {
            home.create().unwrap();
            Keys::create(&home).unwrap();
        }
        Keys::open(&home).unwrap()
    }

    /// An approval of a charter after this one.
    pub(super) fn newer(&self) -> Approval {
        let charter_hash = ContentHash::of(b"a newer charter");
        Approval { charter_hash, charter_number: self.charter.number + 1, ..self.approval() }
    }

    /// A database of this name, where everything is approved.
    pub(super) async fn approved(&self, name: &str) -> Store {
        let store = Store::open(&self.path(name)).await.unwrap();
        approvals::insert(&store, &self.approval(), NOW).await.unwrap();
        store
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Opens an existing database that may not grow beyond `pages`.
    pub(super) async fn limited(&self, name: &str, pages: usize) -> Store {
        let options = SqliteConnectOptions::new().filename(self.path(name));
        Store::connect(options.pragma("max_page_count", pages.to_string())).await.unwrap()
    }

    pub(super) fn approval(&self) -> Approval {
        Approval {
            charter_hash: self.terms().charter_hash,
            charter_number: self.charter.number,
            directory_hash: self.terms().directory_hash,
            directory_number: self.directory.number,
            school_year: self.charter.school_year,
            name: "Jo Doe".to_owned(),
            title: "Superintendent".to_owned(),
            approved_on: "2026-06-01".to_owned(),
            offered: self.charter.policy.programs.iter().map(|p| p.id.clone()).collect(),
            ceiling: None,
        }
    }

    pub(super) fn terms(&self) -> Terms<'_> {
        Terms {
            charter: &self.charter,
            charter_hash: self.charter_hash,
            directory: &self.directory,
            directory_hash: ContentHash::of(b"directory"),
            member: &self.member,
            policy: self.policy,
        }
    }

    /// The first release of a program.
    pub(super) fn layout(&self, program: &str) -> ReleaseLayout {
        self.layout_at(program, 0)
    }

    /// A program's release of one of its periods, counted from 0.
    pub(super) fn layout_at(&self, program: &str, period: usize) -> ReleaseLayout {
        let program = program.parse().unwrap();
        let period = &self.charter.program(&program).unwrap().periods[period].id;
        release_layout(&self.charter, &self.directory, &self.member, &program, period).unwrap()
    }

    /// The year's journal, as a node that starts finds it.
    pub(super) async fn book(&self, store: &Store) -> Result<Book, JournalError> {
        let folder = Folder::new(self.path("journal"), self.keys().master());
        Book::open(store, folder, self.charter.school_year).await
    }

    /// The journal after it has met so many students, all in one school and
    /// grade.
    pub(super) async fn met(&self, store: &Store, students: u128) -> Book {
        let mut book = self.book(store).await.unwrap();
        let mut journal = (*book.journal()).clone();
        let mut chunk = Chunk::default();
        chunk.school = vec![0];
        *chunk.values_mut(Column::GradeLevel) = Values::Bytes(vec![4]);
        let mut pass = journal.pass();
        let school = pass.school("1");
        for id in 0..students {
            let student = Student { statewide: None, local: Some(id) };
            pass.contact(student, school, Cells::read(&chunk, 0).unwrap());
        }
        let has_changed = pass.has_changed();
        book.met(store, journal, has_changed, NOW).await.unwrap();
        book
    }

    /// Prepares the first release of a program.
    pub(super) async fn prepare(
        &self,
        store: &Store,
        program: &str,
    ) -> Result<Prepared, PrepareError> {
        self.prepare_layout(store, &self.layout(program)).await
    }

    /// Prepares a release whose every total is 1000, or a step of a running
    /// count at which nobody has the status.
    pub(super) async fn prepare_layout(
        &self,
        store: &Store,
        layout: &ReleaseLayout,
    ) -> Result<Prepared, PrepareError> {
        if layout.step().is_some() {
            let mut book = self.book(store).await?;
            return self.prepare_step(store, &mut book, layout, &[]).await;
        }
        prepare(store, self.terms(), layout, exact(layout), NOW).await
    }

    /// Prepares a step of which these entries of the journal have the status.
    pub(super) async fn prepare_step(
        &self,
        store: &Store,
        book: &mut Book,
        layout: &ReleaseLayout,
        holders: &[u32],
    ) -> Result<Prepared, PrepareError> {
        let (exact, change) = book.step(layout, holders, NOW)?.unwrap();
        let totals = Totals::Step { exact, journal: &change };
        let prepared = prepare(store, self.terms(), layout, totals, NOW).await?;
        if matches!(prepared, Prepared::Drawn(_)) {
            book.adopt(store, change).await?;
        }
        Ok(prepared)
    }

    pub(super) fn sender(&self) -> Sender<'_> {
        Sender {
            consortium: &self.charter.consortium,
            member: &self.member,
            signing_key: &self.signing_key,
        }
    }

    /// The receipt an honest hub gives for this header.
    pub(super) fn receipt(header: &EnvelopeHeader) -> Receipt {
        Receipt {
            consortium: header.consortium.clone(),
            member: header.sender.clone(),
            release_id: header.release_id.clone(),
            sequence: header.sequence,
            payload_digest: header.payload_digest.clone(),
            ledger_sequence: header.ledger_sequence,
            ledger_head: header.ledger_head.clone(),
            received_at_seconds: NOW.0,
        }
    }

    pub(super) fn sign(&self, receipt: &Receipt) -> SignedReceipt {
        let receipt = receipt.encode_to_vec();
        let signature = document::sign_detached(&self.receipt_key, document::RECEIPT, &receipt);
        SignedReceipt { receipt, signature }
    }
}

pub(super) fn exact(layout: &ReleaseLayout) -> ExactRelease {
    ExactRelease::from_blocks(layout.blocks.iter().map(|block| vec![1000; block.cells()]).collect())
}
