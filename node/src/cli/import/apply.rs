//! What becomes of what was read, whatever its format: reported, then applied
//! or refused, and written down.

use std::path::PathBuf;

use clap::Args;
use peerlight_node_engine::{
    intake::{ChangeLimits, Report, Schools, table::Day},
    measure::absent_groups,
    student::Column,
};
use peerlight_proto::units::SchoolYear;

use super::{
    super::output::{Output, say_absent_groups},
    print::print_report,
};
use crate::{
    calendar,
    error::Error,
    exact,
    import_report::{self, ImportReport},
    node::Node,
    records::{self, Applied, ImportOptions, Outcome},
    source::{Read, is_source_name},
    store::{audit, combined::CombinedYear},
};

/// How an import of any format is applied.
#[derive(Args)]
pub struct ApplyArgs {
    /// Check everything and apply nothing.
    #[arg(long)]
    dry_run: bool,
    /// Apply although much changed since the last import.
    #[arg(long)]
    accept_change: bool,
    /// Civil date the values are cumulative to.
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<String>,
    /// Write import-report.html and import-report.csv into this folder, also
    /// when the import is refused.
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Runs a reader off the async threads, with the schools of this district.
pub async fn reading(
    node: &Node,
    read: impl FnOnce(Schools) -> Result<Read, Error> + Send + 'static,
) -> Result<Read, Error> {
    let member = node.membership()?.member;
    let directory = node.documents().await?.directory.document;
    let work = move || read(Schools::new(&directory, &member));
    match tokio::task::spawn_blocking(work).await {
        Ok(read) => read,
        Err(_) => Err(Error::Absent("the import was interrupted: try again".to_owned())),
    }
}

impl ApplyArgs {
    /// Refuses flags that cannot be meant, before anything is read.
    pub fn check(&self, source: &str) -> Result<(), Error> {
        if self.as_of.as_ref().is_some_and(|date| !calendar::is_date(date)) {
            return Err(Error::Usage("--as-of is not a civil date: write YYYY-MM-DD".to_owned()));
        }
        if !is_source_name(source) {
            let text = "a source's name has 1 to 32 small letters, digits, \"_\" and \"-\"";
            return Err(Error::Usage(text.to_owned()));
        }
        Ok(())
    }

    /// The last day that the files can tell of: `--as-of`, or today.
    pub fn last_day(&self, node: &Node) -> Day {
        let today = || Day::of_unix(node.clock.now().0);
        self.as_of.as_deref().and_then(Day::read).unwrap_or_else(today)
    }

    /// Applies what was read, or says why it was refused.
    pub async fn apply(&self, node: &Node, read: Result<Read, Error>) -> Result<(), Error> {
        let mut read = match read {
            Err(error) => return self.refuse(node, None, error),
            Ok(read) => read,
        };
        let percent = node.config.accept_change_percent;
        let options = ImportOptions {
            as_of: self.as_of.clone(),
            accept_change: self.accept_change,
            dry_run: self.dry_run,
            limits: ChangeLimits { rows_percent: percent, share_points: percent },
            precedence: node.config.precedence.clone(),
        };
        let held = exact::records(node)?;
        let now = node.clock.now();
        let outcome = match records::apply(&node.store, &held, &read, &options, now).await {
            Err(error) => return self.refuse(node, Some(&read), error.into()),
            Ok(outcome) => outcome,
        };
        let is_applied =
            |(_, _, applied): &(SchoolYear, u64, Applied)| *applied != Applied::Unchanged;
        if !self.dry_run && outcome.years.iter().any(is_applied) {
            let years: Vec<String> =
                outcome.years.iter().map(|(year, ..)| year.to_string()).collect();
            let action = format!("import {}", read.source);
            audit::insert(&node.store, now, "peerlight-node", &action, &years.join(", ")).await?;
        }
        let absent = absent(node, &outcome.combined).await?;
        let report = &mut read.imported.report;
        outcome.problems.groups().for_each(|group| report.problems.add_group(group));
        print_report(report, self.output, Some(&outcome), &absent)?;
        self.write_report(node, &read.source, &read.imported.report, Ok(&outcome))?;
        for (year, sentences) in &absent {
            say_absent_groups(*year, sentences);
        }
        Ok(())
    }

    /// Says why what was read is not applied, and fails.
    fn refuse(&self, node: &Node, read: Option<&Read>, error: Error) -> Result<(), Error> {
        let source = read.map_or("", |read| &read.source);
        if let Some(report) = error.report() {
            print_report(report, self.output, None, &[])?;
            self.write_report(node, source, report, Err(&error.to_string()))?;
        } else if let Some(read) = read {
            let report = &read.imported.report;
            self.write_report(node, source, report, Err(&error.to_string()))?;
        }
        Err(error)
    }

    fn write_report(
        &self,
        node: &Node,
        source: &str,
        report: &Report,
        outcome: Result<&Outcome, &str>,
    ) -> Result<(), Error> {
        let Some(folder) = &self.report else { return Ok(()) };
        let (is_dry_run, at) = (self.dry_run, node.clock.now());
        let import = ImportReport { source, report, outcome, is_dry_run, at };
        import_report::write(folder, &import)?;
        eprintln!("The report is in {}.", folder.display());
        Ok(())
    }
}

/// Which student groups each year cannot tell, a sentence each.
async fn absent(
    node: &Node,
    years: &[CombinedYear],
) -> Result<Vec<(SchoolYear, Vec<String>)>, Error> {
    let charter = node.documents().await?.charter.document;
    let of_year = |year: &CombinedYear| {
        let columns = year.columns().into_iter().filter_map(Column::from_name).collect();
        let absent = absent_groups(&charter, |_| true, columns);
        (year.school_year, absent.iter().map(ToString::to_string).collect())
    };
    Ok(years.iter().map(of_year).collect())
}
