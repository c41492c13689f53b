//! Noise, charge, commit and seal of one district's whole year of releases,
//! beside what the same machine needs for the noise and the sealing alone.
//!
//! 100 schools of 1,000 students under the shipped charter; every release is
//! its own transaction, charge and envelope, on a database that flushes every
//! commit. The totals are made up: how long noise takes does not depend on
//! them.

use std::{collections::BTreeMap, num::NonZeroUsize, thread};

use anyhow::{Context, anyhow};
use opendp::{
    domains::{AtomDomain, VectorDomain},
    measurements::make_gaussian,
    measures::ZeroConcentratedDivergence,
    metrics::L2Distance,
};
use peerlight_node::{
    release::{
        decision::ReleasePolicy,
        prepare::{Terms, prepare},
        seal::{Sender, seal},
    },
    store::{
        Store,
        approvals::{self, Approval},
        outbox,
    },
};
use peerlight_node_engine::privacy::exact::ExactRelease;
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    document,
    envelope::{self, EnvelopeSecret},
    layout::{LayoutError, ReleaseLayout, year_layouts},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{ContentHash, Grade, GradeSet, SchoolYear, UnixSeconds},
    v1::{EnvelopeHeader, EnvelopeKey, HubKeys},
};
use ring::signature::Ed25519KeyPair;

use super::{BenchContext, Row};
use crate::clock::{Stopwatch, timed};

const SCHOOLS: usize = 100;
const STUDENTS_A_SCHOOL: u32 = 1_000;
const ROUNDS: usize = 5;
const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

/// A district that approved the shipped charter, and a hub's keys.
struct District {
    charter: Charter,
    directory: Directory,
    member: MemberId,
    signing_key: Ed25519KeyPair,
    keys: HubKeys,
    layouts: Vec<ReleaseLayout>,
}

/// Seconds of one round.
#[derive(Clone, Copy)]
struct Round {
    prepare: f64,
    seal: f64,
}

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let district = District::new()?;
    let cells: usize = district.layouts.iter().map(ReleaseLayout::cells).sum();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rounds = Vec::new();
    let mut sealed_bytes = 0;
    for number in 0..ROUNDS {
        context.say(&format!("releasing a year, round {} of {ROUNDS}", number + 1));
        let path = context.scratch().join(format!("node-{number}.db"));
        let (round, bytes) = runtime.block_on(district.release(&path))?;
        rounds.push(round);
        sealed_bytes = bytes;
    }
    rounds.sort_by(|a, b| (a.prepare + a.seal).total_cmp(&(b.prepare + b.seal)));
    let median = rounds[ROUNDS / 2];
    let total = median.prepare + median.seal;

    context.say("drawing the same noise by the library alone");
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).get();
    let (drawn, one_thread) = timed(|| district.library_noise());
    drawn?;
    let (sealed, sealing) = timed(|| district.library_sealing());
    sealed?;
    let limit = one_thread / threads as f64 + sealing;
    Ok(vec![
        Row::at_most("noise, charge, commit and seal, median", total, "s", 1.0),
        Row::note("of it noise, charge and commit", median.prepare, "s"),
        Row::note("of it seal", median.seal, "s"),
        Row::note("cells", cells as f64, "cells"),
        Row::note("releases", district.layouts.len() as f64, "releases"),
        Row::note("sealed", sealed_bytes as f64, "bytes"),
        Row::note("the library's noise alone, one thread", cells as f64 / one_thread, "cells/s"),
        Row::note(format!("limit: noise on {threads} threads and sealing alone"), limit, "s"),
        Row::note("total against that limit", total / limit, "x"),
    ])
}

impl District {
    fn new() -> anyhow::Result<Self> {
        let school_year = SchoolYear::ending(2026)?;
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
            (0..SCHOOLS).map(|number| school(number, &member)).collect::<anyhow::Result<_>>()?;
        let directory = Directory {
            consortium,
            number: 1,
            school_year,
            features_source: "made up".to_owned(),
            schools,
        };
        let layouts = year_layouts(&charter, &directory, &member)
            .into_iter()
            .collect::<Result<_, LayoutError>>()?;
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

    fn terms(&self) -> Terms<'_> {
        Terms {
            charter: &self.charter,
            charter_hash: ContentHash::of(b"charter"),
            directory: &self.directory,
            directory_hash: ContentHash::of(b"directory"),
            member: &self.member,
            policy: ReleasePolicy::Auto,
        }
    }

    /// Approves, then releases everything; gives the time and the bytes sealed.
    async fn release(&self, path: &std::path::Path) -> anyhow::Result<(Round, usize)> {
        let store = Store::open(path).await?;
        approvals::insert(&store, &self.approval(), NOW).await?;
        let sender = Sender {
            consortium: &self.charter.consortium,
            member: &self.member,
            signing_key: &self.signing_key,
        };
        let totals: Vec<ExactRelease> = self.layouts.iter().map(made_up).collect();
        let mut round = Round { prepare: 0.0, seal: 0.0 };
        let mut bytes = 0;
        for (layout, exact) in self.layouts.iter().zip(totals) {
            let watch = Stopwatch::start();
            let release = prepare(&store, self.terms(), layout, exact, NOW).await?.into_release();
            round.prepare += watch.seconds();
            let watch = Stopwatch::start();
            let payload = outbox::find_payload(&store, &release.entry.release_id).await?;
            let payload = payload.context("a release without its payload")?;
            bytes += seal(sender, &self.keys, &release, &payload, NOW)?.len();
            round.seal += watch.seconds();
        }
        store.close().await;
        Ok((round, bytes))
    }

    fn approval(&self) -> Approval {
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

    /// The same cells by one call of the library a block, on one thread.
    fn library_noise(&self) -> anyhow::Result<usize> {
        let mut drawn = 0;
        for block in self.layouts.iter().flat_map(|layout| &layout.blocks) {
            let domain = VectorDomain::new(AtomDomain::<i64>::default());
            let gaussian = make_gaussian::<_, _, ZeroConcentratedDivergence>(
                domain,
                L2Distance::<f64>::default(),
                block.sigma.units(),
                None,
            )
            .map_err(|error| anyhow!("{error:?}"))?;
            let noisy = gaussian.invoke(&vec![0; block.cells()]);
            drawn += noisy.map_err(|error| anyhow!("{error:?}"))?.len();
        }
        Ok(drawn)
    }

    /// One envelope a release around bytes of about its size.
    fn library_sealing(&self) -> anyhow::Result<usize> {
        let key = &self.keys.envelope_keys[0].public_key;
        let mut bytes = 0;
        for layout in &self.layouts {
            let payload = vec![0; layout.cells() * 2];
            let header = EnvelopeHeader::default();
            bytes += envelope::seal(header, &payload, key, &self.signing_key)?.len();
        }
        Ok(bytes)
    }
}

fn made_up(layout: &ReleaseLayout) -> ExactRelease {
    let blocks = layout.blocks.iter().map(|block| (0..block.cells() as i64).collect());
    ExactRelease::from_blocks(blocks.collect())
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
