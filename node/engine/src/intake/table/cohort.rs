//! The graduation cohort a student belongs to, and how it ended, from
//! enrolments.

use peerlight_proto::units::{Grade, SchoolYear};

use super::{day::Day, enrolment::Kept, fact::Exit};

/// A cohort and its outcome, as `cohort_outcome` spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The year in which the cohort's fourth year ends.
    pub(super) cohort_year: SchoolYear,
    /// How it ended for the student; none while the cohort runs.
    pub(super) outcome: Option<&'static str>,
}

/// The outcome by everything known up to the end of `year`. A cohort is told
/// by the first high-school grade that is known: a first year in grade 9 ends
/// three years later. None for students of lower grades.
pub(super) fn outcome(spells: &[Kept], year: SchoolYear, until: Day) -> Option<Outcome> {
    let mut known: Vec<&Kept> =
        spells.iter().filter(|spell| spell.start <= Day::last_of(year)).collect();
    known.sort_by_key(|spell| (spell.start, spell.end));
    let (first_year, ahead) = known.iter().find_map(|spell| {
        let ahead = years_to_graduation(spell.grade?)?;
        Some((spell.start.school_year()?, ahead))
    })?;
    let later = |years: u16| SchoolYear::ending(u32::from(first_year.ending_year() + years)).ok();
    let cohort_year = later(ahead)?;
    let fifth_year = later(ahead + 1)?;
    let last = known.last()?;
    let ended = last.end.zip(last.exit);
    let is_over = until >= Day::last_of(cohort_year) && year >= cohort_year;
    let outcome = match ended {
        Some((end, Exit::Graduated)) if end <= Day::last_graduation_of(cohort_year) => {
            Some("graduated_4yr")
        }
        Some((end, Exit::Graduated)) if end <= Day::last_graduation_of(fifth_year) => {
            Some("graduated_5yr")
        }
        Some((_, Exit::Graduated | Exit::Completed)) => Some("completer"),
        Some((_, Exit::DroppedOut)) => Some("dropout"),
        Some((_, Exit::LeftCohort)) => Some("transferred_out"),
        Some((_, Exit::Died)) => Some("deceased"),
        Some((_, Exit::Transferred)) => Some("other_transfer"),
        Some((_, Exit::Moved)) | None => None,
    };
    Some(Outcome { cohort_year, outcome: outcome.or(is_over.then_some("still_enrolled")) })
}

/// Years from the end of a first year in this grade to the end of grade 12.
fn years_to_graduation(grade: Grade) -> Option<u16> {
    let nine: Grade = "09".parse().ok()?;
    let past = grade.index().checked_sub(nine.index())?;
    3_u16.checked_sub(u16::try_from(past).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spell(grade: &str, start: &str, end: &str, exit: Option<Exit>) -> Kept {
        Kept {
            school: 0,
            grade: grade.parse().ok(),
            start: Day::read(start).unwrap(),
            end: Day::read(end),
            is_primary: true,
            exit,
        }
    }

    fn found(year: u16, spells: &[Kept]) -> Option<(u16, Option<&'static str>)> {
        let year = SchoolYear::ending(u32::from(year)).unwrap();
        let found = outcome(spells, year, Day::last_graduation_of(year))?;
        Some((found.cohort_year.ending_year(), found.outcome))
    }

    #[test]
    fn every_way_out_has_its_outcome() {
        for (exit, outcome) in [
            (Exit::Graduated, "graduated_4yr"),
            (Exit::Completed, "completer"),
            (Exit::DroppedOut, "dropout"),
            (Exit::LeftCohort, "transferred_out"),
            (Exit::Died, "deceased"),
            (Exit::Transferred, "other_transfer"),
            (Exit::Moved, "still_enrolled"),
        ] {
            let spells = [spell("09", "2022-08-15", "2026-06-05", Some(exit))];
            assert_eq!(found(2026, &spells), Some((2026, Some(outcome))), "{exit:?}");
        }
    }

    #[test]
    fn graduating_by_fifteen_august_is_in_time_and_a_year_later_in_five() {
        let on = |end: &str| found(2027, &[spell("09", "2022-08-15", end, Some(Exit::Graduated))]);
        assert_eq!(on("2026-08-15"), Some((2026, Some("graduated_4yr"))));
        assert_eq!(on("2026-08-16"), Some((2026, Some("graduated_5yr"))));
    }

    #[test]
    fn a_cohort_is_told_by_the_first_high_school_grade_known() {
        let eleventh = [spell("11", "2024-08-15", "", None)];
        assert_eq!(found(2026, &eleventh), Some((2026, Some("still_enrolled"))));
        assert_eq!(found(2025, &eleventh), Some((2026, None)));
        assert_eq!(found(2026, &[spell("08", "2025-08-15", "", None)]), None);
    }

    #[test]
    fn who_returns_after_dropping_out_is_counted_by_the_last_enrolment() {
        let spells = [
            spell("09", "2022-08-15", "2024-01-10", Some(Exit::DroppedOut)),
            spell("11", "2025-01-20", "2026-06-05", Some(Exit::Graduated)),
        ];
        assert_eq!(found(2026, &spells), Some((2026, Some("graduated_4yr"))));
    }
}
