//! `BenchmarkService`: where a school stands, its like schools, its peers.
//!
//! A member asks about its own schools and those of members that granted it
//! oversight. Contacts are never in an answer.

use std::sync::Arc;

use peerlight_hub_engine::{analysis, display, peer, pooling};
use peerlight_proto::{
    names::SchoolId,
    v1::{
        Benchmark, LikeSchool, ListBenchmarksRequest, ListBenchmarksResponse, ListPeersRequest,
        ListPeersResponse, ListSimilarRequest, ListSimilarResponse, Peer, PeerAnswer, Pooled,
        Precision, Reason, benchmark_service_server::BenchmarkService,
    },
};
use tonic::{Request, Response, Status};

use super::caller;
use crate::{error::Error, hub::Hub, run::Run, store::grant};

/// Answers questions about benchmarks.
pub struct Benchmarks(pub Arc<Hub>);

#[tonic::async_trait]
impl BenchmarkService for Benchmarks {
    async fn list_benchmarks(
        &self,
        request: Request<ListBenchmarksRequest>,
    ) -> Result<Response<ListBenchmarksResponse>, Status> {
        let asked = self.asked(&request, &request.get_ref().school_id).await?;
        let Some((run, school)) = asked else {
            return Ok(Response::new(ListBenchmarksResponse::default()));
        };
        let rows = run.analysis.benchmarks_of(school);
        let mut benchmarks: Vec<Benchmark> =
            rows.iter().map(|row| benchmark(&run.analysis, row)).collect();
        benchmarks
            .sort_by(|one, other| (&one.measure, &one.group).cmp(&(&other.measure, &other.group)));
        Ok(Response::new(ListBenchmarksResponse { benchmark_run: run.number, benchmarks }))
    }

    async fn list_similar(
        &self,
        request: Request<ListSimilarRequest>,
    ) -> Result<Response<ListSimilarResponse>, Status> {
        let asked = self.asked(&request, &request.get_ref().school_id).await?;
        let Some((run, school)) = asked else {
            return Ok(Response::new(ListSimilarResponse::default()));
        };
        let found = &run.analysis.like[school];
        Ok(Response::new(ListSimilarResponse {
            schools: found.like.iter().map(|like| like_school(&run, school, *like)).collect(),
            missing_features: found.missing_features.clone(),
        }))
    }

    async fn list_peers(
        &self,
        request: Request<ListPeersRequest>,
    ) -> Result<Response<ListPeersResponse>, Status> {
        let asked = self.asked(&request, &request.get_ref().school_id).await?;
        let Some((run, school)) = asked else {
            return Ok(Response::new(ListPeersResponse::default()));
        };
        let wanted = &request.get_ref().measure;
        let answers = run.analysis.peers.iter().filter(|found| {
            let measure = run.analysis.measures[found.measure].id.as_str();
            found.school == school
                && found.group == peerlight_proto::group::StudentGroup::All
                && (wanted.is_empty() || wanted == measure)
        });
        let answers = answers.map(|found| peer_answer(&run, found)).collect();
        Ok(Response::new(ListPeersResponse { answers }))
    }
}

impl Benchmarks {
    /// The newest run and the school's position in it, if the caller may ask
    /// about it; nothing while no run was made.
    async fn asked<T>(
        &self,
        request: &Request<T>,
        school: &str,
    ) -> Result<Option<(Arc<Run>, usize)>, Error> {
        let caller = caller::receiver(&self.0, request).await?;
        let id = SchoolId::new(school)?;
        let directory = self.0.in_force().await?.directory.clone();
        let lea = directory.directory.school(&id).map(|school| &school.lea);
        let mut may_ask = lea == Some(&caller.id);
        if !may_ask {
            let grants = grant::list_for_overseer(&self.0.store, &caller.id).await?;
            may_ask = grants.iter().any(|grant| Some(&grant.member) == lea);
        }
        if !may_ask {
            return Err(Error::NotYours(id));
        }
        let Some(run) = self.0.newest_run().await? else { return Ok(None) };
        let schools = &run.in_force.directory.directory.schools;
        let position = schools.binary_search_by(|known| known.id.cmp(&id)).ok();
        Ok(position.map(|position| (run, position)))
    }
}

