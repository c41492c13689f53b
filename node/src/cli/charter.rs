//! `charter show` and `charter approve`: read what would leave, then decide.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
};

use clap::{Args, Subcommand};
use peerlight_node_engine::{measure, student::ColumnSet};
use peerlight_proto::{charter::Charter, names::ProgramId};
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json, say_absent_groups},
};
use crate::{
    approval::{self, Approved},
    calendar,
    charter_view::{self, CharterView},
    clock::InWords,
    documents::DocumentError,
    documents::Documents,
    error::Error,
    exact,
    hub::{HubError, Recovery},
    in_place,
    node::Node,
    store::{
        approvals::{self, Approval},
        audit,
    },
    sync,
};

/// Read the consortium's charter in words, and approve it for the district.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node charter show
  peerlight-node charter show --output json
  peerlight-node charter approve --name \"A. Ruiz\" --title \"Superintendent\"
  peerlight-node charter approve --name \"A. Ruiz\" --title \"Superintendent\" --offer enrolled,suspension --yes

Nothing leaves this machine before somebody approved the charter, and nothing
that the approved charter does not name ever does.")]
pub struct CharterArgs {
    #[command(subcommand)]
    verb: CharterVerb,
}

#[derive(Subcommand)]
enum CharterVerb {
    /// Print what would leave, how often, and what it costs.
    Show {
        /// Do not ask the hub for a newer one.
        #[arg(long)]
        offline: bool,
        /// How rows are printed.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Record who approved the charter, and what the district offers.
    Approve(ApproveArgs),
}

#[derive(Args)]
struct ApproveArgs {
    /// Who approves.
    #[arg(long)]
    name: String,
    /// In which office.
    #[arg(long)]
    title: String,
    /// Civil date of the decision; today if absent.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
    /// Programs to offer: all, or ids joined by commas. Without it, those whose
    /// columns the imported records of the year have.
    #[arg(long, value_name = "all|IDS")]
    offer: Option<String>,
    /// The district's own limit on epsilon.
    #[arg(long, value_name = "X")]
    ceiling_epsilon: Option<f64>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub async fn run(args: &CharterArgs, context: &Context) -> Result<(), Error> {
    match &args.verb {
        CharterVerb::Show { offline, output } => show(context, *offline, *output).await,
        CharterVerb::Approve(args) => approve(context, args).await,
    }
}

async fn show(context: &Context, offline: bool, output: Output) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = node.membership()?;
    let latest = if offline { node.documents().await? } else { newest(&node).await? };
    let approved = Approved::find(&node.store, &membership).await?;
    let (charter, directory) = (&latest.charter.document, &latest.directory.document);
    let columns = exact::columns(&node, charter.school_year).await?;
    let view = CharterView::new(charter, directory, &membership.member, columns)?;
    let changes = approved.as_ref().map(|it| {
        let before = (&it.charter.document, &it.directory.document);
        charter_view::changes(before, (charter, directory), &membership.member)
    });
    match output {
        Output::Json => print_json(json!({
            "consortium": charter.consortium,
            "charter_number": charter.number,
            "charter_hash": latest.charter.hash,
            "directory_number": directory.number,
            "directory_hash": latest.directory.hash,
            "school_year": charter.school_year,
            "approved": approved.as_ref().map(|it| json!({
                "charter_number": it.record.approval.charter_number,
                "directory_number": it.record.approval.directory_number,
                "name": it.record.approval.name,
                "title": it.record.approval.title,
                "date": it.record.approval.approved_on,
                "offered": it.record.approval.offered,
                "is_current": it.check_current(&latest).is_ok(),
            })),
            "changes": changes.unwrap_or_default(),
            "terms": view,
        }))?,
        Output::Csv => programs(&view).print(output)?,
        Output::Text => {
            print_words(&latest, &view)?;
            programs(&view).print(output)?;
            print_standing(&latest, approved.as_ref(), changes.as_deref())?;
            say_absent_groups(charter.school_year, &view.absent_groups);
        }
    }
    Ok(())
}

/// What the hub has now; what was fetched before where it cannot be reached.
async fn newest(node: &Node) -> Result<Documents, Error> {
    match sync::refresh(node).await {
        Err(Error::Hub(error) | Error::Document(DocumentError::Hub(error)))
            if error.recovery() != Recovery::Stop =>
        {
            eprintln!("{error}");
            eprintln!("Showing what was fetched before.");
            node.documents().await
        }
        other => other,
    }
}

fn print_words(latest: &Documents, view: &CharterView) -> io::Result<()> {
    let (charter, directory) = (&latest.charter.document, &latest.directory.document);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "Charter {} of {} for {}, hash {}\nDirectory {}, {} of your schools, hash {}\n",
        charter.number,
        charter.consortium,
        charter.school_year,
        latest.charter.hash,
        directory.number,
        view.schools,
        latest.directory.hash,
    )?;
    writeln!(
        out,
        "What would leave: totals of your schools and student groups with noise added, for the\n\
         programs below. No student's record, name or id, and no exact count, ever leaves.\n\n\
         How often: {} releases in the year if you offer everything, {} numbers in all.\n\n\
         What it costs: at most epsilon {} (delta {:e}) per student and school year. Thirteen\n\
         school years compose to about epsilon {:.0}. What is published cannot be recalled.\n",
        view.releases, view.numbers, view.epsilon, view.delta, view.epsilon_of_13_years,
    )?;
    if let Some(reserve) = &view.reserve {
        writeln!(
            out,
            "Kept in reserve: {} % of the year, for at most {} corrections that you ask for, or one\n\
             question of the consortium that you approve.\n",
            reserve.percent_of_year, reserve.releases,
        )?;
    }
    Ok(())
}

