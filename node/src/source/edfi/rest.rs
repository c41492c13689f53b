//! Reads a school year from an Ed-Fi API, as one state of its data.
//!
//! The whole year is read each time: the API's changes name records that are
//! gone only by their key, so that a year cannot be kept up from them. The
//! change versions say whether anything changed while it was read; then it is
//! read again.

use std::collections::HashSet;

use peerlight_node_engine::intake::{
    Schools,
    edfi::{EdFi, Kind},
};
use ring::digest::Context;
use serde_json::Value;

use super::{
    SOURCE, Wanted,
    client::{Access, Answer, Client},
    finished, json,
    service::ServiceError,
};
use crate::source::{Read, error::SourceError};

/// Records on a page: what the standard allows.
const PAGE: usize = 500;

/// How often a year is read until it stood still.
const READINGS: usize = 3;

/// Without it there are no student years.
const NEEDED: &str = "studentSchoolAssociations";

/// Where an API keeps its parts.
struct Places {
    data: String,
    changes: Option<String>,
}

/// What was read, to see whether it still is so.
#[derive(Default)]
struct Seen {
    /// The newest change version; none where the API has none.
    version: Option<u64>,
    /// Resources and how many records each had.
    resources: Vec<(&'static str, u64)>,
}

/// Reads the year's records; refuses them all where one has a fatal error, or
/// where the server cannot be believed.
pub fn service(access: &Access, wanted: &Wanted, schools: &Schools) -> Result<Read, SourceError> {
    let mut client = Client::new(access)?;
    let places = discover(&mut client, access, wanted)?;
    for _ in 0..READINGS {
        let (mut edfi, mut digest) = wanted.begin(schools.clone())?;
        let mut seen = Seen { version: newest(&mut client, &places)?, ..Seen::default() };
        for (resource, record) in Kind::resources(wanted.with_cohort) {
            let of = Resource { name: resource, record, places: &places };
            read_resource(&mut client, of, &mut seen, &mut edfi, &mut digest)?;
        }
        if stood_still(&mut client, &places, &seen)? {
            if seen.version.is_none() {
                let what = "the API has no change queries";
                edfi.remark(what, "only the number of records was seen not to change meanwhile");
            }
            let imported = edfi.finish()?;
            let files = seen.resources.iter().map(|(name, _)| (*name).to_owned()).collect();
            let digest = finished(digest);
            return Ok(Read { source: SOURCE.to_owned(), imported, digest, files, kept: None });
        }
    }
    Err(ServiceError::Changing.into())
}

/// What the API's root lists.
fn discover(client: &mut Client, access: &Access, wanted: &Wanted) -> Result<Places, ServiceError> {
    let what = "the API's root";
    let root = client.open(what, &access.url)?;
    let year = wanted.year.ending_year().to_string();
    let place = |name: &str| {
        let url = root["urls"][name].as_str()?;
        Some(url.replace("{schoolYearFromRoute}", &year))
    };
    let expected = "the list of an Ed-Fi API's URLs";
    let unexpected = || ServiceError::Unexpected { what: what.to_owned(), expected };
    let with_slash = |url: String| if url.ends_with('/') { url } else { url + "/" };
    let data = with_slash(place("dataManagementApi").ok_or_else(unexpected)?);
    let log_in = place("oauth").ok_or_else(unexpected)?;
    let log_in = if log_in.ends_with("/token") { log_in } else { with_slash(log_in) + "token" };
    let log_in = client.own(&log_in)?;
    client.log_in_at(log_in);
    let changes = place("changeQueries").map(with_slash);
    let changes = changes.map(|url| client.own(&url)).transpose()?;
    Ok(Places { data: client.own(&data)?, changes })
}

/// The newest change version; none where the API does not tell any.
fn newest(client: &mut Client, places: &Places) -> Result<Option<u64>, ServiceError> {
    let Some(url) = &places.changes else { return Ok(None) };
    let what = "availableChangeVersions";
    let Some(answer) = client.get(what, &format!("{url}{what}"), None)? else { return Ok(None) };
    // Before version 3 of the standard with a capital.
    let names = ["newestChangeVersion", "NewestChangeVersion"];
    let found = names.iter().find_map(|name| answer.content[*name].as_u64());
    let expected = "a change version";
    found.map(Some).ok_or(ServiceError::Unexpected { what: what.to_owned(), expected })
}

/// A resource to be read.
#[derive(Clone, Copy)]
struct Resource<'a> {
    name: &'static str,
    record: &'static str,
    places: &'a Places,
}

