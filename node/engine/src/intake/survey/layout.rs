//! Where an export has the columns that a survey's map names.

use super::{
    map::{Construct, SurveyMap},
    subject::Subject,
};

/// Columns that every export of Qualtrics has and no map needs.
const ITS_OWN: [&str; 13] = [
    "StartDate",
    "EndDate",
    "IPAddress",
    "Progress",
    "Duration (in seconds)",
    "ResponseId",
    "RecipientLastName",
    "RecipientFirstName",
    "RecipientEmail",
    "ExternalReference",
    "LocationLatitude",
    "LocationLongitude",
    "UserLanguage",
];

/// Where a file has its columns.
#[derive(Clone)]
pub(super) struct Layout {
    pub(super) width: usize,
    /// The column of the student's id, or of the school of who has none.
    pub(super) key: usize,
    /// Who answered, and in which grade: of people without an id.
    pub(super) respondent: Option<usize>,
    pub(super) grade: Option<usize>,
    pub(super) finished: Option<usize>,
    pub(super) status: Option<usize>,
    pub(super) channel: Option<usize>,
    pub(super) recorded: Option<usize>,
    /// By construct, by item.
    pub(super) items: Vec<Vec<usize>>,
}

/// A header that was found.
pub(super) struct Header {
    /// Where the columns are; good only where nothing is wrong.
    pub(super) layout: Layout,
    /// Names of columns, what is wrong with each, and what to do.
    pub(super) faults: Vec<(String, &'static str, &'static str)>,
    /// Columns that nothing uses, apart from those of the survey's system.
    pub(super) unused: Vec<String>,
}

impl Header {
    /// The header that a row is: one that names the column of student ids, or
    /// of schools.
    pub(super) fn of_row(map: &SurveyMap, cells: &[&str]) -> Option<Self> {
        let names: Vec<&str> =
            cells.iter().map(|cell| cell.trim_start_matches('\u{feff}').trim()).collect();
        let at = |name: &str| names.iter().position(|known| *known == name);
        let key_name = map.subject.key();
        let key = at(key_name)?;
        let (respondent, grade) = match &map.subject {
            Subject::Student { .. } => (None, None),
            Subject::Anonymous(of) => (of.respondent_column(), of.grade.as_deref()),
        };
        let items = map.constructs.iter().flat_map(|construct| &construct.items);
        let items: Vec<&str> = items.map(|item| item.column.as_str()).collect();
        let mut faults = Vec::new();
        let needed = items.iter().copied().chain(respondent).chain(grade);
        for name in needed.clone().filter(|name| at(name).is_none()) {
            let remedy = "correct the map, or export the answers with every column";
            faults.push((name.to_owned(), "is missing from the file's header", remedy));
        }
        let of_rows = &map.responses;
        let of_rows = [&of_rows.finished, &of_rows.status, &of_rows.channel, &of_rows.recorded];
        let is_used = |name: &str| {
            name == key_name
                || needed.clone().any(|needed| needed == name)
                || of_rows.iter().any(|it| *it == name)
        };
        for (position, name) in names.iter().enumerate() {
            if is_used(name) && at(name) != Some(position) {
                let remedy = "export each column once: which of the two counts is not known";
                faults.push(((*name).to_owned(), "is twice in the file's header", remedy));
            }
        }
        let unused = names.iter().filter(|name| !is_used(name) && !ITS_OWN.contains(name));
        let unused = unused.map(|name| (*name).to_owned()).collect();
        let [finished, status, channel, recorded] = of_rows.map(|name| at(name));
        let items_at = |construct: &Construct| -> Vec<usize> {
            construct.items.iter().filter_map(|item| at(&item.column)).collect()
        };
        let items = map.constructs.iter().map(items_at).collect();
        let width = cells.len();
        let (respondent, grade) = (respondent.and_then(at), grade.and_then(at));
        let layout =
            Layout { width, key, respondent, grade, finished, status, channel, recorded, items };
        Some(Self { layout, faults, unused })
    }
}
