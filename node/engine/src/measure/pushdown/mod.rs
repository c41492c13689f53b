//! A plan as SQL: the same counts of the same rows, made where the rows are.
//!
//! ```text
//! view ──text of each column──▶ values as the intake reads them ──▶ nodes, layer by layer
//!                                       ▲ frozen cells                    │
//!   totals by school and group ◀── GROUP BY ◀── tallies, one row a group ◀┘
//! ```
//!
//! Pure: it writes statements and takes in the totals they yield; whoever asks a
//! server does so elsewhere. Both roads give the same integers, or this one
//! refuses: growth needs the node's own predictions, a running count the
//! contribution journal's holders.
//!
//! # Privacy
//!
//! Rows are counted as the kernel counts them, and so is their sensitivity,
//! if each student is one row and in the cells that the contribution journal
//! froze. [`Students::AsTheyAre`] promises neither: its totals are for the
//! district's own eyes and must not be released. For a release a shell meets
//! every row's student in the journal first, and hands the frozen cells over as
//! [`Students::Frozen`]; a row that the journal does not count is then in none.

mod cell;
mod operation;

use std::fmt::Write as _;

use peerlight_proto::{layout::FIXED_POINT, units::GradeSet};

use self::operation::operation;
use super::{
    evaluate::operands,
    kernel::{Counter, FLAG_COLUMNS},
    node::{Graph, NodeId},
    plan::CountPlan,
    tally::{CountTally, FLAG, GENDER, GRADE, RACE, SLOTS, Select, SumTally},
};
use crate::student::{Column, ColumnSet};

/// A plan cannot be counted in a warehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushdownError {
    /// It has growth.
    #[error("growth cannot be counted in the warehouse: import the student years instead")]
    Growth,
    /// It has a running count.
    #[error(
        "a running count cannot be counted in the warehouse: its steps are made from the \
         contribution journal. Import the student years instead"
    )]
    Stream,
    /// It has a number without bounds.
    #[error("a definition has a number that is too large to be counted with in the warehouse")]
    Unbounded,
    /// The view lacks a key.
    #[error("the view has no {0}, without which nothing can be counted in it")]
    NoKey(&'static str),
    /// What the server answered is not what was asked.
    #[error("the warehouse answered with totals of another question: nothing was counted")]
    Answer,
}

/// Whose cells are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Students {
    /// Those of the rows: for the district's own eyes, never for a release.
    AsTheyAre,
    /// Those that the contribution journal froze, by `student_id`: arguments 2
    /// to 13 are arrays of the ids, then of each one's position among the counted
    /// schools, grade, race, gender and seven flags, NULL where missing. A row
    /// whose id is not there is not counted; no id may be there twice.
    Frozen,
}

/// Where the columns of student years are in a warehouse.
#[derive(Clone, Debug)]
pub struct Relation<'a> {
    /// The view, quoted.
    pub name: &'a str,
    /// A condition that its rows must meet, such as of their school year.
    pub condition: &'a str,
    /// Its columns, quoted, by ours; text, or what reads as such.
    pub columns: &'a [(Column, String)],
}

/// A plan for one relation.
#[derive(Debug)]
pub struct Pushdown<'a> {
    plan: &'a CountPlan,
    relation: Relation<'a>,
    students: Students,
    /// Each layer's columns, which read those of earlier ones.
    layers: Vec<Vec<String>>,
}

impl<'a> Pushdown<'a> {
    /// Compiles a plan, or says why it cannot be counted elsewhere.
    pub fn new(
        plan: &'a CountPlan,
        relation: Relation<'a>,
        students: Students,
    ) -> Result<Self, PushdownError> {
        if !plan.statuses().is_empty() {
            return Err(PushdownError::Stream);
        }
        let mut pushdown = Self { plan, relation, students, layers: Vec::new() };
        let key = match students {
            Students::AsTheyAre => Column::SchoolId,
            Students::Frozen => Column::StudentId,
        };
        pushdown.column(key).ok_or(PushdownError::NoKey(key.name()))?;
        pushdown.layers = pushdown.layers()?;
        Ok(pushdown)
    }

