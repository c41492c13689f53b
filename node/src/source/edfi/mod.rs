//! Reads Ed-Fi: interchange files in XML, or what a REST API answers.
//!
//! Only opens, splits and asks; what records and descriptors mean is the
//! engine's to say.

mod client;
mod json;
mod rest;
#[cfg(test)]
mod rest_tests;
mod service;
#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod tls_tests;
mod xml;

use std::{
    fs,
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::{
    Schools,
    edfi::{Descriptors, EdFi, interchange_rank},
    table::Day,
};
use peerlight_proto::units::{ContentHash, SchoolYear};
use ring::digest::{Context, SHA256};

use self::xml::Records;
pub use self::{client::Access, rest::service, service::ServiceError};
use super::{
    Read,
    error::{SourceError, failed},
    folder::{self, name},
    rows::RowsError,
};

/// Name of this source.
pub const SOURCE: &str = "edfi";

/// How every namespace of the standard begins.
const NAMESPACE: &str = "http://ed-fi.org/";

/// What is to be read, whichever road it comes.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The school year; records of others are left out.
    pub year: SchoolYear,
    /// The last day that the records tell of.
    pub until: Day,
    /// A file of descriptors that comes before what is shipped.
    pub descriptors: Option<PathBuf>,
    /// Whether the records have every enrolment of the four school years that
    /// end with this one, so that the graduation cohort is told.
    pub with_cohort: bool,
}

impl Wanted {
    /// An import of nothing yet, with what decides how it is understood in the
    /// digest.
    fn begin(&self, schools: Schools) -> Result<(EdFi, Context), SourceError> {
        let mut digest = Context::new(&SHA256);
        digest.update(self.year.to_string().as_bytes());
        let descriptors = match &self.descriptors {
            None => Descriptors::default(),
            Some(path) => {
                let text = fs::read_to_string(path).map_err(failed(path))?;
                digest.update(text.as_bytes());
                Descriptors::with(&text)?
            }
        };
        let edfi = EdFi::new(schools, self.year, descriptors, self.until);
        if !self.with_cohort {
            return Ok((edfi, digest));
        }
        digest.update(b"cohort");
        Ok((edfi.with_cohort(), digest))
    }
}

/// Reads an interchange file, or every one of a folder; refuses them all where
/// one has a fatal error.
pub fn files(path: &Path, wanted: &Wanted, schools: Schools) -> Result<Read, SourceError> {
    let paths = folder::files(
        path,
        |name| Path::new(name).extension().is_some_and(|it| it == "xml"),
        ".xml file (also .gz) of Ed-Fi",
    )?;
    let (mut edfi, mut digest) = wanted.begin(schools)?;
    let paths = ordered(paths)?;
    for path in &paths {
        read_file(path, &mut edfi, &mut digest)?;
    }
    let imported = edfi.finish()?;
    let files = paths.iter().map(|path| name(path)).collect();
    Ok(Read { source: SOURCE.to_owned(), imported, digest: finished(digest), files, kept: None })
}

fn finished(digest: Context) -> ContentHash {
    let digest = digest.finish();
    ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes")
}

/// Files in the order in which they must be read: by their interchange, then
/// by name. Those that are not of Ed-Fi come last, to be told.
fn ordered(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, SourceError> {
    let mut ranked = Vec::new();
    for path in paths {
        let mut unused = Context::new(&SHA256);
        let mut records = Records::open(&path, &mut unused).map_err(failed(&path))?;
        let rank = records.root().ok().and_then(|(root, _)| interchange_rank(&root));
        ranked.push((rank.unwrap_or(usize::MAX), path));
    }
    ranked.sort();
    Ok(ranked.into_iter().map(|(_, path)| path).collect())
}

fn read_file(path: &Path, edfi: &mut EdFi, digest: &mut Context) -> Result<(), SourceError> {
    edfi.begin(&name(path));
    let records = Records::open(path, digest).map_err(failed(path))?;
    match read_records(records, edfi) {
        Ok(()) => Ok(()),
        Err(RowsError::Broken { line, what, remedy }) => {
            edfi.unreadable(line, &format!("the file {what}"), remedy);
            Ok(())
        }
        Err(RowsError::File(source)) => Err(failed(path)(source)),
    }
}

fn read_records(mut records: Records<'_>, edfi: &mut EdFi) -> Result<(), RowsError> {
    let (root, namespace) = records.root()?;
    let is_ours = namespace.is_empty() || namespace.starts_with(NAMESPACE);
    if interchange_rank(&root).is_none() || !is_ours {
        let what = "is not an interchange file of Ed-Fi";
        let remedy = "give the XML files that Ed-Fi bulk load takes";
        return Err(RowsError::Broken { line: 1, what, remedy });
    }
    while let Some((line, record)) = records.next()? {
        edfi.record(&record, line);
    }
    Ok(())
}