fn programs(view: &CharterView) -> Table {
    let mut table = Table::new(&[
        "program",
        "what",
        "grades",
        "due",
        "numbers",
        "percent_of_year",
        "can_offer",
    ]);
    for program in &view.programs {
        let can = if program.missing_columns.is_empty() {
            "yes".to_owned()
        } else {
            format!("no: {} not imported", program.missing_columns.join(", "))
        };
        table.push(vec![
            program.program.clone(),
            program.label.clone(),
            program.grades.clone(),
            program.due.join(", "),
            program.cells.to_string(),
            format!("{:.2}", program.percent_of_year),
            can,
        ]);
    }
    table
}

fn print_standing(
    latest: &Documents,
    approved: Option<&Approved>,
    changes: Option<&[String]>,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let Some(approved) = approved else {
        return writeln!(out, "\nNot approved: nothing is released.");
    };
    let approval = &approved.record.approval;
    writeln!(
        out,
        "\nApproved: charter {} and directory {}, by {}, {}, on {} (recorded {}).",
        approval.charter_number,
        approval.directory_number,
        approval.name,
        approval.title,
        approval.approved_on,
        InWords(approved.record.recorded_at),
    )?;
    let offered: Vec<&str> = approval.offered.iter().map(ProgramId::as_str).collect();
    writeln!(out, "Offered: {}.", offered.join(", "))?;
    if let Err(error) = approved.check_current(latest) {
        writeln!(out, "\n{error}")?;
        for change in changes.unwrap_or_default() {
            writeln!(out, "  {change}")?;
        }
    }
    Ok(())
}

