//! Where everything of the inbox is, and how files move in it: by renames, so
//! that whatever was interrupted is found whole in one place.
//!
//! Files that are taken are first gathered in `.taking`, which is renamed to
//! `.taken` when it is complete: what a crash leaves in `.taking` goes back.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use peerlight_proto::units::UnixSeconds;

use super::format::{FOLDERS, Format};
use crate::{clock, home::HomeError, node::Node};

const TAKING: &str = ".taking";
const TAKEN: &str = ".taken";
/// Where the files are in a folder that was taken, the report beside them.
const FILES: &str = "files";

/// Where files go in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Imported.
    Done,
    /// Refused: nothing of them was applied.
    Refused,
    /// Too much changed: a person has to say that it is right.
    Waiting,
}

impl End {
    const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Waiting];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Waiting => "waiting",
        }
    }
}

/// The inbox of a node.
#[derive(Clone, Debug)]
pub struct Inbox(PathBuf);

/// One folder of the inbox: the files of one format and source.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) format: Format,
}

impl Inbox {
    /// The inbox of a node, whether or not it is there.
    pub fn of(node: &Node) -> Self {
        Self(node.home.path().join(&node.config.inbox))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where files of an end are.
    pub(super) fn end(&self, end: End) -> PathBuf {
        self.0.join(end.name())
    }

    /// Makes what is missing of it; gives its folders by name.
    pub(super) fn prepare(&self) -> Result<Vec<Folder>, HomeError> {
        let ends = End::ALL.map(End::name);
        for name in FOLDERS.into_iter().chain(ends) {
            make(&self.0.join(name))?;
        }
        self.folders()
    }

    /// Its folders by name; none where there is no inbox. Never a link.
    pub(super) fn folders(&self) -> Result<Vec<Folder>, HomeError> {
        let mut folders = Vec::new();
        for (name, path) in entries(&self.0)? {
            let is_folder = fs::symlink_metadata(&path).is_ok_and(|it| it.is_dir());
            if let (Some(format), true) = (Format::of_folder(&name), is_folder) {
                folders.push(Folder { name, path, format });
            }
        }
        Ok(folders)
    }

    /// What lies in the inbox and in no folder of a format, by name.
    pub(super) fn strangers(&self) -> Result<Vec<String>, HomeError> {
        let folders: Vec<String> = self.folders()?.into_iter().map(|it| it.name).collect();
        let is_known = |name: &String| {
            name.starts_with('.')
                || folders.contains(name)
                || End::ALL.iter().any(|end| end.name() == name)
        };
        let names = entries(&self.0)?.into_iter().map(|(name, _)| name);
        Ok(names.filter(|name| !is_known(name)).collect())
    }

    /// Names of what came to an end, oldest first.
    pub(super) fn ended(&self, end: End) -> Result<Vec<String>, HomeError> {
        Ok(entries(&self.end(end))?.into_iter().map(|(name, _)| name).collect())
    }

    /// Moves what a folder had taken to its end; gives its name there.
    pub(super) fn finish(
        &self,
        folder: &Folder,
        end: End,
        at: UnixSeconds,
    ) -> Result<String, HomeError> {
        let mut at = at;
        let target = loop {
            let name = format!("{}-{}", clock::stamp(at), folder.name);
            if End::ALL.iter().all(|end| !self.end(*end).join(&name).exists()) {
                break name;
            }
            // Two imports of a folder in one second: the later one says so.
            at.0 += 1;
        };
        rename(&folder.taken(), &self.end(end).join(&target))?;
        Ok(target)
    }

    /// Moves what waited, and was accepted, to what is done.
    pub(super) fn accept(&self, name: &str) -> Result<(), HomeError> {
        rename(&self.end(End::Waiting).join(name), &self.end(End::Done).join(name))
    }
}

impl Folder {
    /// What was taken and is not imported yet.
    pub(super) fn taken(&self) -> PathBuf {
        self.path.join(TAKEN)
    }

