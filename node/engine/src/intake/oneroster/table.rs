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

    /// The table of a file with this name, in letters of any case.
    pub(super) fn named(file: &str) -> Option<Self> {
        Self::ORDER.into_iter().find(|table| table.file().eq_ignore_ascii_case(file))
    }

    /// The columns that are kept of each row, for a delta to change: what is
    /// read, and the three that say which row it is and how old. Never a name,
    /// an address or a password.
    pub const fn kept(self) -> &'static [&'static str] {
        match self {
            Self::Manifest => &[],
            Self::AcademicSessions => &[
                "sourcedId",
                "status",
                "dateLastModified",
                "type",
                "startDate",
                "endDate",
                "schoolYear",
            ],
            Self::Orgs => &["sourcedId", "status", "dateLastModified", "identifier"],
            Self::Users => &[
                "sourcedId",
                "status",
                "dateLastModified",
                "orgSourcedIds",
                "primaryOrgSourcedId",
                "role",
                "identifier",
                "grades",
            ],
            Self::Roles => &[
                "sourcedId",
                "status",
                "dateLastModified",
                "userSourcedId",
                "roleType",
                "role",
                "orgSourcedId",
            ],
            Self::Demographics => &[
                "sourcedId",
                "status",
                "dateLastModified",
                "sex",
                "americanIndianOrAlaskaNative",
                "asian",
                "blackOrAfricanAmerican",
                "nativeHawaiianOrOtherPacificIslander",
                "white",
                "demographicRaceTwoOrMoreRaces",
                "hispanicOrLatinoEthnicity",
            ],
            Self::Enrollments => &[
                "sourcedId",
                "status",
                "dateLastModified",
                "schoolSourcedId",
                "userSourcedId",
                "role",
                "beginDate",
                "endDate",
            ],
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

/// How the manifest says that a file is to be understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Not there.
    #[default]
    Absent,
    /// All of the table.
    Bulk,
    /// What changed in the table.
    Delta,
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

    /// The header of rows as they are kept.
    pub(super) fn kept(table: Table) -> Self {
        let names: Vec<String> = table.kept().iter().map(|name| (*name).to_owned()).collect();
        Self::read(&names)
    }

    /// What is kept of a row.
    pub(super) fn pick<'a>(&self, row: &[&'a str], table: Table) -> Vec<&'a str> {
        table.kept().iter().map(|name| self.cell(row, name)).collect()
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
