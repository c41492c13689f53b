//! `sources forget`: takes a source back out of a school year, as when it was
//! imported under a wrong name. What was released of it stays released.

use clap::Args;
use peerlight_node_engine::intake::ChangeLimits;
use peerlight_proto::units::SchoolYear;
use serde_json::json;

use super::super::{
    Context,
    output::{Output, print_json},
};
use crate::{
    error::Error,
    exact,
    records::{self, ImportOptions},
};

/// Forget what a source told of a school year; the others make the year.
#[derive(Args)]
pub struct ForgetArgs {
    /// The source, as "sources" names it.
    source: String,
    /// The school year, such as 2025-26.
    #[arg(long)]
    year: SchoolYear,
    /// Who decides; for the audit log.
    #[arg(long)]
    name: String,
    /// Do it although students are lost with it.
    #[arg(long)]
    accept_change: bool,
    /// Say what would be left and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &ForgetArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let options = ImportOptions {
        as_of: None,
        accept_change: args.accept_change,
        dry_run: args.dry_run,
        limits: ChangeLimits::default(),
        precedence: node.config.precedence.clone(),
    };
    let (held, at) = (exact::records(&node)?, node.clock.now());
    let asked = (args.source.as_str(), args.year);
    let left = records::forget(&node.store, &held, asked, &options, &args.name, at).await?;
    if args.output == Output::Json {
        return Ok(print_json(json!({
            "source": args.source,
            "school_year": args.year,
            "students_before": left.before,
            "students_now": left.now,
            "sources_now": left.sources,
            "dry_run": args.dry_run,
        }))?);
    }
    let would = if args.dry_run { "would be forgotten" } else { "is forgotten" };
    let others = if left.sources.is_empty() { "none".to_owned() } else { left.sources.join(", ") };
    println!(
        "{} {would} for {}: {} students before, {} without it. Sources that stay: {others}.",
        args.source, args.year, left.before, left.now
    );
    Ok(())
}
