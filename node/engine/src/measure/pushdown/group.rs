//! Groups and tallies of a plan as SQL: in which groups a row is, whether a
//! tally counts it, and the integer that it adds to a sum.
//!
//! The rules are the kernel's; nothing here reads a value.

use peerlight_proto::{layout::FIXED_POINT, units::GradeSet};

use super::{Pushdown, base, cell, node_column};
use crate::{
    measure::{
        kernel::FLAG_COLUMNS,
        tally::{CountTally, FLAG, GENDER, GRADE, RACE, Select, SumTally},
    },
    student::Column,
};

/// The groups of a row, by slot; NULL where it is in none.
pub(super) fn slots(pushdown: &Pushdown<'_>) -> String {
    let of = |column| if pushdown.has(column) { base(column) } else { "NULL::integer".to_owned() };
    // The last race and gender is the unknown one.
    let one = |first: usize, end: usize, column| {
        let last = end - first - 1;
        format!("({first} + least(coalesce({}, {last}), {last}))", of(column))
    };
    let mut all = vec![
        format!("({GRADE} + grade)"),
        one(RACE, GENDER, Column::RaceEthnicity),
        one(GENDER, FLAG, Column::Gender),
    ];
    for (position, column) in FLAG_COLUMNS.into_iter().enumerate() {
        all.push(format!("(CASE WHEN {} = 1 THEN {} END)", of(column), FLAG + position));
    }
    all.join(", ")
}

/// Whether a row is counted.
pub(super) fn counted(tally: &CountTally) -> String {
    let mut all = vec![of_grades(tally.grades)];
    all.extend(tally.population.map(node_column));
    match tally.select {
        Select::Everyone => {}
        Select::Known(node) => all.push(format!("{} IS NOT NULL", node_column(node))),
        Select::Yes(node) => all.push(node_column(node)),
    }
    format!("coalesce({}, false)", all.join(" AND "))
}

fn of_grades(grades: GradeSet) -> String {
    let grades: Vec<String> = grades.iter().map(|grade| grade.index().to_string()).collect();
    format!("grade = ANY('{{{}}}'::integer[])", grades.join(","))
}

/// A bounded value less the middle of its bounds, in fixed point, unrounded.
pub(super) fn distance(tally: &SumTally) -> String {
    let (low, high) = (cell::double(tally.low), cell::double(tally.high));
    let center = cell::double(f64::midpoint(tally.low, tally.high));
    let scale = cell::double(FIXED_POINT as f64);
    let value = node_column(tally.value);
    format!("(least(greatest({value}, {low}), {high}) - {center}) * {scale}")
}

/// Halves are rounded away from zero, as the kernel does and the server's own
/// `round` does not.
pub(super) fn rounded(at: usize, tally: &SumTally) -> String {
    let counted = tally.counted;
    format!(
        "CASE WHEN t{counted} THEN (trunc(d{at}) + CASE WHEN abs(d{at} - trunc(d{at})) >= 0.5 \
         THEN sign(d{at}) ELSE 0 END)::bigint ELSE 0 END"
    )
}
