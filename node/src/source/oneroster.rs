//! Reads a OneRoster CSV bundle: a zip, or the folder it was unpacked to.
//!
//! Only unpacks and splits; what the files mean is the engine's to say. Nothing
//! is unpacked to the disk.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::{
    Schools,
    oneroster::{OneRoster, Table},
    table::Day,
};
use peerlight_proto::units::ContentHash;
use ring::digest::{Context, SHA256};
use zip::ZipArchive;

use super::{
    Read,
    error::{SourceError, failed},
    folder::{self, name},
    progress::{self, Counted},
    rows::{Delimiter, Rows, RowsError},
};

/// Name of this source.
pub const SOURCE: &str = "oneroster";

/// Largest file of a bundle, bytes unpacked: a roster of ten million classes
/// of students. What is larger is a zip bomb or no roster.
const LARGEST: u64 = 4 << 30;

/// Files that a bundle must have.
const REQUIRED: [Table; 3] = [Table::AcademicSessions, Table::Orgs, Table::Users];

/// Where the files of a bundle are.
enum Bundle {
    Folder(Vec<PathBuf>),
    Zip(ZipArchive<BufReader<Counted>>),
}

/// Reads every file of a bundle; refuses them all where one has a fatal error.
/// `until` is the last day that it tells of.
pub fn read(path: &Path, until: Option<Day>, schools: Schools) -> Result<Read, SourceError> {
    let mut bundle = open(path)?;
    let mut digest = Context::new(&SHA256);
    let mut roster = OneRoster::new(schools, until);
    let mut files = Vec::new();
    for table in Table::ORDER {
        match find(&bundle, table) {
            Some(position) => {
                files.push(read_table(
                    path,
                    &mut bundle,
                    position,
                    table,
                    &mut roster,
                    &mut digest,
                )?);
            }
            None if REQUIRED.contains(&table) => roster.missing(&name(path), table),
            None => {}
        }
    }
    let imported = roster.finish()?;
    let digest = digest.finish();
    let digest = ContentHash::from_bytes(digest.as_ref()).expect("SHA-256 has 32 bytes");
    Ok(Read { source: SOURCE.to_owned(), imported, digest, files })
}

fn open(path: &Path) -> Result<Bundle, SourceError> {
    if fs::metadata(path).map_err(failed(path))?.is_dir() {
        let files = folder::all(path)?;
        progress::expect(files.iter().map(PathBuf::as_path));
        return Ok(Bundle::Folder(files));
    }
    progress::expect([path]);
    let file = BufReader::new(Counted(File::open(path).map_err(failed(path))?));
    let archive = ZipArchive::new(file)
        .map_err(|reason| SourceError::Zip { path: path.to_owned(), reason })?;
    Ok(Bundle::Zip(archive))
}

/// The position of a table's file; letters' case and folders do not matter.
fn find(bundle: &Bundle, table: Table) -> Option<usize> {
    let is_it = |member: &str| {
        let file = member.rsplit(['/', '\\']).next().unwrap_or(member).to_ascii_lowercase();
        file.strip_suffix(".csv") == Some(table.file())
    };
    match bundle {
        Bundle::Folder(paths) => paths.iter().position(|path| is_it(&name(path))),
        Bundle::Zip(archive) => {
            archive.file_names().position(|member| member.is_ok_and(|member| is_it(&member)))
        }
    }
}

/// Reads one file; its name.
fn read_table(
    path: &Path,
    bundle: &mut Bundle,
    position: usize,
    table: Table,
    roster: &mut OneRoster,
    digest: &mut Context,
) -> Result<String, SourceError> {
    let failed = failed(path);
    match bundle {
        Bundle::Folder(paths) => {
            let file = name(&paths[position]);
            let rows = Rows::open(&paths[position], Delimiter::Comma, digest).map_err(&failed)?;
            read_rows(rows, table, &file, roster).map_err(&failed)?;
            Ok(file)
        }
        Bundle::Zip(archive) => {
            let zip = |reason| SourceError::Zip { path: path.to_owned(), reason };
            let member = archive.by_index(position).map_err(zip)?;
            let file = member.name().map_err(zip)?.into_owned();
            if member.size() > LARGEST {
                return Err(SourceError::TooLarge { path: path.to_owned(), member: file });
            }
            // The size is what the zip says of itself.
            let rows = Rows::of(Box::new(member.take(LARGEST)), Delimiter::Comma, digest);
            read_rows(rows, table, &file, roster).map_err(&failed)?;
            Ok(file)
        }
    }
}

fn read_rows(
    rows: Rows<'_>,
    table: Table,
    file: &str,
    roster: &mut OneRoster,
) -> Result<(), io::Error> {
    match read_all(rows, table, file, roster) {
        Ok(()) => Ok(()),
        Err(RowsError::Broken { line, what, remedy }) => {
            roster.unreadable(line, what, remedy);
            Ok(())
        }
        Err(RowsError::File(source)) => Err(source),
    }
}

fn read_all(
    mut rows: Rows<'_>,
    table: Table,
    file: &str,
    roster: &mut OneRoster,
) -> Result<(), RowsError> {
    let header = rows.header()?.unwrap_or_default();
    if roster.begin(table, file, &header) {
        while let Some((line, row)) = rows.next()? {
            roster.row(line, row.iter());
        }
    }
    Ok(())
}
