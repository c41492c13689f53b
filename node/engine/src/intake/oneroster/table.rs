//! The files of a bundle, and where each keeps its columns.

use std::collections::BTreeMap;

/// A file of a bundle that Peerlight reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// What the bundle has, and whether it is whole or a change.
    Manifest,
    /// School years and their days.
    AcademicSessions,
    /// Schools and districts.
    Orgs,
    /// People.
    Users,
    /// Who is what where (1.2).
    Roles,
    /// Sex and race.
    Demographics,
    /// Who is in which class of which school.
    Enrollments,
}

impl Table {
    /// The order in which they must be read: each names rows of those before.
    pub const ORDER: [Self; 7] = [
        Self::Manifest,
        Self::AcademicSessions,
        Self::Orgs,
        Self::Users,
        Self::Roles,
        Self::Demographics,
        Self::Enrollments,
    ];

    /// The file's name in the bundle, small letters and without `.csv`.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::AcademicSessions => "academicsessions",
            Self::Orgs => "orgs",
            Self::Users => "users",
            Self::Roles => "roles",
            Self::Demographics => "demographics",
            Self::Enrollments => "enrollments",
        }
    }

    /// Columns that it must have.
    pub(super) const fn required(self) -> &'static [&'static str] {
        match self {
            Self::Manifest => &["propertyName", "value"],
            Self::AcademicSessions => &["sourcedId", "type", "startDate", "endDate", "schoolYear"],
            Self::Orgs => &["sourcedId", "type", "identifier"],
            Self::Users => &["sourcedId", "identifier", "grades"],
            Self::Roles => &["userSourcedId", "role", "orgSourcedId"],
            Self::Demographics => &["sourcedId", "sex"],
            Self::Enrollments => &["schoolSourcedId", "userSourcedId", "role"],
        }
    }
}

/// Where the columns of the file at hand are.
#[derive(Debug, Default)]
pub(super) struct Header {
    positions: BTreeMap<String, usize>,
    pub(super) width: usize,
}

impl Header {
    /// Reads a header. Empty names at its end are what spreadsheets leave.
    pub(super) fn read(names: &[String]) -> Self {
        let width = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        let positions =
            names[..width].iter().enumerate().map(|(position, name)| (name.clone(), position));
        Self { positions: positions.collect(), width }
    }

    /// The columns of `wanted` that it lacks.
    pub(super) fn lacks(&self, wanted: &[&'static str]) -> Vec<&'static str> {
        wanted.iter().copied().filter(|name| !self.positions.contains_key(*name)).collect()
    }

    /// A row's cell; empty where the file has no such column.
    pub(super) fn cell<'a>(&self, row: &[&'a str], name: &str) -> &'a str {
        self.positions.get(name).and_then(|position| row.get(*position)).copied().unwrap_or("")
    }
}
