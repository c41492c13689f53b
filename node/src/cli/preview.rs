//! `preview`: what would leave and what it costs. Draws nothing and looks at
//! no student.

use clap::Args;
use peerlight_node_engine::measure;
use peerlight_proto::charter::Program;
use serde_json::{json, to_value};

use super::{
    Context,
    output::{Output, Table, print_json, say_absent_groups},
};
use crate::{
    approval::Approved, error::Error, exact, in_place, release::preview::Preview, store::outbox,
};

/// Show what would leave and what it costs; draws nothing.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node preview
  peerlight-node preview --output json

One row a program, period and way of splitting schools. Sigma is the standard
deviation of the noise added to every number, in units of the numbers that are
summed; each grade pays rho = l2_squared / (2 sigma^2). A running count is there
once, with the releases still to come: its first one pays for all of them.")]
pub struct PreviewArgs {
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &PreviewArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = node.membership()?;
    let latest = node.documents().await?;
    let approved = Approved::find(&node.store, &membership).await?;
    // Before an approval: all that the charter would ask for.
    let offers = |program: &_| approved.as_ref().is_none_or(|it| it.offers(program));
    let (charter, directory) = match &approved {
        Some(it) => (&it.charter.document, &it.directory.document),
        None => (&latest.charter.document, &latest.directory.document),
    };
    let drawn = outbox::drawn(&node.store, charter.school_year).await?;
    let preview = Preview::of_year(charter, directory, &membership.member, &drawn, offers)?;
    let columns = exact::columns(&node, charter.school_year).await?;
    let absent = measure::absent_groups(charter, offers, columns);
    let absent: Vec<String> = absent.iter().map(ToString::to_string).collect();
    let offered = |program: &Program| offers(&program.id);
    let not_counted = in_place::not_counted(&node, charter, offered).await?;
    if args.output == Output::Json {
        let mut value = to_value(&preview).map_err(std::io::Error::from)?;
        value["absent_groups"] = json!(absent);
        value["not_counted_in_warehouse"] = json!(not_counted);
        return Ok(print_json(value)?);
    }
    let mut table = Table::new(&[
        "program",
        "period",
        "margin",
        "measure",
        "grades",
        "releases",
        "cells",
        "l2_squared",
        "sigma",
        "pico_rho",
        "percent_of_year",
    ]);
    let mut numbers = 0;
    for row in &preview.programs {
        numbers += row.cells * row.releases;
        let percent = row.pico_rho.0 as f64 / preview.budget_pico_rho.0.max(1) as f64 * 100.0;
        table.push(vec![
            row.program.to_string(),
            row.period.to_string(),
            row.margin.to_string(),
            row.measure.clone(),
            row.grades.to_string(),
            row.releases.to_string(),
            row.cells.to_string(),
            row.l2_squared.to_string(),
            format!("{:.4}", row.sigma),
            row.pico_rho.0.to_string(),
            format!("{percent:.3}"),
        ]);
    }
    table.print(args.output)?;
    eprintln!(
        "In all {numbers} numbers with noise, each grade paying at most {} of a year. \
         Nothing was drawn.",
        preview.budget_pico_rho,
    );
    say_absent_groups(charter.school_year, &absent);
    for sentence in not_counted {
        eprintln!("Would not leave while the warehouse counts: {sentence}.");
    }
    if let Some(approved) = approved {
        return Ok(approved.check_current(&latest)?);
    }
    eprintln!("Nothing is approved yet, so nothing would leave.");
    Ok(())
}
