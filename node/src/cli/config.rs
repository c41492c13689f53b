//! `config show`: every setting, its value and where it came from.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::error::Error;

/// Show the settings: flag > environment > node.toml > default.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node config show --origin
  PEERLIGHT_NODE_LISTEN=127.0.0.1:8460 peerlight-node config show --output json")]
pub struct ConfigArgs {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Subcommand)]
enum ConfigVerb {
    /// Print every setting.
    Show {
        /// Also print where each value came from.
        #[arg(long)]
        origin: bool,
        /// How rows are printed.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

pub fn run(args: &ConfigArgs, context: &Context) -> Result<(), Error> {
    let ConfigVerb::Show { origin, output } = args.verb;
    let settings = context.config(&[])?.resolved;
    if output == Output::Json {
        let settings: Vec<_> = settings
            .iter()
            .map(|it| json!({"key": it.key, "value": it.value, "origin": it.origin.to_string()}))
            .collect();
        return Ok(print_json(json!({ "settings": settings }))?);
    }
    let columns: &[&str] = if origin { &["key", "value", "origin"] } else { &["key", "value"] };
    let mut table = Table::new(columns);
    for setting in settings {
        let mut row = vec![setting.key.to_owned(), setting.value];
        if origin {
            row.push(setting.origin.to_string());
        }
        table.push(row);
    }
    Ok(table.print(output)?)
}
