//! Days expected and missed, over all schools and at the school of record,
//! from totals of spells or from single days.
//!
//! A day is one day however many rows tell of it, so that an export that lists
//! periods or repeats itself cannot count a student twice.

use super::{day::Day, fact::Absence};

/// A bit for each day of a school year.
type Days = [u64; 6];

/// What one student's rows say of attendance in a year.
#[derive(Clone, Debug, Default)]
pub(super) struct Attendance {
    /// Expected and missed days, by school, from totals.
    totals: Vec<(u32, (f64, f64))>,
    /// By school: days told, half missed, wholly missed.
    days: Vec<(u32, Box<[Days; 3]>)>,
}

/// Expected and missed days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) expected: f64,
    pub(super) absent: f64,
}

impl Attendance {
    /// Adds the totals of one spell.
    pub(super) fn add_total(&mut self, school: u32, expected: f64, absent: f64) {
        let sums = of_school(&mut self.totals, school);
        sums.0 += expected;
        sums.1 += absent;
    }

    /// Adds one day; `first` is the first day of the school year.
    pub(super) fn add_day(&mut self, school: u32, first: Day, day: Day, absent: Absence) {
        let Ok(number) = usize::try_from(day.since(first)) else { return };
        let (word, bit) = (number / 64, 1_u64 << (number % 64));
        let days = of_school(&mut self.days, school);
        let Some(told) = days[0].get_mut(word) else { return };
        *told |= bit;
        match absent {
            Absence::Present => {}
            Absence::Half => days[1][word] |= bit,
            Absence::Full => days[2][word] |= bit,
        }
    }

    /// Over all schools; `None` where nothing tells of attendance. A day at
    /// two schools is one day.
    pub(super) fn everywhere(&self) -> Option<Sums> {
        let mut union = [Days::default(); 3];
        for (_, days) in &self.days {
            for (whole, part) in union.iter_mut().zip(days.iter()) {
                whole.iter_mut().zip(part).for_each(|(whole, part)| *whole |= part);
            }
        }
        let totals = self.totals.iter().fold((0.0, 0.0), |a, (_, b)| (a.0 + b.0, a.1 + b.1));
        self.is_told().then(|| sums(totals, &union))
    }

    /// At one school; zero where nothing tells of it.
    pub(super) fn at(&self, school: u32) -> Option<Sums> {
        let totals = self.totals.iter().find(|(of, _)| *of == school);
        let totals = totals.map(|(_, totals)| *totals).unwrap_or_default();
        let days = self.days.iter().find(|(of, _)| *of == school);
        let days = days.map(|(_, days)| **days).unwrap_or_default();
        self.is_told().then(|| sums(totals, &days))
    }

    fn is_told(&self) -> bool {
        !self.totals.is_empty() || !self.days.is_empty()
    }
}

/// What is held of a school, in the order of schools: students go to few, so
/// that a list takes less room and time than a tree.
fn of_school<T: Default>(held: &mut Vec<(u32, T)>, school: u32) -> &mut T {
    let at = held.binary_search_by_key(&school, |(of, _)| *of).unwrap_or_else(|at| {
        held.reserve_exact(1);
        held.insert(at, (school, T::default()));
        at
    });
    &mut held[at].1
}

/// Totals of spells win where a source has both: they are what it reports.
fn sums(totals: (f64, f64), [told, half, full]: &[Days; 3]) -> Sums {
    if totals.0 > 0.0 {
        return Sums { expected: totals.0, absent: totals.1 };
    }
    let count = |days: &Days| f64::from(days.iter().map(|word| word.count_ones()).sum::<u32>());
    let mut half_only = *half;
    half_only.iter_mut().zip(full).for_each(|(half, full)| *half &= !full);
    Sums { expected: count(told), absent: count(full) + count(&half_only) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::read(text).unwrap()
    }

    fn first() -> Day {
        day("2025-07-01")
    }

    #[test]
    fn spells_are_summed_over_schools_and_told_apart() {
        let mut attendance = Attendance::default();
        attendance.add_total(0, 80.0, 6.5);
        attendance.add_total(1, 60.0, 2.0);
        attendance.add_total(1, 40.0, 1.5);
        assert_eq!(attendance.everywhere(), Some(Sums { expected: 180.0, absent: 10.0 }));
        assert_eq!(attendance.at(1), Some(Sums { expected: 100.0, absent: 3.5 }));
    }

    #[test]
    fn a_day_counts_once_with_its_largest_absence() {
        let mut attendance = Attendance::default();
        for absent in [Absence::Present, Absence::Half, Absence::Full, Absence::Half] {
            attendance.add_day(0, first(), day("2025-09-02"), absent);
        }
        attendance.add_day(0, first(), day("2025-09-03"), Absence::Half);
        attendance.add_day(0, first(), day("2026-06-30"), Absence::Present);
        // At another school on a day that is known, and outside the year.
        attendance.add_day(1, first(), day("2025-09-03"), Absence::Full);
        attendance.add_day(1, first(), day("2024-09-03"), Absence::Full);
        attendance.add_day(1, first(), day("2026-12-03"), Absence::Full);
        assert_eq!(attendance.everywhere(), Some(Sums { expected: 3.0, absent: 2.0 }));
        assert_eq!(attendance.at(0), Some(Sums { expected: 3.0, absent: 1.5 }));
    }

    #[test]
    fn nothing_told_is_not_zero_days() {
        assert_eq!(Attendance::default().everywhere(), None);
        let mut attendance = Attendance::default();
        attendance.add_total(0, 10.0, 0.0);
        assert_eq!(attendance.at(7), Some(Sums::default()));
    }
}