async fn approve(context: &Context, args: &ApproveArgs) -> Result<(), Error> {
    let flag = args.ceiling_epsilon.map(|epsilon| ("ceiling_epsilon", epsilon.to_string()));
    let node = context.node(flag.as_slice()).await?;
    let membership = node.membership()?;
    let latest = node.documents().await?;
    let (charter, directory) = (&latest.charter.document, &latest.directory.document);
    let before = approvals::find_newest(&node.store).await?;
    let ceiling_epsilon = node.config.ceiling_epsilon;
    approval::check(charter, before.as_ref().map(|it| &it.approval), ceiling_epsilon)?;
    measure::check_catalogue(charter)?;
    let columns = exact::columns(&node, charter.school_year).await?;
    let mut offered = offer(charter, args.offer.as_deref(), columns)?;
    if args.offer.is_none() && in_place::find(&node, charter.school_year).await?.is_some() {
        let is_counted = |id: &ProgramId| {
            charter.program(id).is_none_or(|program| in_place::refused(program).is_none())
        };
        offered.retain(is_counted);
    }
    let today = calendar::today(calendar::zone(charter)?, node.clock.now());
    let approved_on = args.date.clone().unwrap_or_else(|| today.clone());
    if !calendar::is_past_date(&approved_on, &today) {
        let text = format!("--date {approved_on} is not a past civil date: write YYYY-MM-DD");
        return Err(Error::Usage(text));
    }
    let view = CharterView::new(charter, directory, &membership.member, columns)?;
    let names: Vec<&str> = offered.iter().map(ProgramId::as_str).collect();
    eprintln!(
        "{}, {}, approves charter {} ({}) and directory {} ({}) for {}.",
        args.name,
        args.title,
        charter.number,
        latest.charter.hash.short(),
        directory.number,
        latest.directory.hash.short(),
        charter.school_year,
    );
    eprintln!(
        "At most epsilon {} per student and year; offered: {}.",
        view.epsilon,
        names.join(", ")
    );
    let absent = measure::absent_groups(charter, |program| offered.contains(program), columns);
    let absent: Vec<String> = absent.iter().map(ToString::to_string).collect();
    say_absent_groups(charter.school_year, &absent);
    confirm(args.yes)?;

    let approval = Approval {
        charter_hash: latest.charter.hash,
        charter_number: charter.number,
        directory_hash: latest.directory.hash,
        directory_number: directory.number,
        school_year: charter.school_year,
        name: args.name.clone(),
        title: args.title.clone(),
        approved_on,
        offered: offered.into_iter().collect::<BTreeSet<_>>(),
        ceiling: Some(approval::ceiling(ceiling_epsilon, view.delta)),
    };
    let now = node.clock.now();
    approvals::insert(&node.store, &approval, now).await?;
    let subject = format!("charter {} {}", charter.number, latest.charter.hash.short());
    audit::insert(&node.store, now, &args.name, "approve charter", &subject).await?;
    eprintln!("Recorded on this node.");
    tell_hub(&node).await
}

fn offer(
    charter: &Charter,
    wished: Option<&str>,
    columns: ColumnSet,
) -> Result<Vec<ProgramId>, Error> {
    if let Some(wished) = wished {
        return Ok(approval::parse_offer(charter, wished)?);
    }
    let offered = measure::offered(charter, columns)?;
    if offered.is_empty() {
        return Err(Error::Usage(format!(
            "no program can be offered from the records of {}: import them first, or name programs \
             with --offer",
            charter.school_year
        )));
    }
    Ok(offered)
}

fn confirm(yes: bool) -> Result<(), Error> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Error::NotConfirmed(
            "nothing was approved: add --yes to approve without being asked",
        ));
    }
    eprint!("Type \"yes\" to approve: ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(Error::NotConfirmed("nothing was approved")) }
}

/// The hub is told now if it can be reached, else by the next sync.
async fn tell_hub(node: &Node) -> Result<(), Error> {
    let told = async {
        let hub = node.hub().await?;
        sync::tell_hub(node, &hub, &node.approved().await?).await
    };
    match told.await {
        Ok(()) => eprintln!("The hub was told. Next: peerlight-node preview, then sync"),
        Err(Error::Hub(error @ (HubError::Unreachable { .. } | HubError::Busy(_)))) => {
            eprintln!("{error}");
            eprintln!("The next sync will tell it.");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
