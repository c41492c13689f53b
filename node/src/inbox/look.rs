//! What lies in a folder of the inbox, and what of it has stopped changing.
//!
//! Follows no link and opens no file. Hidden and unfinished files are left
//! where they are; a bundle that has one in it is not complete.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    format::MAP,
    place::{Folder, entries},
};
use crate::home::HomeError;

/// Endings of files that are still being written.
const UNFINISHED: [&str; 6] =
    [".part", ".tmp", ".partial", ".filepart", ".crdownload", ".unfinished"];

/// How deep a bundle's folders may be.
const DEEPEST: usize = 4;

/// What is imported together: names of entries of one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) entries: Vec<OsString>,
    /// Every file by path, with its size, and when it was last changed.
    state: BTreeMap<PathBuf, (u64, i64, i64)>,
    is_complete: bool,
}

/// What was seen at the last look, by folder and first entry.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<String, Vec<Batch>>);

impl Seen {
    /// The batches of a folder that are as they were at the last look.
    pub(super) fn quiet(&mut self, folder: &Folder) -> Result<Vec<Batch>, HomeError> {
        let now = batches(folder)?;
        let before = self.0.insert(folder.name.clone(), now.clone()).unwrap_or_default();
        let is_quiet = |batch: &Batch| batch.is_complete && before.contains(batch);
        Ok(now.into_iter().filter(is_quiet).collect())
    }
}

/// What lies in a folder, apart from what is hidden or unfinished: a folder or
/// a bundle in one file by itself, all other files together.
pub(super) fn batches(folder: &Folder) -> Result<Vec<Batch>, HomeError> {
    let mut batches = Vec::new();
    let mut together = Batch { entries: Vec::new(), state: BTreeMap::new(), is_complete: true };
    for (name, path) in folder.entries()? {
        let is_map = name == MAP && folder.format.has_map();
        if is_map || is_hidden(&name) || is_unfinished(&name) {
            continue;
        }
        let entry = path.file_name().map(OsString::from).unwrap_or_default();
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|it| it.is_dir());
        if is_folder || folder.format.is_alone(&name) {
            let (entries, state) = (vec![entry], BTreeMap::new());
            let mut alone = Batch { entries, state, is_complete: true };
            alone.add(&path, DEEPEST)?;
            batches.push(alone);
        } else {
            together.entries.push(entry);
            together.add(&path, 0)?;
        }
    }
    if !together.entries.is_empty() {
        batches.push(together);
    }
    Ok(batches)
}

impl Batch {
    /// Adds a file, or everything in a folder.
    fn add(&mut self, path: &Path, deeper: usize) -> Result<(), HomeError> {
        // What vanishes between two looks has changed.
        let Ok(about) = fs::symlink_metadata(path) else {
            self.is_complete = false;
            return Ok(());
        };
        self.state.insert(path.to_owned(), (about.len(), about.mtime(), about.mtime_nsec()));
        if about.is_dir() && deeper > 0 {
            for (name, path) in entries(path)? {
                self.is_complete &= !is_unfinished(&name);
                self.add(&path, deeper - 1)?;
            }
        }
        Ok(())
    }
}

/// A link or another thing that is no plain file or folder, in what was taken:
/// its name. Nothing of such a batch is opened.
pub(super) fn odd_one(path: &Path, deeper: usize) -> Result<Option<String>, HomeError> {
    let name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let about = fs::symlink_metadata(path)
        .map_err(|source| HomeError::Read { path: path.display().to_string(), source })?;
    if about.is_file() {
        return Ok(None);
    }
    if !about.is_dir() || deeper == 0 {
        return Ok(Some(name()));
    }
    for (_, path) in entries(path)? {
        if let Some(odd) = odd_one(&path, deeper - 1)? {
            return Ok(Some(odd));
        }
    }
    Ok(None)
}

fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '~'])
}

fn is_unfinished(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    UNFINISHED.iter().any(|ending| name.ends_with(ending))
}

/// How deep [`odd_one`] looks from the folder that holds what was taken.
pub(super) const DEEPEST_TAKEN: usize = DEEPEST + 1;

#[cfg(test)]
mod tests {
    use super::{super::format::Format, *};

    fn folder(name: &str, root: &Path) -> Folder {
        let format = Format::of_folder(name).unwrap();
        Folder { name: name.to_owned(), path: root.to_owned(), format }
    }

    fn names(batches: &[Batch]) -> Vec<Vec<&str>> {
        let of = |batch: &Batch| batch.entries.len();
        assert!(batches.iter().all(|batch| of(batch) > 0));
        batches
            .iter()
            .map(|batch| batch.entries.iter().map(|name| name.to_str().unwrap()).collect())
            .collect()
    }

    #[test]
    fn a_file_is_quiet_only_when_it_was_the_same_at_the_last_look() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder("csv", root.path());
        let mut seen = Seen::default();
        fs::write(root.path().join("a.csv"), "half").unwrap();
        assert!(seen.quiet(&folder).unwrap().is_empty());
        fs::write(root.path().join("a.csv"), "half and half").unwrap();
        assert!(seen.quiet(&folder).unwrap().is_empty());
        assert_eq!(names(&seen.quiet(&folder).unwrap()), [["a.csv"]]);
        fs::write(root.path().join("b.csv"), "one more").unwrap();
        assert!(seen.quiet(&folder).unwrap().is_empty(), "they are imported together");
        assert_eq!(names(&seen.quiet(&folder).unwrap()), [["a.csv", "b.csv"]]);
    }

    #[test]
    fn hidden_and_unfinished_files_are_left_and_a_bundle_waits_for_them() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder("oneroster", root.path());
        fs::create_dir(root.path().join("bundle")).unwrap();
        for name in [".hidden", "x.zip.part", "y.TMP", "~$z.csv", "b.zip", "bundle/users.csv.part"]
        {
            fs::write(root.path().join(name), "").unwrap();
        }
        let mut seen = Seen::default();
        seen.quiet(&folder).unwrap();
        assert_eq!(names(&seen.quiet(&folder).unwrap()), [["b.zip"]]);
        fs::rename(root.path().join("bundle/users.csv.part"), root.path().join("bundle/users.csv"))
            .unwrap();
        seen.quiet(&folder).unwrap();
        assert_eq!(names(&seen.quiet(&folder).unwrap()), [["b.zip"], ["bundle"]]);
    }

    #[test]
    fn links_are_found_however_deep_and_never_followed() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("plain.csv"), "").unwrap();
        assert_eq!(odd_one(root.path(), DEEPEST_TAKEN).unwrap(), None);
        std::os::unix::fs::symlink("/etc/passwd", deep.join("users.csv")).unwrap();
        assert_eq!(odd_one(root.path(), DEEPEST_TAKEN).unwrap().as_deref(), Some("users.csv"));
    }
}
