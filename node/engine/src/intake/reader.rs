//! Reads rows into student years, and notes everything that is wrong with
//! them on the way.

use std::{collections::BTreeMap, sync::Arc};

use peerlight_proto::units::{Grade, SchoolYear};

use super::{
    header::Layout,
    mapping::Mapping,
    problem::{Place, Problem, Severity, masked, shown},
    report::{Imported, Refused, Report},
    schools::Schools,
    value::{self, Cell},
    years::{MetSchools, StudentYears, is_kept},
};
use crate::student::{Column, Kind, MISSING};

/// What may be held of one import, five million student years of 20 columns.
/// Sorting, sealing and comparing it with what was there take more than as much
/// again: the program stays under 1.5 GB (`tests/bench import`).
const MOST_BYTES: usize = 500_000_000;

/// Rows after which it is looked how much they are.
const ROWS_A_LOOK: u64 = 8_192;

/// An import under way.
#[derive(Debug)]
pub struct Intake {
    pub(super) most_bytes: usize,
    schools: Arc<Schools>,
    mapping: Mapping,
    only: Option<SchoolYear>,
    files: Vec<String>,
    years: BTreeMap<SchoolYear, (StudentYears, MetSchools)>,
    report: Report,
}

impl Intake {
    /// An import of nothing yet.
    pub fn new(schools: Schools, mapping: Mapping) -> Self {
        let (files, years, report) = (Vec::new(), BTreeMap::new(), Report::default());
        let schools = Arc::new(schools);
        let most_bytes = MOST_BYTES;
        Self { most_bytes, schools, mapping, only: None, files, years, report }
    }

    /// The same import, which leaves out the rows of every other school year.
    #[must_use]
    pub const fn only(mut self, year: SchoolYear) -> Self {
        self.only = Some(year);
        self
    }

    /// An import of the same files that has read no row: for rows that are
    /// read on another thread, and then put back by [`Self::append`].
    #[must_use]
    pub fn aside(&self) -> Self {
        let (schools, mapping, only) = (Arc::clone(&self.schools), self.mapping.clone(), self.only);
        let (files, years, report) = (self.files.clone(), BTreeMap::new(), Report::default());
        Self { most_bytes: self.most_bytes, schools, mapping, only, files, years, report }
    }

    /// Whether what was read aside can be put back without a difference to
    /// having read it here: unless it has more names or unknown values than
    /// are listed.
    pub fn is_whole(&self) -> bool {
        let names = self.years.values().flat_map(|(years, _)| years.names.values());
        self.report.unmapped.is_whole()
            && names.into_iter().all(|it| it.len() < usize::from(MISSING))
    }

    /// Puts rows that were read aside after those that are here.
    pub fn append(&mut self, aside: Self) {
        self.report.rows += aside.report.rows;
        self.report.filtered += aside.report.filtered;
        aside.report.problems.groups().for_each(|it| self.report.problems.add_group(it));
        self.report.unmapped.append(aside.report.unmapped);
        for (year, (more, more_schools)) in aside.years {
            let (years, schools) = self
                .years
                .entry(year)
                .or_insert_with(|| (StudentYears::new(year), MetSchools::new()));
            years.append(more, schools, &more_schools);
        }
        self.limit();
    }

    /// Lets go of the rows, and says so, where there are more than are held.
    fn limit(&mut self) {
        if self.years.values().map(|(years, _)| years.bytes()).sum::<usize>() <= self.most_bytes {
            return;
        }
        let what = "there are more student years than fit in memory at once";
        let remedy = "split the file by school year; rows of a warehouse are counted where they \
                      are by import sql --pushdown";
        let file = self.files.last().cloned().unwrap_or_default();
        let read = |(years, _): &(StudentYears, MetSchools)| years.lines.last().map(|it| it.1);
        let line = self.years.values().filter_map(read).max().unwrap_or_default();
        self.years.clear();
        self.fatal(None, what, remedy, &file, line.into(), None);
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
        if self.report.rows.is_multiple_of(ROWS_A_LOOK) {
            self.limit();
        }
        let file = layout.file.as_str();
        let mut texts: Vec<&str> = Vec::with_capacity(layout.width);
        for cell in cells {
            let Ok(text) = std::str::from_utf8(cell) else {
                let remedy = "save the file as UTF-8";
                return self.fatal(None, "a row is not UTF-8", remedy, file, line, None);
            };
            texts.push(text.trim());
        }
        if texts.len() != layout.width {
            let what = "a row has another number of cells than the header";
            let remedy = if texts.len() < layout.width {
                "look for a line break inside a value, and whether the file is cut short"
            } else {
                "look for a comma or a quotation mark inside a value: quote the value"
            };
            let found = format!("{} instead of {}", texts.len(), layout.width);
            return self.fatal(None, what, remedy, file, line, Some(found));
        }
        if !layout.filters.iter().all(|(filter, position)| filter.keeps(texts[*position])) {
            self.report.filtered += 1;
            return;
        }
        let mapping = std::mem::take(&mut self.mapping);
        let mut others: Vec<(Column, &str, &str)> = Vec::new();
        let mut row: Vec<(Column, &str)> =
            Vec::with_capacity(layout.sources.len() + layout.constants.len());
        for (column, position) in &layout.sources {
            let (value, is_other) = mapping.value(*column, texts[*position]);
            if is_other {
                others.push((*column, texts[*position], value));
            }
            row.push((*column, value));
        }
        row.extend(layout.constants.iter().map(|(column, text)| (*column, text.as_str())));
        let year = || text(&row, Column::SchoolYear).parse::<SchoolYear>();
        if self.only.is_some_and(|only| year().is_ok_and(|year| year != only)) {
            self.report.filtered += 1;
            self.mapping = mapping;
            return;
        }
        for (column, text, read_as) in others {
            let place = Place { file: file.to_owned(), line, value: None };
            let value = unmapped(column, text, ids(&row));
            self.report.unmapped.add(column.name(), value, Some(read_as), place);
        }
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
        let text = |wanted| text(row, wanted);
        let ids = ids(row);
        let [student, statewide] = ids;
        let mut is_complete = true;
        for (column, is_empty, remedy) in [
            (
                Column::SchoolYear,
                text(Column::SchoolYear).is_empty(),
                "fill it in: every row needs it",
            ),
            (
                Column::StudentId,
                student.is_empty() && statewide.is_empty(),
                "fill it in: every row needs it, or a statewide_id",
            ),
        ] {
            if is_empty {
                is_complete = false;
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
                    if matches!(column.kind(), Kind::Code(_) | Kind::Flag | Kind::Grade) {
                        let place = Place { file: file.to_owned(), line, value: None };
                        let value = unmapped(*column, text, ids);
                        self.report.unmapped.add(column.name(), value, None, place);
                    }
                    let value = Some(shown(text, ids));
                    self.fatal(Some(*column), bad.what, bad.remedy, file, line, value);
                }
            }
        }
        let Ok(year) = year else { return };
        self.check_school(year, layout, text(Column::SchoolId), line, ids);
        if !is_complete {
            return;
        }
        derive(mapping, &mut cells);
        self.check_cells(layout, &cells, line);
        let (years, schools) =
            self.years.entry(year).or_insert_with(|| (StudentYears::new(year), MetSchools::new()));
        let school = text(Column::SchoolId);
        let position = match schools.get(school) {
            _ if school.is_empty() => StudentYears::NO_SCHOOL,
            Some((position, _)) => *position,
            None => {
                years.schools.push(school.to_owned());
                let position = years.schools.len() as u32 - 1;
                let is_at_fault = self.schools.fault(year, school).is_some();
                schools.insert(school.to_owned(), (position, is_at_fault));
                position
            }
        };
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

