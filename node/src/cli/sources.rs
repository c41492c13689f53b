//! `sources`: what feeds what: each source of each school year, what it is
//! believed about, and the settings that decide; no student's values.

mod forget;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{
    clock::InWords,
    error::Error,
    inbox::{Inbox, Standing},
    store::{
        combined::{self, CombinedPart, CombinedYear},
        imports::{self, RecordedImport},
        response_sets::{self, RecordedResponseSet},
        warehouse_years::{self, WarehouseYear},
    },
};

/// Settings that decide which source is believed.
const SETTINGS: [&str; 3] = ["common_id", "source_precedence", "column_precedence"];

/// Show which source each school year and column comes from.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  peerlight-node sources
  peerlight-node sources --output json
  peerlight-node sources forget scoers --year 2025-26 --name \"A. Ruiz\"

A year's sources are joined on common_id; each column comes from the first of them
that has a value, in the order of column_precedence and source_precedence
(node.toml). After a change of these settings import any file of the year again."
)]
pub struct SourcesArgs {
    /// Also show imports that newer ones replaced.
    #[arg(long)]
    all: bool,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(subcommand)]
    verb: Option<SourcesVerb>,
}

#[derive(Subcommand)]
enum SourcesVerb {
    Forget(forget::ForgetArgs),
}

/// An import, and what it is in its year while it is in force.
struct Row {
    held: RecordedImport,
    part: Option<CombinedPart>,
}

pub async fn run(args: &SourcesArgs, context: &Context) -> Result<(), Error> {
    if let Some(SourcesVerb::Forget(args)) = &args.verb {
        return forget::run(args, context).await;
    }
    let node = context.node(&[]).await?;
    let years: Vec<CombinedYear> = combined::list(&node.store)
        .await?
        .into_iter()
        .filter(|held| held.superseded_at.is_none())
        .map(|held| held.year)
        .collect();
    let mut rows = Vec::new();
    for held in imports::list(&node.store).await? {
        let in_force = held.superseded_at.is_none();
        if !in_force && !args.all {
            continue;
        }
        let year = years.iter().find(|year| year.school_year == held.import.school_year);
        let parts = year.filter(|_| in_force).into_iter().flat_map(|year| &year.parts);
        let part = parts.into_iter().find(|part| part.source == held.import.source).cloned();
        rows.push(Row { held, part });
    }
    rows.sort_by_key(|row| row.held.import.school_year);
    let surveys: Vec<RecordedResponseSet> = response_sets::list(&node.store)
        .await?
        .into_iter()
        .filter(|held| args.all || held.superseded_at.is_none())
        .collect();
    let there = warehouse_years::list(&node.store).await?.into_iter();
    let there: Vec<WarehouseYear> =
        there.filter(|it| it.superseded_at.is_none()).map(|it| it.year).collect();
    let stale: Vec<&CombinedYear> = years
        .iter()
        .filter(|year| year.parts.len() > 1)
        .filter(|year| year.precedence != node.config.precedence.to_string())
        .collect();
    let settings: Vec<_> =
        node.config.resolved.iter().filter(|it| SETTINGS.contains(&it.key)).collect();
    let standing = Standing::of(&Inbox::of(&node))?;
    if args.output == Output::Json {
        return Ok(print_json(json!({
            "sources": rows.iter().map(Row::json).collect::<Vec<_>>(),
            "responses": surveys.iter().map(responses_json).collect::<Vec<_>>(),
            "counted_in_warehouses": there.iter().map(|year| json!({
                "school_year": year.school_year, "view": year.view, "url": year.url,
                "rows": year.row_count,
            })).collect::<Vec<_>>(),
            "settings": settings.iter().map(|it| json!({
                "key": it.key, "value": it.value, "origin": it.origin.to_string(),
            })).collect::<Vec<_>>(),
            "combined_under_other_settings":
                stale.iter().map(|year| year.school_year).collect::<Vec<_>>(),
            "waiting_in_inbox":
                standing.waiting.iter().map(|it| &it.command).collect::<Vec<_>>(),
        }))?);
    }
    table(&rows, &surveys, args.output).print(args.output)?;
    for year in there {
        eprintln!(
            "{}: counted in the view {} of {}, not from imported records",
            year.school_year, year.view, year.url
        );
    }
    for setting in settings {
        let value = if setting.value.is_empty() { "not set" } else { &setting.value };
        eprintln!("{}: {value} ({})", setting.key, setting.origin);
    }
    for year in stale {
        eprintln!(
            "{} was combined under other settings: import any file of it again",
            year.school_year
        );
    }
    say_left_out(&years);
    for waiting in standing.waiting {
        eprintln!("An import waits in the inbox. If it is right: {}", waiting.command);
    }
    Ok(())
}