    pub(super) fn has_taken(&self) -> bool {
        self.taken().exists()
    }

    /// What lies in the folder: names and paths, by name.
    pub(super) fn entries(&self) -> Result<Vec<(String, PathBuf)>, HomeError> {
        entries(&self.path)
    }

    /// Takes these entries, all of them or none.
    pub(super) fn take(&self, names: &[OsString]) -> Result<(), HomeError> {
        let taking = self.path.join(TAKING);
        make(&taking.join(FILES))?;
        for name in names {
            rename(&self.path.join(name), &taking.join(FILES).join(name))?;
        }
        rename(&taking, &self.taken())
    }

    /// Puts back what was being taken when the process was killed.
    pub(super) fn recover(&self) -> Result<(), HomeError> {
        let taking = self.path.join(TAKING);
        for (name, path) in entries(&taking.join(FILES))? {
            let back = self.path.join(&name);
            if back.symlink_metadata().is_err() {
                rename(&path, &back)?;
            } else {
                // A newer file of the same name has been put there since.
                remove(&path)?;
            }
        }
        if taking.exists() {
            remove(&taking)?;
        }
        Ok(())
    }
}

/// The files of a folder that was taken: the one there is, or their folder.
pub(super) fn files(taken: &Path) -> Result<PathBuf, HomeError> {
    let folder = taken.join(FILES);
    let mut found = entries(&folder)?;
    Ok(if found.len() == 1 { found.remove(0).1 } else { folder })
}

/// Everything in a folder by name; nothing where there is no such folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, HomeError> {
    let failed = |source: io::Error| HomeError::Read { path: folder.display().to_string(), source };
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry.map_err(failed)?;
        found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    found.sort();
    Ok(found)
}

fn make(folder: &Path) -> Result<(), HomeError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(write_failed(folder))
}

fn rename(from: &Path, to: &Path) -> Result<(), HomeError> {
    fs::rename(from, to).map_err(write_failed(to))
}

fn remove(path: &Path) -> Result<(), HomeError> {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(write_failed(path))
}

fn write_failed(path: &Path) -> impl FnOnce(io::Error) -> HomeError {
    let path = path.display().to_string();
    move |source| HomeError::Write { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_half_taken_goes_back_and_what_is_newer_stays() {
        let root = tempfile::tempdir().unwrap();
        let inbox = Inbox(root.path().join("inbox"));
        let folders = inbox.prepare().unwrap();
        let folder = folders.iter().find(|folder| folder.name == "csv").unwrap();
        let taking = folder.path.join(TAKING).join(FILES);
        make(&taking).unwrap();
        for (path, text) in [
            (taking.join("a.csv"), "old a"),
            (taking.join("b.csv"), "old b"),
            (folder.path.join("b.csv"), "new b"),
        ] {
            fs::write(path, text).unwrap();
        }
        folder.recover().unwrap();
        let read = |name: &str| fs::read_to_string(folder.path.join(name)).unwrap();
        assert_eq!((read("a.csv"), read("b.csv")), ("old a".to_owned(), "new b".to_owned()));
        assert_eq!(folder.entries().unwrap().len(), 2);
        assert!(!folder.has_taken());
    }

    #[test]
    fn two_imports_of_one_second_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let inbox = Inbox(root.path().join("inbox"));
        let folder = inbox.prepare().unwrap().remove(0);
        let mut names = Vec::new();
        for end in [End::Done, End::Refused] {
            fs::write(folder.path.join("a"), "").unwrap();
            folder.take(&["a".into()]).unwrap();
            names.push(inbox.finish(&folder, end, UnixSeconds(0)).unwrap());
        }
        assert_eq!(names, ["19700101T000000Z-caaspp", "19700101T000001Z-caaspp"]);
        assert!(files(&inbox.end(End::Done).join(&names[0])).unwrap().ends_with("files/a"));
    }
}