impl Resource<'_> {
    fn url(&self, query: &str) -> String {
        format!("{}ed-fi/{}?{query}", self.places.data, self.name)
    }
}

/// Reads every page of a resource. One that this standard or client has not is
/// told; only enrolments must be there.
fn read_resource(
    client: &mut Client,
    of: Resource<'_>,
    seen: &mut Seen,
    edfi: &mut EdFi,
    digest: &mut Context,
) -> Result<(), ServiceError> {
    let window = seen.version.map(|to| format!("&maxChangeVersion={to}")).unwrap_or_default();
    let name = of.name;
    edfi.begin(name);
    digest.update(name.as_bytes());
    let (mut said, mut given, mut firsts) = (None, 0_u64, HashSet::new());
    loop {
        let count = if said.is_none() { "&totalCount=true" } else { "" };
        let url = of.url(&format!("offset={given}&limit={PAGE}{count}{window}"));
        let Some(Answer { content, total }) = client.get(name, &url, Some(digest))? else {
            if name == NEEDED || given > 0 {
                return Err(ServiceError::Denied { what: name.to_owned(), status: 403 });
            }
            let what = format!("{name} is not offered to this client");
            edfi.remark(&what, "what it tells is not known: ask whoever runs the API");
            return Ok(());
        };
        let expected = "a list of records";
        let unexpected = |expected| ServiceError::Unexpected { what: name.to_owned(), expected };
        let Value::Array(page) = content else { return Err(unexpected(expected)) };
        let expected = "counted (no Total-Count)";
        let total = said.or(total).ok_or_else(|| unexpected(expected))?;
        said = Some(total);
        let Some(first) = page.first() else {
            if given == total {
                seen.resources.push((name, total));
                return Ok(());
            }
            let (resource, given) = (name.to_owned(), given.to_string());
            return Err(ServiceError::Total { resource, said: total, given });
        };
        if first["id"].as_str().is_some_and(|id| !firsts.insert(id.to_owned())) {
            return Err(ServiceError::Repeated(name.to_owned()));
        }
        for value in &page {
            given += 1;
            edfi.record(&json::record(of.record, value), given);
        }
        if given > total || page.len() > PAGE {
            let (resource, given) = (name.to_owned(), "more".to_owned());
            return Err(ServiceError::Total { resource, said: total, given });
        }
    }
}

/// Whether nothing that was read has changed since it was begun.
fn stood_still(client: &mut Client, places: &Places, seen: &Seen) -> Result<bool, ServiceError> {
    let now = newest(client, places)?;
    if now.is_some() && now == seen.version {
        return Ok(true);
    }
    for (name, total) in &seen.resources {
        let of = Resource { name, record: "", places };
        let Some(version) = seen.version else {
            let answer = client.get(name, &of.url("offset=0&limit=1&totalCount=true"), None)?;
            if answer.and_then(|answer| answer.total) != Some(*total) {
                return Ok(false);
            }
            continue;
        };
        // Others may write what is not read here.
        let since = format!("minChangeVersion={}&offset=0&limit=1&totalCount=true", version + 1);
        let changed = client.get(name, &of.url(&since), None)?;
        let url = format!("{}ed-fi/{name}/deletes?{since}", places.data);
        let deleted = client.get(name, &url, None)?;
        let is_none = |answer: Option<Answer>| {
            answer.is_some_and(|answer| answer.content.as_array().is_some_and(Vec::is_empty))
        };
        if !is_none(changed) || !is_none(deleted) {
            return Ok(false);
        }
    }
    Ok(true)
}
