//! Evaluates a graph over a batch of rows, one node at a time, each in a loop
//! over whole columns.
//!
//! Total: what overflows, divides by zero or meets a missing value is missing.

use super::{
    batch::{BATCH, Truths},
    growth::{Subject, grade_of},
    node::{Arithmetic, Graph, Node, NodeId, Precision},
};
use crate::{
    intake::date,
    student::{Chunk, Column, MISSING},
};

/// Two numbers closer than this part of their size are the same decimal.
const SAME: f64 = 1e-9;

enum Register {
    Numbers(Vec<f64>),
    Truths(Box<Truths>),
}

/// The values of every live node for the batch that was evaluated last.
pub(super) struct Evaluator<'a> {
    graph: &'a Graph,
    subjects: &'a [Subject],
    /// Nodes that some root needs and that change from batch to batch.
    live: Vec<NodeId>,
    registers: Vec<Register>,
    missing: Vec<f64>,
    start: usize,
    rows: usize,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        graph: &'a Graph,
        subjects: &'a [Subject],
        roots: &[NodeId],
        school_year: f64,
    ) -> Self {
        let mut needed = vec![false; graph.nodes().len()];
        for root in roots {
            needed[*root] = true;
        }
        for (id, node) in graph.nodes().iter().enumerate().rev() {
            if needed[id] {
                operands(node).into_iter().flatten().for_each(|operand| needed[operand] = true);
            }
        }
        let register = |node: &Node| match node {
            Node::Constant(bits) => Register::Numbers(vec![f64::from_bits(*bits); BATCH]),
            Node::SchoolYear => Register::Numbers(vec![school_year; BATCH]),
            node if node.is_truth() => Register::Truths(Box::new(Truths::MISSING)),
            Node::Number(_) => Register::Numbers(Vec::new()),
            _ => Register::Numbers(vec![f64::NAN; BATCH]),
        };
        let changes =
            |node: &Node| !matches!(node, Node::Constant(_) | Node::SchoolYear | Node::Number(_));
        let nodes = graph.nodes().iter().enumerate();
        Self {
            graph,
            subjects,
            live: nodes
                .filter(|(id, node)| needed[*id] && changes(node))
                .map(|(id, _)| id)
                .collect(),
            registers: graph.nodes().iter().map(register).collect(),
            missing: vec![f64::NAN; BATCH],
            start: 0,
            rows: 0,
        }
    }

    /// Evaluates up to [`BATCH`] rows from `start`.
    pub(super) fn evaluate(&mut self, chunk: &Chunk, start: usize, rows: usize) {
        self.start = start;
        self.rows = rows;
        for position in 0..self.live.len() {
            let id = self.live[position];
            // Taken out while it is written, so that the others can be read.
            let empty = Register::Numbers(Vec::new());
            match std::mem::replace(&mut self.registers[id], empty) {
                Register::Truths(mut truths) => {
                    self.truth(chunk, &self.graph.nodes()[id], &mut truths);
                    self.registers[id] = Register::Truths(truths);
                }
                Register::Numbers(mut numbers) => {
                    self.number(chunk, &self.graph.nodes()[id], &mut numbers[..rows]);
                    self.registers[id] = Register::Numbers(numbers);
                }
            }
        }
    }

    /// The truths of a node; bits past the last row mean nothing.
    pub(super) fn truths(&self, id: NodeId) -> &Truths {
        match &self.registers[id] {
            Register::Truths(truths) => truths,
            Register::Numbers(_) => unreachable!("the checker gave this node the type truth"),
        }
    }

    /// The numbers of a node.
    pub(super) fn numbers<'b>(&'b self, chunk: &'b Chunk, id: NodeId) -> &'b [f64] {
        let rows = self.start..self.start + self.rows;
        match (&self.graph.nodes()[id], &self.registers[id]) {
            (Node::Number(column), _) => {
                chunk.numbers(*column).map_or(&self.missing[..self.rows], |all| &all[rows])
            }
            (_, Register::Numbers(numbers)) => &numbers[..self.rows],
            (_, Register::Truths(_)) => unreachable!("the checker gave this node the type number"),
        }
    }

    fn bytes<'b>(&self, chunk: &'b Chunk, column: Column) -> Option<&'b [u8]> {
        Some(&chunk.bytes(column)?[self.start..self.start + self.rows])
    }

    fn number(&self, chunk: &Chunk, node: &Node, out: &mut [f64]) {
        match node {
            Node::Whole(column) => match self.bytes(chunk, *column) {
                Some(bytes) => {
                    for (out, byte) in out.iter_mut().zip(bytes) {
                        *out = if *byte == MISSING { f64::NAN } else { f64::from(*byte) };
                    }
                }
                None => out.fill(f64::NAN),
            },
            Node::ByGrade(values) => {
                let assessed = chunk.bytes(Column::GradeAssessed);
                for (out, row) in out.iter_mut().zip(self.start..) {
                    let grade = match assessed.map_or(MISSING, |assessed| assessed[row]) {
                        MISSING => grade_of(chunk, row),
                        grade => grade,
                    };
                    *out = at(values, grade);
                }
            }
            Node::AtGrade(values, column) => match self.bytes(chunk, *column) {
                Some(grades) => {
                    out.iter_mut().zip(grades).for_each(|(out, grade)| *out = at(values, *grade));
                }
                None => out.fill(f64::NAN),
            },
            Node::DateIn(year, month, day) => {
                for (out, year) in out.iter_mut().zip(self.numbers(chunk, *year)) {
                    *out = date_in(*year, *month, *day);
                }
            }
            Node::Arithmetic(operation, a, b) => {
                let (a, b) = (self.numbers(chunk, *a), self.numbers(chunk, *b));
                let pairs = out.iter_mut().zip(a.iter().zip(b));
                match operation {
                    Arithmetic::Add => pairs.for_each(|(out, (a, b))| *out = finite(a + b)),
                    Arithmetic::Subtract => pairs.for_each(|(out, (a, b))| *out = finite(a - b)),
                    Arithmetic::Multiply => pairs.for_each(|(out, (a, b))| *out = finite(a * b)),
                    Arithmetic::Divide => pairs.for_each(|(out, (a, b))| *out = finite(a / b)),
                }
            }
            Node::Absolute(a) => {
                let a = self.numbers(chunk, *a);
                out.iter_mut().zip(a).for_each(|(out, a)| *out = a.abs());
            }
            Node::FirstNumber(a, b) => {
                let pairs = self.numbers(chunk, *a).iter().zip(self.numbers(chunk, *b));
                for (out, (a, b)) in out.iter_mut().zip(pairs) {
                    *out = if a.is_nan() { *b } else { *a };
                }
            }
            Node::GrowthPercentile(subject) => {
                self.subjects[*subject].percentiles(chunk, self.start, out);
            }
            Node::GrowthCell(subject) => self.subjects[*subject].cells(chunk, self.start, out),
            _ => unreachable!("constants and columns are never written, and truths are no numbers"),
        }
    }

    fn truth(&self, chunk: &Chunk, node: &Node, out: &mut Truths) {
        match node {
            Node::Truth(truth) => {
                let all = |is: bool| if is { u64::MAX } else { 0 };
                let (yes, no) = (all(*truth == Some(true)), all(*truth == Some(false)));
                *out = Truths::each_word(|_| (yes, no));
            }
            Node::Flag(column) => match self.bytes(chunk, *column) {
                Some(bytes) => out.of_bytes(bytes, |byte| (byte == 1, byte == 0)),
                None => *out = Truths::MISSING,
            },
            Node::OneOf(column, members) => match self.bytes(chunk, *column) {
                Some(bytes) => out.of_bytes(bytes, |byte| {
                    let is_member = byte < 32 && members >> (byte & 31) & 1 == 1;
                    (is_member, byte != MISSING && !is_member)
                }),
                None => *out = Truths::MISSING,
            },
            Node::NoCode(column) => match self.bytes(chunk, *column) {
                Some(bytes) => out.of_bytes(bytes, |byte| (byte == MISSING, byte != MISSING)),
                None => *out = Truths::each_word(|_| (u64::MAX, 0)),
            },
            Node::Less(a, b, precision) => {
                let (a, b) = (self.numbers(chunk, *a), self.numbers(chunk, *b));
                match precision {
                    Precision::Exact => out.of_numbers(a, b, |a, b| (a < b, a >= b)),
                    Precision::Decimal => out.of_numbers(a, b, |a, b| {
                        let (difference, same) = (b - a, SAME * (a.abs() + b.abs()));
                        (difference > same, difference <= same)
                    }),
                }
            }
            Node::Equal(a, b) => {
                let (a, b) = (self.numbers(chunk, *a), self.numbers(chunk, *b));
                out.of_numbers(a, b, |a, b| {
                    let (difference, same) = ((b - a).abs(), SAME * (a.abs() + b.abs()));
                    (difference <= same, difference > same)
                });
            }
            Node::NoNumber(a) => {
                let a = self.numbers(chunk, *a);
                out.of_numbers(a, a, |a, _| (a.is_nan(), !a.is_nan()));
            }
            Node::NoTruth(a) => {
                let a = self.truths(*a);
                *out = Truths::each_word(|word| {
                    let known = a.yes[word] | a.no[word];
                    (!known, known)
                });
            }
            Node::Not(a) => {
                let a = self.truths(*a);
                *out = Truths { yes: a.no, no: a.yes };
            }
            Node::And(a, b) => {
                let (a, b) = (self.truths(*a), self.truths(*b));
                *out = Truths::each_word(|w| (a.yes[w] & b.yes[w], a.no[w] | b.no[w]));
            }
            Node::Or(a, b) => {
                let (a, b) = (self.truths(*a), self.truths(*b));
                *out = Truths::each_word(|w| (a.yes[w] | b.yes[w], a.no[w] & b.no[w]));
            }
            Node::SameTruth(a, b) => {
                let (a, b) = (self.truths(*a), self.truths(*b));
                *out = Truths::each_word(|w| {
                    let same = a.yes[w] & b.yes[w] | a.no[w] & b.no[w];
                    (same, a.yes[w] & b.no[w] | a.no[w] & b.yes[w])
                });
            }
            Node::FirstTruth(a, b) => {
                let (a, b) = (self.truths(*a), self.truths(*b));
                *out = Truths::each_word(|w| {
                    let unknown = !(a.yes[w] | a.no[w]);
                    (a.yes[w] | unknown & b.yes[w], a.no[w] | unknown & b.no[w])
                });
            }
            _ => unreachable!("numbers are no truths"),
        }
    }
}

