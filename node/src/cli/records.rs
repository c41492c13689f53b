//! `records`: what this node holds, year by year; no student's values.

use clap::Args;
use peerlight_node_engine::{measure::absent_groups, student::Column};
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json, say_absent_groups},
};
use crate::{clock::InWords, error::Error, exact, store::imports};

/// Show which school years this node holds, and which columns they have.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node records
  peerlight-node records --output json")]
pub struct RecordsArgs {
    /// Also show imports that newer ones replaced.
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
        "source",
        "students",
        "as_of",
        "imported",
        "in_force",
        "columns",
        "file",
    ]);
    let mut rows = Vec::new();
    let mut to_say = Vec::new();
    let charter = match node.documents().await {
        Ok(documents) => Some(documents.charter.document),
        // Which groups there are is not known before a charter was fetched.
        Err(_) => None,
    };
    for held in imports::list(&node.store).await? {
        let in_force = held.superseded_at.is_none();
        if !in_force && !args.all {
            continue;
        }
        let import = &held.import;
        let countable = exact::columns(&node, import.school_year).await?;
        let resolved: Vec<&str> = countable
            .iter()
            .map(Column::name)
            .filter(|name| !import.columns.contains(*name))
            .collect();
        let absent = charter.iter().flat_map(|it| absent_groups(it, |_| true, countable));
        let absent: Vec<String> = absent.map(|it| it.to_string()).collect();
        rows.push(json!({
            "absent_groups": absent,
            "school_year": import.school_year,
            "source": import.source,
            "students": import.row_count,
            "as_of": import.as_of,
            "imported_at_seconds": held.imported_at,
            "in_force": in_force,
            "columns": import.columns,
            "columns_from_earlier_years": resolved,
            "file": import.file_name,
            "sha256": import.sha256,
        }));
        if in_force {
            to_say.push((import.school_year, absent));
        }
        let mut columns: Vec<&str> = import.columns.iter().map(String::as_str).collect();
        columns.extend(resolved);
        table.push(vec![
            import.school_year.to_string(),
            import.source.clone(),
            import.row_count.to_string(),
            import.as_of.clone().unwrap_or_default(),
            InWords(held.imported_at).to_string(),
            if in_force { "yes" } else { "no" }.to_owned(),
            if args.output == Output::Csv { columns.join(" ") } else { columns.len().to_string() },
            import.file_name.clone(),
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
