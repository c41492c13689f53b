//! Official results as what is believed of schools before their own estimates:
//! chosen when a run is made, kept with it, handed to the engine.

use std::collections::BTreeMap;

use peerlight_hub_engine::{
    anchor::{Anchors, Official},
    measure::reported_measures,
};
use peerlight_proto::{names::MeasureId, units::SchoolYear};

use crate::{
    error::Error,
    hub::Hub,
    in_force::InForce,
    store::{
        benchmark_run::OfficialPrior,
        public_file::{self, Official as Published},
    },
};

/// Years before the charter's that are looked at.
const EARLIER_YEARS: u16 = 3;

/// What a run takes for believed before a school's own estimate is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Priors {
    /// What is known of the network's schools of its level.
    #[default]
    Network,
    /// That, and the school's official result of an earlier year where there
    /// is one.
    Official,
}

/// The newest earlier official results of the directory's schools that are
/// like a measure of the charter: of one series and year a measure.
pub async fn choose(hub: &Hub, in_force: &InForce) -> Result<Vec<OfficialPrior>, Error> {
    let (charter, directory) = (&in_force.charter.charter, &in_force.directory.directory);
    let last = charter.school_year.earlier(1);
    let first = charter.school_year.earlier(EARLIER_YEARS);
    let measures = reported_measures(charter);
    let mut found: BTreeMap<MeasureId, Vec<OfficialPrior>> = BTreeMap::new();
    for (school, published) in public_file::all_students(&hub.store, first, last).await? {
        let Published { source, school_year, measure, value, .. } = published;
        let reported = measures.iter().find(|it| Some(it.id.as_str()) == measure.like);
        let (Some(reported), Some(value)) = (reported, value) else { continue };
        if directory.school(&school).is_none() {
            continue;
        }
        let prior =
            OfficialPrior { measure: reported.id.clone(), school, school_year, source, value };
        found.entry(reported.id.clone()).or_default().push(prior);
    }
    let newest = |priors: Vec<OfficialPrior>| {
        let series = |prior: &OfficialPrior| (prior.school_year, prior.source.clone());
        let newest = priors.iter().map(series).max();
        priors.into_iter().filter(move |prior| newest.as_ref() == Some(&series(prior)))
    };
    Ok(found.into_values().flat_map(newest).collect())
}

/// The results a run was made with, by the schools' positions in its directory.
pub fn anchors(in_force: &InForce, priors: &[OfficialPrior]) -> Anchors {
    let schools = &in_force.directory.directory.schools;
    let mut anchors = Anchors::new();
    for prior in priors {
        let position = schools.binary_search_by(|school| school.id.cmp(&prior.school));
        let Ok(position) = position else { continue };
        let official = anchors.entry(prior.measure.clone()).or_insert_with(|| Official {
            school_year: prior.school_year,
            results: std::collections::HashMap::new(),
        });
        official.results.insert(position, prior.value);
    }
    anchors
}

/// `ela_met from caaspp of 2023-24 (412 schools)`, a measure each; empty where
/// none were used.
pub fn words(priors: &[OfficialPrior]) -> Vec<String> {
    let mut schools: BTreeMap<(&MeasureId, &str, SchoolYear), usize> = BTreeMap::new();
    for prior in priors {
        *schools.entry((&prior.measure, &prior.source, prior.school_year)).or_default() += 1;
    }
    let word = |((measure, source, year), schools)| {
        format!("{measure} from {source} of {year} ({schools} schools)")
    };
    schools.into_iter().map(word).collect()
}
