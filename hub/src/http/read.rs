//! What pages, exports and API are read from: the charter and directory in
//! force, and the newest benchmark run.
//!
//! Each function takes a [`Scope`], or what only a scope can make; it is the
//! one place where rows are chosen for a reader.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono_tz::Tz;
use peerlight_hub_engine::{
    analysis::{Benchmark, NetworkRow, PeerAnswer},
    comparison::{Comparison, compare},
};
use peerlight_proto::{
    directory::{Level, School},
    group::StudentGroup,
    names::{MeasureId, MemberId},
};

use super::{
    Web,
    problem::Problem,
    scope::{OwnSchool, Scope},
};
use crate::{
    in_force::InForce,
    run::Run,
    store::member,
    view::{
        member::not_offered,
        peer::Peers,
        school::Line,
        similar::Likeness,
        words::{Shown, date},
    },
};

const NO_RUN: &str = "no benchmarks have been computed yet; the hub's operator has to run \
                      `peerlight-hub benchmark run`";

/// Everything a page of schools needs.
pub struct Reading {
    /// Charter and directory in force.
    pub in_force: Arc<InForce>,
    /// The newest benchmark run.
    pub run: Arc<Run>,
    /// Names of members.
    names: BTreeMap<MemberId, String>,
}

/// Names of members, by id.
pub async fn names(web: &Web) -> Result<BTreeMap<MemberId, String>, Problem> {
    let members = member::list(&web.store).await?;
    Ok(members.into_iter().map(|member| (member.id, member.name)).collect())
}

/// The charter's time zone; UTC where it names none that is known.
pub fn zone(in_force: &InForce) -> Tz {
    in_force.charter.charter.policy.time_zone.parse().unwrap_or(Tz::UTC)
}

/// The newest run with the charter and directory it was made under.
pub async fn reading(web: &Web) -> Result<Reading, Problem> {
    let run = web.newest_run().await?.ok_or_else(|| Problem::NotYet(NO_RUN.to_owned()))?;
    Ok(Reading { in_force: Arc::clone(&run.in_force), run, names: names(web).await? })
}

impl Reading {
    /// A member's name, or its id.
    pub fn member_name(&self, id: &MemberId) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The name of a school's district.
    pub fn district_of(&self, school: &School) -> String {
        self.member_name(&school.lea)
    }

    /// Which data this is, and of when.
    pub fn dateline(&self) -> String {
        format!(
            "School year {}, benchmark run {} of {}",
            self.in_force.charter.charter.school_year,
            self.run.number,
            date(self.run.finished_at, zone(&self.in_force))
        )
    }

