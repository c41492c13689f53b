//! The student years of one school year as they were read: columns, schools,
//! ids, and where each row came from.
//!
//! Held in memory while an import runs, about 100 bytes a student. Ids are
//! kept apart from the columns and shown by nothing.

mod append;
mod order;

use std::{collections::BTreeMap, fmt};

use peerlight_proto::units::SchoolYear;

pub(super) use self::append::MetSchools;
use super::{problem::Place, value::Cell};
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

    const fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<u32>()
    }

    /// Adds the id of the next row.
    pub fn push(&mut self, id: &[u8]) {
        self.text.extend_from_slice(id);
        self.ends.push(u32::try_from(self.text.len()).expect("ids of one import fit in 4 GiB"));
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
    /// By [`Column::index`]; as many as there are columns, once one is there.
    columns: Vec<Option<Values>>,
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
            columns: Vec::new(),
        }
    }

    /// How many student years there are.
    pub const fn rows(&self) -> usize {
        self.school.len()
    }

    /// How many bytes the rows take.
    pub(super) fn bytes(&self) -> usize {
        let ids = self.students.bytes() + self.statewide.bytes();
        let keys = self.rows() * (size_of::<u32>() + size_of::<(u16, u32)>());
        self.there().map(|(_, values)| values.bytes()).sum::<usize>() + ids + keys
    }

    /// The columns there are, keys left out.
    pub fn columns(&self) -> ColumnSet {
        self.there().map(|(column, _)| column).collect()
    }

    /// A column's values.
    pub fn values(&self, column: Column) -> Option<&Values> {
        self.columns.get(column.index())?.as_ref()
    }

    /// Takes a whole column, stored as its kind is and as long as there are
    /// rows.
    pub fn insert(&mut self, column: Column, values: Values) {
        *self.slot(column) = values;
    }

    /// The columns that are there, with their values.
    fn there(&self) -> impl Iterator<Item = (Column, &Values)> {
        let all = Column::ALL.into_iter().zip(&self.columns);
        all.filter_map(|(column, values)| Some((column, values.as_ref()?)))
    }

    /// A column's values, none of them yet where it is new.
    fn slot(&mut self, column: Column) -> &mut Values {
        if self.columns.is_empty() {
            self.columns.resize(Column::ALL.len(), None);
        }
        self.columns[column.index()].get_or_insert_with(|| Values::empty(column.kind()))
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
        self.there().map(move |(column, values)| Coverage {
            school_year: self.school_year,
            column,
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
        let values = self.slot(column);
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
        match self.values(column) {
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
