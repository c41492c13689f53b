//! Stored releases as the engine takes them: each one's integers read by the
//! charter and directory it was made under, however many changes ago.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use peerlight_hub_engine::{
    comparable::{LeftOut, comparable},
    correction,
    estimate::Release,
};
use peerlight_proto::{
    layout,
    units::{ContentHash, SchoolYear},
    wire,
};

use crate::{
    error::Error,
    hub::Hub,
    in_force::{InForce, SignedCharter, SignedDirectory},
    store::{
        inconsistent,
        release::{self, Head},
    },
};

/// The releases of a school year that can stand beside each other.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Those that mean what the charter in force says.
    pub releases: Vec<Release>,
    /// Those that do not, and why.
    pub left_out: Vec<(Head, LeftOut)>,
}

/// Documents by hash, each read and verified once.
#[derive(Default)]
struct Known {
    charters: HashMap<ContentHash, Arc<SignedCharter>>,
    directories: HashMap<ContentHash, Arc<SignedDirectory>>,
}

impl Hub {
    /// The stored releases of the charter's year that `wanted` picks.
    pub async fn gather(
        &self,
        in_force: &InForce,
        wanted: impl Fn(&Head) -> bool,
    ) -> Result<Gathered, Error> {
        self.gather_year(in_force, in_force.charter.charter.school_year, wanted).await
    }

    /// The stored releases of any year that `wanted` picks, as far as they mean
    /// what the charter in force says.
    pub async fn gather_year(
        &self,
        in_force: &InForce,
        year: SchoolYear,
        wanted: impl Fn(&Head) -> bool,
    ) -> Result<Gathered, Error> {
        let mut known = Known::default();
        let mut gathered = Gathered::default();
        let mut usable = Vec::new();
        for head in release::list(&self.store, year.ending_year()).await?.into_iter().filter(wanted)
        {
            let (charter, directory) = known.documents_of(self, &head).await?;
            let found = comparable(&in_force.charter.charter, &charter.charter, &head.program);
            if let Err(reason) = found {
                gathered.left_out.push((head, reason));
                continue;
            }
            usable.push((head, charter, directory));
        }
        let names = usable.iter().map(|(head, ..)| (&head.member, &head.program, &head.period));
        let replaced = correction::replaced(&names.collect::<Vec<_>>());
        for ((head, charter, directory), replaced) in usable.into_iter().zip(replaced) {
            if replaced {
                gathered.left_out.push((head, LeftOut::Corrected));
                continue;
            }
            let release = self.decode(head, &charter, &directory).await?;
            gathered.releases.push(release);
        }
        Ok(gathered)
    }

    async fn decode(
        &self,
        head: Head,
        SignedCharter { charter, .. }: &SignedCharter,
        SignedDirectory { directory, .. }: &SignedDirectory,
    ) -> Result<Release, Error> {
        let broken = |problem: &dyn ToString| inconsistent("release", &problem.to_string());
        let Head { member, program, period, .. } = &head;
        let layout = layout::release_layout(charter, directory, member, program, period)
            .map_err(|problem| broken(&problem))?;
        let due = charter.program(program).and_then(|program| program.period_of(period));
        let due = due.ok_or_else(|| broken(&"period"))?.due.clone();
        let payload = release::find_payload(&self.store, member, &head.release_id).await?;
        let payload = payload.ok_or_else(|| broken(&"payload"))?;
        let blocks = wire::decode_payload(&payload, &layout).map_err(|problem| broken(&problem))?;
        Ok(Release { member: head.member, layout, due, blocks })
    }
}

impl Known {
    async fn documents_of(
        &mut self,
        hub: &Hub,
        head: &Head,
    ) -> Result<(Arc<SignedCharter>, Arc<SignedDirectory>), Error> {
        let charter = match self.charters.entry(head.charter_hash) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(unknown) => {
                let found = hub.charter_hashed(head.charter_hash).await?;
                let found = found.ok_or_else(|| inconsistent("release", "charter_hash"))?;
                Arc::clone(unknown.insert(found))
            }
        };
        let directory = match self.directories.entry(head.directory_hash) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(unknown) => {
                let found = hub.directory_hashed(head.directory_hash).await?;
                let found = found.ok_or_else(|| inconsistent("release", "directory_hash"))?;
                Arc::clone(unknown.insert(found))
            }
        };
        Ok((charter, directory))
    }
}