    /// The columns of ours that are read.
    pub fn reads(&self) -> impl Iterator<Item = Column> {
        let wanted: ColumnSet = self.plan.columns();
        wanted.iter().filter(|column| self.column(*column).is_some())
    }

    /// How many rows of each column that is read have a value that the intake
    /// would refuse, one number a column in the order of [`Self::reads`]; and
    /// last, how many rows repeat a `student_id`. If any is not zero, nothing may
    /// be counted.
    pub fn refusals(&self) -> String {
        let refused = |column: Column| {
            let text = text_column(column);
            let value = cell::value(column.kind(), &text);
            format!("count(*) FILTER (WHERE {text} IS NOT NULL AND ({value}) IS NULL)")
        };
        let mut all: Vec<String> = self.reads().map(refused).collect();
        all.push(match self.column(Column::StudentId) {
            Some(_) => {
                let id = text_column(Column::StudentId);
                format!("count({id}) - count(DISTINCT {id})")
            }
            None => "0".to_owned(),
        });
        format!("SELECT ARRAY[{}]::bigint[] FROM ({}) AS read", all.join(", "), self.texts())
    }

    /// The count: argument 1 is the array of counted schools' ids, in their
    /// order. Yields rows of a school's position, a group's, and an array of
    /// totals, for [`Counter::take`].
    pub fn statement(&self) -> String {
        let from = match self.students {
            Students::AsTheyAre => self.texts(),
            // A student is one row, whatever was asked before: sensitivity
            // stands on it.
            Students::Frozen => format!(
                "SELECT DISTINCT ON (frozen_id) * FROM ({}) AS met \
                 JOIN unnest($2::text[], {}) AS frozen({}) ON frozen_id = x_student_id",
                self.texts(),
                (3..3 + FROZEN)
                    .map(|at| format!("${at}::integer[]"))
                    .collect::<Vec<_>>()
                    .join(", "),
                frozen_columns().join(", "),
            ),
        };
        let mut text = format!("(SELECT * FROM ({from}) AS read OFFSET 0) AS layer0");
        for (layer, columns) in (1..).zip(&self.layers) {
            // OFFSET 0 keeps the planner from writing a layer out wherever the
            // next one names it, which would double it at each step.
            let columns = columns.join(", ");
            // Writing to text cannot fail.
            let _ = write!(text, " CROSS JOIN LATERAL (SELECT {columns} OFFSET 0) AS layer{layer}");
        }
        format!(
            "SELECT school, slot, ARRAY[{}]::bigint[] FROM {text} \
             CROSS JOIN LATERAL (VALUES {}) AS slots(slot) \
             WHERE school IS NOT NULL AND grade IS NOT NULL AND slot IS NOT NULL \
             GROUP BY school, slot",
            self.totals().join(", "),
            slots(self)
        )
    }

    fn column(&self, wanted: Column) -> Option<&str> {
        let found = self.relation.columns.iter().find(|(column, _)| *column == wanted);
        found.map(|(_, name)| name.as_str())
    }

    fn has(&self, column: Column) -> bool {
        let is_frozen = self.students == Students::Frozen && frozen_name(column).is_some();
        is_frozen || self.column(column).is_some()
    }

    /// The text of every column that is read.
    fn texts(&self) -> String {
        let keys = [Column::SchoolId, Column::StudentId].into_iter();
        let columns = self.reads().chain(keys.filter(|key| self.column(*key).is_some()));
        let text = |column: Column| {
            let name = self.column(column).unwrap_or("NULL");
            format!("{} AS {}", cell::text(name), text_column(column))
        };
        let all: Vec<String> = columns.map(text).collect();
        let Relation { name, condition, .. } = &self.relation;
        format!("SELECT {} FROM {name} WHERE {condition}", all.join(", "))
    }

