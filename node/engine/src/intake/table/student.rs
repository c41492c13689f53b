//! What the tables have told of one student. Shows nothing of it.

use peerlight_proto::units::{Grade, SchoolYear};

use super::{
    attendance::Attendance,
    conduct::{Courses, Discipline},
    day::Day,
    enrolment::Kept,
    fact::LanguageStatus,
};
use crate::{intake::value::Cell, student::Column};

/// One student, as far as the tables have told.
#[derive(Default)]
pub(super) struct Student {
    pub(super) local: Box<str>,
    pub(super) statewide: Box<str>,
    pub(super) spells: Vec<Kept>,
    pub(super) memberships: Vec<(Column, Day, Option<Day>)>,
    pub(super) languages: Vec<(Day, LanguageStatus)>,
    /// A student has few years: a list takes less room than a tree.
    pub(super) years: Vec<(SchoolYear, YearOf)>,
    /// File and line where the student was first met.
    pub(super) met: (u16, u32),
}

impl Student {
    /// What belongs to a school year, nothing yet where it is new.
    pub(super) fn year_mut(&mut self, year: SchoolYear) -> &mut YearOf {
        let known = self.years.iter().position(|(known, _)| *known == year);
        let at = known.unwrap_or_else(|| {
            self.years.reserve_exact(1);
            self.years.push((year, YearOf::default()));
            self.years.len() - 1
        });
        &mut self.years[at].1
    }

    /// What belongs to a school year.
    pub(super) fn year(&self, year: SchoolYear) -> Option<&YearOf> {
        self.years.iter().find(|(known, _)| *known == year).map(|(_, of_year)| of_year)
    }
}

/// A school that a student belonged to, without the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) school: u32,
    pub(super) grade: Option<Grade>,
    pub(super) is_enrolled: bool,
}

/// What belongs to one school year of a student.
#[derive(Default)]
pub(super) struct YearOf {
    pub(super) places: Vec<Place>,
    pub(super) is_transitional: bool,
    pub(super) values: Vec<(Column, Cell)>,
    pub(super) names: Vec<(Column, Box<str>)>,
    pub(super) attendance: Attendance,
    pub(super) discipline: Discipline,
    pub(super) courses: Courses,
}

impl YearOf {
    /// The school of record where no spell tells it: see [`Fact::Place`].
    ///
    /// [`Fact::Place`]: super::Fact::Place
    pub(super) fn place(&self) -> Option<Place> {
        let expected =
            |place: &Place| self.attendance.at(place.school).map_or(0.0, |sums| sums.expected);
        self.places.iter().copied().max_by(|a, b| {
            let days = expected(a).total_cmp(&expected(b));
            a.is_enrolled.cmp(&b.is_enrolled).then(days)
        })
    }
}
