//! The student years of one school year as they were read: columns, schools,
//! ids, and where each row came from.
//!
//! Held in memory while an import runs, about 150 bytes a student. Ids are
//! kept apart from the columns and shown by nothing.

use std::{collections::BTreeMap, fmt};

use peerlight_proto::units::SchoolYear;

use super::{
    problem::{Place, Problem, Severity, masked},
    value::Cell,
};
use crate::student::{Column, ColumnSet, Kind, MISSING, Values};

/// Ids of one column, one after the other.
#[derive(Clone, Default)]
pub struct Ids {
    text: Vec<u8>,
    ends: Vec<u32>,
}

impl Ids {
    /// The id of a row; empty where it has none.
    pub fn get(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.text[start..self.ends[row] as usize]
    }

    /// Adds the id of the next row.
    pub fn push(&mut self, id: &[u8]) {
        self.text.extend_from_slice(id);
        self.ends.push(u32::try_from(self.text.len()).expect("ids of one import fit in 4 GiB"));
    }

    fn sorted(&self, order: &[u32]) -> Self {
        let mut sorted = Self::default();
        for row in order {
            sorted.push(self.get(*row as usize));
        }
        sorted
    }
}

/// How much of a column a year's rows fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The school year.
    pub school_year: SchoolYear,
    /// The column.
    pub column: Column,
    /// Rows with a value.
    pub filled: u64,
    /// Rows of the year.
    pub rows: u64,
}

/// The student years of one school year, in columns: of one source, or of all
/// of them.
#[derive(Clone)]
pub struct StudentYears {
    /// The school year.
    pub school_year: SchoolYear,
    /// School ids; rows name them by position.
    pub schools: Vec<String>,
    /// Each row's school; [`StudentYears::NO_SCHOOL`] where the source does not
    /// tell it.
    pub school: Vec<u32>,
    /// Local student ids; empty where there is none.
    pub students: Ids,
    /// Statewide ids; empty where there is none.
    pub statewide: Ids,
    /// Values of the columns of names, by column.
    pub names: BTreeMap<Column, Vec<String>>,
    /// Names of the files that rows were read from.
    pub files: Vec<String>,
    /// File, by position, and line of each row; line 0 where it is not known.
    pub lines: Vec<(u16, u32)>,
    columns: BTreeMap<Column, Values>,
}

impl StudentYears {
    /// The school of a row that does not tell it.
    pub const NO_SCHOOL: u32 = u32::MAX;

    /// No student years yet.
    pub fn new(school_year: SchoolYear) -> Self {
        Self {
            school_year,
            schools: Vec::new(),
            school: Vec::new(),
            students: Ids::default(),
            statewide: Ids::default(),
            names: BTreeMap::new(),
            files: Vec::new(),
            lines: Vec::new(),
            columns: BTreeMap::new(),
        }
    }

    /// How many student years there are.
    pub const fn rows(&self) -> usize {
        self.school.len()
    }

    /// The columns there are, keys left out.
    pub fn columns(&self) -> ColumnSet {
        self.columns.keys().copied().collect()
    }

    /// A column's values.
    pub fn values(&self, column: Column) -> Option<&Values> {
        self.columns.get(&column)
    }

    /// Takes a whole column, stored as its kind is and as long as there are
    /// rows.
    pub fn insert(&mut self, column: Column, values: Values) {
        self.columns.insert(column, values);
    }

    /// Where a row was read.
    pub fn place(&self, row: usize) -> Place {
        let (file, line) = self.lines.get(row).copied().unwrap_or_default();
        let file = self.files.get(usize::from(file)).cloned().unwrap_or_default();
        Place { file, line: line.into(), value: None }
    }

    /// How many rows have a value, by column.
    pub fn coverage(&self) -> impl Iterator<Item = Coverage> {
        let rows = self.rows() as u64;
        self.columns.iter().map(move |(column, values)| Coverage {
            school_year: self.school_year,
            column: *column,
            filled: values.filled() as u64,
            rows,
        })
    }

    /// Adds a row's keys; its other values follow by [`Self::set`].
    pub(super) fn push(&mut self, school: u32, student: &str, statewide: &str, line: (u16, u32)) {
        self.school.push(school);
        self.students.push(student.as_bytes());
        self.statewide.push(statewide.as_bytes());
        self.lines.push(line);
    }

    /// Sets a value of the last row, in place of one that it has. A column that
    /// is new was missing in the rows before.
    pub(super) fn set(&mut self, column: Column, cell: Cell) {
        let before = self.rows() - 1;
        let values = self.columns.entry(column).or_insert_with(|| Values::empty(column.kind()));
        resize(values, before);
        match (values, cell) {
            (Values::Numbers(numbers), Cell::Number(number)) => numbers.push(number),
            (Values::Bytes(bytes), Cell::Byte(byte)) => bytes.push(byte),
            (Values::Numbers(numbers), Cell::Byte(_)) => numbers.push(f64::NAN),
            (Values::Bytes(bytes), Cell::Number(_)) => bytes.push(MISSING),
        }
    }

