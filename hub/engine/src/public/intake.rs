//! Takes an official file row by row: whole, or refused with every fault.
//!
//! Keeps one small entry a school, measure and group, so its room depends on
//! how many schools there are and not on how long the file is. Groups within
//! grades are left out: margins are not crossed here either.

mod figures;

use std::collections::HashMap;

use peerlight_proto::{
    group::{Flag, StudentGroup},
    names::SchoolId,
    units::{Grade, SchoolYear},
};

use self::figures::Counted;
use super::{
    Imported, PublicResult, PublicSchool, Tally,
    cell::{self, Published},
    faults::Faults,
    format::{Format, Use},
    header::Header,
    layout::{self, Field, NO_SCHOOL, OTHER_TYPES, SCHOOL_TYPES, TESTS},
    measure::{self, PublicMeasure},
};

/// What the operator says about a file that the file may not say itself.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    /// The school year it has to be of.
    pub year: Option<SchoolYear>,
    /// Name of the Dashboard's indicator.
    pub indicator: Option<String>,
}

/// What is wrong with a row, and in which column.
struct Wrong {
    column: String,
    problem: String,
}

/// A file being read.
pub struct Intake {
    format: Format,
    header: Header,
    stated: Stated,
    faults: Faults,
    tally: Tally,
    year: Option<SchoolYear>,
    measure: Option<&'static PublicMeasure>,
    schools: Vec<PublicSchool>,
    positions: HashMap<String, usize>,
    results: Vec<PublicResult>,
    lines: HashMap<(usize, &'static str, StudentGroup), u64>,
    counted: Counted,
}

impl Intake {
    /// Begins with a header that stands on `line`; the error is every fault of
    /// it, in sentences.
    pub fn begin(
        format: Format,
        line: u64,
        header: &[&str],
        stated: Stated,
    ) -> Result<Self, Vec<String>> {
        let header = Header::find(format, header).map_err(|found| {
            let mut faults = Faults::default();
            for (column, problem) in found {
                faults.add(line, &column, problem);
            }
            faults.into_sentences()
        })?;
        Ok(Self {
            format,
            header,
            stated,
            faults: Faults::default(),
            tally: Tally::default(),
            year: None,
            measure: None,
            schools: Vec::new(),
            positions: HashMap::new(),
            results: Vec::new(),
            lines: HashMap::new(),
            counted: Counted::default(),
        })
    }

    /// Notes that a line cannot be read at all.
    pub fn unreadable(&mut self, line: u64, problem: impl Into<String>) {
        self.faults.add(line, "", problem);
    }

    /// Takes one row.
    pub fn row(&mut self, line: u64, cells: &[&str]) {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        self.tally.rows += 1;
        if let Err(Wrong { column, problem }) = self.take(line, cells) {
            self.faults.add(line, &column, problem);
        }
    }

    /// Everything that was read, or every fault in sentences.
    pub fn finish(mut self) -> Result<Imported, Vec<String>> {
        let figures = self.counted.figures(&self.schools, &mut self.faults);
        let year = match self.year {
            Some(year) if !self.schools.is_empty() => year,
            _ => {
                if self.faults.is_empty() {
                    let problem = format!(
                        "the file has no row about a school: import the {} of schools",
                        self.format.label()
                    );
                    self.faults.add(1, "", problem);
                }
                return Err(self.faults.into_sentences());
            }
        };
        if !self.faults.is_empty() {
            return Err(self.faults.into_sentences());
        }
        Ok(Imported {
            source: source(self.format, self.measure),
            school_year: year,
            schools: self.schools,
            results: self.results,
            figures,
            tally: self.tally,
        })
    }

    fn wrong(&self, field: Field, problem: impl Into<String>) -> Wrong {
        Wrong { column: self.header.name(field).to_owned(), problem: problem.into() }
    }

    fn take(&mut self, line: u64, cells: &[&str]) -> Result<(), Wrong> {
        self.check_width(cells)?;
        self.check_year(cells)?;
        let id = self.school_id(cells)?;
        if !self.is_school(&id, cells)? {
            self.tally.not_a_school += 1;
            return Ok(());
        }
        match self.format.is_for() {
            Use::Names => {
                self.school(id, cells)?;
            }
            Use::Features => self.figures(line, id, cells)?,
            Use::Results => self.result(line, id, cells)?,
        }
        Ok(())
    }

