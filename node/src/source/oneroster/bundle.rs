//! Where the files of a bundle are: in a zip, or in the folder it was unpacked
//! to. Nothing is unpacked to the disk.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use peerlight_node_engine::intake::oneroster::Table;
use ring::digest::Context;
use zip::ZipArchive;

use super::super::{
    error::{SourceError, failed},
    folder::{self, name},
    foreign::Foreign,
    progress::{self, Counted},
    rows::{Delimiter, Rows},
};

/// Largest file of a bundle, bytes unpacked: a roster of ten million classes
/// of students. What is larger is a zip bomb or no roster.
const LARGEST: u64 = 4 << 30;

/// A bundle that is open.
pub(super) struct Bundle {
    path: PathBuf,
    files: Files,
}

enum Files {
    Folder(Vec<PathBuf>),
    Zip(ZipArchive<BufReader<Counted>>),
}

impl Bundle {
    /// Opens a zip or a folder.
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        if fs::metadata(path).map_err(failed(path))?.is_dir() {
            let files = folder::all(path)?;
            progress::expect(files.iter().map(PathBuf::as_path));
            return Ok(Self { path: path.to_owned(), files: Files::Folder(files) });
        }
        progress::expect([path]);
        let file = BufReader::new(Counted(File::open(path).map_err(failed(path))?));
        let archive = ZipArchive::new(file)
            .map_err(|reason| SourceError::Zip { path: path.to_owned(), reason })?;
        Ok(Self { path: path.to_owned(), files: Files::Zip(archive) })
    }

    /// The name of the zip or folder.
    pub(super) fn name(&self) -> String {
        name(&self.path)
    }

    /// The position of a table's file; letters' case and folders do not matter.
    pub(super) fn find(&self, table: Table) -> Option<usize> {
        let is_it = |member: &str| {
            let file = member.rsplit(['/', '\\']).next().unwrap_or(member).to_ascii_lowercase();
            file.strip_suffix(".csv") == Some(table.file())
        };
        match &self.files {
            Files::Folder(paths) => paths.iter().position(|path| is_it(&name(path))),
            Files::Zip(archive) => {
                archive.file_names().position(|member| member.is_ok_and(|member| is_it(&member)))
            }
        }
    }

    /// The rows of the file at a position, and its name; every byte of it goes
    /// into `digest`.
    pub(super) fn rows<'a>(
        &'a mut self,
        position: usize,
        digest: &'a mut Context,
    ) -> Result<(String, Rows<'a>), SourceError> {
        let path = &self.path;
        match &mut self.files {
            Files::Folder(paths) => {
                let file = name(&paths[position]);
                let rows = Rows::open(&paths[position], Delimiter::Comma, digest);
                Ok((file, rows.map_err(failed(path))?))
            }
            Files::Zip(archive) => {
                let zip = |reason| SourceError::Zip { path: path.clone(), reason };
                let member = archive.by_index(position).map_err(zip)?;
                let file = member.name().map_err(zip)?.into_owned();
                if member.size() > LARGEST {
                    return Err(SourceError::TooLarge { path: path.clone(), member: file });
                }
                // The size is what the zip says of itself.
                let inner = Box::new(Limited { inner: member, left: LARGEST });
                Ok((file, Rows::of(inner, Delimiter::Comma, digest)))
            }
        }
    }

    /// That the disk failed while the bundle was read.
    pub(super) fn failed(&self, source: io::Error) -> SourceError {
        failed(&self.path)(source)
    }
}

/// What a zip unpacks to, as far as it may.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            let what = "the file unpacks to more than 4 GiB, and the zip says less";
            let remedy = "no roster does: look at the bundle";
            return Err(Foreign { what, remedy }.into());
        };
        self.left = left;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_larger_than_its_zip_says_is_refused_and_not_cut() {
        let read = |left| {
            let mut text = Vec::new();
            Limited { inner: [7; 100].as_slice(), left }.read_to_end(&mut text)
        };
        assert_eq!(read(100).unwrap(), 100);
        let error = read(99).unwrap_err();
        assert!(Foreign::of_error(&error).unwrap().what.contains("more than 4 GiB"));
    }
}
