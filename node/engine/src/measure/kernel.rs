//! The one pass over the student years: evaluates a batch, then counts set
//! bits of every tally in every group of every school.
//!
//! Fastest when rows are sorted by school; right in any order. A counter sees
//! each row once and keeps sums only.

use peerlight_proto::{
    group::Flag,
    layout::FIXED_POINT,
    units::{Grade, GradeSet},
};

use super::{
    batch::{BATCH, Bits, WORDS, bits_of},
    evaluate::Evaluator,
    growth::grade_of,
    local::LocalTable,
    plan::CountPlan,
    tally::{CountTally, FLAG, GENDER, GRADE, RACE, SLOTS, Select, SumTally, Totals},
};
use crate::{
    privacy::{exact::ExactRelease, journal::NO_ENTRY},
    student::{Chunk, Column, MISSING},
};

/// The column of each flag, in the order of [`Flag::ALL`].
pub const FLAG_COLUMNS: [Column; Flag::ALL.len()] = [
    Column::EnglishLearner,
    Column::SocioeconomicallyDisadvantaged,
    Column::StudentsWithDisabilities,
    Column::Homeless,
    Column::Foster,
    Column::Migrant,
    Column::Military,
];

/// Adds up the student years of one district under one plan.
pub struct Counter<'a> {
    pub(super) plan: &'a CountPlan,
    evaluator: Evaluator<'a>,
    pub(super) totals: Totals,
    groups: Groups,
    tallied: Vec<Bits>,
    values: Vec<Vec<i64>>,
    /// Of each running count of the plan, the students who have its status.
    holders: Vec<Vec<u32>>,
}

/// Which groups each row of a batch is in: by slot as bits, and by row.
struct Groups {
    bits: Vec<Bits>,
    present: Vec<usize>,
    /// Slots of each row in the margins of which it is in exactly one group.
    slots: Vec<[u8; 3]>,
}

impl<'a> Counter<'a> {
    pub(super) fn new(plan: &'a CountPlan) -> Self {
        let roots = plan.tallies.roots();
        Self {
            plan,
            evaluator: Evaluator::new(&plan.graph, &plan.subjects, &roots, plan.school_year),
            totals: Totals::new(plan.schools().len(), &plan.tallies),
            groups: Groups {
                bits: vec![[0; WORDS]; SLOTS],
                present: Vec::new(),
                slots: vec![[0; 3]; BATCH],
            },
            tallied: vec![[0; WORDS]; plan.tallies.counts.len()],
            values: vec![vec![0; BATCH]; plan.tallies.sums.len()],
            holders: vec![Vec::new(); plan.statuses().len()],
        }
    }

    /// Counts the student years of a chunk.
    pub fn add(&mut self, chunk: &Chunk) {
        self.add_rows(chunk, &[]);
    }

    /// Counts the student years of a chunk that the journal froze; `entries`
    /// are the journal's, one a row.
    pub fn add_students(&mut self, chunk: &Chunk, entries: &[u32]) {
        self.add_rows(chunk, entries);
    }

    /// Of each running count of the plan, the journal's entries that have its
    /// status, in no order.
    pub fn holders(&self) -> &[Vec<u32>] {
        &self.holders
    }

    fn add_rows(&mut self, chunk: &Chunk, entries: &[u32]) {
        for start in (0..chunk.rows()).step_by(BATCH) {
            let rows = BATCH.min(chunk.rows() - start);
            self.evaluator.evaluate(chunk, start, rows);
            self.groups.read(chunk, start, rows);
            self.tally(chunk);
            let mut first = 0;
            for school in chunk.school[start..start + rows].chunk_by(|a, b| a == b) {
                self.add_school(chunk, start, school[0] as usize, first, first + school.len());
                first += school.len();
            }
            self.add_histograms(chunk, start);
            self.add_holders(&entries[start.min(entries.len())..(start + rows).min(entries.len())]);
        }
    }

    /// Notes who of the batch has the status of each running count.
    fn add_holders(&mut self, entries: &[u32]) {
        for (holders, tally) in self.holders.iter_mut().zip(self.plan.statuses()) {
            let has = &self.tallied[*tally];
            let rows = entries.iter().enumerate();
            let held = rows.filter(|(row, _)| has[row / 64] >> (row % 64) & 1 == 1);
            holders.extend(held.map(|(_, entry)| *entry).filter(|entry| *entry != NO_ENTRY));
        }
    }

