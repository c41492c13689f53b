//! Which school a student belongs to in a school year, and whether the student
//! was there on the days that count.
//!
//! One school a student and year: it bounds what a student adds to the
//! district's totals. The state counts some measures at every school attended.

use std::ops::RangeInclusive;

use peerlight_proto::units::{Grade, SchoolYear};

use super::{day::Day, fact::Exit};

/// A spell as kept: its school by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) school: u32,
    pub(super) grade: Option<Grade>,
    pub(super) start: Day,
    pub(super) end: Option<Day>,
    pub(super) is_primary: bool,
    pub(super) exit: Option<Exit>,
}

/// Where a student belongs in a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OfRecord {
    pub(super) school: u32,
    pub(super) grade: Option<Grade>,
    /// On the census day of October, and of March; unknown while it is ahead.
    pub(super) october: Option<bool>,
    pub(super) march: Option<bool>,
    pub(super) continuous: Option<bool>,
}

/// The school of record: of the spells that touch the year, a primary one
/// before others, then the one that lasted latest, then the one that began
/// latest. `until` is the last day that the source tells of.
pub(super) fn of_record(spells: &[Kept], year: SchoolYear, until: Day) -> Option<OfRecord> {
    let span = Day::first_of(year)..=Day::last_of(year).min(until);
    let touching: Vec<&Kept> = spells.iter().filter(|spell| touches(spell, &span)).collect();
    let last = touching.iter().max_by_key(|spell| {
        (spell.is_primary, spell.end.unwrap_or(*span.end()).min(*span.end()), spell.start)
    })?;
    let there: Vec<&Kept> =
        touching.iter().filter(|spell| spell.school == last.school).copied().collect();
    let is_there =
        |day: Day| (day <= until).then(|| there.iter().any(|spell| touches(spell, &(day..=day))));
    let census = Day::october_census(year);
    Some(OfRecord {
        school: last.school,
        grade: last.grade,
        october: is_there(census),
        march: is_there(Day::march_census(year)),
        continuous: is_there(census)
            .map(|there_then| there_then && stayed(&there, census, *span.end())),
    })
}

/// Whether spells cover `from` to `until` without a gap that ends an
/// enrolment.
fn stayed(spells: &[&Kept], from: Day, until: Day) -> bool {
    let mut ordered: Vec<&Kept> = spells.to_vec();
    ordered.sort_by_key(|spell| spell.start);
    let mut covered = from;
    for spell in ordered {
        if Day::is_gap(covered, spell.start) {
            break;
        }
        covered = covered.max(spell.end.unwrap_or(until));
    }
    // Leaving in the last days of the year is what everybody does.
    !Day::is_gap(covered, until)
}

fn touches(spell: &Kept, span: &RangeInclusive<Day>) -> bool {
    spell.start <= *span.end() && spell.end.is_none_or(|end| end >= *span.start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year() -> SchoolYear {
        SchoolYear::ending(2026).unwrap()
    }

    fn spell(school: u32, start: &str, end: &str) -> Kept {
        Kept {
            school,
            grade: Some("07".parse().unwrap()),
            start: Day::read(start).unwrap(),
            end: Day::read(end),
            is_primary: true,
            exit: None,
        }
    }

    fn record(spells: &[Kept]) -> Option<OfRecord> {
        of_record(spells, year(), Day::last_of(year()))
    }

    #[test]
    fn a_student_who_moves_belongs_to_the_last_school() {
        let moved = [spell(0, "2025-08-11", "2026-01-30"), spell(1, "2026-02-02", "2026-06-05")];
        let found = record(&moved).unwrap();
        assert_eq!((found.school, found.october, found.march), (1, Some(false), Some(true)));
        assert_eq!(found.continuous, Some(false));
    }

    #[test]
    fn a_primary_enrolment_counts_before_a_later_secondary_one() {
        let mut second = spell(1, "2026-02-02", "2026-06-12");
        second.is_primary = false;
        let found = record(&[spell(0, "2025-08-11", "2026-06-05"), second]).unwrap();
        assert_eq!(found.school, 0);
        assert_eq!((found.continuous, found.october), (Some(true), Some(true)));
    }

    #[test]
    fn a_gap_of_thirty_days_keeps_an_enrolment_and_one_more_ends_it() {
        let first = spell(0, "2025-08-11", "2025-12-01");
        let kept = [first, spell(0, "2026-01-01", "2026-06-12")];
        assert_eq!(record(&kept).unwrap().continuous, Some(true));
        let ended = [first, spell(0, "2026-01-02", "2026-06-12")];
        assert_eq!(record(&ended).unwrap().continuous, Some(false));
    }

    #[test]
    fn spells_of_other_years_make_no_student_year() {
        assert_eq!(record(&[spell(0, "2024-08-11", "2025-06-30")]), None);
        assert_eq!(record(&[spell(0, "2026-07-01", "")]), None);
        assert_eq!(record(&[spell(0, "2019-08-11", "")]).unwrap().continuous, Some(true));
    }

    #[test]
    fn what_lies_ahead_of_the_last_day_told_is_unknown() {
        let spells = [spell(0, "2025-08-11", "")];
        let until = Day::read("2025-11-01").unwrap();
        let found = of_record(&spells, year(), until).unwrap();
        assert_eq!((found.continuous, found.october, found.march), (Some(true), Some(true), None));
    }
}
