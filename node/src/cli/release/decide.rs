//! `release approve` and `release withhold`: a person decides about releases
//! before their noise is drawn. Draws nothing, sends nothing, shows no number.

use clap::Args;
use peerlight_proto::names::{PeriodId, ProgramId};

use crate::{
    cli::Context,
    error::Error,
    node::Node,
    release::{
        decision::{self, Person, ReleasePolicy},
        pending::{self, PendingState},
    },
    sync,
};

#[derive(Args)]
pub struct ApproveArgs {
    /// The program.
    #[arg(required_unless_present = "all_due")]
    program: Option<ProgramId>,
    /// Its periods, due or not; without one, those that are due.
    periods: Vec<PeriodId>,
    /// Everything that is due and awaits approval.
    #[arg(long, conflicts_with = "program")]
    all_due: bool,
    /// Who approves; stays on this node.
    #[arg(long)]
    name: String,
    /// In which office.
    #[arg(long)]
    title: String,
}

#[derive(Args)]
pub struct WithholdArgs {
    /// The program.
    program: ProgramId,
    /// Its period.
    period: PeriodId,
    /// Who withholds it; stays on this node.
    #[arg(long)]
    name: String,
    /// In which office.
    #[arg(long)]
    title: String,
    /// Why; stays on this node.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub async fn approve(args: &ApproveArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let releases = match &args.program {
        Some(program) if !args.periods.is_empty() => {
            args.periods.iter().map(|period| (program.clone(), period.clone())).collect()
        }
        program => due(&node, program.as_ref()).await?,
    };
    let recorded =
        record(&node, &releases, Person { name: &args.name, title: &args.title }).await?;
    for (program, period) in &releases {
        println!("{program} {period}");
    }
    eprintln!(
        "{recorded} approved now by {}, {}, {} before. Next: peerlight-node sync",
        args.name,
        args.title,
        releases.len() - recorded,
    );
    if node.config.release_policy == ReleasePolicy::Auto {
        eprintln!(
            "release_policy is \"auto\": what is due is drawn without being approved; set it to \
             \"approve\" in node.toml if every release is to wait for a person."
        );
    }
    Ok(())
}

/// Records approvals, each under the documents its program is released under;
/// gives how many are new. Refuses with the reason what is in no calendar.
async fn record(
    node: &Node,
    releases: &[(ProgramId, PeriodId)],
    person: Person<'_>,
) -> Result<usize, Error> {
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let started = sync::started(node, &membership, &approved).await?;
    let policy = node.config.release_policy;
    let batches = sync::batches(&membership, policy, &approved, &started)?;
    let mut rest = releases.to_vec();
    let mut recorded = 0;
    for batch in &batches {
        let is_own = |release: &mut (ProgramId, PeriodId)| {
            batch.calendar.iter().any(|step| step.program == release.0)
        };
        let own: Vec<_> = rest.extract_if(.., is_own).collect();
        let now = node.clock.now();
        recorded += decision::approve(&node.store, batch.terms, &own, person, now).await?;
    }
    let terms = approved.terms(&membership.member, policy);
    recorded += decision::approve(&node.store, terms, &rest, person, node.clock.now()).await?;
    Ok(recorded)
}

/// What is due and not withheld, of one program or of all.
async fn due(
    node: &Node,
    program: Option<&ProgramId>,
) -> Result<Vec<(ProgramId, PeriodId)>, Error> {
    let pending = pending::list(node, &node.approved().await?).await?;
    let due: Vec<_> = pending
        .into_iter()
        .filter(|it| program.is_none_or(|program| it.program == *program))
        .filter(|it| matches!(it.state, PendingState::AwaitingApproval | PendingState::Due))
        .map(|it| (it.program, it.period))
        .collect();
    if due.is_empty() {
        let what = program.map_or_else(|| "nothing".to_owned(), |it| format!("nothing of {it}"));
        return Err(Error::Absent(format!(
            "{what} is due and undecided: \"peerlight-node release list\" shows what was drawn, \
             approved and withheld"
        )));
    }
    Ok(due)
}

pub async fn withhold(args: &WithholdArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let started = sync::started(&node, &membership, &approved).await?;
    let policy = node.config.release_policy;
    let batches = sync::batches(&membership, policy, &approved, &started)?;
    let own =
        batches.iter().find(|batch| batch.calendar.iter().any(|step| step.program == args.program));
    let terms = own.map_or_else(|| approved.terms(&membership.member, policy), |batch| batch.terms);
    let person = Person { name: &args.name, title: &args.title };
    let release = (args.program.clone(), args.period.clone());
    let now = node.clock.now();
    decision::withhold(&node.store, terms, release, person, &args.reason, now).await?;
    println!("{} {}", args.program, args.period);
    let charter = terms.charter;
    let stream = charter.program(&args.program).is_some_and(|it| it.continual.is_some());
    let later = if stream {
        " Its later periods are withheld with it: a running total cannot skip one."
    } else {
        ""
    };
    eprintln!(
        "Withheld for good: {} {} of {} is never drawn.{later} The hub is told nothing; it sees \
         that no release came.",
        args.program, args.period, charter.school_year,
    );
    Ok(())
}
