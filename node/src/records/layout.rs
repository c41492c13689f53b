//! How a column lies in the Parquet file, and what the file says about itself.

use std::sync::Arc;

use parquet::{
    basic::{Repetition, Type as Physical},
    errors::Result,
    schema::types::{Type, TypePtr},
};
use peerlight_node_engine::student::{Column, Values};

use super::keys::PSEUDONYM;

/// Position of each row's school in the file's list.
pub(super) const SCHOOL: &str = "school";
/// Pseudonym of the local id.
pub(super) const STUDENT: &str = "student";
/// Pseudonym of the statewide id, where there is one.
pub(super) const STATEWIDE: &str = "statewide";

/// Names of what the file says about itself.
pub(super) const SCHOOLS: &str = "peerlight.schools";
pub(super) const YEAR: &str = "peerlight.school_year";
pub(super) const SHAPE: &str = "peerlight.shape";
pub(super) const FILES: &str = "peerlight.files";

/// Where the file has a column's names.
pub(super) fn names(column: Column) -> String {
    format!("peerlight.names.{}", column.name())
}

/// One column of the file: required where no value is missing, which is read
/// faster by everybody.
pub(super) fn field(name: &str, physical: Physical, has_missing: bool) -> Result<TypePtr> {
    let repetition = if has_missing { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let length = if physical == Physical::FIXED_LEN_BYTE_ARRAY { PSEUDONYM as i32 } else { -1 };
    let builder = Type::primitive_type_builder(name, physical);
    builder.with_repetition(repetition).with_length(length).build().map(Arc::new)
}

/// The physical type of a column's values.
pub(super) const fn physical(column: Column) -> Physical {
    if column.kind().is_byte() { Physical::INT32 } else { Physical::DOUBLE }
}

/// Whether any value is missing.
pub(super) fn has_missing(values: &Values) -> bool {
    match values {
        Values::Numbers(numbers) => numbers.iter().any(|number| number.is_nan()),
        Values::Bytes(bytes) => bytes.contains(&peerlight_node_engine::student::MISSING),
    }
}