    fn layers(&self) -> Result<Vec<Vec<String>>, PushdownError> {
        let mut layers = vec![self.values(), self.place()];
        let first = layers.len();
        let graph = &self.plan.graph;
        let depths = depths(graph);
        for (id, node) in graph.nodes().iter().enumerate() {
            let layer = first + depths[id];
            layers.resize_with(layers.len().max(layer + 1), Vec::new);
            let sql = operation(node, self.plan.school_year, |column| self.has(column))?;
            layers[layer].push(format!("{sql} AS {}", node_column(id)));
        }
        let tallies = &self.plan.tallies;
        let counts = tallies.counts.iter().enumerate();
        layers.push(counts.map(|(at, tally)| format!("{} AS t{at}", counted(tally))).collect());
        let sums = || tallies.sums.iter().enumerate();
        layers.push(sums().map(|(at, tally)| format!("{} AS d{at}", distance(tally))).collect());
        layers.push(sums().map(|(at, tally)| format!("{} AS s{at}", rounded(at, tally))).collect());
        layers.retain(|columns| !columns.is_empty());
        Ok(layers)
    }

    /// Every column's value.
    fn values(&self) -> Vec<String> {
        let from_text = |column: Column| cell::value(column.kind(), &text_column(column));
        let value = |column: Column| {
            let frozen = frozen_name(column).filter(|_| self.students == Students::Frozen);
            format!("{} AS {}", frozen.unwrap_or_else(|| from_text(column)), base(column))
        };
        let columns: ColumnSet = self.plan.columns();
        columns.iter().filter(|column| self.has(*column)).map(value).collect()
    }

    /// School and grade: where the row is counted.
    fn place(&self) -> Vec<String> {
        let of = |column| if self.has(column) { base(column) } else { "NULL::integer".to_owned() };
        let school = match self.students {
            Students::AsTheyAre => {
                format!("array_position($1::text[], {}) - 1", text_column(Column::SchoolId))
            }
            // Argument 1 is named, so that both questions take the same ones.
            Students::Frozen => {
                "CASE WHEN frozen_school < cardinality($1::text[]) THEN frozen_school END"
                    .to_owned()
            }
        };
        let grade = format!("coalesce({}, {})", of(Column::GradeLevel), of(Column::GradeAssessed));
        vec![format!("{school} AS school"), format!("{grade} AS grade")]
    }

    /// The totals of a group, count tallies first.
    fn totals(&self) -> Vec<String> {
        let tallies = &self.plan.tallies;
        let counts = (0..tallies.counts.len()).map(|at| format!("count(*) FILTER (WHERE t{at})"));
        let sums = (0..tallies.sums.len()).map(|at| format!("sum(s{at})"));
        counts.chain(sums).collect()
    }
}

impl Counter<'_> {
    /// Takes in one row of [`Pushdown::statement`]'s answer. Each school's group
    /// may come once.
    pub fn take(&mut self, school: i32, slot: i32, totals: &[i64]) -> Result<(), PushdownError> {
        let counts = self.plan.tallies.counts.len();
        let sums = self.plan.tallies.sums.len();
        let slot = usize::try_from(slot).ok().filter(|slot| (GRADE..SLOTS).contains(slot));
        let place = usize::try_from(school).ok().and_then(|at| self.totals.school_mut(at));
        let (Some(slot), Some(place)) = (slot, place) else { return Err(PushdownError::Answer) };
        if totals.len() != counts + sums {
            return Err(PushdownError::Answer);
        }
        let (of_counts, of_sums) = totals.split_at(counts);
        for (count, total) in place.counts[slot * counts..][..counts].iter_mut().zip(of_counts) {
            *count = u32::try_from(*total).map_err(|_| PushdownError::Answer)?;
        }
        for (sums, total) in place.sums.chunks_exact_mut(SLOTS).zip(of_sums) {
            sums[slot] = *total;
        }
        Ok(())
    }
}

