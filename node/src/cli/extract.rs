//! `extract`: the students behind a number or on a watch list, into a local
//! file; and who may see the protected flags of single students.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use peerlight_node_engine::measure::{Target, WatchList, watch_lists};
use peerlight_proto::{
    group::StudentGroup,
    names::{MeasureId, SchoolId},
    units::Grade,
};
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{
    clock::InWords,
    error::Error,
    extract::{self, Asked, PROTECTED},
    store::drill_down::{self, Decision},
};

/// Write the students behind a measure, or on a watch list, into a local file.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  peerlight-node extract --measure chronic_absence --school 0612345 --only yes \\
      --name \"A. Ruiz\" --to chronic.csv
  peerlight-node extract lists
  peerlight-node extract --watch near_chronic --school 0612345 --name \"A. Ruiz\" --to near.csv
  peerlight-node extract policy
  peerlight-node extract unlock homeless foster --name \"A. Ruiz\" --title \"Liaison\" \\
      --reason \"McKinney-Vento services\"

Students leave neither this machine nor the district: the file is new, readable by
this user alone, and the audit log says who asked for what. Meal eligibility, foster
care, homelessness and disability of single students are masked until unlocked."
)]
pub struct ExtractArgs {
    #[command(flatten)]
    students: StudentsArgs,
    #[command(subcommand)]
    verb: Option<ExtractVerb>,
}

#[derive(Args)]
struct StudentsArgs {
    /// Students who count for this measure.
    #[arg(long, value_name = "ID", required_unless_present = "watch")]
    measure: Option<MeasureId>,
    /// Students on this watch list.
    #[arg(long, value_name = "LIST", conflicts_with_all = ["measure", "only"])]
    watch: Option<String>,
    /// One school; every school if absent.
    #[arg(long, value_name = "ID")]
    school: Option<SchoolId>,
    /// One student group: race:HI, gender:F, flag:EL.
    #[arg(long, value_name = "GROUP")]
    group: Option<StudentGroup>,
    /// One grade.
    #[arg(long, value_name = "GRADE", conflicts_with = "group")]
    grade: Option<Grade>,
    /// Of a rate, only the students of whom it is true, or is not.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Who asks; for the audit log.
    #[arg(long, required = true)]
    name: Option<String>,
    /// The file to write, which must not be there yet.
    #[arg(long, value_name = "FILE", required = true)]
    to: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Only {
    Yes,
    No,
}

#[derive(Subcommand)]
enum ExtractVerb {
    /// Show the watch lists, and how many students of each school are on them.
    Lists(Printed),
    /// Show which protected columns are unlocked, by whom and why.
    Policy(Printed),
    /// Unlock protected columns for drill-down.
    Unlock(DecideArgs),
    /// Mask protected columns again.
    Mask(DecideArgs),
}

#[derive(Args)]
struct Printed {
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Args)]
struct DecideArgs {
    /// The columns.
    #[arg(required = true, value_name = "COLUMN")]
    columns: Vec<String>,
    /// Who decides.
    #[arg(long)]
    name: String,
    /// In which office.
    #[arg(long)]
    title: String,
    /// Why, and by which policy of the district.
    #[arg(long)]
    reason: String,
}

pub async fn run(args: &ExtractArgs, context: &Context) -> Result<(), Error> {
    match &args.verb {
        None => students(&args.students, context).await,
        Some(ExtractVerb::Lists(printed)) => lists(printed.output, context).await,
        Some(ExtractVerb::Policy(printed)) => policy(printed.output, context).await,
        Some(ExtractVerb::Unlock(args)) => decide(args, true, context).await,
        Some(ExtractVerb::Mask(args)) => decide(args, false, context).await,
    }
}

async fn students(args: &StudentsArgs, context: &Context) -> Result<(), Error> {
    let (Some(name), Some(to)) = (&args.name, &args.to) else {
        return Err(Error::Usage("--name and --to are needed".to_owned()));
    };
    let target = match (&args.measure, &args.watch) {
        (_, Some(id)) => Target::Watch(watch_list(id)?),
        (Some(measure), None) => Target::Measure(measure),
        (None, None) => return Err(Error::Usage("name a --measure or a --watch list".to_owned())),
    };
    let node = context.node(&[]).await?;
    let group = args.group.or(args.grade.map(StudentGroup::Grade)).unwrap_or(StudentGroup::All);
    let only = args.only.map(|only| matches!(only, Only::Yes));
    let asked = Asked { target, school: args.school.as_ref(), group, only };
    let found = extract::students(&node, &asked).await?;
    found.write(&node, name, &extract::in_words(&asked), to).await?;
    eprintln!("{} students are in {}.", found.len(), to.display());
    let masked = found.masked();
    if !masked.is_empty() {
        eprintln!("Masked: {}. See \"peerlight-node extract policy\".", masked.join(", "));
    }
    Ok(())
}

