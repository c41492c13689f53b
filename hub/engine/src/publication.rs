//! The rows of a publication, as plain tables: one description of every column
//! that CSV, JSON, Parquet and the method notes share.
//!
//! What is in them follows the charter's scope: the network's distributions and
//! totals always; districts, schools and what they sent only where the charter
//! says so. A number that may not be shown is not in a row; its status says why.

mod cells;
mod totals;

use peerlight_proto::{
    catalogue::Better,
    charter::{Charter, PublicationScope},
    directory::{Directory, Level},
};

use crate::{
    analysis::{Analysis, Benchmark},
    display::Precision,
    estimate::{Estimate, Release},
    roll_up::Whole,
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers, written with so many decimals.
    Number(usize),
}

/// A column of a published table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in every format.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// What it means, with its unit.
    pub about: &'static str,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number, rounded to what its error allows to read.
    Number(f64),
    /// Nothing; a status column says why.
    Missing,
}

/// A published table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name, which is its file's.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// Its rows, each as long as the columns.
    pub rows: Vec<Vec<Value>>,
}

const fn text(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: ColumnKind::Text, about }
}

const fn integer(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: ColumnKind::Integer, about }
}

const fn number(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: ColumnKind::Number(2), about }
}

const MEASURES: &[Column] = &[
    text("measure", "Measure id, never reused for another definition."),
    text("label", "Its name."),
    text("unit", "Unit of its values."),
    text("better", "Which way is better: higher or lower; empty for counts."),
    text("about", "What it is and who counts."),
    text("definition_hash", "SHA-256 of its definition; empty for growth and counts."),
];

const NETWORK: &[Column] = &[
    text("school_year", "School year the data describe."),
    text("measure", "Measure id."),
    text("student_group", "Student group: all, grade:03, race:HI, gender:F, flag:EL."),
    text("level", "School level."),
    integer("schools", "Schools with an estimate."),
    number("mean", "Mean of the schools' true values, as estimated."),
    number("between_sd", "Standard deviation of true values between schools."),
    number("p10", "10 % of schools are at or below."),
    number("p20", "20 % of schools are at or below."),
    number("p30", "30 % of schools are at or below."),
    number("p40", "40 % of schools are at or below."),
    number("p50", "Half of the schools are at or below."),
    number("p60", "60 % of schools are at or below."),
    number("p70", "70 % of schools are at or below."),
    number("p80", "80 % of schools are at or below."),
    number("p90", "90 % of schools are at or below."),
    number(
        "network_value",
        "All students of the level's schools together, unbiased: sums over sums; empty where it \
         may not be shown as a point.",
    ),
    number("network_value_low", "Lower end of its 95 % interval of noise and natural variation."),
    number("network_value_high", "Upper end of that interval."),
    number(
        "network_value_privacy_standard_error",
        "Its standard error from the added noise alone.",
    ),
    number(
        "network_value_natural_standard_error",
        "Its standard error from natural variation alone; at most too large.",
    ),
];

const COVERAGE: &[Column] = &[
    text("measure", "Measure id."),
    text("level", "School level."),
    integer("schools", "Schools of the directory that the measure is about."),
    integer("shown", "Schools whose value is precise enough to show."),
    integer("hidden", "Schools whose value is not precise enough."),
    integer("too_few_students", "Schools below the legal minimum."),
    integer("not_offered", "Schools whose district does not offer the measure."),
    integer("not_reported", "Schools whose district has not reported yet."),
];

const SCHOOLS: &[Column] = &[
    text("school_year", "School year the data describe."),
    text("school_id", "School id."),
    text("lea_id", "District id."),
    text("measure", "Measure id."),
    text("student_group", "Student group."),
    text("as_of", "Day the value is as of, from which its release was due."),
    text(
        "status",
        "point, band, hidden, too_few_students, not_offered or not_reported; numbers are there \
         for point and band only.",
    ),
    number("value", "Unbiased estimate; for status point only."),
    number("ci_low", "Lower end of the 95 % interval of noise and natural variation."),
    number("ci_high", "Upper end of that interval."),
    number("privacy_standard_error", "Standard error from the added noise alone."),
    number("natural_standard_error", "Standard error from natural variation alone."),
    number("percentile_rank", "Rank among schools of its level; higher is the better outcome."),
    number("percentile_rank_low", "Lower end of its 80 % band."),
    number("percentile_rank_high", "Upper end of its 80 % band."),
    integer("index_level", "Decile level, 1 to 10; 10 is the best outcome."),
    text(
        "pooled_years",
        "Where this year alone is hidden: the years that the pooled value is about, as one; not a \
         trend, and not ranked.",
    ),
    number("pooled_value", "Sum over those years' sums and counts; where reliable as a point."),
    number("pooled_low", "Lower end of its 95 % interval of noise and natural variation."),
    number("pooled_high", "Upper end of that interval."),
    number("pooled_privacy_standard_error", "Its standard error from the added noise alone."),
    number("pooled_natural_standard_error", "Its standard error from natural variation alone."),
];

/// The tables of a publication, in order; `releases` are those of the year that
/// the analysis was made from.
pub fn tables(
    charter: &Charter,
    directory: &Directory,
    analysis: &Analysis,
    releases: &[Release],
) -> Vec<Table> {
    let mut tables = vec![
        Table {
            name: "network",
            about: "How schools of the network are distributed, by measure, group and level.",
            columns: NETWORK,
            rows: network_rows(charter, analysis),
        },
        Table {
            name: "coverage",
            about: "For how many schools each measure is known.",
            columns: COVERAGE,
            rows: coverage_rows(directory, analysis),
        },
        Table {
            name: "measures",
            about: "What the measures are.",
            columns: MEASURES,
            rows: measure_rows(charter, analysis),
        },
        totals::table(charter, analysis),
    ];
    if charter.policy.publication == PublicationScope::Schools {
        tables.push(Table {
            name: "schools",
            about: "What is known of each school, with how sure it is.",
            columns: SCHOOLS,
            rows: school_rows(charter, directory, analysis),
        });
        tables.extend(cells::tables(charter, directory, analysis, releases));
    }
    tables
}

