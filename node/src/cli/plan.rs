//! `plan`: what precision the district would get. Draws nothing, looks at no
//! student, calls nobody.

use std::{fs, path::PathBuf};

use chrono_tz::Tz;
use clap::Args;
use peerlight_proto::{
    charter::{self, Charter, ComposeError},
    directory::Directory,
    group::StudentGroup,
    names::{ConsortiumId, MemberId},
    units::SchoolYear,
};
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{
    calendar,
    error::Error,
    plan::{self, Figure, PRESETS, PlanningError, PresetPlan, charter_line, half_width},
    source::schools,
};

/// Show what precision the district would get, before joining; draws nothing.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node plan --schools schools.csv
  peerlight-node plan --schools schools.csv --preset standard --group race:HI
  peerlight-node plan --schools schools.csv --charter policy.toml --output csv > plan.csv
  peerlight-node plan                  (a node that joined: its own schools)

A figure is the half-width of a 95 % interval from privacy noise alone:
1.96 x half range / N x sqrt(sigma_S^2 + c^2 sigma_N^2), with the sigmas of the
real layouts, at a rate of 20 % or a mean three tenths of half its range from the
middle. Programs of the running school year are shown released once, monthly and
weekly. Group sizes are the public list's.")]
pub struct PlanArgs {
    /// A public list of schools; without it, the directory of the joined node.
    #[arg(long, value_name = "FILE")]
    schools: Option<PathBuf>,
    /// Whose schools, where the file lists several districts.
    #[arg(long, value_name = "LEA_ID", requires = "schools")]
    district: Option<MemberId>,
    /// A policy file as the hub's operator proposes it; without it the charter in
    /// force, or the shipped policy.
    #[arg(long, value_name = "FILE")]
    charter: Option<PathBuf>,
    /// Only this preset: strict, standard or detailed.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Only this group; text shows all students without it.
    #[arg(long, value_name = "GROUP")]
    group: Option<StudentGroup>,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &PlanArgs, context: &Context) -> Result<(), Error> {
    let (charter, directory, member) = subject(args, context).await?;
    let presets = args.preset.as_deref().map_or_else(|| PRESETS.to_vec(), |name| vec![name]);
    let wished = args.group.map(|group| group.to_string());
    let mut plans = Vec::new();
    for preset in presets {
        let mut made = plan::plan(&charter, &directory, &member, preset)?;
        if let Some(wished) = &wished {
            made.figures.retain(|figure| figure.group == *wished);
        }
        plans.push(made);
    }
    match args.output {
        Output::Json => print_json(json!({
            "district": member,
            "school_year": charter.school_year,
            "schools": directory.schools_of(&member).count(),
            "presets": plans,
        }))?,
        Output::Csv => all(&plans).print(args.output)?,
        Output::Text => print_text(&plans, wished.as_deref().unwrap_or("all"))?,
    }
    eprintln!("Nothing was drawn and nothing was sent; sizes are public ones.");
    Ok(())
}

/// What to plan for: from files, or from what a joined node holds.
async fn subject(
    args: &PlanArgs,
    context: &Context,
) -> Result<(Charter, Directory, MemberId), Error> {
    let today = calendar::today(Tz::UTC, context.clock.now());
    let year = today.get(..4).and_then(|year| year.parse().ok()).unwrap_or(2026);
    let year = SchoolYear::ending(year).map_err(|error| Error::Usage(error.to_string()))?;
    let held = match args.schools {
        Some(_) => None,
        None => Some(context.node(&[]).await?),
    };
    let (in_force, directory, member) = match (&args.schools, &held) {
        (Some(path), _) => {
            let (directory, member) = schools::read(path, args.district.as_ref(), year)?;
            (None, directory, member)
        }
        (None, Some(node)) => {
            let documents = node.documents().await?;
            let member = node.membership()?.member;
            (Some(documents.charter.document), documents.directory.document, member)
        }
        (None, None) => return Err(Error::Usage("name a file with --schools".to_owned())),
    };
    let charter = match (&args.charter, in_force) {
        (Some(path), _) => {
            let unusable =
                |problem: String| PlanningError::File { path: path.display().to_string(), problem };
            let text = fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
            made_up(&text, year).map_err(|error| unusable(error.to_string()))?
        }
        (None, Some(charter)) => charter,
        (None, None) => made_up("", year).expect("what is shipped makes a policy"),
    };
    Ok((charter, directory, member))
}

/// A charter of no consortium, to plan with, from the text of a policy file.
fn made_up(text: &str, school_year: SchoolYear) -> Result<Charter, ComposeError> {
    let (policy, catalogue) = charter::compose(text, school_year, None)?;
    Ok(Charter {
        consortium: ConsortiumId::new("plan").expect("a fixed name is valid"),
        number: 1,
        school_year,
        previous: None,
        policy,
        catalogue,
    })
}

fn all(plans: &[PresetPlan]) -> Table {
    let mut table = Table::new(&[
        "preset",
        "epsilon",
        "epsilon_of_13_years",
        "school_id",
        "enrollment",
        "program",
        "group",
        "calendar",
        "releases",
        "students",
        "half_width",
        "unit",
    ]);
    for plan in plans {
        for figure in &plan.figures {
            table.push(vec![
                plan.preset.clone(),
                plan.epsilon.to_string(),
                format!("{:.2}", plan.epsilon_of_13_years),
                figure.school_id.clone(),
                figure.enrollment.to_string(),
                figure.program.clone(),
                figure.group.clone(),
                figure.calendar.to_owned(),
                figure.releases.to_string(),
                format!("{:.1}", figure.students),
                figure.half_width.map(|it| format!("{it:.3}")).unwrap_or_default(),
                figure.unit.clone(),
            ]);
        }
    }
    table
}

fn print_text(plans: &[PresetPlan], group: &str) -> Result<(), Error> {
    for plan in plans {
        println!("{}", charter_line(plan));
    }
    println!();
    let Some(first) = plans.first() else { return Ok(()) };
    let examples = plan::examples(&first.figures);
    let mut columns = vec!["school_id", "enrollment", "program", "calendar", "students", "unit"];
    columns.extend(PRESETS.iter().filter(|name| plans.iter().any(|it| it.preset == **name)));
    let mut table = Table::new(&columns);
    let shown = |figure: &Figure| figure.group == group && examples.contains(&figure.school_id);
    for (position, figure) in first.figures.iter().enumerate().filter(|(_, it)| shown(it)) {
        let mut row = vec![
            figure.school_id.clone(),
            figure.enrollment.to_string(),
            figure.program.clone(),
            figure.calendar.to_owned(),
            format!("{:.0}", figure.students),
            figure.unit.clone(),
        ];
        // The rows of every preset are in one order: only the noise differs.
        row.extend(plans.iter().map(|plan| half_width(plan.figures[position].half_width)));
        table.push(row);
    }
    table.print(Output::Text)?;
    eprintln!(
        "Half-widths of 95 % intervals from privacy noise alone, {group}; the smallest, the \
         middle and the largest school. --output csv has every school and group."
    );
    Ok(())
}
