//! One student's facts as the row of one school year.

use peerlight_proto::units::{Grade, SchoolYear};

use super::{
    cohort,
    day::Day,
    enrolment::{self, OfRecord},
    fact::Subject,
    language::{self, Learner, Learning, Reclassified},
    student::{Student, YearOf},
};
use crate::{
    intake::{value::Cell, years::StudentYears},
    student::{Column, ColumnSet, Kind},
};

/// What the tables tell of, whoever the student.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// The last day.
    pub(super) until: Day,
    /// Columns for which silence means "no".
    pub(super) columns: ColumnSet,
    /// Whether the cohort that ends in the year is known as a whole.
    pub(super) has_cohort: bool,
}

/// Adds the student's row, if the tables tell of one in this year: an
/// enrolment, a value, or a place in the cohort that ends with it.
pub(super) fn add(years: &mut StudentYears, student: &Student, year: SchoolYear, told: Told) {
    let record = enrolment::of_record(&student.spells, year, told.until);
    let of_year = student.year(year);
    let cohort = cohort::outcome(&student.spells, year, told.until)
        .filter(|found| told.has_cohort && found.cohort_year == year);
    if record.is_none() && of_year.is_none() && cohort.is_none() {
        return;
    }
    let left = cohort.and_then(|_| student.spells.iter().max_by_key(|spell| spell.start));
    let place = of_year.and_then(YearOf::place).filter(|_| record.is_none());
    let school = record.map(|record| record.school).or(place.map(|place| place.school));
    let school = school.or(left.map(|spell| spell.school));
    years.push(
        school.unwrap_or(StudentYears::NO_SCHOOL),
        &student.local,
        &student.statewide,
        student.met,
    );
    let mut row = Row { years, told: told.columns };
    if let Some(record) = record {
        row.enrolment(&record);
    }
    let grade = record.map_or_else(|| place.and_then(|place| place.grade), |record| record.grade);
    if let Some(grade) = grade {
        let is_transitional =
            grade == Grade::KINDERGARTEN && of_year.is_some_and(|it| it.is_transitional);
        row.set_grade(if is_transitional { Grade::TRANSITIONAL_KINDERGARTEN } else { grade });
    }
    row.memberships(student, year);
    if let Some(learning) = language::learning(&student.languages, year, told.until) {
        let Learning { learner, reclassified, years } = learning;
        row.set_flag(Column::EnglishLearner, learner != Learner::No);
        row.set_flag(Column::LongTermEnglishLearner, learner == Learner::LongTerm);
        row.set_flag(Column::Reclassified, reclassified != Reclassified::No);
        row.set_flag(Column::ReclassifiedThisYear, reclassified == Reclassified::ThisYear);
        row.set_number(Column::YearsAsEnglishLearner, years);
    }
    if let Some(found) = cohort {
        row.set_number(Column::CohortYear, Some(f64::from(found.cohort_year.ending_year())));
        row.set_code(Column::CohortOutcome, found.outcome);
    }
    let of_record = record.map(|record| record.school).or(place.map(|place| place.school));
    row.year(of_year.unwrap_or(&YearOf::default()), of_record);
    row.silence();
}

/// The last row of the student years.
struct Row<'a> {
    years: &'a mut StudentYears,
    told: ColumnSet,
}

impl Row<'_> {
    fn enrolment(&mut self, record: &OfRecord) {
        for (column, flag) in [
            (Column::EnrolledOnOctoberCensus, record.october),
            (Column::EnrolledOnMarchCensus, record.march),
            (Column::ContinuouslyEnrolled, record.continuous),
        ] {
            if let Some(flag) = flag {
                self.set_flag(column, flag);
            }
        }
    }

    fn memberships(&mut self, student: &Student, year: SchoolYear) {
        for (column, from, to) in &student.memberships {
            let touches = *from <= Day::last_of(year)
                && to.is_none_or(|to| to >= Day::first_of(year) && to >= *from);
            if touches {
                self.set_flag(*column, true);
            }
        }
    }

    /// What belongs to the year; days at the school of record where there is
    /// one.
    fn year(&mut self, of_year: &YearOf, school: Option<u32>) {
        if let Some(sums) = of_year.attendance.everywhere() {
            self.set_number(Column::DaysExpected, Some(sums.expected));
            self.set_number(Column::DaysAbsent, Some(sums.absent));
        }
        let at_school = school.and_then(|school| of_year.attendance.at(school));
        if let Some(sums) = at_school {
            self.set_number(Column::DaysExpectedAtSchool, Some(sums.expected));
            self.set_number(Column::DaysAbsentAtSchool, Some(sums.absent));
        }
        if self.told.contains(Column::DaysSuspended) {
            let discipline = &of_year.discipline;
            self.set_number(Column::DaysSuspended, Some(discipline.days_suspended()));
            self.set_count(Column::IncidentsSuspended, discipline.incidents());
            if self.told.contains(Column::Expelled) {
                self.set_flag(Column::Expelled, discipline.is_expelled());
            }
        }
        if let Some(average) = of_year.courses.average() {
            self.set_number(Column::Gpa, Some(average));
            self.set_count(Column::CoursesFailed, of_year.courses.failed());
        }
        self.set_code(Column::ElaFinalGrade, of_year.courses.letter(Subject::Ela));
        self.set_code(Column::MathFinalGrade, of_year.courses.letter(Subject::Math));
        for (column, cell) in &of_year.values {
            self.years.set(*column, *cell);
        }
        for (column, name) in &of_year.names {
            if let Some(position) = self.years.name(*column, name) {
                self.years.set(*column, Cell::Byte(position));
            }
        }
    }

    /// A table that was read and does not name the student says "no".
    fn silence(&mut self) {
        for column in self.told.iter().filter(|column| column.kind() == Kind::Flag) {
            if !self.years.is_set(column) {
                self.set_flag(column, false);
            }
        }
    }

    fn set_grade(&mut self, grade: Grade) {
        self.years.set(Column::GradeLevel, Cell::Byte(grade.index() as u8));
    }

    fn set_flag(&mut self, column: Column, flag: bool) {
        self.years.set(column, Cell::Byte(u8::from(flag)));
    }

    fn set_number(&mut self, column: Column, number: Option<f64>) {
        self.years.set(column, Cell::Number(number.unwrap_or(f64::NAN)));
    }

    /// Counts beyond the column's range are its highest: no measure asks for
    /// more.
    fn set_count(&mut self, column: Column, count: usize) {
        let Kind::Whole(_, high) = column.kind() else { return };
        self.years.set(column, Cell::Byte(u8::try_from(count).unwrap_or(high).min(high)));
    }

    fn set_code(&mut self, column: Column, code: Option<&str>) {
        if let Some(Ok(cell)) = code.map(|code| Cell::read(column.kind(), code)) {
            self.years.set(column, cell);
        }
    }
}
