//! What districts sent, with the noise that is in it, and what was made of it
//! before anything was divided: for readers who would estimate differently.
//!
//! Raw values are as they came, never altered, clipped or rounded.

use peerlight_proto::{charter::Charter, continual::Stream, directory::Directory};

use super::{Column, ColumnKind, Table, Value, integer, text, words};
use crate::{analysis::Analysis, consistency::Noisy, display::Precision, estimate::Release};

const fn precise(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: ColumnKind::Number(6), about }
}

const NOISY: &[Column] = &[
    text("lea_id", "District id."),
    text("school_id", "School id; empty for a total of the district."),
    text("program", "Program of the charter."),
    text("period", "Its period."),
    integer("step", "Step of a running count, from 0; empty for every other program."),
    text("margin", "How the school is split: the cells of grade, race and gender sum to all."),
    text("student_group", "Student group."),
    integer("component", "Position of the number within its cell."),
    integer("noisy_value", "The whole number as it came: the exact one plus noise."),
    precise("sigma", "Standard deviation of the noise, in the same units."),
    integer("unit", "Units in one student, or in one unit of a bounded value."),
];

const COEFFICIENTS: &[Column] = &[
    integer("lag", "Steps between a change and the release of a later step."),
    integer("coefficient", "What one student's change counts for in it, in units."),
];

const CONSISTENT: &[Column] = &[
    text("school_id", "School id."),
    text("measure", "Measure id."),
    text("student_group", "Student group."),
    text("as_of", "Day it is as of."),
    precise(
        "sum",
        "Sum that agrees with the school's other margins, unbiased: students of a count; \
         successes less failures of a rate; successes so far of a running count; values less the \
         middle of their bounds (growth: less 50) otherwise.",
    ),
    precise("sum_standard_error", "Its standard error from the added noise."),
    precise("students", "The students it is divided by; empty for a count."),
    precise("students_standard_error", "Its standard error from the added noise."),
];

/// The tables, in order; that of coefficients where the charter has a stream.
pub fn tables(
    charter: &Charter,
    directory: &Directory,
    analysis: &Analysis,
    releases: &[Release],
) -> Vec<Table> {
    let mut tables = vec![
        Table {
            name: "noisy_cells",
            about: "What districts sent, as it came, with the noise that is in it.",
            columns: NOISY,
            rows: releases.iter().flat_map(noisy_rows).collect(),
        },
        Table {
            name: "consistent_cells",
            about: "Sums of each school that agree with each other, by weighted least squares \
                    over its margins, before they are divided.",
            columns: CONSISTENT,
            rows: consistent_rows(directory, analysis),
        },
    ];
    let streams = charter.policy.programs.iter().filter(|program| program.continual.is_some());
    if let Some(steps) = streams.map(|program| program.periods.len() as u32).max() {
        let coefficients = Stream { steps, changes: 1 }.coefficients();
        let rows = coefficients.into_iter().enumerate();
        tables.push(Table {
            name: "stream_coefficients",
            about: "How steps of a running count are to be read. A step t releases u(t), the sum \
                    over steps s up to t of coefficient(t - s) times the change d(s) of the \
                    count, plus noise. Solve for d from the first step on; the running count at t \
                    is the sum of d up to t.",
            columns: COEFFICIENTS,
            rows: rows
                .map(|(lag, unit)| vec![Value::Integer(lag as i64), Value::Integer(unit)])
                .collect(),
        });
    }
    tables
}

fn noisy_rows(release: &Release) -> Vec<Vec<Value>> {
    let layout = &release.layout;
    let step = layout.step().map_or(Value::Missing, |(_, step)| Value::Integer(i64::from(step)));
    let mut rows = Vec::with_capacity(layout.cells());
    for (block, values) in layout.blocks.iter().zip(&release.blocks) {
        let components = block.quantity.components();
        for (position, value) in values.iter().enumerate() {
            let cell = position / components;
            let (unit, group) = (cell / block.groups.len(), cell % block.groups.len());
            rows.push(vec![
                words(&release.member),
                block.schools.get(unit).map_or(Value::Missing, words),
                words(&layout.program),
                words(&layout.period),
                step.clone(),
                words(&block.margin),
                words(&block.groups[group]),
                Value::Integer((position % components) as i64),
                Value::Integer(*value),
                Value::Number(block.sigma.units()),
                Value::Integer(block.quantity.units_per_student()),
            ]);
        }
    }
    rows
}

fn consistent_rows(directory: &Directory, analysis: &Analysis) -> Vec<Vec<Value>> {
    let noisy = |noisy: Option<Noisy>| {
        let number = |value: Option<f64>| value.map_or(Value::Missing, Value::Number);
        [number(noisy.map(|it| it.value)), number(noisy.map(|it| it.variance.sqrt()))]
    };
    let rows = analysis.benchmarks.iter().filter_map(|row| {
        let sums = row.sums.filter(|_| row.precision != Precision::TooFewStudents)?;
        let mut values = vec![
            words(&directory.schools[row.school].id),
            words(&analysis.measures[row.measure].id),
            words(&row.group),
            row.as_of.as_ref().map_or(Value::Missing, words),
        ];
        values.extend(noisy(Some(sums.sum)));
        values.extend(noisy(sums.count));
        Some(values)
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sample;

    /// A reader with the published tables alone gets the hub's running counts.
    #[test]
    fn a_reader_can_redo_running_counts_from_what_is_published() {
        let world = sample::World::under(sample::charter_with_stream(), 1, 3);
        let analysis = world.analyse(1);
        let tables = tables(&world.charter, &world.directory, &analysis, &world.releases);
        let whole = |value: &Value| match value {
            Value::Integer(whole) => *whole,
            other => panic!("{other:?} is no whole number"),
        };
        let coefficients: Vec<f64> =
            tables[2].rows.iter().map(|row| whole(&row[1]) as f64).collect();
        let mut released: BTreeMap<usize, f64> = BTreeMap::new();
        for row in &tables[0].rows {
            let mine = row[1] == words("00-07") && row[2] == words("chronic_absence_in_year");
            if mine && row[6] == words("flag:EL") {
                released.insert(whole(&row[4]) as usize, whole(&row[8]) as f64);
            }
        }
        assert_eq!(released.len(), 10);
        let mut changes: Vec<f64> = Vec::new();
        for (t, u) in released {
            let before: f64 = (0..t).map(|s| coefficients[t - s] * changes[s]).sum();
            changes.push((u - before) / coefficients[0]);
        }
        let expected: f64 = changes.iter().sum();
        let found = tables[1].rows.iter().find(|row| {
            row[0] == words("00-07")
                && row[1] == words("chronic_absence_in_year")
                && row[2] == words("flag:EL")
        });
        let Value::Number(sum) = found.unwrap()[4] else { panic!("no sum") };
        assert!((sum - expected).abs() < 1e-6, "{sum} {expected}");
    }
}
