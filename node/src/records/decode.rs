//! Reads column chunks of an opened file into the engine's chunks: only the
//! columns that are wanted, a few thousand rows at a time.

use std::collections::BTreeSet;

use bytes::Bytes;
use parquet::{
    column::reader::{ColumnReaderImpl, get_typed_column_reader},
    data_type::{DataType, DoubleType, FixedLenByteArrayType, Int32Type},
    errors::{ParquetError, Result},
    file::{
        reader::{FileReader, RowGroupReader},
        serialized_reader::SerializedFileReader,
    },
};
use peerlight_node_engine::{
    intake::Shape,
    privacy::journal::{Pseudonym, Student},
    student::{Chunk, Column, ColumnSet, MISSING, Values},
};
use peerlight_proto::{names::SchoolId, units::SchoolYear};

use super::{
    keys::PSEUDONYM,
    layout::{FILES, SCHOOL, SCHOOLS, SHAPE, STATEWIDE, STUDENT, YEAR, names},
};

/// Rows of a chunk.
const CHUNK: usize = 16_384;

/// An opened file of student years.
pub struct RecordFile {
    reader: SerializedFileReader<Bytes>,
    /// The school year.
    pub school_year: SchoolYear,
    schools: Vec<String>,
    shape: Option<Shape>,
}

impl RecordFile {
    /// Reads what a file says about itself.
    pub fn open(bytes: Bytes) -> Result<Self> {
        let reader = SerializedFileReader::new(bytes)?;
        let says = |key: &str| says(&reader, key);
        let broken = |what: &str| ParquetError::General(format!("it has no {what}"));
        let year = says(YEAR).and_then(|year| year.parse().ok());
        let schools = says(SCHOOLS).ok_or_else(|| broken("list of schools"))?;
        Ok(Self {
            school_year: year.ok_or_else(|| broken("school year"))?,
            schools: schools.split('\n').map(str::to_owned).collect(),
            shape: says(SHAPE).and_then(|text| Shape::from_text(&text)),
            reader,
        })
    }

    /// How many student years it has.
    pub fn rows(&self) -> usize {
        self.reader.metadata().file_metadata().num_rows().max(0) as usize
    }

    /// How many parts can be read at the same time.
    pub fn parts(&self) -> usize {
        self.reader.num_row_groups()
    }

    /// The columns it has, keys left out.
    pub fn columns(&self) -> ColumnSet {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        schema.columns().iter().filter_map(|column| Column::from_name(column.name())).collect()
    }

    /// How its rows fall into groups, for comparison with the next import.
    pub const fn shape(&self) -> Option<&Shape> {
        self.shape.as_ref()
    }

    /// Names of the files that its rows were read from.
    pub(super) fn files(&self) -> Vec<String> {
        let files = says(&self.reader, FILES).unwrap_or_default();
        files.split('\n').map(str::to_owned).collect()
    }

    /// The names of a column of names.
    pub(super) fn names(&self, column: Column) -> Option<Vec<String>> {
        let names = says(&self.reader, &names(column))?;
        Some(names.split('\n').map(str::to_owned).collect())
    }

    /// The schools it has rows of, by the position that rows name; the last is
    /// empty where rows have none.
    pub(super) fn school_list(&self) -> &[String] {
        &self.schools
    }

    /// The first row of a part.
    pub(super) fn first_row(&self, part: usize) -> usize {
        let groups = &self.reader.metadata().row_groups()[..part];
        groups.iter().map(|group| group.num_rows().max(0) as usize).sum()
    }

    /// The students of a part's rows.
    pub(super) fn students(&self, part: usize) -> Result<Vec<Student>> {
        let group = self.reader.get_row_group(part)?;
        let rows = group.metadata().num_rows().max(0) as usize;
        let mut students = Vec::new();
        Pseudonyms::new(&*group)?.read(rows, &mut students)?;
        Ok(students)
    }

    /// The schools it has rows of.
    pub fn schools(&self) -> BTreeSet<&str> {
        self.schools.iter().map(String::as_str).collect()
    }

    /// Where each of its schools is among `counted`, which are ordered.
    pub(super) fn positions(&self, counted: &[SchoolId]) -> Vec<u32> {
        positions_of(&self.schools, counted)
    }

    /// Reads one part chunk by chunk. `positions` says where the schools are;
    /// students are read where `with_students`.
    pub(super) fn part(
        &self,
        part: usize,
        columns: ColumnSet,
        positions: &[u32],
        with_students: bool,
        mut each: impl FnMut(&mut Chunk, &[Student]),
    ) -> Result<()> {
        let group = self.reader.get_row_group(part)?;
        let mut schools = Source::<Int32Type>::new(&*group, SCHOOL)?;
        let mut pseudonyms = with_students.then(|| Pseudonyms::new(&*group)).transpose()?;
        let mut sources: Vec<(Column, Wanted)> = columns
            .iter()
            .map(|column| Ok((column, Wanted::new(&*group, column)?)))
            .collect::<Result<_>>()?;
        let mut left = group.metadata().num_rows().max(0) as usize;
        let (mut chunk, mut students) = (Chunk::default(), Vec::new());
        while left > 0 {
            let rows = left.min(CHUNK);
            schools.read(rows)?;
            chunk.school.clear();
            chunk.school.extend(schools.values.iter().map(|at| positions[*at as usize]));
            if let Some(pseudonyms) = &mut pseudonyms {
                pseudonyms.read(rows, &mut students)?;
            }
            for (column, source) in &mut sources {
                source.read(rows, chunk.values_mut(*column))?;
            }
            each(&mut chunk, &students);
            left -= rows;
        }
        Ok(())
    }

