//! The growth round of the charter's school year: open from the day the
//! charter is in force until the operator closes it, which pools the
//! histograms received and signs the percentile tables. It is opened again
//! only by a charter that changes the growth models.

use std::collections::BTreeSet;

use peerlight_hub_engine::growth::{Pooled, RoundError, close_round, reporting_members};
use peerlight_proto::{
    charter::ProgramKind,
    document,
    names::MemberId,
    units::{SchoolYear, UnixSeconds},
    v1::GrowthTables,
};
use prost::Message;

use crate::{error::Error, hub::Hub, in_force::InForce, store::document as documents};

/// Where the round stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The school year.
    pub school_year: SchoolYear,
    /// When it was closed, if it was.
    pub closed_at: Option<UnixSeconds>,
    /// Members that declared a histogram, and whether the hub holds one.
    pub members: Vec<(MemberId, Reported)>,
}

/// Whether a member's histogram is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It is.
    Yes,
    /// It is still to come.
    NotYet,
}

/// Where the round of the charter's year stands.
pub async fn status(hub: &Hub) -> Result<Status, Error> {
    let in_force = hub.in_force().await?;
    let programs: BTreeSet<_> = in_force
        .charter
        .charter
        .policy
        .programs
        .iter()
        .filter(|program| matches!(program.kind, ProgramKind::GrowthHistogram { .. }))
        .map(|program| program.id.clone())
        .collect();
    if programs.is_empty() {
        return Err(RoundError::NoProgram.into());
    }
    let gathered = hub.gather(&in_force, |head| programs.contains(&head.program)).await?;
    let reported = reporting_members(&gathered.releases);
    let offered = hub.offered(hub.now()).await?;
    let declared = offered.into_iter().filter(|(_, offered)| !offered.is_disjoint(&programs));
    let members = declared
        .map(|(member, _)| {
            let held = reported.contains(&member);
            (member, if held { Reported::Yes } else { Reported::NotYet })
        })
        .collect();
    Ok(Status {
        school_year: in_force.charter.charter.school_year,
        closed_at: closed_at(hub, &in_force).await?,
        members,
    })
}

/// Pools what is there and signs the tables. A closed round stays closed.
pub async fn close(hub: &Hub) -> Result<Vec<Pooled>, Error> {
    let in_force = hub.in_force().await?;
    let charter = &in_force.charter.charter;
    if closed_at(hub, &in_force).await?.is_some() {
        return Err(Error::RoundClosed(charter.school_year));
    }
    let gathered = hub.gather(&in_force, |_| true).await?;
    let round = close_round(charter, in_force.charter.hash, &gathered.releases)?;
    let number = documents::newest_number(&hub.store, document::GROWTH_TABLES).await? + 1;
    let year = charter.school_year.ending_year();
    hub.publish(document::GROWTH_TABLES, number, year, round.tables.encode_to_vec()).await?;
    Ok(round.pooled)
}

/// When tables were signed that serve the charter in force: a new charter that
/// keeps the growth models keeps a closed round closed.
async fn closed_at(hub: &Hub, in_force: &InForce) -> Result<Option<UnixSeconds>, Error> {
    let year = in_force.charter.charter.school_year.ending_year();
    let stored = documents::find_for_year(&hub.store, document::GROWTH_TABLES, year).await?;
    Ok(stored.and_then(|stored| {
        let tables = GrowthTables::decode(stored.signed.document.as_slice()).ok()?;
        let models = in_force.charter.charter.growth_hash();
        (tables.growth_hash == models.as_bytes()).then_some(stored.signed_at)
    }))
}
