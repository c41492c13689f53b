//! A running measure through the year: what may be shown of all students of a
//! school as of each step that its district has released.
//!
//! ```text
//! releases ─ running_estimates ─▶ cells of step 0, 1, … ─ judged ─▶ one row a school and step
//! ```
//!
//! A step is judged among the same day of other schools, exactly as the newest
//! one is, and uses no release later than it. Successive steps share students
//! and noise: they are never compared with each other here.

use peerlight_proto::group::StudentGroup;

use crate::{
    analysis::{Benchmark, Input},
    estimate::{Place, running_estimates},
    measure::{MeasureKind, ReportedMeasure},
    pooling::Earlier,
    roll_up::common_date,
    standing::{SchoolCell, Split},
};

/// One row a school and step, in no particular order; none of a measure that is
/// not a running one. A row that is not reported lacks the count of its
/// students, not the step.
pub fn so_far(input: &Input<'_>, measure: usize, reported: &ReportedMeasure) -> Vec<Benchmark> {
    if reported.kind != MeasureKind::Running {
        return Vec::new();
    }
    let (group, earlier) = (StudentGroup::All, &Earlier::default());
    let (charter, directory) = (input.charter, input.directory);
    let mut found = Vec::new();
    for cells in running_estimates(charter, directory, reported, group, input.releases) {
        let common = common_date(reported, &cells);
        let schools = cells.iter().filter_map(|cell| match cell.place {
            Place::School(school) => Some((school, *cell)),
            Place::District(_) => None,
        });
        let schools: Vec<SchoolCell> = schools.collect();
        let split = Split { input, measure, reported, group, stream: 0, common, earlier };
        for mut judged in split.judged(&schools) {
            let known = split.known(&judged.rows).unwrap_or_default();
            let total: f64 = known.iter().map(|(_, posterior)| posterior.mean).sum();
            for (position, _) in &known {
                judged.rows[*position].network_mean = Some(total / known.len() as f64);
            }
            found.extend(judged.rows);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        display::Precision,
        sample::{World, charter_with_stream},
    };

    const IN_YEAR: &str = "chronic_absence_in_year";

    #[test]
    fn the_newest_month_is_what_the_school_page_shows_and_the_first_waits_for_a_count() {
        let world = World::under(charter_with_stream(), 3, 41);
        let analysis = world.analyse(2);
        let of = |row: &&Benchmark| analysis.measures[row.measure].id.as_str() == IN_YEAR;
        let mut shown = 0;
        for school in 0..world.directory.schools.len() {
            let months: Vec<&Benchmark> = analysis.so_far_of(school).iter().filter(of).collect();
            assert_eq!(months.len(), 10);
            assert!(months.is_sorted_by(|one, other| one.as_of < other.as_of));
            assert_eq!(months[0].precision, Precision::NotReported, "students are not counted yet");
            let newest = analysis.benchmarks_of(school).iter().filter(of);
            let newest = newest.clone().find(|row| row.group == StudentGroup::All).unwrap();
            assert_eq!(Benchmark { standing: newest.standing, ..*months[9] }, *newest);
            shown += months.iter().filter(|row| row.precision.is_shown()).count();
            assert!(months.iter().all(|row| row.standing.is_none()));
        }
        assert!(shown > 200, "{shown}");
    }

    #[test]
    fn a_month_stays_as_it_was_when_later_ones_come() {
        let mut world = World::under(charter_with_stream(), 2, 42);
        let all = world.analyse(1).so_far;
        world.releases.retain(|release| release.due.as_str() < "2026-02-26");
        let then = world.analyse(1).so_far;
        let day = "2026-02-25".parse().unwrap();
        let until: Vec<Benchmark> =
            all.iter().copied().filter(|row| row.as_of <= Some(day)).collect();
        assert!(then.len() > 400 && then == until);
    }
}