    fn check_width(&self, cells: &[&str]) -> Result<(), Wrong> {
        let width = self.header.width();
        let beyond = cells.iter().skip(width).any(|cell| !cell.trim().is_empty());
        if cells.len() >= width && !beyond {
            return Ok(());
        }
        let problem = format!(
            "has {} cells where the header has {width}: the file is cut short or has another \
             delimiter here; import it as it was published",
            cells.len()
        );
        Err(Wrong { column: String::new(), problem })
    }

    fn check_year(&mut self, cells: &[&str]) -> Result<(), Wrong> {
        let text = self.header.cell(Field::Year, cells).unwrap_or_default();
        let year: SchoolYear =
            text.parse().map_err(|problem| self.wrong(Field::Year, format!("{problem}")))?;
        if let Some(stated) = self.stated.year.filter(|stated| *stated != year) {
            let problem =
                format!("is of {year} where --year says {stated}: import the file of that year");
            return Err(self.wrong(Field::Year, problem));
        }
        match self.year.replace(self.year.unwrap_or(year)) {
            Some(first) if first != year => {
                let problem = format!("is of {year} in a file of {first}: import one year a file");
                Err(self.wrong(Field::Year, problem))
            }
            _ => Ok(()),
        }
    }

    /// The state's id of the row's school, district, county or state.
    fn school_id(&self, cells: &[&str]) -> Result<String, Wrong> {
        let [county, district, school] = self.format.code_digits();
        if let Some(code) = self.header.cell(Field::Cds, cells) {
            return self.digits(Field::Cds, code, county + district + school);
        }
        let parts = [(Field::County, county), (Field::District, district), (Field::School, school)];
        let parts = parts.into_iter().filter(|(_, digits)| *digits > 0);
        parts
            .map(|(field, digits)| {
                let code = self.header.cell(field, cells).unwrap_or_default();
                self.digits(field, code, digits)
            })
            .collect()
    }

    fn digits(&self, field: Field, code: &str, digits: usize) -> Result<String, Wrong> {
        let all_digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        if all_digits && code.len() == digits {
            return Ok(code.to_owned());
        }
        let shown: String = code.chars().take(20).collect();
        let problem = if all_digits && code.len() < digits {
            format!(
                "\"{shown}\" has not all its {digits} digits: a spreadsheet dropped leading \
                 zeros; import the file as it was published"
            )
        } else {
            format!("\"{shown}\" is not a code of {digits} digits")
        };
        Err(self.wrong(field, problem))
    }

    fn is_school(&self, id: &str, cells: &[&str]) -> Result<bool, Wrong> {
        let [.., school] = self.format.code_digits();
        let named = match self.header.cell(Field::Entity, cells) {
            None => true,
            Some(kind) => {
                let kind = kind.to_ascii_lowercase();
                let is_school = SCHOOL_TYPES.contains(&kind.as_str());
                if !is_school && !OTHER_TYPES.contains(&kind.as_str()) {
                    let shown: String = kind.chars().take(20).collect();
                    let problem = format!("\"{shown}\" is no kind of record of this format");
                    return Err(self.wrong(Field::Entity, problem));
                }
                is_school
            }
        };
        Ok(named && !NO_SCHOOL.contains(&&id[id.len() - school..]))
    }

    /// The position of a row's school, which is new if it was not there.
    fn school(&mut self, id: String, cells: &[&str]) -> Result<usize, Wrong> {
        if let Some(known) = self.positions.get(&id) {
            return Ok(*known);
        }
        let text = |field| self.header.cell(field, cells).unwrap_or_default().to_owned();
        let school = PublicSchool {
            id: SchoolId::new(id.clone())
                .map_err(|problem| self.wrong(Field::School, problem.to_string()))?,
            name: text(Field::SchoolName),
            district: text(Field::DistrictName),
            county: text(Field::CountyName),
        };
        let position = self.schools.len();
        self.schools.push(school);
        self.positions.insert(id, position);
        Ok(position)
    }

    fn result(&mut self, line: u64, id: String, cells: &[&str]) -> Result<(), Wrong> {
        let (Some(measure), Some(group)) = (self.measure(cells)?, self.split(cells)?) else {
            self.tally.left_out += 1;
            return Ok(());
        };
        let value = self.value(measure, cells)?;
        let students = match self.header.cell(Field::Students, cells) {
            None => None,
            Some(text) => {
                cell::count(text).ok_or_else(|| self.not_a_count(Field::Students, text))?
            }
        };
        let school = self.school(id, cells)?;
        if let Some(first) = self.lines.insert((school, measure.id, group), line) {
            let problem = format!(
                "has the same school, measure and group as line {first}: keep one of the rows"
            );
            return Err(Wrong { column: String::new(), problem });
        }
        self.tally.not_published += u64::from(value.is_none());
        self.results.push(PublicResult { school, measure, group, value, students });
        Ok(())
    }

