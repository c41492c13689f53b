//! `import survey`: answers to a survey, by a map of its questions.

use std::path::PathBuf;

use clap::Args;
use peerlight_proto::units::SchoolYear;

use super::{
    super::Context,
    apply::{ApplyArgs, reading},
};
use crate::{
    error::Error,
    source::{self, survey},
};

#[derive(Args)]
#[command(after_help = "Read are exports of Qualtrics with their three header rows, and any table
whose header names the questions: .csv (also .gz) or .xlsx. The map says which
column has the student's id, which questions tell which construct, and what each
answer is worth: see docs/running-a-node.md. Of answers without a student's id it
says who gave them (students, staff or parents) and which column has the school:
they are counted on this node, and nothing of them is ever sent.")]
pub struct SurveyArgs {
    /// A file, or a folder of them.
    path: PathBuf,
    /// The survey's map, in TOML.
    #[arg(long, value_name = "FILE")]
    map: PathBuf,
    /// School year, such as 2025-26, whatever the map says.
    #[arg(long)]
    year: Option<SchoolYear>,
    /// Read only this sheet of a workbook.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Name of this source, where a year has several surveys.
    #[arg(long, value_name = "NAME", default_value = survey::SOURCE)]
    source: String,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn run(args: &SurveyArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(&args.source)?;
    let node = context.node(&[]).await?;
    let (path, map) = (args.path.clone(), args.map.clone());
    let (year, sheet, source) = (args.year, args.sheet.clone(), args.source.clone());
    let read = reading(&node, move |schools| {
        let read = survey::read(&path, &map, year, sheet.as_deref(), schools)?;
        Ok(source::Read { source, ..read })
    });
    args.apply.apply(&node, read.await).await
}
