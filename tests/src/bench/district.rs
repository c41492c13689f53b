//! A district that approved the shipped charter, for the benchmarks of what a
//! node does with its totals.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use peerlight_node::{
    home::Home,
    journal::{Book, Folder},
    keys::Keys,
    release::{
        decision::ReleasePolicy,
        prepare::{Terms, Totals, prepare},
    },
    store::{Store, approvals::Approval, outbox::OutboxRelease},
};
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    document,
    envelope::EnvelopeSecret,
    layout::{LayoutError, ReleaseLayout, year_layouts},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{ContentHash, Grade, GradeSet, SchoolYear, UnixSeconds},
    v1::{EnvelopeKey, HubKeys},
};
use ring::signature::Ed25519KeyPair;

const STUDENTS_A_SCHOOL: u32 = 1_000;

/// When everything happens.
pub(super) const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

/// A district that approved the shipped charter, and a hub's keys.
pub(super) struct District {
    pub(super) charter: Charter,
    pub(super) directory: Directory,
    pub(super) member: MemberId,
    pub(super) signing_key: Ed25519KeyPair,
    pub(super) keys: HubKeys,
    /// Its releases of a year, of a running count the first step.
    pub(super) layouts: Vec<ReleaseLayout>,
}

impl District {
    /// With so many schools, in a school year.
    pub(super) fn new(schools: usize, school_year: SchoolYear) -> anyhow::Result<Self> {
        let consortium = ConsortiumId::new("bench")?;
        let member = MemberId::new("district")?;
        let charter = Charter {
            consortium: consortium.clone(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").context("no standard preset")?,
            catalogue: Catalogue::shipped().hashed(),
        };
        let schools =
            (0..schools).map(|number| school(number, &member)).collect::<anyhow::Result<_>>()?;
        let directory = Directory {
            consortium,
            number: 1,
            school_year,
            features_source: "made up".to_owned(),
            schools,
        };
        Self::of(charter, directory, member)
    }

    /// One of these documents.
    pub(super) fn of(
        charter: Charter,
        directory: Directory,
        member: MemberId,
    ) -> anyhow::Result<Self> {
        let all = year_layouts(&charter, &directory, &member).into_iter();
        // A district without such schools has nothing to release of a program.
        let all = all.filter(|layout| !matches!(layout, Err(LayoutError::NoSchools(..))));
        let all: Vec<ReleaseLayout> = all.collect::<Result<_, LayoutError>>()?;
        // Later steps of a running count have the same cells as the first.
        let is_first = |layout: &ReleaseLayout| layout.step().is_none_or(|(_, step)| step == 0);
        let layouts = all.into_iter().filter(is_first).collect();
        let (_, public_key) = EnvelopeSecret::generate();
        let keys = HubKeys {
            consortium: "bench".to_owned(),
            number: 1,
            envelope_keys: vec![EnvelopeKey {
                key_id: document::key_id(&public_key),
                public_key,
                active_from_seconds: NOW.0,
                active_until_seconds: NOW.0 + 1,
                opens_until_seconds: NOW.0 + 2,
            }],
            receipt_key: Vec::new(),
        };
        let signing_key = Ed25519KeyPair::from_seed_unchecked(&[2; 32])
            .map_err(|_| anyhow!("cannot make a signing key"))?;
        Ok(Self { charter, directory, member, signing_key, keys, layouts })
    }

    /// What its releases are made under.
    pub(super) fn terms(&self) -> Terms<'_> {
        Terms {
            charter: &self.charter,
            charter_hash: ContentHash::of(b"charter"),
            directory: &self.directory,
            directory_hash: ContentHash::of(b"directory"),
            member: &self.member,
            policy: ReleasePolicy::Auto,
        }
    }

    /// Its contribution journal, under the keys of this home.
    pub(super) async fn book(&self, store: &Store, home: &Home) -> anyhow::Result<Book> {
        let folder = Folder::new(home.journal(), Keys::open(home)?.master());
        Ok(Book::open(store, folder, self.charter.school_year).await?)
    }

    /// Draws a step of a running count together with the journal's change;
    /// `None` for any other release.
    pub(super) async fn step(
        &self,
        store: &Store,
        book: &mut Book,
        layout: &ReleaseLayout,
        holders: &[u32],
    ) -> anyhow::Result<Option<OutboxRelease>> {
        let Some((exact, change)) = book.step(layout, holders, NOW)? else { return Ok(None) };
        let totals = Totals::Step { exact, journal: &change };
        let release = prepare(store, self.terms(), layout, totals, NOW).await?.into_release();
        book.adopt(store, change).await?;
        Ok(Some(release))
    }

    /// Its approval of them.
    pub(super) fn approval(&self) -> Approval {
        let terms = self.terms();
        Approval {
            charter_hash: terms.charter_hash,
            charter_number: 1,
            directory_hash: terms.directory_hash,
            directory_number: 1,
            school_year: self.charter.school_year,
            name: "bench".to_owned(),
            title: "bench".to_owned(),
            approved_on: "2026-06-01".to_owned(),
            offered: self.charter.policy.programs.iter().map(|p| p.id.clone()).collect(),
            ceiling: None,
        }
    }
}

/// Of a hundred schools 65 elementary, 17 middle and 18 high.
fn school(number: usize, member: &MemberId) -> anyhow::Result<School> {
    let (level, low, high) = match number {
        0..65 => (Level::Elementary, "TK", "05"),
        65..82 => (Level::Middle, "06", "08"),
        _ => (Level::High, "09", "12"),
    };
    Ok(School {
        id: SchoolId::new(format!("{number:03}"))?,
        lea: member.clone(),
        name: format!("School {number}"),
        level,
        school_type: "regular".to_owned(),
        grades: GradeSet::span(low.parse::<Grade>()?, high.parse::<Grade>()?),
        county: None,
        enrollment: Some(STUDENTS_A_SCHOOL),
        features: BTreeMap::new(),
    })
}
