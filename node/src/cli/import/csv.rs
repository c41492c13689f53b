//! `import csv`: a folder or a file, mapped if need be.

use std::path::PathBuf;

use clap::Args;
use peerlight_node_engine::intake::Mapping;

use super::{
    super::Context,
    apply::{ApplyArgs, reading},
};
use crate::{
    error::Error,
    source::{self, csv, mapping},
};

/// Rows that are looked at to suggest a mapping.
const SAMPLE: usize = 2_000;

#[derive(Args)]
pub struct CsvArgs {
    /// A folder, or one .csv or .csv.gz file.
    path: PathBuf,
    /// Renames, value maps, constants, filters and derivations.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Print a first mapping file for this file and stop.
    #[arg(long, conflicts_with = "map")]
    suggest_map: bool,
    /// Name of this source, where a year's records come from several CSV
    /// exports.
    #[arg(long, value_name = "NAME", default_value = csv::SOURCE)]
    source: String,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn run(args: &CsvArgs, context: &Context) -> Result<(), Error> {
    if args.suggest_map {
        let (header, rows) = csv::sample(&args.path, SAMPLE)?;
        print!("{}", source::suggest(&header, &rows));
        return Ok(());
    }
    args.apply.check(&args.source)?;
    let node = context.node(&[]).await?;
    let map = match &args.map {
        Some(file) => mapping::read(file)?,
        None => Mapping::default(),
    };
    let (path, source) = (args.path.clone(), args.source.clone());
    let read = reading(&node, move |schools| {
        let read = csv::read(&path, &map, schools)?;
        Ok(source::Read { source, ..read })
    });
    args.apply.apply(&node, read.await).await
}
