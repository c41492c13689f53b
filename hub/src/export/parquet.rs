//! A table as Parquet: one row group, every column optional, zstd.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::{Type, TypePtr},
};

use super::{Cell, Column, Kind, Table, rounded};

/// A table could not be written as Parquet.
#[derive(Debug, thiserror::Error)]
#[error("the table could not be written as Parquet: {0}")]
pub struct ParquetError(#[from] parquet::errors::ParquetError);

fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let physical = match column.kind {
        Kind::Text => Physical::BYTE_ARRAY,
        Kind::Number(_) => Physical::DOUBLE,
        Kind::Whole => Physical::INT64,
    };
    let logical = (column.kind == Kind::Text).then_some(LogicalType::String);
    let field = Type::primitive_type_builder(column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()?;
    Ok(Arc::new(field))
}

pub(super) fn write(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = table.columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder("table").with_fields(fields).build()?;
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
    let mut file = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::new(properties.build()))?;
    let mut group = writer.next_row_group()?;
    for (position, column) in table.columns.iter().enumerate() {
        let cells: Vec<&Cell> = table.rows.iter().map(|row| &row[position]).collect();
        let levels: Vec<i16> = cells.iter().map(|cell| i16::from(**cell != Cell::Empty)).collect();
        let Some(mut target) = group.next_column()? else { break };
        match column.kind {
            Kind::Text => {
                let values: Vec<ByteArray> = cells
                    .iter()
                    .filter_map(|cell| match cell {
                        Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                        Cell::Number(value) => Some(ByteArray::from(value.to_string().as_str())),
                        Cell::Whole(value) => Some(ByteArray::from(value.to_string().as_str())),
                        Cell::Empty => None,
                    })
                    .collect();
                target.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
            }
            Kind::Number(decimals) => {
                let values: Vec<f64> = cells
                    .iter()
                    .filter_map(|cell| match cell {
                        Cell::Number(value) => Some(rounded(*value, decimals)),
                        Cell::Whole(value) => Some(*value as f64),
                        Cell::Text(_) => Some(f64::NAN),
                        Cell::Empty => None,
                    })
                    .collect();
                target.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
            }
            Kind::Whole => {
                let values: Vec<i64> = cells
                    .iter()
                    .filter_map(|cell| match cell {
                        Cell::Whole(value) => Some(*value),
                        Cell::Number(value) => Some(value.round() as i64),
                        Cell::Text(_) => Some(0),
                        Cell::Empty => None,
                    })
                    .collect();
                target.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
            }
        }
        target.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::RowAccessor,
    };

    use super::super::{number, text, whole};
    use super::*;

    #[test]
    fn parquet_holds_the_rows_of_the_table_with_nulls() {
        let table = Table {
            name: "t".to_owned(),
            columns: vec![text("name"), number("value", 2), whole("schools")],
            rows: vec![
                vec!["a".into(), 1.256.into(), 7_i64.into()],
                vec!["b".into(), Cell::Empty, Cell::Empty],
            ],
        };
        let reader = SerializedFileReader::new(bytes_of(write(&table).unwrap())).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].get_string(0).unwrap(), "a");
        assert!((rows[0].get_double(1).unwrap() - 1.26).abs() < 1e-12);
        assert_eq!(rows[0].get_long(2).unwrap(), 7);
        assert!(rows[1].get_double(1).is_err() && rows[1].get_long(2).is_err());
    }

    fn bytes_of(file: Vec<u8>) -> axum::body::Bytes {
        file.into()
    }
}
