//! The files that an import names: one, or those of a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    error::{SourceError, failed},
    progress,
};

/// The file itself, or the files of a folder whose names, in small letters and
/// without `.gz`, are `accepted`, in the order of their names. `wanted` says
/// what the folder should have.
pub(super) fn files(
    path: &Path,
    accepted: impl Fn(&str) -> bool,
    wanted: &'static str,
) -> Result<Vec<PathBuf>, SourceError> {
    if !fs::metadata(path).map_err(failed(path))?.is_dir() {
        progress::expect([path]);
        return Ok(vec![path.to_owned()]);
    }
    let mut files = all(path)?;
    files.retain(|path| {
        let name = name(path).to_ascii_lowercase();
        // Spreadsheets leave "~$" files beside those that are open.
        let is_hidden = name.starts_with(['.', '~']);
        !is_hidden && accepted(name.strip_suffix(".gz").unwrap_or(&name))
    });
    if files.is_empty() {
        return Err(SourceError::Nothing { path: path.to_owned(), wanted });
    }
    progress::expect(files.iter().map(PathBuf::as_path));
    Ok(files)
}

/// Everything in a folder, in the order of names.
pub(super) fn all(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let entries = fs::read_dir(folder).map_err(failed(folder))?;
    let paths: io::Result<Vec<PathBuf>> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(failed(folder))?;
    paths.sort();
    Ok(paths)
}

/// A file's name, without its folder.
pub(super) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
