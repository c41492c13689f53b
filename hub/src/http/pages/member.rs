//! `/coe`: the members that granted oversight; `/operator`: all of them, with
//! what needs a person.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use peerlight_proto::{layout::release_layout, names::MemberId};

use super::{answer, shell};
use crate::{
    http::{
        Web,
        problem::{PageFailure, Problem},
        read::zone,
        rendering::Rendering,
        scope::{Operator, Overseer},
        session::Reader,
    },
    in_force::InForce,
    store::{
        approval::{self, Approval as Recorded},
        incident,
        member::{self, Member, Participation, State as Standing},
        release::{self, Head},
    },
    view::{
        member::{
            Approval, Freshness, IncidentRow, Incidents, MemberRow, MembersPage, civil_date, due,
            table,
        },
        words::date,
    },
};

const NOT_OVERSEER: Problem = Problem::NotForYou("county offices and others with a grant");
const NOT_OPERATOR: Problem = Problem::NotForYou("the hub's operator");

/// The members an overseer oversees.
pub async fn rows_overseen(web: &Web, reader: Overseer<'_>) -> Result<Vec<MemberRow>, Problem> {
    rows(web, |member| reader.oversees(member)).await
}

/// Every member.
pub async fn rows_all(web: &Web, _: Operator) -> Result<Vec<MemberRow>, Problem> {
    rows(web, |_| true).await
}

async fn rows(web: &Web, seen: impl Fn(&MemberId) -> bool) -> Result<Vec<MemberRow>, Problem> {
    let members = member::list(&web.store).await?;
    let members = members.into_iter().filter(|member| seen(&member.id));
    let (Some(_), Some(_)) = (web.charter().await?, web.directory().await?) else {
        return Ok(members.map(|member| before_charter(&member)).collect());
    };
    let in_force = web.in_force().await?;
    let year = in_force.charter.charter.school_year.ending_year();
    let mut releases: BTreeMap<MemberId, Vec<Head>> = BTreeMap::new();
    for head in release::list(&web.store, year).await? {
        releases.entry(head.member.clone()).or_default().push(head);
    }
    let approvals: BTreeMap<MemberId, Recorded> = approval::list(&web.store, in_force.charter.hash)
        .await?
        .into_iter()
        .map(|approval| (approval.member.clone(), approval))
        .collect();
    Ok(members
        .map(|member| {
            let heads = releases.get(&member.id).map(Vec::as_slice).unwrap_or_default();
            row(web, &in_force, &member, heads, approvals.get(&member.id))
        })
        .collect())
}

fn standing(member: &Member) -> String {
    let receives = member.participation == Participation::ReceiveOnly;
    let words = match member.state {
        Standing::Invited => "invited, has not joined",
        Standing::Active if receives => "active, receives only",
        other => other.as_str(),
    };
    words.to_owned()
}

fn before_charter(member: &Member) -> MemberRow {
    MemberRow {
        id: member.id.to_string(),
        name: member.name.clone(),
        standing: standing(member),
        schools: 0,
        approval: Approval::None,
        received: 0,
        due: 0,
        last_release: "none".to_owned(),
        freshness: Freshness::NothingDue,
    }
}

fn row(
    web: &Web,
    in_force: &InForce,
    member: &Member,
    heads: &[Head],
    recorded: Option<&Recorded>,
) -> MemberRow {
    let zone = zone(in_force);
    let today = civil_date(web.clock.now(), zone);
    let offered = recorded.map(|approval| approval.offered.iter().cloned().collect());
    let mut due = due(&in_force.charter.charter, &offered.unwrap_or_default(), today);
    // A program without a school of its grades has nothing to release.
    let (charter, directory) = (&in_force.charter.charter, &in_force.directory.directory);
    due.retain(|(program, period)| {
        release_layout(charter, directory, &member.id, program, period).is_ok()
    });
    let received = heads
        .iter()
        .filter(|head| due.contains(&(head.program.clone(), head.period.clone())))
        .count();
    let approval = match recorded {
        Some(approval) if approval.directory_hash == in_force.directory.hash => Approval::InForce,
        Some(_) => Approval::OlderDirectory,
        None => Approval::None,
    };
    let last = heads.iter().map(|head| head.received_at).max();
    let schools = in_force.directory.directory.schools_of(&member.id).count();
    let sends = member.participation == Participation::Full && schools > 0;
    MemberRow {
        schools,
        approval,
        received,
        due: due.len(),
        last_release: last.map_or_else(|| "none".to_owned(), |at| date(at, zone)),
        freshness: if sends {
            Freshness::of(received, due.len(), approval != Approval::None)
        } else {
            Freshness::NothingDue
        },
        ..before_charter(member)
    }
}

/// `/coe`.
pub async fn overseen(
    State(web): State<Web>,
    Reader(scope): Reader,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let rows = rows_overseen(&web, scope.overseer().ok_or(NOT_OVERSEER)?).await?;
    if rendering == Rendering::Csv {
        return Ok(table("my-districts", &rows).into_response());
    }
    Ok(answer(&MembersPage {
        shell: shell(&scope, "/coe", "My districts"),
        intro: "Members that signed a grant of oversight to your office, and what the hub has \
                received from them."
            .to_owned(),
        empty: "No member has granted oversight to your office yet.".to_owned(),
        csv: "/coe.csv",
        rows,
        incidents: None,
    }))
}

/// `/operator`.
pub async fn all(
    State(web): State<Web>,
    Reader(scope): Reader,
    rendering: Rendering,
) -> Result<Response, PageFailure> {
    let operator = scope.operator().ok_or(NOT_OPERATOR)?;
    let rows = rows_all(&web, operator).await?;
    if rendering == Rendering::Csv {
        return Ok(table("members", &rows).into_response());
    }
    let (open, acknowledged): (Vec<_>, Vec<_>) =
        incident::list(&web.store).await?.into_iter().partition(incident::Recorded::is_open);
    let open = open.into_iter().map(|incident::Recorded { id, incident, .. }| IncidentRow {
        id,
        at: date(incident.at, chrono_tz::Tz::UTC),
        member: incident.member.to_string(),
        kind: incident.kind,
        description: incident.description,
    });
    let incidents = Incidents { open: open.collect(), acknowledged: acknowledged.len() };
    Ok(answer(&MembersPage {
        shell: shell(&scope, "/operator", "Members"),
        intro: "Every member, and what the hub has received from it.".to_owned(),
        empty: "The consortium has no member yet: `peerlight-hub member add`.".to_owned(),
        csv: "/operator.csv",
        rows,
        incidents: Some(incidents),
    }))
}
