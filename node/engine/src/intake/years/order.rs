//! Student years in the order of their schools, and ids that are there twice.

use std::thread;

use super::{
    super::problem::{Place, Problem, Severity, masked},
    Ids, StudentYears, resize,
};
use crate::student::{Column, Values};

impl Ids {
    fn sorted(&self, order: &[u32]) -> Self {
        let (text, ends) = (Vec::with_capacity(self.text.len()), Vec::with_capacity(order.len()));
        let mut sorted = Self { text, ends };
        for row in order {
            sorted.push(self.get(*row as usize));
        }
        sorted
    }
}

impl StudentYears {
    /// The same rows ordered by school, each school's in the order read, those
    /// without a school last.
    #[must_use]
    pub(in crate::intake) fn sorted(mut self) -> Self {
        let rows = self.rows();
        self.columns.iter_mut().flatten().for_each(|values| resize(values, rows));
        let mut by_id: Vec<u32> = (0..self.schools.len() as u32).collect();
        by_id.sort_by_key(|school| &self.schools[*school as usize]);
        let mut rank = vec![0_u32; self.schools.len()];
        for (position, school) in by_id.iter().enumerate() {
            rank[*school as usize] = position as u32;
        }
        let ranked = |school: u32| rank.get(school as usize).copied().unwrap_or(Self::NO_SCHOOL);
        let order = self.order(&ranked);
        let pick = |row: &u32| *row as usize;
        self.school = order.iter().map(|row| ranked(self.school[pick(row)])).collect();
        self.schools = by_id.iter().map(|school| self.schools[*school as usize].clone()).collect();
        // A million rows take as long to order as to write: on two threads.
        let Self { students, statewide, lines, columns, .. } = &mut self;
        thread::scope(|scope| {
            scope.spawn(|| {
                *students = students.sorted(&order);
                *statewide = statewide.sorted(&order);
                *lines = order.iter().map(|row| lines[pick(row)]).collect();
            });
            for values in columns.iter_mut().flatten() {
                match values {
                    Values::Numbers(all) => *all = order.iter().map(|row| all[pick(row)]).collect(),
                    Values::Bytes(all) => *all = order.iter().map(|row| all[pick(row)]).collect(),
                }
            }
        });
        self
    }

    /// The rows in the order of their schools' ranks: counted, then placed,
    /// because there are far fewer schools than rows.
    fn order(&self, ranked: &impl Fn(u32) -> u32) -> Vec<u32> {
        let last = self.schools.len();
        let place = |row: usize| last.min(ranked(self.school[row]) as usize);
        let mut next = vec![0_u32; last + 2];
        (0..self.rows()).for_each(|row| next[place(row) + 1] += 1);
        for school in 1..next.len() {
            next[school] += next[school - 1];
        }
        let mut order = vec![0; self.rows()];
        for row in 0..self.rows() {
            let at = &mut next[place(row)];
            order[*at as usize] = row as u32;
            *at += 1;
        }
        order
    }

    /// Ids that two rows share, each a fatal problem that names both places: one
    /// after the other, for a file that is there twice has millions.
    pub(in crate::intake) fn twice(&self, remedy: &str) -> impl Iterator<Item = (Problem, Place)> {
        let (local, statewide) = thread::scope(|scope| {
            let local = scope.spawn(|| self.duplicates(&self.students));
            let statewide = self.duplicates(&self.statewide);
            (local.join().expect("it compares ids and cannot fail"), statewide)
        });
        let found = [
            (&self.students, Column::StudentId, local),
            (&self.statewide, Column::StatewideId, statewide),
        ];
        found.into_iter().flat_map(move |(ids, column, duplicates)| {
            let what = format!("is there twice in {}", self.school_year);
            let problem = Problem::new(Severity::Fatal, Some(column), &what, remedy);
            duplicates.into_iter().map(move |(first, second)| {
                let id = masked(&String::from_utf8_lossy(ids.get(first)));
                let value = Some(format!("{id}, again in {}", self.place(second)));
                (problem.clone(), Place { value, ..self.place(first) })
            })
        })
    }

    /// Pairs of rows with the same id, in the order of their first line.
    fn duplicates(&self, ids: &Ids) -> Vec<(usize, usize)> {
        let mut order = self.suspects(ids);
        order.sort_by_key(|row| (ids.get(*row as usize), self.lines[*row as usize]));
        let pairs = order.windows(2).map(|pair| (pair[0] as usize, pair[1] as usize));
        let mut same: Vec<_> = pairs.filter(|(a, b)| ids.get(*a) == ids.get(*b)).collect();
        same.sort_by_key(|(first, _)| self.lines[*first]);
        same
    }

    /// Rows whose id may be another row's too: as good as none in a sound file,
    /// and numbers are compared far faster than ids.
    fn suspects(&self, ids: &Ids) -> Vec<u32> {
        let rows = || (0..self.rows()).filter(|row| !ids.get(*row).is_empty());
        let mut hashes: Vec<u64> = rows().map(|row| hash(ids.get(row))).collect();
        hashes.sort_unstable();
        let pairs = hashes.windows(2).filter(|pair| pair[0] == pair[1]);
        let repeated: Vec<u64> = pairs.map(|pair| pair[0]).collect();
        if repeated.is_empty() {
            return Vec::new();
        }
        let is_repeated = |row: &usize| repeated.binary_search(&hash(ids.get(*row))).is_ok();
        rows().filter(is_repeated).map(|row| row as u32).collect()
    }
}

/// FNV-1a: equal ids are equal here; others seldom are, and then compared.
fn hash(id: &[u8]) -> u64 {
    id.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
