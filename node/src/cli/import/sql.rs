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
    exact,
    import::in_place::{Warehouse, settle},
    in_place,
    node::Node,
    source::{
        self, SourceError, mapping,
        warehouse::{self, Address, View, Wanted},
    },
};

#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node import sql postgres://reader@db.example.org/warehouse \\
      --view analytics.student_years --year 2025-26 --password-file reader.password
  peerlight-node import sql postgres://reader@db.example.org/warehouse \\
      --view analytics.student_years --password-file reader.password --pushdown
  PGPASSFILE=~/.pgpass peerlight-node import sql postgres://reader@db/warehouse \\
      --view analytics.student_years --map map.toml --dry-run

The view has the columns of student_years.csv, one row a student and school year, or
others that a mapping file names. Columns that nothing uses are not fetched. The
session can only read. The connection is encrypted and the server's certificate
checked, unless the server is this machine; a certificate authority of your own is
given as ?sslrootcert=FILE.

With --pushdown nothing is stored but where the view is. Whenever something is due
the node asks for ids, schools, grades and student groups, meets every student in its
contribution journal, and lets the warehouse add up the rest: only totals come back,
and noise is added here. Growth and running counts cannot be counted so.

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
    /// Do not fetch the student years: record that they are there, and let the
    /// warehouse count them from now on.
    #[arg(long, conflicts_with_all = ["source", "as_of"])]
    pushdown: bool,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn run(args: &SqlArgs, context: &Context) -> Result<(), Error> {
    args.apply.check(&args.source)?;
    let usage = |error: &dyn std::error::Error| Error::Usage(error.to_string());
    let view: View = args.view.parse().map_err(|error| usage(&error))?;
    if args.pushdown {
        check_pushdown(args)?;
    }
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
    if args.pushdown {
        return count_there(args, &node, address, wanted).await;
    }
    let (runtime, source) = (Handle::current(), args.source.clone());
    // Reading cells is work: off the async threads, like files.
    let read = reading(&node, move |schools| {
        let read: Result<source::Read, SourceError> =
            runtime.block_on(warehouse::read(&address, &wanted, schools));
        Ok(source::Read { source, ..read? })
    });
    args.apply.apply(&node, read.await).await
}

/// Refuses what could not be found again when something is due.
fn check_pushdown(args: &SqlArgs) -> Result<(), Error> {
    if args.password_file.as_deref().is_some_and(|path| path.as_os_str() == "-") {
        let text = "the password is needed whenever something is due: with --pushdown give it in \
                    a file, or in PGPASSFILE";
        return Err(Error::Usage(text.to_owned()));
    }
    let query = args.url.split_once('?').map_or("", |(_, query)| query);
    let files = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut files = files.filter(|(key, _)| ["sslrootcert", "sslcert", "sslkey"].contains(key));
    match files.find(|(_, path)| !path.starts_with('/')) {
        None => Ok(()),
        Some((key, _)) => {
            let text = format!("with --pushdown write the whole path of {key}, from /");
            Err(Error::Usage(text))
        }
    }
}

/// Records that the view's years are counted where they are.
async fn count_there(
    args: &SqlArgs,
    node: &Node,
    address: Address,
    wanted: Wanted,
) -> Result<(), Error> {
    let password_file = args.password_file.as_deref().map(std::path::absolute).transpose()?;
    let there = Warehouse {
        url: args.url.clone(),
        password_file: password_file.map(|path| path.display().to_string()),
        view: wanted.view.to_string(),
        minutes: args.minutes,
    };
    let (schools, runtime) = (in_place::schools(node).await?, Handle::current());
    let looked =
        exact::blocking(move || Ok(runtime.block_on(warehouse::look(&address, &wanted, schools))?));
    let settled = settle(node, looked.await, &there, &args.apply.wish()).await?;
    args.apply.say(settled)?;
    let charter = node.documents().await?.charter.document;
    for sentence in in_place::not_counted(node, &charter, |_| true).await? {
        eprintln!("Not released while the warehouse counts: {sentence}.");
    }
    Ok(())
}

/// The first line of a file, or of standard input.
fn password(path: &Path) -> Result<Zeroizing<String>, Error> {
    if path.as_os_str() != "-" {
        return in_place::password(path);
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut text)?;
    Ok(in_place::first_line(&text))
}