/// A number that may not be shown is not in the answer.
fn benchmark(analysis: &analysis::Analysis, row: &analysis::Benchmark) -> Benchmark {
    let shown = row.estimate.filter(|_| row.precision.is_shown());
    let standing = row.standing.filter(|_| row.precision.is_shown());
    Benchmark {
        measure: analysis.measures[row.measure].id.to_string(),
        group: row.group.to_string(),
        precision: Precision::from(row.precision).into(),
        estimate: shown.map(|estimate| estimate.value),
        privacy_standard_error: shown.map(|estimate| estimate.privacy_standard_error),
        natural_standard_error: shown.map(|estimate| estimate.natural_standard_error),
        low: shown.map(|estimate| estimate.low),
        high: shown.map(|estimate| estimate.high),
        network_mean: row.network_mean,
        percentile_rank: standing.map(|standing| standing.rank),
        percentile_rank_low: standing.map(|standing| standing.rank_low),
        percentile_rank_high: standing.map(|standing| standing.rank_high),
        level: standing.map(|standing| standing.level),
        students_needed: row.students_needed,
        as_of: row.as_of.map(|day| day.to_string()),
        pooled: row.pooled.map(pooled),
    }
}

/// A band has no estimate, as on the pages.
fn pooled(found: pooling::Pooled) -> Pooled {
    let pooling::Pooled { first, last, precision, estimate } = found;
    Pooled {
        first_school_year: first.ending_year().into(),
        last_school_year: last.ending_year().into(),
        precision: Precision::from(precision).into(),
        estimate: (precision == display::Precision::Point).then_some(estimate.value),
        privacy_standard_error: estimate.privacy_standard_error,
        natural_standard_error: estimate.natural_standard_error,
        low: estimate.low,
        high: estimate.high,
    }
}

fn like_school(run: &Run, asking: usize, like: peerlight_hub_engine::similar::Like) -> LikeSchool {
    let schools = &run.in_force.directory.directory.schools;
    let (yours, theirs) = (&schools[asking], &schools[like.school]);
    let weights = run.in_force.charter.charter.policy.similar.weight.keys();
    let reasons = weights.filter_map(|feature| {
        // People read enrolment, not its logarithm.
        let name = if feature == "log_enrollment" { "enrollment" } else { feature };
        let value = |school: &peerlight_proto::directory::School| match name {
            "enrollment" => school.enrollment.map(f64::from),
            name => school.features.get(name).copied(),
        };
        Some(Reason { feature: name.to_owned(), yours: value(yours)?, theirs: value(theirs)? })
    });
    LikeSchool {
        school_id: theirs.id.to_string(),
        name: theirs.name.clone(),
        lea_id: theirs.lea.to_string(),
        distance: like.distance,
        reasons: reasons.collect(),
    }
}

fn peer_answer(run: &Run, found: &analysis::PeerAnswer) -> PeerAnswer {
    let schools = &run.in_force.directory.directory.schools;
    let measure = run.analysis.measures[found.measure].id.to_string();
    let claim = run.in_force.charter.charter.policy.display.claim_probability;
    let peers = found.answer.peers.iter().map(|peer| Peer {
        school_id: schools[peer.school].id.to_string(),
        name: schools[peer.school].name.clone(),
        lea_id: schools[peer.school].lea.to_string(),
        measure: measure.clone(),
        growth: peer.growth,
        growth_low: peer.growth_low,
        growth_high: peer.growth_high,
        probability_better: peer.probability_better,
        stability: peer.stability,
        distance: peer.distance,
    });
    let own = found.answer.own;
    let interval = own.map(peer::interval);
    PeerAnswer {
        peers: peers.collect(),
        explanation: found.answer.explanation(claim),
        own_growth: own.map(|own| own.mean),
        own_growth_low: interval.map(|(low, _)| low),
        own_growth_high: interval.map(|(_, high)| high),
        measure,
    }
}
