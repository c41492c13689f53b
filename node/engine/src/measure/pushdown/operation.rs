//! One node of a plan's graph as SQL over the columns that hold its operands.
//!
//! NULL is what the kernel calls missing. Arithmetic is the server's, on the
//! same binary numbers in the same order; what would be infinite there raises an
//! error, and then nothing is counted.

use super::{PushdownError, base, cell::double, node_column};
use crate::{
    measure::node::{Arithmetic, Node, NodeId, Precision},
    student::Column,
};

/// Two numbers closer than this part of their size are the same decimal: the
/// kernel's own.
const SAME: &str = "'1e-9'::float8";

/// The value of a node. Numbers are double precision, truths boolean.
pub(super) fn operation(
    node: &Node,
    school_year: f64,
    has: impl Fn(Column) -> bool,
) -> Result<String, PushdownError> {
    let number_of = |column: &Column| {
        if has(*column) { base(*column) } else { "NULL::float8".to_owned() }
    };
    let byte_of = |column: &Column| {
        if has(*column) { base(*column) } else { "NULL::integer".to_owned() }
    };
    let of = |id: &NodeId| node_column(*id);
    Ok(match node {
        Node::Constant(bits) => constant(*bits)?,
        Node::SchoolYear => double(school_year),
        Node::Number(column) => number_of(column),
        Node::Whole(column) => format!("{}::float8", byte_of(column)),
        Node::ByGrade(values) => {
            // As the kernel: the grade assessed, else the level.
            let grade = format!(
                "coalesce({}, {})",
                byte_of(&Column::GradeAssessed),
                byte_of(&Column::GradeLevel)
            );
            at(values, &grade)?
        }
        Node::AtGrade(values, column) => at(values, &byte_of(column))?,
        Node::DateIn(year, month, day) => {
            let year = of(year);
            format!(
                "CASE WHEN {year} = trunc({year}) AND {year} BETWEEN 1900 AND 2200 THEN \
                 (make_date({year}::integer, {month}, {day}) - DATE '1970-01-01')::float8 END"
            )
        }
        Node::Arithmetic(operation, a, b) => {
            let (a, b) = (of(a), of(b));
            match operation {
                Arithmetic::Add => format!("{a} + {b}"),
                Arithmetic::Subtract => format!("{a} - {b}"),
                Arithmetic::Multiply => format!("{a} * {b}"),
                Arithmetic::Divide => format!("{a} / NULLIF({b}, 0)"),
            }
        }
        Node::Absolute(a) => format!("abs({})", of(a)),
        Node::FirstNumber(a, b) | Node::FirstTruth(a, b) => {
            format!("coalesce({}, {})", of(a), of(b))
        }
        Node::GrowthPercentile(_) | Node::GrowthCell(_) => return Err(PushdownError::Growth),
        Node::Truth(None) => "NULL::boolean".to_owned(),
        Node::Truth(Some(truth)) => truth.to_string(),
        Node::Flag(column) => format!("{} = 1", byte_of(column)),
        Node::OneOf(column, members) => {
            let codes = (0..32).filter(|code| members >> code & 1 == 1);
            let codes: Vec<String> = codes.map(|code: u32| code.to_string()).collect();
            let column = byte_of(column);
            let list = codes.join(",");
            // Nothing is one of none, but missing stays missing.
            format!(
                "CASE WHEN {column} IS NOT NULL THEN {column} = ANY('{{{list}}}'::integer[]) END"
            )
        }
        Node::NoCode(column) => format!("{} IS NULL", byte_of(column)),
        Node::Less(a, b, Precision::Exact) => format!("{} < {}", of(a), of(b)),
        Node::Less(a, b, Precision::Decimal) => {
            let (a, b) = (of(a), of(b));
            format!("({b} - {a}) > {SAME} * (abs({a}) + abs({b}))")
        }
        Node::Equal(a, b) => {
            let (a, b) = (of(a), of(b));
            format!("abs({b} - {a}) <= {SAME} * (abs({a}) + abs({b}))")
        }
        Node::NoNumber(a) | Node::NoTruth(a) => format!("{} IS NULL", of(a)),
        Node::Not(a) => format!("NOT {}", of(a)),
        Node::And(a, b) => format!("{} AND {}", of(a), of(b)),
        Node::Or(a, b) => format!("{} OR {}", of(a), of(b)),
        Node::SameTruth(a, b) => format!("{} = {}", of(a), of(b)),
    })
}

/// A number by grade; NULL for a grade that has none.
fn at(values: &[u64; 14], grade: &str) -> Result<String, PushdownError> {
    let values: Vec<String> =
        values.iter().map(|bits| constant(*bits)).collect::<Result<_, _>>()?;
    Ok(format!("(ARRAY[{}])[{grade} + 1]", values.join(", ")))
}

/// A literal. One without bounds has no place: comparing with it would not be
/// what the kernel does.
fn constant(bits: u64) -> Result<String, PushdownError> {
    let number = f64::from_bits(bits);
    match number {
        number if number.is_nan() => Ok("NULL::float8".to_owned()),
        number if number.is_finite() => Ok(double(number)),
        _ => Err(PushdownError::Unbounded),
    }
}