    /// Decodes these columns of every part and drops them: what reading costs
    /// without counting. Used by the benchmark.
    pub fn decode(&self, columns: ColumnSet, part: usize) -> Result<usize> {
        let positions = vec![0; self.schools.len()];
        let mut rows = 0;
        self.part(part, columns, &positions, false, |chunk, _| rows += chunk.rows())?;
        Ok(rows)
    }
}

/// Where each of these schools is among `counted`, which are ordered.
pub(super) fn positions_of(schools: &[String], counted: &[SchoolId]) -> Vec<u32> {
    let find = |school: &String| counted.binary_search_by(|id| id.as_str().cmp(school));
    let position = |school| find(school).map_or(Chunk::NO_SCHOOL, |position| position as u32);
    schools.iter().map(position).collect()
}

/// What a file says about itself.
fn says(reader: &SerializedFileReader<Bytes>, key: &str) -> Option<String> {
    let about = reader.metadata().file_metadata().key_value_metadata()?;
    about.iter().find(|entry| entry.key == key)?.value.clone()
}

fn pseudonym(bytes: &[u8]) -> Pseudonym {
    let bytes: [u8; PSEUDONYM] = bytes.try_into().expect("the schema fixes the length");
    u128::from_le_bytes(bytes)
}

/// Both pseudonyms of a row group's students, read in steps.
struct Pseudonyms {
    local: Source<FixedLenByteArrayType>,
    statewide: Option<Source<FixedLenByteArrayType>>,
}

impl Pseudonyms {
    fn new(group: &dyn RowGroupReader) -> Result<Self> {
        let schema = group.metadata().schema_descr();
        let has_statewide = schema.columns().iter().any(|column| column.name() == STATEWIDE);
        let statewide = has_statewide.then(|| Source::new(group, STATEWIDE)).transpose()?;
        Ok(Self { local: Source::new(group, STUDENT)?, statewide })
    }

    fn read(&mut self, rows: usize, students: &mut Vec<Student>) -> Result<()> {
        let (mut local, mut statewide) = (Vec::new(), vec![None; rows]);
        self.local.read(rows)?;
        self.local.spread(rows, &mut local, None, |value| Some(pseudonym(value.data())));
        if let Some(source) = &mut self.statewide {
            source.read(rows)?;
            source.spread(rows, &mut statewide, None, |value| Some(pseudonym(value.data())));
        }
        students.clear();
        let pairs = local.into_iter().zip(statewide);
        students.extend(pairs.map(|(local, statewide)| Student { statewide, local }));
        Ok(())
    }
}

/// One column of a row group, read in steps.
struct Source<T: DataType> {
    reader: ColumnReaderImpl<T>,
    values: Vec<T::T>,
    levels: Vec<i16>,
}

impl<T: DataType> Source<T> {
    fn new(group: &dyn RowGroupReader, name: &str) -> Result<Self> {
        let schema = group.metadata().schema_descr();
        let position = schema.columns().iter().position(|column| column.name() == name);
        let position =
            position.ok_or_else(|| ParquetError::General(format!("it has no column {name}")))?;
        if schema.column(position).physical_type() != T::get_physical_type() {
            return Err(ParquetError::General(format!("its column {name} has another type")));
        }
        let reader = get_typed_column_reader(group.get_column_reader(position)?);
        Ok(Self { reader, values: Vec::new(), levels: Vec::new() })
    }

    fn read(&mut self, rows: usize) -> Result<()> {
        self.values.clear();
        self.levels.clear();
        let mut read = 0;
        while read < rows {
            let (records, _, _) = self.reader.read_records(
                rows - read,
                Some(&mut self.levels),
                None,
                &mut self.values,
            )?;
            if records == 0 {
                return Err(ParquetError::EOF("a column ends before the others".to_owned()));
            }
            read += records;
        }
        Ok(())
    }

    /// The values in row order, `missing` where there is none.
    fn spread<U: Copy>(
        &self,
        rows: usize,
        out: &mut Vec<U>,
        missing: U,
        as_stored: impl Fn(&T::T) -> U,
    ) {
        out.clear();
        if self.values.len() == rows {
            out.extend(self.values.iter().map(as_stored));
            return;
        }
        let mut values = self.values.iter();
        out.extend(self.levels.iter().map(|level| match level {
            0 => missing,
            _ => values.next().map_or(missing, &as_stored),
        }));
    }
}

enum Wanted {
    Byte(Source<Int32Type>),
    Number(Source<DoubleType>),
}

impl Wanted {
    fn new(group: &dyn RowGroupReader, column: Column) -> Result<Self> {
        if column.kind().is_byte() {
            Source::new(group, column.name()).map(Self::Byte)
        } else {
            Source::new(group, column.name()).map(Self::Number)
        }
    }

    fn read(&mut self, rows: usize, out: &mut Values) -> Result<()> {
        match (self, out) {
            (Self::Byte(source), Values::Bytes(out)) => {
                source.read(rows)?;
                source.spread(rows, out, MISSING, |value| *value as u8);
            }
            (Self::Number(source), Values::Numbers(out)) => {
                source.read(rows)?;
                source.spread(rows, out, f64::NAN, |value| *value);
            }
            _ => unreachable!("both follow the column's kind"),
        }
        Ok(())
    }
}

impl std::fmt::Debug for RecordFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordFile").field("school_year", &self.school_year).finish_non_exhaustive()
    }
}
