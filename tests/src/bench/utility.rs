//! How sure the hub is of a school's numbers at epsilon 4 a student and year:
//! 95 % half-widths from the added noise alone, over simulated schools whose
//! truth is known, beside two naive ways to spend the same budget.
//!
//! Noise, ledger and estimates are the shipped ones; see [`crate::simulated`].

use std::{collections::BTreeMap, num::NonZeroUsize};

use peerlight_proto::group::StudentGroup;

use super::{BenchContext, Row, utility_peer};
use crate::simulated::{Network, Plan, coverage, half_width};

/// Monthly steps of the in-year count.
const MONTHS: usize = 10;

/// Schools in a simulated network, at least.
const SCHOOLS: u32 = 2_000;

/// Members stay below the enrolment at which a smaller delta costs precision.
const STUDENTS_A_MEMBER: u32 = 100_000;

/// The in-year rate: what is at the end of the year, the worst month.
const IN_YEAR: &str = "chronic_absence_in_year";
const IN_YEAR_SHARE: f64 = 0.25;

/// Bars of the in-year rate by changes and students, percentage points.
const IN_YEAR_BARS: [(u32, u32, f64); 4] =
    [(1, 500, 3.5), (1, 2_000, 0.9), (2, 500, 4.1), (2, 2_000, 1.1)];

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let threads = NonZeroUsize::new(context.threads()).unwrap_or(NonZeroUsize::MIN);
    let all = StudentGroup::All;
    let mut rows = Vec::new();
    for (changes, students, bar) in IN_YEAR_BARS {
        context.say(&format!("{MONTHS} months, {students} students, {changes} changes"));
        let plan = Plan { changes, ..plan(students, &["enrolled", IN_YEAR]) };
        let found = Network::release(plan, threads)?.found(IN_YEAR, all)?;
        let words = if changes == 1 { "charged once" } else { "status may flip twice" };
        let name = format!("chronic absence 25 %, month {MONTHS}, {words}, {students} students");
        rows.push(Row::at_most(name, half_width(&found)?, "points", bar));
        rows.extend(covered(coverage(&found)));
    }
    context.say("annual rates, 500 tested");
    let annual = Network::release(plan(500, &["tested", "ela_met", "math_met"]), threads)?;
    for (program, share, bar) in [("ela_met", 50, 2.1), ("math_met", 10, 2.8)] {
        let found = annual.found(program, all)?;
        let name = format!("annual rate {share} %, 500 tested");
        rows.push(Row::at_most(name, half_width(&found)?, "points", bar));
        rows.extend(covered(coverage(&found)));
    }
    context.say("growth, 300 tested");
    let growth = Network::release(plan(300, &["growth_ela_histogram", "growth_ela"]), threads)?;
    let found = growth.found("growth_ela", all)?;
    rows.push(Row::at_most(
        "mean growth percentile, 300 tested",
        half_width(&found)?,
        "percentiles",
        2.4,
    ));
    rows.extend(covered(coverage(&found)));
    context.say("the same rate by naive ways to spend the budget");
    for (name, width) in utility_peer::half_widths(MONTHS as u32, 500, IN_YEAR_SHARE)? {
        let ratio = width / rows[0].value;
        rows.push(Row::note(format!("{name}, 500 students"), width, "points"));
        rows.push(Row::note("   as a multiple of ours", ratio, "x"));
    }
    Ok(rows)
}

fn plan(students: u32, programs: &'static [&'static str]) -> Plan {
    let schools = STUDENTS_A_MEMBER / students;
    Plan {
        members: SCHOOLS.div_ceil(schools) as usize,
        schools: schools as usize,
        students,
        programs,
        changes: 1,
        steps: MONTHS,
        shares: BTreeMap::from([
            ("chronic_absence", IN_YEAR_SHARE),
            ("ela_met", 0.5),
            ("math_met", 0.1),
        ]),
    }
}

/// Intervals that say 95 % must hold the truth about that often.
fn covered(percent: f64) -> [Row; 2] {
    [
        Row::at_least("   its 95 % intervals hold the truth in", percent, "%", 93.5),
        Row::at_most("   and not in more than", percent, "%", 96.5),
    ]
}