/// The number, or missing where it is not one.
fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { f64::NAN }
}

/// A number by grade; missing for a grade that has none.
fn at(values: &[u64; 14], grade: u8) -> f64 {
    values.get(usize::from(grade)).map_or(f64::NAN, |bits| f64::from_bits(*bits))
}

/// A day of a calendar year; missing where the number is no year.
fn date_in(year: f64, month: u8, day: u8) -> f64 {
    let is_year = year.fract() == 0.0 && (1900.0..=2200.0).contains(&year);
    let found = is_year.then(|| date(year as i64, month.into(), day.into()));
    found.flatten().unwrap_or(f64::NAN)
}

/// The nodes a node reads.
pub(super) fn operands(node: &Node) -> [Option<NodeId>; 2] {
    match node {
        Node::Arithmetic(_, a, b)
        | Node::FirstNumber(a, b)
        | Node::Less(a, b, _)
        | Node::Equal(a, b)
        | Node::And(a, b)
        | Node::Or(a, b)
        | Node::SameTruth(a, b)
        | Node::FirstTruth(a, b) => [Some(*a), Some(*b)],
        Node::Absolute(a)
        | Node::NoNumber(a)
        | Node::NoTruth(a)
        | Node::Not(a)
        | Node::DateIn(a, ..) => [Some(*a), None],
        Node::Constant(_)
        | Node::SchoolYear
        | Node::Number(_)
        | Node::Whole(_)
        | Node::ByGrade(_)
        | Node::AtGrade(..)
        | Node::GrowthPercentile(_)
        | Node::GrowthCell(_)
        | Node::Truth(_)
        | Node::Flag(_)
        | Node::OneOf(..)
        | Node::NoCode(_) => [None, None],
    }
}
