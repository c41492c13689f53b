//! Writes student years as Parquet: typed columns, dictionaries, zstd.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use parquet::{
    basic::{Compression, Type as Physical, ZstdLevel},
    errors::{ParquetError, Result},
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
        writer::SerializedFileWriter,
    },
    schema::types::{ColumnPath, Type},
};
use peerlight_node_engine::{
    intake::{Shape, StudentYears},
    student::Values,
};

use super::{
    encode::{EncodedColumn, Encoder},
    keys::{IdKind, PSEUDONYM},
    layout::{
        FILES, SCHOOL, SCHOOLS, SHAPE, STATEWIDE, STUDENT, YEAR, field, has_missing, names,
        physical,
    },
};

/// Rows of a row group: what one thread takes at a time.
const ROW_GROUP: usize = 65_536;

/// Student years as the bytes of a Parquet file, not sealed: ids as what
/// `pseudonym` makes of them. Rows must be ordered by school for the kernel to
/// be fast.
pub fn to_parquet(
    years: &StudentYears,
    pseudonym: impl Fn(IdKind, &[u8]) -> [u8; PSEUDONYM] + Sync,
) -> Result<Vec<u8>> {
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
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_key_value_metadata(Some(about(years)));
    // Pseudonyms look random: nothing makes them smaller, and none is least.
    for column in [STUDENT, STATEWIDE].map(ColumnPath::from) {
        properties = properties
            .set_column_compression(column.clone(), Compression::UNCOMPRESSED)
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_statistics_enabled(column, EnabledStatistics::None);
    }
    let properties = Arc::new(properties.build());
    let mut writer =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::clone(&properties))?;
    let schema = Arc::new(writer.schema_descr().clone());
    let encoder =
        Encoder { years, pseudonym, schema, properties, has_statewide, lacks_local, columns };
    in_order(&encoder, |columns| {
        let mut group = writer.next_row_group()?;
        for (bytes, about) in columns {
            group.append_column(&bytes, about)?;
        }
        group.close().map(drop)
    })?;
    writer.into_inner()
}

/// Makes every row group, on all threads that there are, and hands them on in
/// the order of their rows.
fn in_order<P: Fn(IdKind, &[u8]) -> [u8; PSEUDONYM] + Sync>(
    encoder: &Encoder<'_, P>,
    mut hand_on: impl FnMut(Vec<EncodedColumn>) -> Result<()>,
) -> Result<()> {
    let rows = encoder.years.rows();
    let groups = rows.div_ceil(ROW_GROUP);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(groups);
    let next = AtomicUsize::new(0);
    let (send, made) = mpsc::sync_channel(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (next, send) = (&next, send.clone());
            scope.spawn(move || {
                loop {
                    let group = next.fetch_add(1, Ordering::Relaxed);
                    let start = group * ROW_GROUP;
                    // Nobody listens any more where the file cannot be made.
                    if group >= groups
                        || send.send((group, encoder.row_group(&range(start, rows)))).is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(send);
        let (mut early, mut expected) = (BTreeMap::new(), 0);
        for (group, columns) in made {
            early.insert(group, columns);
            while let Some(columns) = early.remove(&expected) {
                hand_on(columns?)?;
                expected += 1;
            }
        }
        let whole = expected == groups;
        whole.then_some(()).ok_or_else(|| ParquetError::General("rows were lost".to_owned()))
    })
}

const fn range(start: usize, rows: usize) -> Range<usize> {
    let end = start + ROW_GROUP;
    start..if end < rows { end } else { rows }
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