    /// Whether the last row has a value of this column.
    pub(super) fn is_set(&self, column: Column) -> bool {
        let last = self.rows() - 1;
        match self.columns.get(&column) {
            Some(Values::Numbers(numbers)) => numbers.get(last).is_some_and(|it| !it.is_nan()),
            Some(Values::Bytes(bytes)) => bytes.get(last).is_some_and(|it| *it != MISSING),
            None => false,
        }
    }

    /// The position of a name in a column of names, added if it is new; `None`
    /// where there are more than can be told apart.
    pub(super) fn name(&mut self, column: Column, text: &str) -> Option<u8> {
        let names = self.names.entry(column).or_default();
        let position = names.iter().position(|known| known == text).unwrap_or_else(|| {
            names.push(text.to_owned());
            names.len() - 1
        });
        u8::try_from(position).ok().filter(|position| *position < MISSING)
    }

    /// The same rows ordered by school, each school's in the order read, those
    /// without a school last.
    #[must_use]
    pub(super) fn sorted(mut self) -> Self {
        let rows = self.rows();
        self.columns.values_mut().for_each(|values| resize(values, rows));
        let mut by_id: Vec<u32> = (0..self.schools.len() as u32).collect();
        by_id.sort_by_key(|school| &self.schools[*school as usize]);
        let mut rank = vec![0_u32; self.schools.len()];
        for (position, school) in by_id.iter().enumerate() {
            rank[*school as usize] = position as u32;
        }
        let ranked = |school: u32| rank.get(school as usize).copied().unwrap_or(Self::NO_SCHOOL);
        let mut order: Vec<u32> = (0..rows as u32).collect();
        order.sort_by_key(|row| (ranked(self.school[*row as usize]), *row));
        let pick = |row: &u32| *row as usize;
        self.school = order.iter().map(|row| ranked(self.school[pick(row)])).collect();
        self.schools = by_id.iter().map(|school| self.schools[*school as usize].clone()).collect();
        self.students = self.students.sorted(&order);
        self.statewide = self.statewide.sorted(&order);
        self.lines = order.iter().map(|row| self.lines[pick(row)]).collect();
        for values in self.columns.values_mut() {
            match values {
                Values::Numbers(all) => *all = order.iter().map(|row| all[pick(row)]).collect(),
                Values::Bytes(all) => *all = order.iter().map(|row| all[pick(row)]).collect(),
            }
        }
        self
    }

    /// Ids that two rows share, each a fatal problem that names both places.
    pub(super) fn twice(&self, remedy: &str) -> Vec<(Problem, Place)> {
        let mut twice = Vec::new();
        for (ids, column) in
            [(&self.students, Column::StudentId), (&self.statewide, Column::StatewideId)]
        {
            for (first, second) in self.duplicates(ids) {
                let id = masked(&String::from_utf8_lossy(ids.get(first)));
                let value = Some(format!("{id}, again in {}", self.place(second)));
                let what = format!("is there twice in {}", self.school_year);
                let problem = Problem::new(Severity::Fatal, Some(column), &what, remedy);
                twice.push((problem, Place { value, ..self.place(first) }));
            }
        }
        twice
    }

    /// Pairs of rows with the same id, in the order of their first line.
    fn duplicates(&self, ids: &Ids) -> Vec<(usize, usize)> {
        let mut order: Vec<u32> = (0..self.rows() as u32).collect();
        order.retain(|row| !ids.get(*row as usize).is_empty());
        order.sort_by_key(|row| (ids.get(*row as usize), self.lines[*row as usize]));
        let pairs = order.windows(2).map(|pair| (pair[0] as usize, pair[1] as usize));
        let mut same: Vec<_> = pairs.filter(|(a, b)| ids.get(*a) == ids.get(*b)).collect();
        same.sort_by_key(|(first, _)| self.lines[*first]);
        same
    }
}

/// Makes it `rows` values, missing where there was none.
fn resize(values: &mut Values, rows: usize) {
    match values {
        Values::Numbers(numbers) => numbers.resize(rows, f64::NAN),
        Values::Bytes(bytes) => bytes.resize(rows, MISSING),
    }
}

impl fmt::Debug for StudentYears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StudentYears")
            .field("school_year", &self.school_year)
            .field("columns", &self.columns())
            .finish_non_exhaustive()
    }
}

/// Whether a column's values are kept: keys are kept elsewhere.
pub(super) const fn is_kept(column: Column) -> bool {
    !matches!(column.kind(), Kind::Key)
}
