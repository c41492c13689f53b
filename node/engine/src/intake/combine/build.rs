//! Builds the combined year, column by column: each value from the first part
//! that tells it.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    super::{
        problem::{Place, Problem, Severity, masked},
        years::{Ids, StudentYears},
    },
    Combined, PartShare,
    conflict::Conflicts,
    join::{Joined, ids},
};
use crate::student::{Column, ColumnSet, Kind, MISSING, Values};

/// The school of each student.
struct Schools {
    names: Vec<String>,
    /// [`StudentYears::NO_SCHOOL`] where no part tells it.
    of: Vec<u32>,
}

/// A part's values of one column.
struct Told<'a> {
    part: usize,
    values: &'a Values,
    /// Of a column of names: each name's position in the combined year.
    names: Vec<u8>,
}

/// The combined year of what was joined.
pub(super) fn build<'a>(mut joined: Joined<'_, '_>) -> Combined<'a> {
    let mut conflicts = Conflicts::default();
    let schools = schools(&joined, &mut conflicts);
    let is_left_out = |student: &usize| schools.of[*student] == StudentYears::NO_SCHOOL;
    let (left_out, mut kept): (Vec<usize>, Vec<usize>) =
        (0..joined.students).partition(is_left_out);
    kept.sort_by_key(|student| (schools.of[*student], *student));
    let mut parts = shares(&joined, &left_out);

    let mut years = StudentYears::new(joined.parts[0].years.school_year);
    years.school = kept.iter().map(|student| schools.of[*student]).collect();
    years.schools = schools.names;
    name_places(&joined, &kept, &mut years);
    years.students = identify(&joined, Column::StudentId, &kept, &mut conflicts);
    years.statewide = identify(&joined, Column::StatewideId, &kept, &mut conflicts);
    let columns = joined.parts.iter().map(|part| part.years.columns());
    for column in columns.fold(ColumnSet::default(), ColumnSet::union).iter() {
        let order = fill(&joined, column, &kept, &mut years, &mut conflicts);
        parts[order].first_of.insert(column);
    }

    conflicts.tell(&joined.parts, &mut joined.problems);
    let twice = "two sources give one id to two students: correct it in one of them";
    joined.problems.extend(years.twice(twice));
    tell_left_out(&mut joined, &left_out);
    tell_grades(&mut joined, &years);
    let years = Some(years).filter(|years| years.rows() > 0).map(Cow::Owned);
    let without_school = left_out.len() as u64;
    Combined { years, parts, without_school, problems: joined.problems }
}

/// Where a row stands, with its student's masked id.
fn place(joined: &Joined<'_, '_>, part: usize, row: usize) -> Place {
    let years = joined.parts[part].years;
    let id = [&years.students, &years.statewide].into_iter().map(|ids| ids.get(row));
    let id = id.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
    Place { value: Some(masked(&String::from_utf8_lossy(id))), ..years.place(row) }
}

fn schools(joined: &Joined<'_, '_>, conflicts: &mut Conflicts) -> Schools {
    let order = joined.order(Column::SchoolId);
    let told = |part: usize, student: usize| {
        let row = joined.row(part, student)?;
        let years = joined.parts[part].years;
        let school = years.schools.get(years.school[row] as usize)?;
        Some((row, school.as_str()))
    };
    let mut chosen: Vec<Option<&str>> = Vec::with_capacity(joined.students);
    for student in 0..joined.students {
        let mut taken: Option<(usize, &str)> = None;
        for &part in &order {
            match (taken, told(part, student)) {
                (None, Some((_, school))) => taken = Some((part, school)),
                (Some((first, school)), Some((row, other))) if school != other => {
                    conflicts.add(Column::SchoolId, first, part, || place(joined, part, row));
                }
                _ => {}
            }
        }
        chosen.push(taken.map(|(_, school)| school));
    }
    let names: BTreeSet<&str> = chosen.iter().copied().flatten().collect();
    let names: Vec<&str> = names.into_iter().collect();
    let position = |school: Option<&str>| {
        let found = school.and_then(|school| names.binary_search(&school).ok());
        found.map_or(StudentYears::NO_SCHOOL, |position| position as u32)
    };
    let of = chosen.into_iter().map(position).collect();
    Schools { names: names.into_iter().map(str::to_owned).collect(), of }
}

fn shares(joined: &Joined<'_, '_>, left_out: &[usize]) -> Vec<PartShare> {
    let share = |(position, part): (usize, &super::Part<'_>)| {
        let rows = part.years.rows() as u64;
        let without = left_out.iter().filter(|student| joined.row(position, **student).is_some());
        let without_school = without.count() as u64;
        PartShare {
            source: part.source.to_owned(),
            rows,
            joined: rows - without_school,
            without_school,
            first_of: ColumnSet::default(),
        }
    };
    joined.parts.iter().enumerate().map(share).collect()
}

