//! Totals of the network and, where the charter publishes schools, of its
//! districts.

use peerlight_proto::charter::{Charter, PublicationScope};

use super::{Column, Table, Value, estimated, integer, number, text, words};
use crate::{analysis::Analysis, roll_up::Whole};

const COLUMNS: &[Column] = &[
    text("school_year", "School year the data describe."),
    text("lea_id", "District id; empty for the whole network."),
    text("measure", "Measure id."),
    text("student_group", "Student group."),
    integer("schools", "Schools whose sums are in it; 0 where districts sent totals only."),
    text("as_of", "Oldest day that anything in it is as of."),
    text("status", "point, band, hidden, too_few_students or not_reported."),
    number("value", "All students together, unbiased: sums over sums; for status point only."),
    number("ci_low", "Lower end of the 95 % interval of noise and natural variation."),
    number("ci_high", "Upper end of that interval."),
    number("privacy_standard_error", "Standard error from the added noise alone."),
    number(
        "natural_standard_error",
        "Standard error from natural variation alone; at most too large, because it takes all \
         students for one pool.",
    ),
];

/// The table.
pub fn table(charter: &Charter, analysis: &Analysis) -> Table {
    let schools = charter.policy.publication == PublicationScope::Schools;
    let rows = analysis.totals.iter().filter_map(|total| {
        let district = match total.of {
            Whole::Network => Value::Missing,
            Whole::District(position) if schools => words(&analysis.districts[position]),
            Whole::District(_) | Whole::Level(_) => return None,
        };
        let mut values = vec![
            words(&charter.school_year),
            district,
            words(&analysis.measures[total.measure].id),
            words(&total.group),
            Value::Integer(total.schools as i64),
            total.as_of.as_ref().map_or(Value::Missing, words),
            words(total.precision.as_str()),
        ];
        values.extend(estimated(total.estimate.map(|estimate| (total.precision, estimate))));
        Some(values)
    });
    Table {
        name: "totals",
        about: "All students of the network, and of each district where schools are published, \
                by measure and group.",
        columns: COLUMNS,
        rows: rows.collect(),
    }
}
