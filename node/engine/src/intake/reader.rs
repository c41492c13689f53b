//! Reads rows into student years, and notes everything that is wrong with
//! them on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peerlight_proto::units::{Grade, SchoolYear};

use super::{
    header::Layout,
    mapping::Mapping,
    problem::{Place, Problem, Problems, Severity, masked, shown},
    schools::Schools,
    value::{self, Cell},
    years::{StudentYears, is_kept},
};
use crate::student::{Column, ColumnSet, Kind, MISSING};

/// Everything that an import read. Handed out only if nothing was fatal.
#[derive(Debug)]
pub struct Imported {
    /// By school year, earliest first; rows ordered by school.
    pub years: Vec<StudentYears>,
    /// What was read and noticed.
    pub report: Report,
}

/// What an import read, and everything that is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rows of all files.
    pub rows: u64,
    /// Rows that the mapping's filters left out.
    pub filtered: u64,
    /// Columns of the files that nothing uses.
    pub unknown_columns: BTreeSet<String>,
    /// Columns of ours that some file has.
    pub columns: ColumnSet,
    /// Everything that is wrong or worth knowing.
    pub problems: Problems,
}

/// An import that was refused: nothing of it is applied.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the files were refused, and nothing was applied: see the problems listed")]
pub struct Refused {
    /// What was read, and everything that is wrong with it.
    pub report: Report,
}

/// An import under way.
#[derive(Debug)]
pub struct Intake {
    schools: Schools,
    mapping: Mapping,
    files: Vec<String>,
    years: BTreeMap<SchoolYear, (StudentYears, HashMap<String, u32>)>,
    report: Report,
}

impl Intake {
    /// An import of nothing yet.
    pub fn new(schools: Schools, mapping: Mapping) -> Self {
        let (files, years, report) = (Vec::new(), BTreeMap::new(), Report::default());
        Self { schools, mapping, files, years, report }
    }

    /// Begins a file. `None` where its rows cannot be read; the reason is
    /// noted.
    pub fn begin(&mut self, file: &str, header: &[String]) -> Option<Layout> {
        self.files.push(file.to_owned());
        let layout = Layout::read(file, header, &self.mapping, &mut self.report.problems)?;
        self.report.unknown_columns.extend(layout.unknown.iter().cloned());
        let columns = layout.columns(&self.mapping);
        self.report.columns = self.report.columns.union(columns);
        Some(layout)
    }

    /// Notes that a file cannot be read from a line on.
    pub fn unreadable(&mut self, file: &str, line: u64, what: &str, remedy: &str) {
        self.fatal(None, what, remedy, file, line, None);
    }