    fn check_school(
        &mut self,
        year: SchoolYear,
        layout: &Layout,
        id: &str,
        line: u64,
        ids: [&str; 2],
    ) {
        let file = layout.file.as_str();
        if id.is_empty() && layout.has(Column::SchoolId) {
            let what = "is empty";
            let remedy = "another source of the year has to say the school, or fill it in: \
                          students without a school are left out";
            self.notice(Column::SchoolId, what, remedy, file, line);
        }
        let met = self.years.get(&year).and_then(|(_, schools)| schools.get(id));
        if met.is_some_and(|(_, is_at_fault)| !is_at_fault) {
            return;
        }
        if let Some((severity, what, remedy)) = self.schools.fault(year, id) {
            let problem = Problem::new(severity, Some(Column::SchoolId), &what, remedy);
            let value = Some(shown(id, ids));
            self.report.problems.add(problem, Place { file: file.to_owned(), line, value });
        }
    }

    /// What is allowed but worth a look.
    fn check_cells(&mut self, layout: &Layout, cells: &[(Column, Cell)], line: u64) {
        let file = layout.file.as_str();
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
        let tells_grade = layout.has(Column::GradeLevel) || layout.has(Column::GradeAssessed);
        if tells_grade && !has_grade {
            let remedy = "rows without a grade are in no release";
            self.notice(Column::GradeLevel, "is empty", remedy, file, line);
        }
        let days = number(Column::DaysAbsent).zip(number(Column::DaysExpected));
        if days.is_some_and(|(absent, expected)| absent > expected) {
            let what = "is more than days_expected";
            let remedy = "look at these rows: they count as they are";
            self.notice(Column::DaysAbsent, what, remedy, file, line);
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
        let mut whole = Vec::new();
        for (mut years, _) in years.into_values() {
            years.files.clone_from(&self.files);
            self.report.coverage.extend(years.coverage());
            let remedy = "keep one row a student and year: the school of record";
            self.report.problems.extend(years.twice(remedy));
            whole.push(years);
        }
        if self.report.problems.has_fatal() {
            return Err(Refused { report: Box::new(self.report) });
        }
        let years = whole.into_iter().map(StudentYears::sorted).collect();
        Ok(Imported { years, responses: Vec::new(), report: self.report })
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
        let place = Place { file: file.to_owned(), line, value };
        self.report.problems.add(Problem::new(Severity::Fatal, column, what, remedy), place);
    }

    fn notice(&mut self, column: Column, what: &str, remedy: &str, file: &str, line: u64) {
        let problem = Problem::new(Severity::Notice, Some(column), what, remedy);
        self.report.problems.add(problem, Place { file: file.to_owned(), line, value: None });
    }
}

/// What a row says of a column; empty where it says nothing.
fn text<'a>(row: &[(Column, &'a str)], wanted: Column) -> &'a str {
    row.iter().find(|(column, _)| *column == wanted).map_or("", |row| row.1)
}

/// A row's local and statewide id.
fn ids<'a>(row: &[(Column, &'a str)]) -> [&'a str; 2] {
    [Column::StudentId, Column::StatewideId].map(|column| text(row, column))
}

/// A value that no code stands for, as it may be shown.
fn unmapped(column: Column, value: &str, ids: [&str; 2]) -> String {
    if column.identifies_student() { masked(value) } else { shown(value, ids) }
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