/// Says of each row where its student was read first.
fn name_places(joined: &Joined<'_, '_>, kept: &[usize], years: &mut StudentYears) {
    let mut first_file = Vec::new();
    for part in &joined.parts {
        first_file.push(years.files.len());
        years.files.extend(part.years.files.iter().cloned());
    }
    years.lines = kept
        .iter()
        .map(|student| {
            let (part, row) = joined.first_row(*student);
            let lines = &joined.parts[part].years.lines;
            let (file, line) = lines.get(row).copied().unwrap_or_default();
            let file = first_file[part] + usize::from(file);
            (u16::try_from(file).unwrap_or(u16::MAX), line)
        })
        .collect();
}

/// The ids of one column.
fn identify(
    joined: &Joined<'_, '_>,
    column: Column,
    kept: &[usize],
    conflicts: &mut Conflicts,
) -> Ids {
    let order = joined.order(column);
    let mut combined = Ids::default();
    for &student in kept {
        let mut taken: Option<(usize, &[u8])> = None;
        for &part in &order {
            let Some(row) = joined.row(part, student) else { continue };
            match (taken, ids(joined.parts[part].years, column).get(row)) {
                (None, id) if !id.is_empty() => taken = Some((part, id)),
                (Some((first, id)), other) if !other.is_empty() && id != other => {
                    conflicts.add(column, first, part, || place(joined, part, row));
                }
                _ => {}
            }
        }
        combined.push(taken.map_or(&[], |(_, id)| id));
    }
    combined
}

/// Fills one column; gives the part that is believed about it first.
fn fill(
    joined: &Joined<'_, '_>,
    column: Column,
    kept: &[usize],
    years: &mut StudentYears,
    conflicts: &mut Conflicts,
) -> usize {
    let mut told = Vec::new();
    for part in joined.order(column) {
        let from = joined.parts[part].years;
        let Some(values) = from.values(column) else { continue };
        let mut names = Vec::new();
        if column.kind() == Kind::Name {
            for name in from.names.get(&column).into_iter().flatten() {
                names.push(years.name(column, name).unwrap_or(MISSING));
            }
        }
        told.push(Told { part, values, names });
    }
    let mut combined = Values::empty(column.kind());
    for &student in kept {
        let mut taken: Option<(usize, f64)> = None;
        for source in &told {
            let Some(row) = joined.row(source.part, student) else { continue };
            match (taken, source.value(row)) {
                (None, Some(value)) => taken = Some((source.part, value)),
                (Some((first, value)), Some(other)) if value.to_bits() != other.to_bits() => {
                    conflicts.add(column, first, source.part, || place(joined, source.part, row));
                }
                _ => {}
            }
        }
        let value = taken.map(|(_, value)| value);
        match &mut combined {
            Values::Numbers(numbers) => numbers.push(value.unwrap_or(f64::NAN)),
            Values::Bytes(bytes) => bytes.push(value.map_or(MISSING, |value| value as u8)),
        }
    }
    years.insert(column, combined);
    told[0].part
}

impl Told<'_> {
    /// A row's value as a number; `None` where it is missing.
    fn value(&self, row: usize) -> Option<f64> {
        match self.values {
            Values::Numbers(numbers) => {
                // A zero is a zero, whatever its sign.
                numbers.get(row).copied().filter(|number| !number.is_nan()).map(|it| it + 0.0)
            }
            Values::Bytes(bytes) => {
                let byte = bytes.get(row).copied().filter(|byte| *byte != MISSING)?;
                let byte = if self.names.is_empty() { byte } else { self.names[usize::from(byte)] };
                Some(byte).filter(|byte| *byte != MISSING).map(f64::from)
            }
        }
    }
}

/// Says which students are left out.
fn tell_left_out(joined: &mut Joined<'_, '_>, left_out: &[usize]) {
    let what = "is in no source: the student is left out";
    let remedy = "import the source that says which school each student is in, and see that its \
                  ids are the same";
    let problem = Problem::new(Severity::Notice, Some(Column::SchoolId), what, remedy);
    for &student in left_out {
        let (part, row) = joined.first_row(student);
        let place = place(joined, part, row);
        joined.problems.add(problem.clone(), place);
    }
}

/// Says which students have no grade, where several parts might have told it:
/// of one part its reader says so.
fn tell_grades(joined: &mut Joined<'_, '_>, years: &StudentYears) {
    if joined.parts.len() < 2 {
        return;
    }
    let has_grade = |row: usize| {
        [Column::GradeLevel, Column::GradeAssessed].into_iter().any(|column| {
            matches!(years.values(column), Some(Values::Bytes(bytes)) if bytes[row] != MISSING)
        })
    };
    let remedy = "rows without a grade are in no release: import the source that has it";
    let what = "is in no source";
    let problem = Problem::new(Severity::Notice, Some(Column::GradeLevel), what, remedy);
    for row in (0..years.rows()).filter(|row| !has_grade(*row)) {
        joined.problems.add(problem.clone(), years.place(row));
    }
}
