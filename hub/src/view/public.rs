//! Official public results: which files are held, which schools they have, and
//! what they say of one school. Always marked as official and not ours.

use askama::Template;
use chrono_tz::Tz;
use peerlight_hub_engine::public::measure::PublicMeasure;
use peerlight_proto::{catalogue::Better, group::StudentGroup, units::SchoolYear};

use super::{shell::Shell, words};
use crate::{
    export::{Table, number, text, whole},
    store::public_file::{Held, Named, Official},
};

/// What stands in place of a number that the state does not publish.
const NOT_PUBLISHED: &str = "Not published by the state";

/// What marks every exported row.
const ORIGIN: &str = "official_public_result";

/// One file held.
pub struct FileRow {
    /// What it is.
    pub label: String,
    /// The school year.
    pub year: String,
    /// Schools in it.
    pub schools: u64,
    /// Results in it.
    pub results: u64,
    /// Results that the state does not publish.
    pub not_published: u64,
    /// Its name, and when it was imported.
    pub file: String,
}

/// The page of files.
#[derive(Template)]
#[template(path = "public.html")]
pub struct FilesPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The files.
    pub rows: Vec<FileRow>,
}

/// The page of files held.
pub fn files_page(shell: Shell, held: &[Held], zone: Tz) -> FilesPage {
    let rows = held.iter().map(|held| FileRow {
        label: format!("{} ({})", held.format.label(), held.source),
        year: held.school_year.to_string(),
        schools: held.schools,
        results: held.results,
        not_published: held.not_published,
        file: format!("{}, {}", held.file_name, words::date(held.imported_at, zone)),
    });
    FilesPage { shell, rows: rows.collect() }
}

/// The files held as a table.
pub fn files_table(held: &[Held]) -> Table {
    let rows = held.iter().map(|held| {
        vec![
            held.source.as_str().into(),
            held.school_year.to_string().into(),
            held.format.as_str().into(),
            held.file_name.as_str().into(),
            (held.schools as usize).into(),
            (held.results as usize).into(),
            (held.not_published as usize).into(),
            held.imported_at.0.into(),
            held.digest.to_string().into(),
        ]
    });
    Table {
        name: "public".to_owned(),
        columns: vec![
            text("source"),
            text("school_year"),
            text("format"),
            text("file"),
            whole("schools"),
            whole("results"),
            whole("not_published"),
            whole("imported_at_seconds"),
            text("sha256"),
        ],
        rows: rows.collect(),
    }
}

/// The page of schools found.
#[derive(Template)]
#[template(path = "public_schools.html")]
pub struct FoundPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What was looked for.
    pub find: String,
    /// The same, for an address.
    pub query: String,
    /// The schools.
    pub rows: Vec<Named>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// Schools found as a table.
pub fn schools_table(found: &[Named]) -> Table {
    let rows = found.iter().map(|school| {
        vec![
            school.id.as_str().into(),
            school.name.as_str().into(),
            school.district.as_str().into(),
            school.county.as_str().into(),
        ]
    });
    Table {
        name: "public-schools".to_owned(),
        columns: vec![text("school_id"), text("name"), text("district"), text("county")],
        rows: rows.collect(),
    }
}

/// One official number.
pub struct ResultRow {
    /// What it is a number of.
    pub label: &'static str,
    /// The school year.
    pub year: SchoolYear,
    /// The students it is about.
    pub group: String,
    /// The number as printed, or that it is not published.
    pub value: String,
    /// Whether it is a number.
    pub published: bool,
    /// Students it is divided by.
    pub students: String,
}

/// A measure's student groups.
pub struct GroupTable {
    /// The measure's name.
    pub label: &'static str,
    /// Its rows.
    pub rows: Vec<ResultRow>,
}

/// A measure in words.
pub struct Explained {
    /// Its name.
    pub label: &'static str,
    /// What it is, and how ours differs.
    pub about: &'static str,
    /// Which way is better.
    pub better: &'static str,
}

