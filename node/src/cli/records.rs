//! `records`: what this node holds, year by year; no student's values.

use clap::Args;
use peerlight_node_engine::{measure::absent_groups, student::Column};
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json, say_absent_groups},
};
use crate::{
    clock::InWords,
    error::Error,
    exact,
    store::{
        combined,
        warehouse_years::{self, RecordedWarehouseYear},
    },
};

/// Show which school years this node holds, and which columns they have.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node records
  peerlight-node records --output json

\"sources\" says which file and format each year and column comes from.")]
pub struct RecordsArgs {
    /// Also show years as they were before newer imports.
    #[arg(long)]
    all: bool,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &RecordsArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let mut table = Table::new(&[
        "school_year",
        "sources",
        "students",
        "without_school",
        "imported",
        "in_force",
        "columns",
    ]);
    let mut rows = Vec::new();
    let mut to_say = Vec::new();
    let charter = match node.documents().await {
        Ok(documents) => Some(documents.charter.document),
        // Which groups there are is not known before a charter was fetched.
        Err(_) => None,
    };
    let there = warehouse_years::list(&node.store).await?;
    let is_there =
        |year| there.iter().any(|it| it.superseded_at.is_none() && it.year.school_year == year);
    for held in combined::list(&node.store).await? {
        let year = held.year.school_year;
        let in_force = held.superseded_at.is_none() && !is_there(year);
        if !in_force && !args.all {
            continue;
        }
        let year = &held.year;
        let sources: Vec<&str> = year.parts.iter().map(|part| part.source.as_str()).collect();
        let own = year.columns();
        let countable = exact::columns(&node, year.school_year).await?;
        let resolved: Vec<&str> =
            countable.iter().map(Column::name).filter(|name| !own.contains(name)).collect();
        let absent = charter.iter().flat_map(|it| absent_groups(it, |_| true, countable));
        let absent: Vec<String> = absent.map(|it| it.to_string()).collect();
        rows.push(json!({
            "absent_groups": absent,
            "school_year": year.school_year,
            "sources": sources,
            "students": year.row_count,
            "students_without_school": year.without_school,
            "imported_at_seconds": held.combined_at,
            "in_force": in_force,
            "columns": own,
            "columns_from_earlier_years": resolved,
        }));
        if in_force {
            to_say.push((year.school_year, absent));
        }
        let columns: Vec<&str> = own.into_iter().chain(resolved).collect();
        table.push(vec![
            year.school_year.to_string(),
            sources.join(", "),
            year.row_count.to_string(),
            year.without_school.to_string(),
            InWords(held.combined_at).to_string(),
            if in_force { "yes" } else { "no" }.to_owned(),
            if args.output == Output::Csv { columns.join(" ") } else { columns.len().to_string() },
        ]);
    }
    for RecordedWarehouseYear { year, recorded_at, superseded_at } in &there {
        let in_force = superseded_at.is_none();
        if !in_force && !args.all {
            continue;
        }
        let source = format!("view {} of a warehouse", year.view);
        let own: Vec<&str> =
            year.columns.keys().filter(|it| it.is_countable()).map(|it| it.name()).collect();
        rows.push(json!({
            "absent_groups": [],
            "school_year": year.school_year,
            "sources": [source],
            "students": year.row_count,
            "students_without_school": 0,
            "imported_at_seconds": recorded_at,
            "in_force": in_force,
            "columns": own,
            "columns_from_earlier_years": [],
        }));
        table.push(vec![
            year.school_year.to_string(),
            source,
            year.row_count.to_string(),
            String::new(),
            InWords(*recorded_at).to_string(),
            if in_force { "yes" } else { "no" }.to_owned(),
            if args.output == Output::Csv { own.join(" ") } else { own.len().to_string() },
        ]);
    }
    if args.output == Output::Json {
        return Ok(print_json(json!({ "records": rows }))?);
    }
    table.print(args.output)?;
    for (year, absent) in to_say {
        say_absent_groups(year, &absent);
    }
    Ok(())
}
