//! One row group of student years as Parquet column chunks, so that several
//! threads make several at a time.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use parquet::{
    column::writer::{ColumnCloseResult, get_column_writer, get_typed_column_writer_mut},
    data_type::{
        ByteArray, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    },
    errors::Result,
    file::{
        properties::WriterPropertiesPtr,
        writer::{SerializedPageWriter, TrackedWrite},
    },
    schema::types::SchemaDescPtr,
};
use peerlight_node_engine::{
    intake::{Ids, StudentYears},
    student::{Column, MISSING, Values},
};

use super::keys::{IdKind, PSEUDONYM};

/// A column chunk: its bytes, and what the file says of it.
pub(super) type EncodedColumn = (Bytes, ColumnCloseResult);

/// What every row group of a file is made from.
pub(super) struct Encoder<'a, P> {
    pub(super) years: &'a StudentYears,
    /// The pseudonym of an id.
    pub(super) pseudonym: P,
    pub(super) schema: SchemaDescPtr,
    pub(super) properties: WriterPropertiesPtr,
    pub(super) has_statewide: bool,
    pub(super) lacks_local: bool,
    /// The columns of values, and whether some of them is missing.
    pub(super) columns: Vec<(Column, &'a Values, bool)>,
}

impl<P: Fn(IdKind, &[u8]) -> [u8; PSEUDONYM]> Encoder<'_, P> {
    /// The chunks of every column, in the order of the schema.
    pub(super) fn row_group(&self, rows: &Range<usize>) -> Result<Vec<EncodedColumn>> {
        let years = self.years;
        let (schema, properties) = (&self.schema, &self.properties);
        let mut group = Group { schema, properties, chunks: Vec::new() };
        // A row without a school names the one after the last, which is empty.
        let nowhere = years.schools.len() as u32;
        let schools = years.school[rows.clone()].iter().map(|at| nowhere.min(*at) as i32);
        group.write::<Int32Type>(&schools.collect::<Vec<_>>(), None)?;
        let (ids, levels) = self.pseudonyms(&years.students, rows.clone(), IdKind::Local);
        group.write::<FixedLenByteArrayType>(&ids, self.lacks_local.then_some(&levels))?;
        if self.has_statewide {
            let (ids, levels) = self.pseudonyms(&years.statewide, rows.clone(), IdKind::Statewide);
            group.write::<FixedLenByteArrayType>(&ids, Some(&levels))?;
        }
        for (_, values, is_optional) in &self.columns {
            group.write_values(values, rows.clone(), *is_optional)?;
        }
        Ok(group.chunks)
    }

    /// Pseudonyms of the ids that are there, and which rows have one.
    fn pseudonyms(
        &self,
        ids: &Ids,
        rows: Range<usize>,
        kind: IdKind,
    ) -> (Vec<FixedLenByteArray>, Vec<i16>) {
        let mut levels = Vec::with_capacity(rows.len());
        // One after the other, not each in memory of its own.
        let mut all = Vec::with_capacity(PSEUDONYM * rows.len());
        for row in rows {
            let id = ids.get(row);
            levels.push(i16::from(!id.is_empty()));
            if !id.is_empty() {
                all.extend((self.pseudonym)(kind, id));
            }
        }
        let all = Bytes::from(all);
        let each = (0..all.len()).step_by(PSEUDONYM);
        let of =
            |start| FixedLenByteArray::from(ByteArray::from(all.slice(start..start + PSEUDONYM)));
        (each.map(of).collect(), levels)
    }
}

/// A row group that is being made.
struct Group<'a> {
    schema: &'a SchemaDescPtr,
    properties: &'a WriterPropertiesPtr,
    chunks: Vec<EncodedColumn>,
}

impl Group<'_> {
    fn write_values(
        &mut self,
        values: &Values,
        rows: Range<usize>,
        is_optional: bool,
    ) -> Result<()> {
        match values {
            Values::Numbers(all) => {
                let all = &all[rows];
                let there: Vec<f64> =
                    all.iter().copied().filter(|number| !number.is_nan()).collect();
                let levels: Vec<i16> =
                    all.iter().map(|number| i16::from(!number.is_nan())).collect();
                self.write::<DoubleType>(&there, is_optional.then_some(&levels))
            }
            Values::Bytes(all) => {
                let all = &all[rows];
                let there =
                    all.iter().filter(|byte| **byte != MISSING).map(|byte| i32::from(*byte));
                let levels: Vec<i16> = all.iter().map(|byte| i16::from(*byte != MISSING)).collect();
                let there: Vec<i32> = there.collect();
                self.write::<Int32Type>(&there, is_optional.then_some(&levels))
            }
        }
    }

    fn write<T: DataType>(&mut self, values: &[T::T], levels: Option<&Vec<i16>>) -> Result<()> {
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let column = self.schema.column(self.chunks.len());
        let mut writer = get_column_writer(column, Arc::clone(self.properties), pages);
        let typed = get_typed_column_writer_mut::<T>(&mut writer);
        typed.write_batch(values, levels.map(Vec::as_slice), None)?;
        let about = writer.close()?;
        self.chunks.push((Bytes::from(sink.into_inner()?), about));
        Ok(())
    }
}