    fn not_a_count(&self, field: Field, text: &str) -> Wrong {
        let shown: String = text.chars().take(20).collect();
        self.wrong(field, format!("\"{shown}\" is not a whole number of students"))
    }

    fn value(&self, measure: &PublicMeasure, cells: &[&str]) -> Result<Option<f64>, Wrong> {
        let text = self.header.cell(Field::Value, cells).unwrap_or_default();
        let shown: String = text.chars().take(20).collect();
        match cell::published(text) {
            Some(Published::Number(number))
                if !(measure.lowest..=measure.highest).contains(&number) =>
            {
                let problem = format!(
                    "\"{shown}\" is outside {} to {} {}",
                    measure.lowest, measure.highest, measure.unit
                );
                Err(self.wrong(Field::Value, problem))
            }
            Some(published) => Ok(published.number()),
            None => {
                let problem =
                    format!("\"{shown}\" is not a number, nor a mark for \"not published\"");
                Err(self.wrong(Field::Value, problem))
            }
        }
    }

    /// What the row is a result of; `None` for tests that are not kept.
    fn measure(&mut self, cells: &[&str]) -> Result<Option<&'static PublicMeasure>, Wrong> {
        if self.format != Format::Dashboard {
            let test = self.header.cell(Field::Test, cells).unwrap_or_default();
            let test = match test.trim_start_matches('0') {
                "" => test,
                number => number,
            };
            let found = TESTS.iter().find(|(format, name, _)| {
                *format == self.format && name.eq_ignore_ascii_case(test)
            });
            return Ok(found.map(|(.., measure)| *measure));
        }
        let said = self.header.cell(Field::Indicator, cells).filter(|name| !name.is_empty());
        let (field, name) = match (said, self.stated.indicator.as_deref()) {
            (Some(name), _) => (Field::Indicator, name),
            (None, Some(name)) => (Field::Value, name),
            (None, None) => {
                let problem = "the file does not say which indicator it is of: write \
                               --indicator ELA, MATH, CHRO, SUSP, GRAD, ELPI or CCI";
                return Err(Wrong { column: "indicator".to_owned(), problem: problem.to_owned() });
            }
        };
        let shown: String = name.chars().take(20).collect();
        let Some(measure) = measure::dashboard(name) else {
            let problem = format!(
                "\"{shown}\" is no indicator: use ELA, MATH, CHRO, SUSP, GRAD, ELPI or CCI"
            );
            return Err(self.wrong(field, problem));
        };
        let first = *self.measure.get_or_insert(measure);
        if first.id != measure.id {
            let problem = format!("\"{shown}\" in a file of {}: import one a file", first.label);
            return Err(self.wrong(field, problem));
        }
        Ok(Some(measure))
    }

    /// The row's student group or grade; `None` for those that are not kept.
    fn split(&self, cells: &[&str]) -> Result<Option<StudentGroup>, Wrong> {
        let group = match self.header.cell(Field::Group, cells) {
            Some(code) => layout::group(self.format, code),
            None if self.format != Format::Dashboard => Some(StudentGroup::All),
            // Files of this one indicator had no groups at first: it is of one.
            None if self.measure == measure::dashboard("ELPI") => {
                Some(StudentGroup::Flag(Flag::EnglishLearner))
            }
            None => {
                let problem = "is missing: import the file as it was published".to_owned();
                return Err(Wrong { column: "studentgroup".to_owned(), problem });
            }
        };
        let Some(text) = self.header.cell(Field::Grade, cells) else { return Ok(group) };
        let grade = match text {
            "13" | "All Grades" | "All" => return Ok(group),
            number => number.parse::<u8>().ok().filter(|number| (1..=12).contains(number)),
        };
        let grade: Option<Grade> = grade.and_then(|number| format!("{number:02}").parse().ok());
        match (grade, group) {
            (Some(grade), Some(StudentGroup::All)) => Ok(Some(StudentGroup::Grade(grade))),
            // Courses of high schools.
            (None, _) if self.format == Format::Cmas => Ok(None),
            (None, _) => {
                let shown: String = text.chars().take(20).collect();
                Err(self.wrong(Field::Grade, format!("\"{shown}\" is not a grade, nor 13 for all")))
            }
            (Some(_), _) => Ok(None),
        }
    }
}

/// The name of the series a file belongs to.
fn source(format: Format, measure: Option<&PublicMeasure>) -> String {
    match measure {
        Some(measure) => measure.id.replace('_', "-"),
        None => format.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests;