/// Two decimals: finer than any standard error here.
fn rounded(value: f64) -> Value {
    let rounded = (value * 100.0).round() / 100.0;
    // Adding zero turns minus zero into zero.
    if rounded.is_finite() { Value::Number(rounded + 0.0) } else { Value::Missing }
}

fn optional(value: Option<f64>) -> Value {
    value.map_or(Value::Missing, rounded)
}

fn words(text: &(impl ToString + ?Sized)) -> Value {
    Value::Text(text.to_string())
}

fn measure_rows(charter: &Charter, analysis: &Analysis) -> Vec<Vec<Value>> {
    let rows = analysis.measures.iter().map(|measure| {
        let better = match measure.better {
            Some(Better::Higher) => words("higher"),
            Some(Better::Lower) => words("lower"),
            None => Value::Missing,
        };
        let hash = charter.measure(&measure.id).and_then(|measure| measure.content_hash);
        vec![
            words(&measure.id),
            words(&measure.label),
            words(&measure.unit),
            better,
            words(&measure.about),
            hash.as_ref().map_or(Value::Missing, words),
        ]
    });
    rows.collect()
}

fn network_rows(charter: &Charter, analysis: &Analysis) -> Vec<Vec<Value>> {
    let rows = analysis.network.iter().map(|row| {
        let measure = &analysis.measures[row.measure];
        let mut values = vec![
            words(&charter.school_year),
            words(&measure.id),
            words(&row.group),
            words(row.level.as_str()),
            Value::Integer(row.schools as i64),
            rounded(measure.clamp(row.mean)),
            rounded(row.between_sd),
        ];
        values.extend(row.deciles.iter().map(|decile| rounded(measure.clamp(*decile))));
        let total = analysis.total(Whole::Level(row.level), row.measure, row.group);
        let found = total.and_then(|total| Some((total.precision, total.estimate?)));
        values.extend(estimated(found));
        values
    });
    rows.collect()
}

fn coverage_rows(directory: &Directory, analysis: &Analysis) -> Vec<Vec<Value>> {
    let mut counts = vec![[0_i64; 5]; analysis.measures.len() * Level::ALL.len()];
    let everybody = peerlight_proto::group::StudentGroup::All;
    for row in analysis.benchmarks.iter().filter(|row| row.group == everybody) {
        let level = directory.schools[row.school].level as usize;
        let column = match row.precision {
            Precision::Point | Precision::Band => 0,
            Precision::Hidden => 1,
            Precision::TooFewStudents => 2,
            Precision::NotOffered => 3,
            Precision::NotReported => 4,
        };
        counts[row.measure * Level::ALL.len() + level][column] += 1;
    }
    let mut rows = Vec::new();
    for (position, counts) in counts.iter().enumerate() {
        let schools: i64 = counts.iter().sum();
        if schools == 0 {
            continue;
        }
        let (measure, level) = (position / Level::ALL.len(), position % Level::ALL.len());
        let mut values = vec![
            words(&analysis.measures[measure].id),
            words(Level::ALL[level].as_str()),
            Value::Integer(schools),
        ];
        values.extend(counts.iter().map(|count| Value::Integer(*count)));
        rows.push(values);
    }
    rows
}

fn school_rows(charter: &Charter, directory: &Directory, analysis: &Analysis) -> Vec<Vec<Value>> {
    let rows = analysis.benchmarks.iter().map(|row| {
        let school = &directory.schools[row.school];
        let mut values = vec![
            words(&charter.school_year),
            words(&school.id),
            words(&school.lea),
            words(&analysis.measures[row.measure].id),
            words(&row.group),
            row.as_of.as_ref().map_or(Value::Missing, words),
            words(row.precision.as_str()),
        ];
        values.extend(school_numbers(row));
        let pooled = row.pooled;
        values.push(pooled.map_or(Value::Missing, |it| words(&it.years())));
        values.extend(estimated(pooled.map(|pooled| (pooled.precision, pooled.estimate))));
        values
    });
    rows.collect()
}

/// Value, interval and both standard errors, as far as they may be shown.
fn estimated(found: Option<(Precision, Estimate)>) -> [Value; 5] {
    let shown = found.filter(|(precision, _)| precision.is_shown());
    let point = shown.filter(|(precision, _)| *precision == Precision::Point);
    let part = |of: &dyn Fn(&Estimate) -> f64| optional(shown.map(|(_, found)| of(&found)));
    [
        optional(point.map(|(_, estimate)| estimate.value)),
        part(&|estimate| estimate.low),
        part(&|estimate| estimate.high),
        part(&|estimate| estimate.privacy_standard_error),
        part(&|estimate| estimate.natural_standard_error),
    ]
}

/// The numbers of a row that may be shown.
fn school_numbers(row: &Benchmark) -> [Value; 9] {
    let [value, low, high, privacy, natural] =
        estimated(row.estimate.map(|estimate| (row.precision, estimate)));
    let standing = row.standing.filter(|_| row.precision.is_shown());
    [
        value,
        low,
        high,
        privacy,
        natural,
        optional(standing.map(|standing| standing.rank)),
        optional(standing.map(|standing| standing.rank_low)),
        optional(standing.map(|standing| standing.rank_high)),
        standing.map_or(Value::Missing, |standing| Value::Integer(i64::from(standing.level))),
    ]
}

#[cfg(test)]
mod tests;
