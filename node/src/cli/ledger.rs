//! `ledger`: what the reporting year's privacy budget was spent on.

use clap::Args;
use peerlight_proto::{
    layout::year_budget,
    units::{PicoRho, SchoolYear},
};
use serde_json::to_value;

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{approval::Approved, error::Error, release::ledger::LedgerView, store::ledger};

/// Show what the year's privacy budget was spent on, and what is left.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node ledger
  peerlight-node ledger --year 2025-26 --output json

A charge touches the ledger of each of its grades; no grade may pass the year's
budget. A running count is paid for at its first step, for all of them. The chain of charges is checked whenever it is read.")]
pub struct LedgerArgs {
    /// Reporting year; the charter's if absent.
    #[arg(long, value_name = "YEAR")]
    year: Option<SchoolYear>,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn run(args: &LedgerArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = node.membership()?;
    let latest = node.documents().await?;
    let approved = Approved::find(&node.store, &membership).await?;
    let (charter, directory) = match &approved {
        Some(it) => (&it.charter.document, &it.directory.document),
        None => (&latest.charter.document, &latest.directory.document),
    };
    let year = args.year.unwrap_or(charter.school_year);
    let budget = year_budget(charter, directory, &membership.member);
    let view = LedgerView::of(&ledger::list(&node.store).await?, year, budget, charter);
    if args.output == Output::Json {
        let value = to_value(&view).map_err(std::io::Error::from)?;
        return Ok(print_json(value)?);
    }
    let mut table = Table::new(&["release_id", "program", "period", "grades", "pico_rho"]);
    for charge in &view.charges {
        table.push(vec![
            charge.release_id.to_string(),
            charge.program.to_string(),
            charge.period.to_string(),
            charge.grades.to_string(),
            paid(charge.pico_rho, args.output),
        ]);
    }
    table.print(args.output)?;
    if args.output == Output::Text {
        let mut left = Table::new(&["grade", "left_pico_rho", "left_percent"]);
        for (grade, rho) in &view.left_pico_rho_by_grade {
            let percent = rho.0 as f64 / budget.0.max(1) as f64 * 100.0;
            left.push(vec![grade.to_string(), rho.0.to_string(), format!("{percent:.2}")]);
        }
        println!("\nOf {} in {year}:", view.budget_pico_rho);
        left.print(Output::Text)?;
        if let Some(reserve) = view.reserve_in_words() {
            println!("\n{reserve}");
        }
    }
    Ok(())
}

/// A charge for people; files keep the number.
fn paid(pico_rho: PicoRho, output: Output) -> String {
    if pico_rho == PicoRho(0) && output == Output::Text {
        "paid at step 1".to_owned()
    } else {
        pico_rho.0.to_string()
    }
}