    /// Adds what another counter of the same plan counted.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.totals.merge(other.totals);
        for (mine, other) in self.holders.iter_mut().zip(other.holders) {
            mine.extend(other);
        }
        self
    }

    /// The exact integers of each layout of the plan, in the layouts' order.
    pub fn finish(self) -> Vec<ExactRelease> {
        self.plan.releases(&self.totals)
    }

    /// The exact values of every measure, for the district's own eyes.
    pub fn finish_local(self) -> LocalTable {
        LocalTable::new(self.plan, &self.totals)
    }

    /// The rows of every tally, as bits, and the integers of every sum.
    fn tally(&mut self, chunk: &Chunk) {
        let mut grades: Vec<(GradeSet, Bits)> = Vec::new();
        for (out, tally) in self.tallied.iter_mut().zip(&self.plan.tallies.counts) {
            let known = grades.iter().position(|(set, _)| *set == tally.grades);
            let position = known.unwrap_or_else(|| {
                grades.push((tally.grades, self.groups.of_grades(tally.grades)));
                grades.len() - 1
            });
            *out = selected(&self.evaluator, tally, &grades[position].1);
        }
        for (out, tally) in self.values.iter_mut().zip(&self.plan.tallies.sums) {
            let numbers = self.evaluator.numbers(chunk, tally.value);
            let counted = &self.tallied[tally.counted];
            for (row, (out, number)) in out.iter_mut().zip(numbers).enumerate() {
                let is_counted = counted[row / 64] >> (row % 64) & 1 == 1;
                *out = if is_counted { fixed(*number, tally) } else { 0 };
            }
        }
    }

    /// Adds the rows `first..end` of the batch, all of one school.
    fn add_school(&mut self, chunk: &Chunk, start: usize, school: usize, first: usize, end: usize) {
        let Some(totals) = self.totals.school_mut(school) else { return };
        let tallies = self.tallied.len();
        let words = first / 64..end.div_ceil(64);
        let mut rows: Bits = [0; WORDS];
        let rows = &mut rows[..words.len()];
        for slot in &self.groups.present {
            rows.copy_from_slice(&self.groups.bits[*slot][words.clone()]);
            rows[0] &= u64::MAX << (first % 64);
            if !end.is_multiple_of(64) {
                rows[words.len() - 1] &= u64::MAX >> (64 - end % 64);
            }
            if rows.iter().all(|word| *word == 0) {
                continue;
            }
            let counts = &mut totals.counts[slot * tallies..][..tallies];
            for (count, tallied) in counts.iter_mut().zip(&self.tallied) {
                let pairs = rows.iter().zip(&tallied[words.clone()]);
                *count += pairs.map(|(a, b)| (a & b).count_ones()).sum::<u32>();
            }
        }
        for (values, sums) in self.values.iter().zip(totals.sums.chunks_exact_mut(SLOTS)) {
            let values = &values[first..end];
            for (value, slots) in values.iter().zip(&self.groups.slots[first..end]) {
                for slot in slots {
                    sums[usize::from(*slot)] += value;
                }
            }
            for (sum, column) in sums[FLAG..].iter_mut().zip(FLAG_COLUMNS) {
                if let Some(flags) = chunk.bytes(column) {
                    let held = values.iter().zip(&flags[start + first..start + end]);
                    *sum += held.map(|(value, flag)| value & -i64::from(*flag == 1)).sum::<i64>();
                }
            }
        }
    }

    fn add_histograms(&mut self, chunk: &Chunk, start: usize) {
        let histograms = self.totals.histograms.iter_mut().zip(&self.plan.tallies.histograms);
        for (histogram, tally) in histograms {
            let cells = self.evaluator.numbers(chunk, tally.cell);
            for (row, cell) in cells.iter().enumerate() {
                let grade = usize::from(self.groups.slots[row][0]).wrapping_sub(GRADE);
                let school = chunk.school[start + row] as usize;
                let is_in = |grade| tally.grades.contains(grade);
                let counts = !cell.is_nan()
                    && self.plan.is_counted(school, tally.grades)
                    && Grade::from_index(grade).is_some_and(is_in);
                if counts {
                    histogram[grade * tally.cells + *cell as usize] += 1;
                }
            }
        }
    }
}

