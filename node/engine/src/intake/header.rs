//! Which column of a file fills which of ours.

use super::{
    mapping::{Filter, Mapping},
    problem::{Place, Problem, Problems, Severity, VIEW},
};
use crate::student::{Column, ColumnSet};

const MISSING: &str = "is missing from the file's header";

/// What other programs put between cells, and what each is called.
const OTHER_SIGNS: [(char, &str); 4] =
    [(';', "semicolons"), ('\t', "tabs"), ('^', "carets"), ('|', "bars")];

/// Columns that say which student and year a row is about, and nothing of it.
const KEYS: [Column; 3] = [Column::SchoolYear, Column::StudentId, Column::StatewideId];

/// What a file may leave to another source of its year, and what becomes of
/// its rows if none has it.
const ELSEWHERE: [(Column, Column, &str); 2] = [
    (
        Column::SchoolId,
        Column::SchoolId,
        "another source of the year has to say each student's school, or map one of the file's \
         columns to it: students without a school are left out",
    ),
    (
        Column::GradeLevel,
        Column::GradeAssessed,
        "another source of the year has to say the grade, or map one of the file's columns to it: \
         students without a grade are in no release",
    ),
];

/// The header of one file, as the mapping reads it.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The file's name, for messages.
    pub(super) file: String,
    /// How many columns the file has.
    pub(super) width: usize,
    /// Position in the file of each of our columns.
    pub(super) sources: Vec<(Column, usize)>,
    /// Our columns with the same value in every row.
    pub(super) constants: Vec<(Column, String)>,
    /// Position of each filter's column.
    pub(super) filters: Vec<(Filter, usize)>,
    /// Columns of the file that nothing uses.
    pub(super) unknown: Vec<String>,
}

impl Layout {
    /// Reads a header; notes what is wrong with it. `None` where no row can be
    /// read.
    pub(super) fn read(
        file: &str,
        header: &[String],
        mapping: &Mapping,
        problems: &mut Problems,
    ) -> Option<Self> {
        let mut layout = Self {
            file: file.to_owned(),
            width: header.len(),
            sources: Vec::new(),
            constants: mapping.constant.clone().into_iter().collect(),
            filters: Vec::new(),
            unknown: Vec::new(),
        };
        // A view's names of columns are in none of its rows.
        let line = u64::from(!file.starts_with(VIEW));
        let mut add = |severity: Severity, column: Option<&str>, what: &str, remedy: &str| {
            let problem = Problem {
                severity,
                column: column.map(str::to_owned),
                what: what.to_owned(),
                remedy: remedy.to_owned(),
            };
            problems.add(problem, Place { file: file.to_owned(), line, value: None });
        };
        if let Some(signs) = other_sign(header) {
            let what = format!("the cells are separated by {signs}, and not by commas");
            add(Severity::Fatal, None, &what, "save the file as CSV with commas");
            return None;
        }
        let mut is_readable = true;
        for (position, name) in header.iter().enumerate() {
            let targets = mapping.targets(name);
            let is_filter = mapping.filter.iter().any(|filter| filter.column == *name);
            if targets.is_empty() && !is_filter {
                layout.unknown.push(name.clone());
            }
            for column in targets {
                if layout.has(column) {
                    is_readable = false;
                    add(
                        Severity::Fatal,
                        Some(column.name()),
                        "is filled by two columns of the file",
                        "remove one, or rename it in the mapping",
                    );
                }
                layout.sources.push((column, position));
            }
        }
        for filter in &mapping.filter {
            let position = header.iter().position(|name| *name == filter.column);
            layout.filters.extend(position.map(|position| (filter.clone(), position)));
            if position.is_none() {
                is_readable = false;
                let remedy = "correct the filter, or add the column";
                let what = "is filtered on but not in the file";
                add(Severity::Fatal, Some(&filter.column), what, remedy);
            }
        }
        let has_id = layout.has(Column::StudentId) || layout.has(Column::StatewideId);
        for (column, is_there) in
            [(Column::SchoolYear, layout.has(Column::SchoolYear)), (Column::StudentId, has_id)]
        {
            if !is_there {
                is_readable = false;
                let remedy = "add it, or map one of the file's columns to it (--suggest-map helps)";
                add(Severity::Fatal, Some(column.name()), MISSING, remedy);
            }
        }
        for (column, or, remedy) in ELSEWHERE {
            if !layout.has(column) && !layout.has(or) {
                add(Severity::Notice, Some(column.name()), MISSING, remedy);
            }
        }
        if is_readable && layout.columns(mapping).iter().all(|column| KEYS.contains(&column)) {
            is_readable = false;
            let what = "no column of the file tells anything about its students";
            let remedy = "map its columns to those of student_years.csv: Peerlight keeps what its \
                          measures use, and nothing else";
            add(Severity::Fatal, None, what, remedy);
        }
        is_readable.then_some(layout)
    }

    /// Whether anything reads the file's column at this position.
    pub fn reads(&self, position: usize) -> bool {
        let filters = self.filters.iter().map(|(_, at)| *at);
        self.sources.iter().map(|(_, at)| *at).chain(filters).any(|at| at == position)
    }

    /// The same header of which only these columns of ours are read; the rest is
    /// as if it were empty.
    #[must_use]
    pub fn only(mut self, columns: ColumnSet) -> Self {
        self.sources.retain(|(column, _)| columns.contains(*column));
        self
    }

    /// Position of the file's column that fills one of ours.
    pub fn position(&self, wanted: Column) -> Option<usize> {
        self.sources.iter().find(|(column, _)| *column == wanted).map(|(_, position)| *position)
    }

    /// Whether the file or the mapping fills one of our columns.
    pub(super) fn has(&self, column: Column) -> bool {
        self.sources.iter().any(|(known, _)| *known == column)
            || self.constants.iter().any(|(known, _)| *known == column)
    }

    /// Our columns that the file fills.
    pub(super) fn columns(&self, mapping: &Mapping) -> ColumnSet {
        let mut columns: ColumnSet = self
            .sources
            .iter()
            .map(|(column, _)| *column)
            .chain(self.constants.iter().map(|(column, _)| *column))
            .collect();
        for derivation in &mapping.derive {
            if columns.contains(derivation.score) {
                columns.insert(derivation.level);
            }
        }
        columns
    }
}

/// What separates the cells of a file whose header is one cell, by the look of
/// it.
fn other_sign(header: &[String]) -> Option<&'static str> {
    let [name] = header else { return None };
    let times = |sign: char| name.matches(sign).count();
    let (sign, signs) = OTHER_SIGNS.into_iter().max_by_key(|(sign, _)| times(*sign))?;
    (times(sign) > 0).then_some(signs)
}
