//! `measures`: the district's exact local values, beside the network's
//! benchmarks. Never sent.

use clap::Args;
use peerlight_proto::{group::StudentGroup, names::SchoolId};
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json, say_absent_groups},
};
use crate::{
    error::Error,
    local::{self, Beside},
    words,
};

/// Show exact local values, beside the network's benchmarks; never sent.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node measures
  peerlight-node measures --school 0612345 --groups --network

Exact values are for the district's own eyes. Rates are in percent.")]
pub struct MeasuresArgs {
    /// One school; the whole district and every school if absent.
    #[arg(long, value_name = "ID")]
    school: Option<SchoolId>,
    /// Also by student group.
    #[arg(long)]
    groups: bool,
    /// Ask the hub for its estimate of each school and for the network's mean.
    #[arg(long)]
    network: bool,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &MeasuresArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let charter = &approved.charter.document;
    let values = local::table(&node, &membership, &approved).await?;
    if let Some(school) =
        args.school.as_ref().filter(|it| values.schools().binary_search(it).is_err())
    {
        return Err(Error::Absent(format!(
            "{school} is not a school of this district's directory"
        )));
    }
    let mut units: Vec<Option<&SchoolId>> = vec![None];
    units.extend(values.schools().iter().map(Some));
    let mut table = Table::new(&[
        "school_id",
        "measure",
        "group",
        "students",
        "value",
        "network_estimate",
        "network_mean",
    ]);
    let mut rows = Vec::new();
    for unit in units {
        if args.school.is_some() && unit != args.school.as_ref() {
            continue;
        }
        let network = match unit {
            Some(school) if args.network => local::beside(&node, school).await?,
            _ => Beside::new(),
        };
        for measure in values.measures() {
            for &group in values.groups(measure) {
                if !args.groups && group != StudentGroup::All {
                    continue;
                }
                let value = match unit {
                    Some(school) => values.school(school, measure, group),
                    None => values.district(measure, group),
                };
                let Some(value) = value else { continue };
                let exact = local::shown(charter, measure, value.value());
                let beside = network.get(&(measure.to_string(), group.to_string()));
                let name = unit.map_or_else(|| "district".to_owned(), ToString::to_string);
                let mean = beside.and_then(|row| row.network_mean);
                if args.output == Output::Json {
                    rows.push(json!({
                        "school_id": unit, "measure": measure, "group": group,
                        "students": value.denominator(), "numerator": value.numerator(),
                        "value": exact, "network_mean": mean,
                        "network_estimate": beside.map(words::estimate),
                    }));
                } else {
                    table.push(vec![
                        name,
                        measure.to_string(),
                        group.to_string(),
                        value.denominator().to_string(),
                        format!("{exact:.1}"),
                        beside.map(words::estimate).unwrap_or_default(),
                        mean.map(|mean| format!("{mean:.1}")).unwrap_or_default(),
                    ]);
                }
            }
        }
    }
    let missing = local::not_offered(&approved);
    let absent = local::absent_groups(&node, &approved).await?;
    if args.output == Output::Json {
        return Ok(print_json(json!({
            "measures": rows, "not_offered": missing, "absent_groups": absent,
        }))?);
    }
    table.print(args.output)?;
    if !missing.is_empty() {
        eprintln!("Not offered: {}.", missing.join("; "));
    }
    say_absent_groups(approved.charter.document.school_year, &absent);
    Ok(())
}
