//! What has left, what it cost, what is left of the year's budget, and what
//! waits or was withheld.

use askama::Template;
use axum::{extract::State, response::Response};
use peerlight_proto::{layout::year_budget, names::ProgramId};

use super::{Problem, Shared, render};
use crate::{
    charter_view,
    error::Error,
    local,
    release::{ledger::LedgerView, pending},
    store::{ledger, outbox},
};

#[derive(Template)]
#[template(path = "privacy.html")]
struct PrivacyPage {
    year: String,
    epsilon: f64,
    approved_by: String,
    approved_on: String,
    charges: Vec<ChargeLine>,
    pending: Vec<PendingLine>,
    grades: Vec<GradeLine>,
    reserve: Option<String>,
    not_offered: Vec<String>,
    absent_groups: Vec<String>,
}

struct ChargeLine {
    label: String,
    program: String,
    period: String,
    grades: String,
    percent: String,
    state: &'static str,
}

/// A release that was not drawn.
struct PendingLine {
    label: String,
    program: String,
    period: String,
    state: &'static str,
    said: String,
}

struct GradeLine {
    grade: String,
    left: String,
}

pub(super) async fn show(State(local): State<Shared>) -> Result<Response, Problem> {
    let node = &local.node;
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let (charter, directory) = (&approved.charter.document, &approved.directory.document);
    let budget = year_budget(charter, directory, &membership.member);
    let entries = ledger::list(&node.store).await.map_err(Error::from)?;
    let releases = outbox::list(&node.store).await.map_err(Error::from)?;
    let view = LedgerView::of(&entries, charter.school_year, budget, charter);
    let percent = |rho: u64| format!("{:.2} %", rho as f64 / budget.0.max(1) as f64 * 100.0);
    let label = |program: &ProgramId| {
        let found = charter.program(program);
        found.map_or_else(String::new, |program| charter_view::label(charter, &program.kind))
    };
    let pending = pending::list(node, &approved).await?;
    let pending = pending
        .into_iter()
        .map(|it| PendingLine {
            label: label(&it.program),
            program: it.program.to_string(),
            period: it.period.to_string(),
            state: it.state.as_str(),
            said: it.decision.map_or_else(String::new, |it| it.in_words()),
        })
        .collect();
    let charges = view
        .charges
        .iter()
        .map(|charge| ChargeLine {
            label: label(&charge.program),
            program: charge.program.to_string(),
            period: charge.period.to_string(),
            grades: charge.grades.to_string(),
            percent: percent(charge.pico_rho.0),
            state: releases
                .iter()
                .find(|release| release.entry.release_id == charge.release_id)
                .map_or("", |release| release.state.as_str()),
        })
        .collect();
    let grades = view
        .left_pico_rho_by_grade
        .iter()
        .map(|(grade, left)| GradeLine { grade: grade.to_string(), left: percent(left.0) })
        .collect();
    let approval = &approved.record.approval;
    Ok(render(&PrivacyPage {
        year: charter.school_year.to_string(),
        epsilon: charter.policy.budget.epsilon,
        approved_by: format!("{}, {}", approval.name, approval.title),
        approved_on: approval.approved_on.clone(),
        charges,
        pending,
        grades,
        reserve: view.reserve_in_words(),
        not_offered: local::not_offered(&approved),
        absent_groups: local::absent_groups(node, &approved).await?,
    }))
}
