//! Lists: a reader's schools, and what was published.

use askama::Template;

use super::shell::Shell;

/// One school of the reader's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchoolRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its district's name.
    pub district: String,
    /// Its level.
    pub level: String,
    /// Official enrolment.
    pub students: Option<u32>,
}

impl SchoolRow {
    /// Official enrolment in words.
    fn students_text(&self) -> String {
        self.students.map_or_else(|| "not known".to_owned(), |students| students.to_string())
    }
}

/// The page of a reader's schools.
#[derive(Template)]
#[template(path = "schools.html")]
pub struct SchoolsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The schools.
    pub rows: Vec<SchoolRow>,
}

/// A published file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Its name.
    pub name: String,
    /// Its size in words.
    pub size: String,
}

impl FileRow {
    /// A file of so many bytes.
    pub fn new(name: String, bytes: u64) -> Self {
        let size = if bytes < 10_000 {
            format!("{bytes} bytes")
        } else {
            format!("{} kB", (bytes + 500) / 1000)
        };
        Self { name, size }
    }
}

/// One publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// Its name.
    pub name: String,
    /// When it was made and from what.
    pub line: String,
    /// Its files.
    pub files: Vec<FileRow>,
}

/// The page of publications.
#[derive(Template)]
#[template(path = "publications.html")]
pub struct PublicationsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Publications, newest first.
    pub versions: Vec<VersionRow>,
}
