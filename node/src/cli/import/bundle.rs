//! `import calpads`, `import calpads-report` and `import oneroster`: the files
//! of one system, together.

use std::path::PathBuf;

use clap::Args;
use peerlight_proto::units::SchoolYear;

use super::{
    super::Context,
    apply::{ApplyArgs, reading},
};
use crate::{
    error::Error,
    import,
    source::{calpads, calpads_report, oneroster},
};

#[derive(Args)]
#[command(after_help = "Import all files of a school year together: they replace what this source
told of that year. What other sources tell of the same students stays, and is
joined to it: see \"peerlight-node sources\".")]
pub struct BundleArgs {
    /// A folder with the files, or one file.
    path: PathBuf,
    #[command(flatten)]
    apply: ApplyArgs,
}

#[derive(Args)]
#[command(
    after_help = "Read are exports of the reports 8.1 (student profile), 14.2 (absences), 7.12
(incident results), 15.2 (cohort) and, to compare it with 15.2, 15.1: .csv (also
.gz) or .xlsx. Which one a file is, is told by its header. Import all reports of a
school year together: they replace what this source told of that year."
)]
pub struct ReportArgs {
    /// A folder with the exports, or one of them.
    path: PathBuf,
    /// School year, such as 2025-26, where neither titles nor names say it.
    #[arg(long)]
    year: Option<SchoolYear>,
    /// Read only this sheet of a workbook.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn calpads_report(args: &ReportArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(calpads_report::SOURCE)?;
    let node = context.node(&[]).await?;
    let (path, year, sheet) = (args.path.clone(), args.year, args.sheet.clone());
    let until = Some(args.apply.last_day(&node));
    let read = reading(&node, move |schools| {
        Ok(calpads_report::read(&path, year, sheet.as_deref(), until, schools)?)
    });
    args.apply.apply(&node, read.await).await
}

pub async fn calpads(args: &BundleArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(calpads::SOURCE)?;
    let node = context.node(&[]).await?;
    let (path, until) = (args.path.clone(), Some(args.apply.last_day(&node)));
    let read = reading(&node, move |schools| Ok(calpads::read(&path, until, schools)?));
    args.apply.apply(&node, read.await).await
}

pub async fn oneroster(args: &BundleArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(oneroster::SOURCE)?;
    let node = context.node(&[]).await?;
    let (path, until) = (args.path.clone(), Some(args.apply.last_day(&node)));
    let read = import::reading_roster(&node, path, until);
    args.apply.apply(&node, read.await).await
}
