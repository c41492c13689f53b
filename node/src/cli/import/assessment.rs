//! `import caaspp`, `import elpac` and `import nsc`: files of the state's
//! testing system and of the National Student Clearinghouse.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use peerlight_node_engine::intake::assessment::{Format, Options};
use peerlight_proto::units::SchoolYear;

use super::{
    super::Context,
    apply::{ApplyArgs, reading},
};
use crate::{error::Error, source::assessment};

#[derive(Args)]
#[command(after_help = "Read are the student score data files of TOMS: .xlsx, .csv, and _DLMTR.CSV
(also .gz). Columns are found by their names. A roster from another source tells
each student's school; students are joined on the statewide id (SSID).")]
pub struct ScoreArgs {
    /// A file, or a folder of them.
    path: PathBuf,
    /// School year, such as 2025-26, where the file's name does not end with it.
    #[arg(long)]
    year: Option<SchoolYear>,
    /// Read only this sheet of a workbook.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Take the student groups as they were at testing, too.
    #[arg(long)]
    groups: bool,
    #[command(flatten)]
    apply: ApplyArgs,
}

#[derive(Args)]
#[command(
    after_help = "Read is the detail of StudentTracker for High Schools: .csv (also .gz) or .xlsx.
The first enrolment after graduation counts, in the school year of graduation."
)]
pub struct NscArgs {
    /// A file, or a folder of them.
    path: PathBuf,
    /// The year of graduation to take, such as 2025-26; needed where the file
    /// has no High School Grad Date.
    #[arg(long)]
    year: Option<SchoolYear>,
    /// Read only this sheet of a workbook.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Which ids were sent to the Clearinghouse.
    #[arg(long, value_enum, default_value_t = SentId::Local)]
    id: SentId,
    #[command(flatten)]
    apply: ApplyArgs,
}

/// Which student ids a Clearinghouse file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SentId {
    /// The district's own.
    Local,
    /// The state's.
    Statewide,
}

pub async fn scores(args: &ScoreArgs, format: Format, context: &Context) -> Result<(), Error> {
    let options = Options { year: args.year, with_groups: args.groups, is_statewide: true };
    run(&args.path, format, options, args.sheet.as_ref(), &args.apply, context).await
}

pub async fn nsc(args: &NscArgs, context: &Context) -> Result<(), Error> {
    let is_statewide = args.id == SentId::Statewide;
    let options = Options { year: args.year, with_groups: false, is_statewide };
    run(&args.path, Format::Nsc, options, args.sheet.as_ref(), &args.apply, context).await
}

async fn run(
    path: &Path,
    format: Format,
    options: Options,
    sheet: Option<&String>,
    apply: &ApplyArgs,
    context: &Context,
) -> Result<(), Error> {
    apply.check(assessment::source_of(format))?;
    let node = context.node(&[]).await?;
    let (path, sheet) = (path.to_owned(), sheet.cloned());
    let read = reading(&node, move |schools| {
        Ok(assessment::read(&path, format, options, sheet.as_deref(), schools)?)
    });
    apply.apply(&node, read.await).await
}
