//! Finds each student's row in each part of a year.

use std::collections::HashMap;

use super::{
    super::{
        precedence::Precedence,
        problem::{Place, Problem, Problems, Severity},
        years::{Ids, StudentYears},
    },
    Part,
};
use crate::student::Column;

/// Stands for "this source has no row of the student".
const NONE: u32 = u32::MAX;

/// Who each row of each part is about.
pub(super) struct Joined<'a, 'p> {
    /// Those that are believed first before the others.
    pub(super) parts: Vec<Part<'a>>,
    pub(super) precedence: &'p Precedence,
    /// How many students there are.
    pub(super) students: usize,
    /// By part, by student: its row, or [`NONE`].
    rows: Vec<Vec<u32>>,
    /// What was met on the way.
    pub(super) problems: Problems,
}

/// Who a row is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'a> {
    Common(&'a [u8]),
    /// The other id, which no row names together with a common one.
    Other(&'a [u8]),
}

/// A column of ids.
pub(super) const fn ids(years: &StudentYears, column: Column) -> &Ids {
    if matches!(column, Column::StudentId) { &years.students } else { &years.statewide }
}

impl<'a, 'p> Joined<'a, 'p> {
    /// Finds each student's row in each part.
    pub(super) fn join(parts: Vec<Part<'a>>, precedence: &'p Precedence) -> Self {
        let (common, other) = (precedence.common.column(), precedence.common.other().column());
        let columns = |part: &Part<'a>| (ids(part.years, common), ids(part.years, other));
        let mut named: HashMap<&[u8], &[u8]> = HashMap::new();
        for part in &parts {
            let (commons, others) = columns(part);
            for row in 0..part.years.rows() {
                if !commons.get(row).is_empty() && !others.get(row).is_empty() {
                    named.entry(others.get(row)).or_insert_with(|| commons.get(row));
                }
            }
        }
        let mut known: HashMap<Key<'a>, u32> = HashMap::new();
        let (rows, problems) = (Vec::new(), Problems::default());
        let mut joined = Self { parts: parts.clone(), precedence, students: 0, rows, problems };
        for part in parts {
            let (commons, others) = columns(&part);
            let mut rows = vec![NONE; known.len()];
            for row in 0..part.years.rows() {
                let key = match (commons.get(row), named.get(others.get(row))) {
                    ([], Some(id)) => Key::Common(id),
                    ([], None) => Key::Other(others.get(row)),
                    (id, _) => Key::Common(id),
                };
                if commons.get(row).is_empty() {
                    joined.lacks_id(part, row, matches!(key, Key::Common(_)));
                }
                let next = known.len() as u32;
                let student = *known.entry(key).or_insert(next) as usize;
                rows.resize(rows.len().max(student + 1), NONE);
                if rows[student] != NONE {
                    joined.twice(part, rows[student] as usize, row);
                }
                rows[student] = row as u32;
            }
            joined.rows.push(rows);
        }
        joined.students = known.len();
        joined.rows.iter_mut().for_each(|rows| rows.resize(known.len(), NONE));
        joined
    }

    /// A student's row in a part.
    pub(super) fn row(&self, part: usize, student: usize) -> Option<usize> {
        Some(self.rows[part][student]).filter(|row| *row != NONE).map(|row| row as usize)
    }

    /// A student's row in the part that is believed first of those that have
    /// one, and that part.
    pub(super) fn first_row(&self, student: usize) -> (usize, usize) {
        let found = (0..self.parts.len()).find_map(|part| Some((part, self.row(part, student)?)));
        found.expect("a student is met in a row")
    }

    /// The parts in the order in which they are believed about a column.
    pub(super) fn order(&self, column: Column) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by_key(|part| self.precedence.rank(column, self.parts[*part].source));
        order
    }

    fn lacks_id(&mut self, part: Part<'_>, row: usize, is_found: bool) {
        let (common, other) = (self.precedence.common, self.precedence.common.other());
        let other = other.column().name();
        let (source, name) = (part.source, common.column().name());
        let (what, remedy) = if is_found {
            let what = format!("is empty in rows of {source}, whose {other} says who they are");
            (what, "nothing has to be done: another row has both ids".to_owned())
        } else {
            let what = format!("is empty in rows of {source}, which join no row with a {name}");
            let remedy = format!(
                "add the column, or set common_id = \"{other}\" in node.toml if that is the id \
                 that the sources share"
            );
            (what, remedy)
        };
        let problem = Problem::new(Severity::Notice, Some(common.column()), &what, &remedy);
        self.problems.add(problem, part.years.place(row));
    }

    /// Two rows of one source are one student, by what another source says.
    fn twice(&mut self, part: Part<'_>, first: usize, second: usize) {
        let place = part.years.place(first);
        let value = Some(format!("again in {}", part.years.place(second)));
        let what = format!(
            "and {} of two rows of {} are one student's, as another source says",
            self.precedence.common.other().column().name(),
            part.source
        );
        let remedy = "keep one row a student and year, or correct the ids";
        let column = Some(self.precedence.common.column());
        let problem = Problem::new(Severity::Fatal, column, &what, remedy);
        self.problems.add(problem, Place { value, ..place });
    }
}
