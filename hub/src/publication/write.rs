//! Makes a publication from the newest benchmark run.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use peerlight_hub_engine::publication::{self as rows, ColumnKind, Value};
use peerlight_proto::{document, names::ReleaseId, units::hexadecimal};
use prost::Message;

use super::{
    PublicationError,
    manifest::{Entry, HUB_KEYS, MANIFEST, Manifest, ROOT_KEY, SIGNATURE},
    method,
};
use crate::{
    error::Error,
    export::{Cell, Column, Kind, Table},
    hub::Hub,
    run::Run,
    store::{cut_point, document as documents, inconsistent},
};

/// A publication just made.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// Its folder.
    pub folder: PathBuf,
    /// What it is and has.
    pub manifest: Manifest,
}

/// Publishes the newest run under `name`, or one made from year and run.
pub async fn publish(hub: &Hub, name: Option<ReleaseId>) -> Result<Published, Error> {
    let run = hub.newest_run().await?.ok_or(PublicationError::NoRun)?;
    let charter = &run.in_force.charter.charter;
    let version = match name {
        Some(name) => name,
        None => ReleaseId::new(format!("{}-run-{}", charter.school_year, run.number))?,
    };
    let folder = hub.home.publications().join(version.as_str());
    if folder.exists() {
        return Err(PublicationError::Taken(version).into());
    }
    let mut files = tables(hub, &run).await?;
    files.push(("method.md".to_owned(), method::notes(&run).into_bytes()));
    let manifest = Manifest {
        schema_version: 1,
        consortium: charter.consortium.clone(),
        version: version.clone(),
        created_seconds: hub.now(),
        school_year: charter.school_year,
        scope: charter.policy.publication,
        charter_number: charter.number,
        charter_hash: run.in_force.charter.hash,
        directory_hash: run.in_force.directory.hash,
        benchmark_run: run.number,
        files: files.iter().map(|(name, content)| Entry::of(name, content)).collect(),
    };
    let keys = documents::find_newest(&hub.store, document::HUB_KEYS).await?;
    let keys = keys.ok_or_else(|| inconsistent("document", "there is no key list"))?;
    let bytes = manifest.to_bytes();
    let signature = document::sign_detached(&hub.keys.receipt, document::PUBLICATION, &bytes);
    files.push((MANIFEST.to_owned(), bytes));
    files.push((SIGNATURE.to_owned(), line(&signature)));
    files.push((HUB_KEYS.to_owned(), keys.signed.encode_to_vec()));
    files.push((ROOT_KEY.to_owned(), line(&hub.keys.root_public())));
    let place = folder.clone();
    let written = tokio::task::spawn_blocking(move || write(&place, &files)).await;
    match written.map_err(|_| Error::Stopping)? {
        Ok(()) => {
            // Readers compare levels with the year's first publication.
            let year = charter.school_year.ending_year();
            cut_point::insert(&hub.store, year, run.number, &run.analysis.cut_points()).await?;
            Ok(Published { folder, manifest })
        }
        // Somebody else published the same name meanwhile.
        Err(_) if folder.exists() => Err(PublicationError::Taken(version).into()),
        Err(source) => Err(Error::File { path: folder, source }),
    }
}

fn line(bytes: &[u8]) -> Vec<u8> {
    format!("{}\n", hexadecimal(bytes)).into_bytes()
}

/// Every table in every format.
async fn tables(hub: &Hub, run: &Run) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let (charter, directory) = (&run.in_force.charter.charter, &run.in_force.directory.directory);
    let gathered = hub.gather(&run.in_force, |head| run.sources.contains(&head.key())).await?;
    let tables = rows::tables(charter, directory, &run.analysis, &gathered.releases);
    let mut files = Vec::new();
    for table in tables.into_iter().map(exported) {
        files.push((format!("{}.csv", table.name), table.csv()));
        files.push((format!("{}.json", table.name), table.json()));
        files.push((
            format!("{}.parquet", table.name),
            table.parquet().map_err(PublicationError::from)?,
        ));
    }
    Ok(files)
}

fn exported(table: rows::Table) -> Table {
    let name = match table.name {
        "network" => "network_benchmarks",
        "schools" => "school_benchmarks",
        other => other,
    };
    let column = |column: &rows::Column| Column {
        name: column.name,
        kind: match column.kind {
            ColumnKind::Text => Kind::Text,
            ColumnKind::Integer => Kind::Whole,
            ColumnKind::Number(decimals) => Kind::Number(decimals),
        },
    };
    let cell = |value: Value| match value {
        Value::Text(text) => Cell::Text(text),
        Value::Integer(whole) => Cell::Whole(whole),
        Value::Number(number) => Cell::Number(number),
        Value::Missing => Cell::Empty,
    };
    Table {
        name: name.to_owned(),
        columns: table.columns.iter().map(column).collect(),
        rows: table.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect(),
    }
}

/// Writes the files beside their folder's place and renames them into it.
fn write(folder: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let part = parent.join(format!(".{name}.{}.part", std::process::id()));
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    let written = fill(&part, files).and_then(|()| fs::rename(&part, folder));
    if written.is_err() && part.exists() {
        fs::remove_dir_all(&part)?;
    }
    written?;
    fs::File::open(parent)?.sync_all()
}

fn fill(part: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    fs::create_dir(part)?;
    for (name, content) in files {
        let mut file = fs::File::create_new(part.join(name))?;
        file.write_all(content)?;
        file.sync_all()?;
    }
    fs::File::open(part)?.sync_all()
}