/// Students that no source gives a school.
fn say_left_out(years: &[CombinedYear]) {
    for year in years.iter().filter(|year| year.without_school > 0) {
        eprintln!(
            "{}: {} students are left out: no source says which school they are in",
            year.school_year, year.without_school
        );
    }
}

fn table(rows: &[Row], surveys: &[RecordedResponseSet], output: Output) -> Table {
    let mut table = Table::new(&[
        "school_year",
        "source",
        "rows",
        "joined",
        "without_school",
        "as_of",
        "imported",
        "in_force",
        "columns",
        "first_for",
        "files",
        "answers_of",
    ]);
    for Row { held, part } in rows {
        let import = &held.import;
        let first_of: Vec<&str> =
            part.iter().flat_map(|part| &part.first_of).map(String::as_str).collect();
        let columns: Vec<&str> = import.columns.iter().map(String::as_str).collect();
        let listed = |names: &[&str]| match output {
            Output::Csv => names.join(" "),
            _ => names.len().to_string(),
        };
        let count = |of: fn(&CombinedPart) -> u64| {
            part.as_ref().map(|part| of(part).to_string()).unwrap_or_default()
        };
        table.push(vec![
            import.school_year.to_string(),
            import.source.clone(),
            import.row_count.to_string(),
            count(|part| part.joined),
            count(|part| part.without_school),
            import.as_of.clone().unwrap_or_default(),
            InWords(held.imported_at).to_string(),
            if part.is_some() { "yes" } else { "no" }.to_owned(),
            listed(&columns),
            listed(&first_of),
            import.file_name.clone(),
            String::new(),
        ]);
    }
    for RecordedResponseSet { set, imported_at, superseded_at } in surveys {
        let nothing = String::new;
        table.push(vec![
            set.school_year.to_string(),
            set.source.clone(),
            set.response_count.to_string(),
            nothing(),
            nothing(),
            set.as_of.clone().unwrap_or_default(),
            InWords(*imported_at).to_string(),
            if superseded_at.is_none() { "yes" } else { "no" }.to_owned(),
            nothing(),
            nothing(),
            set.file_name.clone(),
            set.respondent.to_string(),
        ]);
    }
    table
}

fn responses_json(held: &RecordedResponseSet) -> Value {
    let RecordedResponseSet { set, imported_at, superseded_at } = held;
    json!({
        "school_year": set.school_year,
        "respondent": set.respondent.as_str(),
        "source": set.source,
        "rows": set.response_count,
        "as_of": set.as_of,
        "imported_at_seconds": imported_at,
        "in_force": superseded_at.is_none(),
        "files": set.file_name,
        "sha256": set.sha256,
    })
}

impl Row {
    fn json(&self) -> Value {
        let Self { held, part } = self;
        let import = &held.import;
        json!({
            "school_year": import.school_year,
            "source": import.source,
            "rows": import.row_count,
            "rows_joined": part.as_ref().map(|part| part.joined),
            "rows_without_school": part.as_ref().map(|part| part.without_school),
            "as_of": import.as_of,
            "imported_at_seconds": held.imported_at,
            "in_force": part.is_some(),
            "columns": import.columns,
            "first_for_columns": part.as_ref().map(|part| &part.first_of),
            "files": import.file_name,
            "sha256": import.sha256,
        })
    }
}