impl Groups {
    /// Reads the groups of `rows` rows from `start`. A row without a grade is
    /// in none: no program has grades that hold it.
    fn read(&mut self, chunk: &Chunk, start: usize, rows: usize) {
        let mut byte = [[MISSING; BATCH]; 3];
        for (grade, row) in byte[0][..rows].iter_mut().zip(start..) {
            *grade = grade_of(chunk, row);
        }
        for (bytes, column) in byte[1..].iter_mut().zip([Column::RaceEthnicity, Column::Gender]) {
            if let Some(values) = chunk.bytes(column) {
                bytes[..rows].copy_from_slice(&values[start..start + rows]);
            }
        }
        let has_grade = bits_of(&byte[0][..rows], |grade| usize::from(grade) < RACE - GRADE);
        let unknown = |groups: usize, value: u8| usize::from(value).min(groups - 1) as u8;
        let (races, genders) = (GENDER - RACE, FLAG - GENDER);
        byte[1][..rows].iter_mut().for_each(|race| *race = unknown(races, *race));
        byte[2][..rows].iter_mut().for_each(|gender| *gender = unknown(genders, *gender));
        for (row, slots) in self.slots[..rows].iter_mut().enumerate() {
            // A row without a grade adds nothing anywhere; slot 0 takes it.
            let grade = usize::from(byte[0][row]);
            let grade = if grade < RACE - GRADE { GRADE + grade } else { 0 };
            *slots = [grade as u8, RACE as u8 + byte[1][row], GENDER as u8 + byte[2][row]];
        }
        self.present.clear();
        for (margin, (first, groups)) in
            [(GRADE, RACE - GRADE), (RACE, races), (GENDER, genders)].into_iter().enumerate()
        {
            let bytes = &byte[margin][..rows];
            let seen = bytes.iter().fold(0_u32, |seen, byte| seen | 1 << (byte & 31));
            for group in (0..groups).filter(|group| seen >> group & 1 == 1) {
                let bits = bits_of(bytes, |byte| usize::from(byte) == group);
                self.insert(first + group, both(&bits, &has_grade));
            }
            // Slots that are not present still answer which grades are.
            (0..groups).filter(|group| seen >> group & 1 == 0).for_each(|group| {
                self.bits[first + group] = [0; WORDS];
            });
        }
        for (position, column) in FLAG_COLUMNS.into_iter().enumerate() {
            if let Some(flags) = chunk.bytes(column) {
                let bits = bits_of(&flags[start..start + rows], |flag| flag == 1);
                self.insert(FLAG + position, both(&bits, &has_grade));
            }
        }
    }

    fn insert(&mut self, slot: usize, bits: Bits) {
        self.bits[slot] = bits;
        self.present.push(slot);
    }

    /// The rows of any of these grades.
    fn of_grades(&self, grades: GradeSet) -> Bits {
        let mut rows = [0; WORDS];
        for grade in grades.iter() {
            let of_grade = &self.bits[GRADE + grade.index()];
            rows.iter_mut().zip(of_grade).for_each(|(rows, more)| *rows |= more);
        }
        rows
    }
}

fn both(a: &Bits, b: &Bits) -> Bits {
    std::array::from_fn(|word| a[word] & b[word])
}

/// The rows a tally counts.
pub(super) fn selected(evaluator: &Evaluator<'_>, tally: &CountTally, grades: &Bits) -> Bits {
    let mut rows = *grades;
    if let Some(population) = tally.population {
        rows = both(&rows, &evaluator.truths(population).yes);
    }
    match tally.select {
        Select::Everyone => rows,
        Select::Yes(node) => both(&rows, &evaluator.truths(node).yes),
        Select::Known(node) => {
            let truths = evaluator.truths(node);
            std::array::from_fn(|word| rows[word] & (truths.yes[word] | truths.no[word]))
        }
    }
}

/// A bounded value less the middle of its bounds, in units of 1 /
/// [`FIXED_POINT`]; at most half the distance of the bounds, rounded.
pub(super) fn fixed(number: f64, tally: &SumTally) -> i64 {
    let center = f64::midpoint(tally.low, tally.high);
    ((number.clamp(tally.low, tally.high) - center) * FIXED_POINT as f64).round() as i64
}