    /// A school of the reader's; any other does not exist for them.
    pub fn school(&self, scope: &Scope, id: &str) -> Result<OwnSchool<'_>, Problem> {
        scope.school(&self.in_force.directory.directory, id).ok_or(Problem::NotFound)
    }

    /// A school's position in the directory.
    pub fn position(&self, school: OwnSchool<'_>) -> Result<usize, Problem> {
        let schools = &self.in_force.directory.directory.schools;
        schools
            .binary_search_by(|other| other.id.cmp(&school.get().id))
            .map_err(|_| Problem::NotFound)
    }

    /// One school's lines, in the run's order of measures, then groups.
    pub fn lines(&self, school: OwnSchool<'_>) -> Result<Vec<Line<'_>>, Problem> {
        let analysis = &self.run.analysis;
        let own = analysis.benchmarks_of(self.position(school)?);
        Ok(own
            .iter()
            .filter(|row| match row.group {
                StudentGroup::Grade(grade) => school.get().grades.contains(grade),
                _ => true,
            })
            .map(|benchmark| {
                let measure = &analysis.measures[benchmark.measure];
                let shown = Shown::of(benchmark, measure);
                Line { measure, benchmark, shown, comparison: self.comparison(benchmark) }
            })
            .collect())
    }

    /// How a school compares with its like schools on one measure, all
    /// students together; only what may be shown is compared.
    fn comparison(&self, own: &Benchmark) -> Option<Comparison> {
        let analysis = &self.run.analysis;
        let better = analysis.measures[own.measure].better?;
        let posterior = own.posterior.filter(|_| own.precision.is_shown())?;
        if own.group != StudentGroup::All {
            return None;
        }
        let like = &analysis.like.get(own.school)?.like;
        let others = like.iter().filter_map(|like| {
            let rows = analysis.benchmarks_of(like.school);
            let key = (own.measure, own.group);
            let at = rows.binary_search_by_key(&key, |row| (row.measure, row.group)).ok()?;
            rows[at].posterior.filter(|_| rows[at].precision.is_shown())
        });
        let claim = self.in_force.charter.charter.policy.display.claim_probability;
        Some(compare(posterior, others, better, claim)).filter(|among| among.others() > 0)
    }

    /// Where the directory's figures come from, in words.
    pub fn features_source(&self) -> &str {
        match self.in_force.directory.directory.features_source.as_str() {
            "" => "the consortium's public directory of schools",
            source => source,
        }
    }

    /// The like schools of one school.
    pub fn likeness<'a>(&'a self, school: OwnSchool<'a>) -> Result<Likeness<'a>, Problem> {
        let position = self.position(school)?;
        Ok(Likeness {
            policy: &self.in_force.charter.charter.policy.similar,
            own: school.get(),
            found: self.run.analysis.like.get(position).ok_or(Problem::NotFound)?,
            schools: &self.in_force.directory.directory.schools,
        })
    }

    /// Peer answers of one school; of one measure, or of every growth measure.
    pub fn peers<'a>(
        &'a self,
        school: OwnSchool<'a>,
        measure: Option<&MeasureId>,
    ) -> Result<Peers<'a>, Problem> {
        let position = self.position(school)?;
        let analysis = &self.run.analysis;
        let chosen = |answer: &&PeerAnswer| {
            answer.school == position
                && answer.group == StudentGroup::All
                && measure.is_none_or(|id| analysis.measures[answer.measure].id == *id)
        };
        Ok(Peers {
            policy: &self.in_force.charter.charter.policy,
            own: school.get(),
            schools: &self.in_force.directory.directory.schools,
            measures: &analysis.measures,
            answers: analysis.peers.iter().filter(chosen).collect(),
        })
    }

    /// Distributions of one level and measure, or of all; of all students.
    pub fn network(&self, level: Option<Level>, measure: Option<&MeasureId>) -> Vec<&NetworkRow> {
        let analysis = &self.run.analysis;
        let chosen = |row: &&NetworkRow| {
            row.group == StudentGroup::All
                && level.is_none_or(|level| row.level == level)
                && measure.is_none_or(|id| analysis.measures[row.measure].id == *id)
        };
        analysis.network.iter().filter(chosen).collect()
    }

    /// How many districts the run has heard from, in a sentence.
    pub fn coverage(&self) -> String {
        let analysis = &self.run.analysis;
        let schools = &self.in_force.directory.directory.schools;
        let heard: BTreeSet<&MemberId> = analysis
            .benchmarks
            .iter()
            .filter(|row| row.estimate.is_some())
            .map(|row| &schools[row.school].lea)
            .collect();
        format!("{} of {} districts have reported.", heard.len(), analysis.districts.len())
    }

    /// One sentence a district: what it does not offer, of `districts`.
    pub fn not_offered(&self, districts: &[MemberId]) -> Vec<String> {
        let named: Vec<(&MemberId, String, Vec<String>)> = districts
            .iter()
            .filter_map(|id| {
                let offered = self.run.offered.get(id)?;
                let missing = self.run.analysis.measures.iter().filter(|measure| {
                    measure.better.is_some()
                        && !measure.programs.iter().any(|program| offered.contains(program))
                });
                let labels = missing.map(|measure| measure.label.clone()).collect();
                Some((id, self.member_name(id), labels))
            })
            .collect();
        not_offered(named.iter().map(|(id, name, labels)| (*id, name.as_str(), labels.clone())))
    }
}
