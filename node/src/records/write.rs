//! Writes student years as Parquet: typed columns, dictionaries, zstd.

use std::{ops::Range, sync::Arc};

use parquet::{
    basic::{Compression, Type as Physical, ZstdLevel},
    data_type::{
        ByteArray, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    },
    errors::Result,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::Type,
};
use peerlight_node_engine::{
    intake::{Ids, Shape, StudentYears},
    student::{MISSING, Values},
};

use super::{
    keys::RecordKeys,
    layout::{
        FILES, SCHOOL, SCHOOLS, SHAPE, STATEWIDE, STUDENT, YEAR, field, has_missing, names,
        physical,
    },
};

/// Rows of a row group: what one thread takes at a time.
const ROW_GROUP: usize = 65_536;

/// Student years as the bytes of a Parquet file, not sealed. Rows must be
/// ordered by school for the kernel to be fast.
pub fn to_parquet(years: &StudentYears, keys: &RecordKeys) -> Result<Vec<u8>> {
    let has_statewide = (0..years.rows()).any(|row| !years.statewide.get(row).is_empty());
    let lacks_local = (0..years.rows()).any(|row| years.students.get(row).is_empty());
    let mut fields = vec![
        field(SCHOOL, Physical::INT32, false)?,
        field(STUDENT, Physical::FIXED_LEN_BYTE_ARRAY, lacks_local)?,
    ];
    if has_statewide {
        fields.push(field(STATEWIDE, Physical::FIXED_LEN_BYTE_ARRAY, true)?);
    }
    let columns: Vec<(_, &Values, bool)> = years
        .columns()
        .iter()
        .filter_map(|column| years.values(column).map(|values| (column, values)))
        .map(|(column, values)| (column, values, has_missing(values)))
        .collect();
    for (column, _, is_optional) in &columns {
        fields.push(field(column.name(), physical(*column), *is_optional)?);
    }
    let schema = Type::group_type_builder("student_years").with_fields(fields).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_key_value_metadata(Some(about(years)))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    for start in (0..years.rows()).step_by(ROW_GROUP) {
        let rows = start..years.rows().min(start + ROW_GROUP);
        let mut group = writer.next_row_group()?;
        // A row without a school names the one after the last, which is empty.
        let nowhere = years.schools.len() as u32;
        let schools = years.school[rows.clone()].iter().map(|at| nowhere.min(*at) as i32);
        write::<Int32Type>(&mut group, &schools.collect::<Vec<_>>(), None)?;
        let (ids, levels) = pseudonyms(&years.students, rows.clone(), keys, 0);
        write::<FixedLenByteArrayType>(&mut group, &ids, lacks_local.then_some(&levels))?;
        if has_statewide {
            let (ids, levels) = pseudonyms(&years.statewide, rows.clone(), keys, 1);
            write::<FixedLenByteArrayType>(&mut group, &ids, Some(&levels))?;
        }
        for (_, values, is_optional) in &columns {
            write_values(&mut group, values, rows.clone(), *is_optional)?;
        }
        group.close()?;
    }
    writer.into_inner()
}

/// What the file says about itself.
fn about(years: &StudentYears) -> Vec<KeyValue> {
    let says = |key: &str, value: String| KeyValue { key: key.to_owned(), value: Some(value) };
    let mut schools: Vec<&str> = years.schools.iter().map(String::as_str).collect();
    if years.school.contains(&StudentYears::NO_SCHOOL) {
        schools.push("");
    }
    let mut about = vec![
        says(YEAR, years.school_year.ending_year().to_string()),
        says(SCHOOLS, lines(&schools)),
        says(SHAPE, Shape::of(years).to_text()),
        says(FILES, lines(&years.files)),
    ];
    for (column, of_column) in &years.names {
        about.push(says(&names(*column), lines(of_column)));
    }
    about
}

/// One a line, so that they are found by their position.
fn lines(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.as_ref().replace('\n', " ")).collect();
    names.join("\n")
}

fn write_values(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &Values,
    rows: Range<usize>,
    is_optional: bool,
) -> Result<()> {
    match values {
        Values::Numbers(all) => {
            let all = &all[rows];
            let there: Vec<f64> = all.iter().copied().filter(|number| !number.is_nan()).collect();
            let levels: Vec<i16> = all.iter().map(|number| i16::from(!number.is_nan())).collect();
            write::<DoubleType>(group, &there, is_optional.then_some(&levels))
        }
        Values::Bytes(all) => {
            let all = &all[rows];
            let there = all.iter().filter(|byte| **byte != MISSING).map(|byte| i32::from(*byte));
            let levels: Vec<i16> = all.iter().map(|byte| i16::from(*byte != MISSING)).collect();
            let there: Vec<i32> = there.collect();
            write::<Int32Type>(group, &there, is_optional.then_some(&levels))
        }
    }
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    levels: Option<&Vec<i16>>,
) -> Result<()> {
    let mut column =
        group.next_column()?.expect("the schema has a column for each that is written");
    column.typed::<T>().write_batch(values, levels.map(Vec::as_slice), None)?;
    column.close()
}

/// Pseudonyms of the ids that are there, and which rows have one.
fn pseudonyms(
    ids: &Ids,
    rows: Range<usize>,
    keys: &RecordKeys,
    kind: u8,
) -> (Vec<FixedLenByteArray>, Vec<i16>) {
    let (mut there, mut levels) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let id = ids.get(row);
        levels.push(i16::from(!id.is_empty()));
        if !id.is_empty() {
            let pseudonym = keys.pseudonym(kind, id);
            there.push(FixedLenByteArray::from(ByteArray::from(pseudonym.to_vec())));
        }
    }
    (there, levels)
}
