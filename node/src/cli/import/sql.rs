//! `import sql`: a view of the district's or state's own warehouse.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, value_parser};
use peerlight_node_engine::intake::Mapping;
use peerlight_proto::units::SchoolYear;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use super::{
    super::Context,
    apply::{ApplyArgs, reading},
};
use crate::{
    error::Error,
    home,
    source::{
        self, SourceError, mapping,
        warehouse::{self, Address, View, Wanted},
    },
};

#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node import sql postgres://reader@db.example.org/warehouse \\
      --view analytics.student_years --year 2025-26 --password-file reader.password
  PGPASSFILE=~/.pgpass peerlight-node import sql postgres://reader@db/warehouse \\
      --view analytics.student_years --map map.toml --dry-run

The view has the columns of student_years.csv, one row a student and school year, or
others that a mapping file names. Columns that nothing uses are not fetched. The
session can only read. The connection is encrypted and the server's certificate
checked, unless the server is this machine; a certificate authority of your own is
given as ?sslrootcert=FILE.

Rows are numbered in the order of school_year, student_id and statewide_id.")]
pub struct SqlArgs {
    /// Where the warehouse is: `postgres://USER@HOST:PORT/DATABASE`, without a
    /// password.
    url: String,
    /// The view, materialised view or table; without a schema, of `public`.
    #[arg(long, value_name = "SCHEMA.NAME")]
    view: String,
    /// Read only this school year, such as 2025-26.
    #[arg(long)]
    year: Option<SchoolYear>,
    /// Renames, value maps, constants, filters and derivations.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// File with the password; `-` for standard input. Without it, `PGPASSWORD`
    /// and `PGPASSFILE` are asked.
    #[arg(long, value_name = "FILE|-")]
    password_file: Option<PathBuf>,
    /// How long the warehouse may take.
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u64).range(1..=1440))]
    minutes: u64,
    /// Name of this source, where a year's records come from several views.
    #[arg(long, value_name = "NAME", default_value = warehouse::SOURCE)]
    source: String,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn run(args: &SqlArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(&args.source)?;
    let usage = |error: &dyn std::error::Error| Error::Usage(error.to_string());
    let view: View = args.view.parse().map_err(|error| usage(&error))?;
    let password = args.password_file.as_deref().map(password).transpose()?;
    let password = password.as_ref().map(|text| text.as_str());
    let address = Address::parse(&args.url, password).map_err(|error| usage(&error))?;
    let mapping = match &args.map {
        Some(file) => mapping::read(file)?,
        None => Mapping::default(),
    };
    let patience = Duration::from_secs(60 * args.minutes);
    let wanted = Wanted { view, year: args.year, mapping, patience };
    let node = context.node(&[]).await?;
    let (runtime, source) = (Handle::current(), args.source.clone());
    // Reading cells is work: off the async threads, like files.
    let read = reading(&node, move |schools| {
        let read: Result<source::Read, SourceError> =
            runtime.block_on(warehouse::read(&address, &wanted, schools));
        Ok(source::Read { source, ..read? })
    });
    args.apply.apply(&node, read.await).await
}

/// The first line of a file, or of standard input.
fn password(path: &Path) -> Result<Zeroizing<String>, Error> {
    let mut text = Zeroizing::new(String::new());
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        let bytes = Zeroizing::new(home::read(path)?);
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}