/// The page of one school's official results.
#[derive(Template)]
#[template(path = "public_school.html")]
pub struct PublicSchoolPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Its address.
    pub path: String,
    /// What school it is, in a sentence.
    pub about: String,
    /// The school's page, if the reader has it.
    pub own: Option<String>,
    /// All students.
    pub rows: Vec<ResultRow>,
    /// By student group.
    pub groups: Vec<GroupTable>,
    /// What the measures are.
    pub measures: Vec<Explained>,
}

impl ResultRow {
    fn of(result: &Official) -> Self {
        let measure = result.measure;
        let value = result.value.map(|value| match measure.unit {
            "%" => format!("{value} %"),
            unit => format!("{value} {unit}"),
        });
        Self {
            label: measure.label,
            year: result.school_year,
            group: result.group.label(),
            published: value.is_some(),
            value: value.unwrap_or_else(|| NOT_PUBLISHED.to_owned()),
            students: result.students.map_or_else(String::new, |students| students.to_string()),
        }
    }
}

/// The page of one school; `own` is the school's page if the reader has it.
pub fn school_page(
    shell: Shell,
    school: &Named,
    own: Option<String>,
    results: &[Official],
) -> PublicSchoolPage {
    let all = |result: &&Official| result.group == StudentGroup::All;
    let mut groups: Vec<GroupTable> = Vec::new();
    let mut measures: Vec<&'static PublicMeasure> = Vec::new();
    for result in results {
        if measures.last().is_none_or(|last| last.id != result.measure.id) {
            measures.push(result.measure);
        }
        if all(&result) {
            continue;
        }
        let row = ResultRow::of(result);
        match groups.last_mut().filter(|table| table.label == row.label) {
            Some(table) => table.rows.push(row),
            None => groups.push(GroupTable { label: row.label, rows: vec![row] }),
        }
    }
    let parts = [school.district.as_str(), school.county.as_str(), school.id.as_str()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    PublicSchoolPage {
        path: format!("/public/schools/{}", school.id),
        about: format!("{}.", parts.join(", ")),
        own,
        rows: results.iter().filter(all).map(ResultRow::of).collect(),
        groups,
        measures: measures.into_iter().map(explained).collect(),
        shell,
    }
}

const fn explained(measure: &'static PublicMeasure) -> Explained {
    let better = match measure.better {
        Better::Higher => "Higher is better.",
        Better::Lower => "Lower is better.",
    };
    Explained { label: measure.label, about: measure.about, better }
}

/// One school's official results as a table.
pub fn results_table(id: &str, results: &[Official]) -> Table {
    let rows = results.iter().map(|result| {
        vec![
            id.into(),
            result.school_year.to_string().into(),
            result.measure.id.into(),
            result.group.to_string().into(),
            if result.value.is_some() { "shown" } else { "not_published" }.into(),
            result.value.into(),
            result.measure.unit.into(),
            result.students.into(),
            result.source.as_str().into(),
            result.measure.like.unwrap_or_default().into(),
            ORIGIN.into(),
        ]
    });
    Table {
        name: format!("public-{id}"),
        columns: vec![
            text("school_id"),
            text("school_year"),
            text("measure"),
            text("student_group"),
            text("status"),
            number("value", 2),
            text("unit"),
            whole("students"),
            text("source"),
            text("like_measure"),
            text("origin"),
        ],
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use peerlight_hub_engine::public::measure::CAASPP_ELA;

    use super::*;

    #[test]
    fn what_the_state_does_not_publish_is_said_and_never_zero() {
        let result = |value| Official {
            source: "caaspp".to_owned(),
            school_year: "2023-24".parse().unwrap(),
            measure: &CAASPP_ELA,
            group: StudentGroup::All,
            value,
            students: None,
        };
        let table = results_table("1", &[result(None), result(Some(43.41))]);
        let csv = String::from_utf8(table.csv()).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(
            lines[1],
            "1,2023-24,caaspp_ela_met,all,not_published,,%,,caaspp,ela_met,official_public_result"
        );
        assert!(lines[2].contains(",shown,43.41,%,"), "{csv}");
        assert_eq!(ResultRow::of(&result(None)).value, NOT_PUBLISHED);
        assert_eq!(ResultRow::of(&result(Some(43.41))).value, "43.41 %");
    }
}
