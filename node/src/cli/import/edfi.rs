//! `import edfi`: interchange files, or an API. Secrets come from files or the
//! environment, never from the command line, where others can see them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use clap::Args;
use peerlight_proto::units::SchoolYear;
use zeroize::Zeroizing;

use super::{
    super::Context,
    apply::{ApplyArgs, reading},
};
use crate::{
    error::Error,
    source::edfi::{self, Access, Wanted},
};

#[derive(Args)]
#[command(after_help = "Give all files of a school year together: they replace what this source
told of that year. Which descriptor means what is data: --descriptors overrides
it, and the report lists every value that has no meaning yet.")]
pub struct EdFiArgs {
    /// A folder with interchange files (.xml, .xml.gz), one of them, or the URL
    /// of an API's root.
    #[arg(value_name = "PATH|URL")]
    path: String,
    /// The school year to take, such as 2025-26; records of others are left out.
    #[arg(long)]
    year: SchoolYear,
    /// What this district's descriptors mean, before what is shipped.
    #[arg(long, value_name = "FILE")]
    descriptors: Option<PathBuf>,
    /// Also tell the graduation cohort: the records have every enrolment of the
    /// four school years that end with --year, also of students who left.
    #[arg(long)]
    cohort: bool,
    /// A file with the API client's id; or set `PEERLIGHT_EDFI_CLIENT_ID`.
    #[arg(long, value_name = "FILE")]
    client_id_file: Option<PathBuf>,
    /// A file with the API client's secret; or set `PEERLIGHT_EDFI_SECRET`.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The authority of the API's certificate (PEM), where it is not a public one.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn run(args: &EdFiArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(edfi::SOURCE)?;
    let node = context.node(&[]).await?;
    let wanted = Wanted {
        year: args.year,
        until: args.apply.last_day(&node),
        descriptors: args.descriptors.clone(),
        with_cohort: args.cohort,
    };
    let read = if args.is_service() {
        let access = args.access()?;
        reading(&node, move |schools| Ok(edfi::service(&access, &wanted, &schools)?)).await
    } else {
        let path = PathBuf::from(&args.path);
        reading(&node, move |schools| Ok(edfi::files(&path, &wanted, schools)?)).await
    };
    args.apply.apply(&node, read).await
}

impl EdFiArgs {
    fn is_service(&self) -> bool {
        ["http://", "https://"].iter().any(|scheme| self.path.starts_with(scheme))
    }

    fn access(&self) -> Result<Access, Error> {
        Ok(Access {
            url: self.path.clone(),
            client: secret(self.client_id_file.as_deref(), "CLIENT_ID", "--client-id-file")?,
            secret: secret(self.secret_file.as_deref(), "SECRET", "--secret-file")?,
            authority: self.ca.clone(),
        })
    }
}

/// A secret from its file or the environment.
fn secret(file: Option<&Path>, variable: &str, flag: &str) -> Result<Zeroizing<String>, Error> {
    let variable = format!("PEERLIGHT_EDFI_{variable}");
    let found = match file {
        Some(path) => Some(fs::read_to_string(path).map_err(|reason| {
            Error::Usage(format!("{} cannot be read: {reason}", path.display()))
        })?),
        None => env::var(&variable).ok(),
    };
    let found = Zeroizing::new(found.unwrap_or_default());
    if found.trim().is_empty() {
        return Err(Error::Usage(format!("an API needs {flag} FILE, or {variable} set")));
    }
    Ok(Zeroizing::new(found.trim().to_owned()))
}
