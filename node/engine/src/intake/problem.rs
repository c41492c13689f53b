//! What is wrong with a source's files: grouped by kind, with how often, where
//! first, and what to do; ids of students masked.

use std::{collections::BTreeMap, fmt};

use crate::student::Column;

/// Places that a group names.
pub(super) const PLACES: usize = 3;

/// How the name of a place begins where it is a view of a database and no
/// file: a view has rows, numbered from 1 as they were read, and no lines.
pub const VIEW: &str = "view ";

/// Longest value that is repeated in a message, characters.
const LONGEST: usize = 24;

/// Whether an import can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing of the import is applied.
    Fatal,
    /// The import goes on; people should know.
    Notice,
}

/// A kind of problem: groups are told apart by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Whether the import can go on.
    pub severity: Severity,
    /// The column, or the file's name for it; none where it is the whole row.
    pub column: Option<String>,
    /// What is wrong, to be read after the column's name.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A problem with one of our columns, or with whole rows.
    pub(super) fn new(
        severity: Severity,
        column: Option<Column>,
        what: &str,
        remedy: &str,
    ) -> Self {
        let column = column.map(|column| column.name().to_owned());
        Self { severity, column, what: what.to_owned(), remedy: remedy.to_owned() }
    }
}

/// Where a problem was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name, or [`VIEW`] and that of the view.
    pub file: String,
    /// Line of the file, from 1, where the row begins, or number of the view's
    /// row; 0 where it is not known.
    pub line: u64,
    /// The offending value, masked where it may be a student's id.
    pub value: Option<String>,
}

/// One kind of problem and where it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemGroup {
    /// The kind.
    pub problem: Problem,
    /// How often it was met.
    pub count: u64,
    /// The first places it was met.
    pub first: Vec<Place>,
}

/// Every problem of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    groups: BTreeMap<Problem, (u64, Vec<Place>)>,
}

impl Problems {
    /// Notes one more.
    pub fn add(&mut self, problem: Problem, place: Place) {
        let (count, places) = self.groups.entry(problem).or_default();
        *count += 1;
        if places.len() < PLACES {
            places.push(place);
        }
    }

    /// Notes several.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = (Problem, Place)>) {
        problems.into_iter().for_each(|(problem, place)| self.add(problem, place));
    }

    /// Notes a whole group; places beyond the first few are left out.
    pub fn add_group(&mut self, group: ProblemGroup) {
        let (count, places) = self.groups.entry(group.problem).or_default();
        *count += group.count;
        places.extend(group.first);
        places.truncate(PLACES);
    }

    /// Whether nothing may be applied.
    pub fn has_fatal(&self) -> bool {
        self.groups.keys().any(|problem| problem.severity == Severity::Fatal)
    }

    /// All groups, fatal ones first.
    pub fn groups(&self) -> impl Iterator<Item = ProblemGroup> {
        self.groups.iter().map(|(problem, (count, first))| ProblemGroup {
            problem: problem.clone(),
            count: *count,
            first: first.clone(),
        })
    }
}

impl fmt::Display for ProblemGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { column, what, remedy, .. } = &self.problem;
        match column {
            Some(column) => write!(f, "{column} {what}")?,
            None => f.write_str(what)?,
        }
        if self.count > 1 {
            write!(f, " ({} times)", self.count)?;
        }
        for (position, place) in self.first.iter().enumerate() {
            f.write_str(if position == 0 { ": " } else { "; " })?;
            write!(f, "{place}")?;
        }
        if self.count as usize > self.first.len() && !self.first.is_empty() {
            f.write_str("; …")?;
        }
        write!(f, ". {remedy}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            let unit = if self.file.starts_with(VIEW) { "row" } else { "line" };
            write!(f, " {unit} {}", self.line)?;
        }
        match &self.value {
            Some(value) => write!(f, " ({value})"),
            None => Ok(()),
        }
    }
}

/// A student's id as it may be shown: its last two characters, if it is long
/// enough for them to say little.
pub fn masked(id: &str) -> String {
    let characters = id.chars().count();
    let shown = if characters >= 5 { 2 } else { 0 };
    let end: String = id.chars().skip(characters - shown).collect();
    format!("***{end}")
}

/// A value as it may be shown: cut short, and masked where it is one of the
/// row's ids, as in a file whose columns have shifted.
pub(super) fn shown(value: &str, ids: [&str; 2]) -> String {
    if !value.is_empty() && ids.contains(&value) {
        return masked(value);
    }
    let short: String = value.chars().take(LONGEST).collect();
    let rest = if value.chars().count() > LONGEST { "…" } else { "" };
    format!("\"{}{rest}\"", short.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_counts_all_and_names_the_first_three_places() {
        let mut problems = Problems::default();
        for line in 2..9 {
            let problem = Problem {
                severity: Severity::Fatal,
                column: Some("gpa".to_owned()),
                what: "is not a number".to_owned(),
                remedy: "use digits and a dot".to_owned(),
            };
            problems.add(
                problem,
                Place { file: "a.csv".to_owned(), line, value: Some("\"x\"".to_owned()) },
            );
        }
        let groups: Vec<String> = problems.groups().map(|group| group.to_string()).collect();
        assert_eq!(
            groups,
            ["gpa is not a number (7 times): a.csv line 2 (\"x\"); a.csv line 3 (\"x\"); \
              a.csv line 4 (\"x\"); …. use digits and a dot"]
        );
        assert!(problems.has_fatal());
    }

    #[test]
    fn ids_are_masked() {
        assert_eq!(masked("1234572"), "***72");
        assert_eq!(masked("123"), "***");
        assert_eq!(shown("1234572", ["1234572", ""]), "***72");
        assert_eq!(shown("", ["", ""]), "\"\"");
    }
}