fn watch_list(id: &str) -> Result<&'static WatchList, Error> {
    let found = watch_lists().iter().find(|list| list.id == id);
    found.ok_or_else(|| {
        let known: Vec<&str> = watch_lists().iter().map(|list| list.id.as_str()).collect();
        Error::Usage(format!("there is no watch list {id}: there are {}", known.join(", ")))
    })
}

async fn lists(output: Output, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let mut table = Table::new(&["watch_list", "school_id", "students"]);
    let (mut rows, mut unknown) = (Vec::new(), Vec::new());
    for list in watch_lists() {
        let target = Target::Watch(list);
        let asked = Asked { target, school: None, group: StudentGroup::All, only: None };
        let found = match extract::students(&node, &asked).await {
            // One list without its columns does not hide the others.
            Err(Error::Plan(error)) => {
                unknown.push(error.to_string());
                continue;
            }
            found => found?,
        };
        for (school, students) in found.by_school() {
            rows.push(json!({ "watch_list": list.id, "school_id": school, "students": students }));
            table.push(vec![list.id.clone(), school.to_string(), students.to_string()]);
        }
    }
    let about = watch_lists()
        .iter()
        .map(|list| json!({ "watch_list": list.id, "label": list.label, "about": list.about }));
    if output == Output::Json {
        let about: Vec<_> = about.collect();
        let all = json!({ "lists": about, "students": rows, "not_computed": unknown });
        return Ok(print_json(all)?);
    }
    table.print(output)?;
    for list in watch_lists() {
        eprintln!("{}: {} {}", list.id, list.label, list.about);
    }
    for sentence in &unknown {
        eprintln!("{sentence}");
    }
    Ok(())
}

async fn policy(output: Output, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let decisions = drill_down::in_force(&node.store).await?;
    let mut table = Table::new(&["column", "standing", "name", "title", "decided", "reason"]);
    let mut rows = Vec::new();
    for column in PROTECTED {
        let decision = decisions.get(&column);
        let is_unlocked = decision.is_some_and(|it| it.is_unlocked);
        let standing = if is_unlocked { "unlocked" } else { "masked" };
        rows.push(json!({
            "column": column.name(),
            "standing": standing,
            "name": decision.map(|it| &it.name),
            "title": decision.map(|it| &it.title),
            "decided_at_seconds": decision.map(|it| it.decided_at),
            "reason": decision.map(|it| &it.reason),
        }));
        let text = |of: fn(&Decision) -> &String| decision.map(of).cloned().unwrap_or_default();
        table.push(vec![
            column.name().to_owned(),
            standing.to_owned(),
            text(|it| &it.name),
            text(|it| &it.title),
            decision.map(|it| InWords(it.decided_at).to_string()).unwrap_or_default(),
            text(|it| &it.reason),
        ]);
    }
    if output == Output::Json {
        return Ok(print_json(json!({ "columns": rows }))?);
    }
    Ok(table.print(output)?)
}

async fn decide(args: &DecideArgs, is_unlocked: bool, context: &Context) -> Result<(), Error> {
    let columns = extract::protected(&args.columns)?;
    for (flag, text) in
        [("--name", &args.name), ("--title", &args.title), ("--reason", &args.reason)]
    {
        if text.trim().is_empty() {
            return Err(Error::Usage(format!("{flag} is empty: say who decides, and why")));
        }
    }
    let node = context.node(&[]).await?;
    let decision = Decision {
        is_unlocked,
        name: args.name.clone(),
        title: args.title.clone(),
        reason: args.reason.clone(),
        decided_at: node.clock.now(),
    };
    drill_down::insert(&node.store, &columns, &decision).await?;
    let word = if is_unlocked { "Unlocked" } else { "Masked" };
    eprintln!("{word} for drill-down on this node: {}.", args.columns.join(", "));
    Ok(())
}