/// Arrays of frozen cells: school, grade, race, gender and flags.
const FROZEN: usize = 4 + FLAG_COLUMNS.len();

/// The names of the frozen arrays' columns, in the order of the arguments.
fn frozen_columns() -> Vec<String> {
    let first = ["frozen_id", "frozen_school", "frozen_grade", "frozen_race", "frozen_gender"];
    let flags = (0..FLAG_COLUMNS.len()).map(|at| format!("frozen_flag{at}"));
    first.into_iter().map(str::to_owned).chain(flags).collect()
}

/// The frozen column in place of one of ours.
fn frozen_name(column: Column) -> Option<String> {
    match column {
        Column::GradeLevel => Some("frozen_grade".to_owned()),
        Column::RaceEthnicity => Some("frozen_race".to_owned()),
        Column::Gender => Some("frozen_gender".to_owned()),
        column => {
            let flag = FLAG_COLUMNS.iter().position(|flag| *flag == column)?;
            Some(format!("frozen_flag{flag}"))
        }
    }
}

/// The groups of a row, by slot; NULL where it is in none.
fn slots(pushdown: &Pushdown<'_>) -> String {
    let of = |column| if pushdown.has(column) { base(column) } else { "NULL::integer".to_owned() };
    // The last race and gender is the unknown one.
    let one = |first: usize, end: usize, column| {
        let last = end - first - 1;
        format!("({first} + least(coalesce({}, {last}), {last}))", of(column))
    };
    let mut all = vec![
        format!("({GRADE} + grade)"),
        one(RACE, GENDER, Column::RaceEthnicity),
        one(GENDER, FLAG, Column::Gender),
    ];
    for (position, column) in FLAG_COLUMNS.into_iter().enumerate() {
        all.push(format!("(CASE WHEN {} = 1 THEN {} END)", of(column), FLAG + position));
    }
    all.join(", ")
}

/// Whether a row is counted.
fn counted(tally: &CountTally) -> String {
    let mut all = vec![of_grades(tally.grades)];
    all.extend(tally.population.map(node_column));
    match tally.select {
        Select::Everyone => {}
        Select::Known(node) => all.push(format!("{} IS NOT NULL", node_column(node))),
        Select::Yes(node) => all.push(node_column(node)),
    }
    format!("coalesce({}, false)", all.join(" AND "))
}

fn of_grades(grades: GradeSet) -> String {
    let grades: Vec<String> = grades.iter().map(|grade| grade.index().to_string()).collect();
    format!("grade = ANY('{{{}}}'::integer[])", grades.join(","))
}

/// A bounded value less the middle of its bounds, in fixed point, unrounded.
fn distance(tally: &SumTally) -> String {
    let (low, high) = (cell::double(tally.low), cell::double(tally.high));
    let center = cell::double(f64::midpoint(tally.low, tally.high));
    let scale = cell::double(FIXED_POINT as f64);
    let value = node_column(tally.value);
    format!("(least(greatest({value}, {low}), {high}) - {center}) * {scale}")
}

/// Halves are rounded away from zero, as the kernel does and the server's own
/// `round` does not.
fn rounded(at: usize, tally: &SumTally) -> String {
    let counted = tally.counted;
    format!(
        "CASE WHEN t{counted} THEN (trunc(d{at}) + CASE WHEN abs(d{at} - trunc(d{at})) >= 0.5 \
         THEN sign(d{at}) ELSE 0 END)::bigint ELSE 0 END"
    )
}

/// How many operations deep each node is.
fn depths(graph: &Graph) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let below = operands(node).into_iter().flatten().map(|operand| depths[operand] + 1).max();
        depths.push(below.unwrap_or(0));
    }
    depths
}

fn node_column(id: NodeId) -> String {
    format!("n{id}")
}

fn text_column(column: Column) -> String {
    format!("x_{}", column.name())
}

fn base(column: Column) -> String {
    format!("c_{}", column.name())
}