    /// Reads one row of the file that was begun last.
    pub fn row<'a>(&mut self, layout: &Layout, line: u64, cells: impl Iterator<Item = &'a [u8]>) {
        self.report.rows += 1;
        let file = layout.file.as_str();
        let texts: Result<Vec<&str>, _> = cells.map(std::str::from_utf8).collect();
        let Ok(texts) = texts else {
            let remedy = "save the file as UTF-8";
            return self.fatal(None, "a row is not UTF-8", remedy, file, line, None);
        };
        let texts: Vec<&str> = texts.into_iter().map(str::trim).collect();
        if texts.len() != layout.width {
            let what = "a row has another number of cells than the header";
            let remedy = "look for a comma or a quotation mark inside a value: quote the value";
            let found = format!("{} instead of {}", texts.len(), layout.width);
            return self.fatal(None, what, remedy, file, line, Some(found));
        }
        if !layout.filters.iter().all(|(filter, position)| filter.keeps(texts[*position])) {
            self.report.filtered += 1;
            return;
        }
        let mapping = std::mem::take(&mut self.mapping);
        let row: Vec<(Column, &str)> = layout
            .sources
            .iter()
            .map(|(column, position)| (*column, mapping.value(*column, texts[*position])))
            .chain(layout.constants.iter().map(|(column, text)| (*column, text.as_str())))
            .collect();
        self.student_year(layout, line, &row, &mapping);
        self.mapping = mapping;
    }

    fn student_year(
        &mut self,
        layout: &Layout,
        line: u64,
        row: &[(Column, &str)],
        mapping: &Mapping,
    ) {
        let file = layout.file.as_str();
        let text =
            |wanted| row.iter().find(|(column, _)| *column == wanted).map_or("", |row| row.1);
        let (student, statewide) = (text(Column::StudentId), text(Column::StatewideId));
        let ids = [student, statewide];
        let mut is_complete = true;
        for column in [Column::SchoolYear, Column::SchoolId, Column::StudentId] {
            if text(column).is_empty() {
                is_complete = false;
                let remedy = "fill it in: every row needs it";
                self.fatal(Some(column), "is empty", remedy, file, line, None);
            }
        }
        let year = value::year(text(Column::SchoolYear));
        if let (Err(bad), false) = (&year, text(Column::SchoolYear).is_empty()) {
            let value = Some(shown(text(Column::SchoolYear), ids));
            self.fatal(Some(Column::SchoolYear), bad.what, bad.remedy, file, line, value);
        }
        let mut cells: Vec<(Column, Cell)> = Vec::with_capacity(row.len());
        for (column, text) in row.iter().filter(|(column, _)| is_kept(*column)) {
            match Cell::read(column.kind(), text) {
                Ok(cell) => cells.push((*column, cell)),
                Err(bad) => {
                    let value = Some(shown(text, ids));
                    self.fatal(Some(*column), bad.what, bad.remedy, file, line, value);
                }
            }
        }
        let Ok(year) = year else { return };
        self.check_school(year, text(Column::SchoolId), file, line, ids);
        if !is_complete {
            return;
        }
        derive(mapping, &mut cells);
        self.check_cells(&cells, file, line);
        let (years, schools) =
            self.years.entry(year).or_insert_with(|| (StudentYears::new(year), HashMap::new()));
        let school = text(Column::SchoolId);
        let position = *schools.entry(school.to_owned()).or_insert_with(|| {
            years.schools.push(school.to_owned());
            years.schools.len() as u32 - 1
        });
        let at = ((self.files.len() - 1) as u16, u32::try_from(line).unwrap_or(u32::MAX));
        years.push(position, student, statewide, at);
        for (column, cell) in cells {
            let cell = match column.kind() {
                Kind::Name if !text(column).is_empty() => {
                    Cell::Byte(years.name(column, text(column)).unwrap_or(MISSING))
                }
                _ => cell,
            };
            years.set(column, cell);
        }
    }

    fn check_school(&mut self, year: SchoolYear, id: &str, file: &str, line: u64, ids: [&str; 2]) {
        if let Some((severity, what, remedy)) = self.schools.fault(year, id) {
            let problem = Problem {
                severity,
                column: Some(Column::SchoolId.name().to_owned()),
                what,
                remedy: remedy.to_owned(),
            };
            let value = Some(shown(id, ids));
            self.report.problems.add(problem, Place { file: file.to_owned(), line, value });
        }
    }

    /// What is allowed but worth a look.
    fn check_cells(&mut self, cells: &[(Column, Cell)], file: &str, line: u64) {
        let number = |wanted| {
            cells.iter().find_map(|(column, cell)| match cell {
                Cell::Number(number) if *column == wanted => Some(*number),
                _ => None,
            })
        };
        let has_grade = cells.iter().any(|(column, cell)| {
            matches!(column, Column::GradeLevel | Column::GradeAssessed)
                && *cell != Cell::Byte(MISSING)
        });
        let mut notice = |column: Column, what: &str, remedy: &str| {
            let problem = Problem {
                severity: Severity::Notice,
                column: Some(column.name().to_owned()),
                what: what.to_owned(),
                remedy: remedy.to_owned(),
            };
            let place = Place { file: file.to_owned(), line, value: None };
            self.report.problems.add(problem, place);
        };
        if !has_grade {
            notice(Column::GradeLevel, "is empty", "rows without a grade are in no release");
        }
        let days = number(Column::DaysAbsent).zip(number(Column::DaysExpected));
        if days.is_some_and(|(absent, expected)| absent > expected) {
            let remedy = "look at these rows: they count as they are";
            notice(Column::DaysAbsent, "is more than days_expected", remedy);
        }
    }

    /// Ends the import: finds students who are there twice, and hands out the
    /// rows if nothing was fatal.
    pub fn finish(mut self) -> Result<Imported, Refused> {
        let years = std::mem::take(&mut self.years);
        if years.is_empty() && !self.report.problems.has_fatal() {
            let file = self.files.first().cloned().unwrap_or_default();
            self.fatal(
                None,
                "there are no rows",
                "check the files and the filters",
                &file,
                1,
                None,
            );
        }
        for (years, _) in years.values() {
            for (ids, column) in
                [(&years.students, Column::StudentId), (&years.statewide, Column::StatewideId)]
            {
                for (first, second) in years.duplicates(ids) {
                    let (file, line) = years.lines[first];
                    let (other_file, other_line) = years.lines[second];
                    let other = &self.files[usize::from(other_file)];
                    let id = masked(&String::from_utf8_lossy(ids.get(first)));
                    let again = format!("{id}, again in {other} line {other_line}");
                    let file = self.files[usize::from(file)].clone();
                    let what = format!("is there twice in {}", years.school_year);
                    let remedy = "keep one row a student and year: the school of record";
                    let line = u64::from(line);
                    self.fatal(Some(column), &what, remedy, &file, line, Some(again));
                }
            }
        }
        if self.report.problems.has_fatal() {
            return Err(Refused { report: self.report });
        }
        let years = years.into_values().map(|(years, _)| years.sorted()).collect();
        Ok(Imported { years, report: self.report })
    }

    fn fatal(
        &mut self,
        column: Option<Column>,
        what: &str,
        remedy: &str,
        file: &str,
        line: u64,
        value: Option<String>,
    ) {
        let problem = Problem {
            severity: Severity::Fatal,
            column: column.map(|column| column.name().to_owned()),
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        };
        self.report.problems.add(problem, Place { file: file.to_owned(), line, value });
    }
}

/// Adds the levels that the mapping derives, where the row has none.
fn derive(mapping: &Mapping, cells: &mut Vec<(Column, Cell)>) {
    for derivation in &mapping.derive {
        let find =
            |wanted| cells.iter().find(|(column, _)| *column == wanted).map(|(_, cell)| *cell);
        let grade = [Column::GradeAssessed, Column::GradeLevel].into_iter().find_map(|column| {
            match find(column) {
                Some(Cell::Byte(byte)) => Grade::from_index(usize::from(byte)),
                _ => None,
            }
        });
        let level = match (find(derivation.score), grade) {
            (Some(Cell::Number(score)), Some(grade)) => derivation.level(grade, score),
            _ => None,
        };
        let cell = Cell::Byte(level.unwrap_or(MISSING));
        match cells.iter_mut().find(|(column, _)| *column == derivation.level) {
            Some((_, known)) if *known == Cell::Byte(MISSING) => *known = cell,
            Some(_) => {}
            None => cells.push((derivation.level, cell)),
        }
    }
}
