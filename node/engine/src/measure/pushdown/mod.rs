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
//! [`Frozen`]; a row that the journal does not count is then in none.

mod answer;
mod cell;
mod frozen;
mod group;
mod operation;
mod relation;

use std::fmt::Write as _;

use peerlight_proto::charter::{Program, ProgramKind};

pub use self::{
    answer::Answer,
    frozen::{Frozen, row_key},
    relation::{Relation, spellings},
};
use self::{
    frozen::{FROZEN, frozen_columns, frozen_name},
    group::{counted, distance, rounded, slots},
    operation::operation,
};
use super::{
    evaluate::operands,
    node::{Graph, NodeId},
    plan::CountPlan,
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
    /// It did not find the students that were handed back to it.
    #[error(
        "the warehouse did not find every student again whom it had just named: look for ids with \
         unusual blanks around them. Nothing was counted"
    )]
    Students,
}

/// Whose cells are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Students {
    /// Those of the rows: for the district's own eyes, never for a release.
    AsTheyAre,
    /// Those that the contribution journal froze, by [`row_key`]: arguments 2 to
    /// 13 are the keys and then the arrays of a [`Frozen`]. A row whose key is
    /// not there is not counted.
    Frozen,
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
        Self::check(plan)?;
        let mut pushdown = Self { plan, relation, students, layers: Vec::new() };
        let (key, or) = match students {
            Students::AsTheyAre => (Column::SchoolId, Column::SchoolId),
            Students::Frozen => (Column::StudentId, Column::StatewideId),
        };
        let key_of = pushdown.relation.column(key).or(pushdown.relation.column(or));
        key_of.ok_or(PushdownError::NoKey(key.name()))?;
        pushdown.layers = pushdown.layers()?;
        Ok(pushdown)
    }

    /// Whether a plan can be counted in any warehouse.
    pub fn check(plan: &CountPlan) -> Result<(), PushdownError> {
        if !plan.statuses().is_empty() {
            return Err(PushdownError::Stream);
        }
        let mut nodes = plan.graph.nodes().iter();
        nodes.try_for_each(|node| operation(node, plan.school_year, |_| true).map(drop))
    }

    /// Why no warehouse can count a program, whatever its view has; `None` where
    /// one may.
    pub fn refused(program: &Program) -> Option<PushdownError> {
        match program.kind {
            ProgramKind::GrowthMean { .. } | ProgramKind::GrowthHistogram { .. } => {
                Some(PushdownError::Growth)
            }
            _ => program.continual.is_some().then_some(PushdownError::Stream),
        }
    }

    /// The columns of ours that are read.
    pub fn reads(&self) -> impl Iterator<Item = Column> {
        let wanted: ColumnSet = self.plan.columns();
        wanted.iter().filter(|column| self.relation.column(*column).is_some())
    }

    /// How many rows of each column that is read have a value that the intake
    /// would refuse, one number a column in the order of [`Self::reads`]; and
    /// last, how many rows have no id or one that another row has. If any is not
    /// zero, nothing may be counted.
    pub fn refusals(&self) -> String {
        let refused = |column: Column| {
            let refused = cell::refused(column.kind(), &text_column(column));
            format!("count(*) FILTER (WHERE {refused})")
        };
        let mut all: Vec<String> = self.reads().map(refused).collect();
        all.push(match self.relation.row_key() {
            Some(key) => format!("count(*) - count(DISTINCT {key})"),
            None => "0".to_owned(),
        });
        format!("SELECT ARRAY[{}]::bigint[] FROM ({}) AS read", all.join(", "), self.texts())
    }

    /// The count: argument 1 is the array of counted schools' ids, in their
    /// order. Its rows are for an [`Answer`].
    pub fn statement(&self) -> String {
        let from = match (self.students, self.relation.row_key()) {
            // A student is one row, whatever was asked before: sensitivity
            // stands on it.
            (Students::Frozen, Some(key)) => format!(
                "SELECT DISTINCT ON (frozen_key) * FROM ({}) AS met \
                 JOIN unnest($2::text[], {}) AS frozen({}) ON frozen_key = {key}",
                self.texts(),
                (3..3 + FROZEN)
                    .map(|at| format!("${at}::integer[]"))
                    .collect::<Vec<_>>()
                    .join(", "),
                frozen_columns().join(", "),
            ),
            _ => self.texts(),
        };
        let mut text = "(SELECT * FROM found OFFSET 0) AS layer0".to_owned();
        for (layer, columns) in (1..).zip(&self.layers) {
            // OFFSET 0 keeps the planner from writing a layer out wherever the
            // next one names it, which would double it at each step.
            let columns = columns.join(", ");
            // Writing to text cannot fail.
            let _ = write!(text, " CROSS JOIN LATERAL (SELECT {columns} OFFSET 0) AS layer{layer}");
        }
        format!(
            "WITH found AS MATERIALIZED ({from}) \
             SELECT school, slot, ARRAY[{}]::bigint[] FROM {text} \
             CROSS JOIN LATERAL (VALUES {}) AS slots(slot) \
             WHERE school IS NOT NULL AND grade IS NOT NULL AND slot IS NOT NULL \
             GROUP BY school, slot \
             UNION ALL SELECT {found}, {found}, ARRAY[count(*)]::bigint[] FROM found",
            self.totals().join(", "),
            slots(self),
            found = answer::FOUND,
        )
    }

    fn has(&self, column: Column) -> bool {
        let is_frozen = self.students == Students::Frozen && frozen_name(column).is_some();
        is_frozen || self.relation.column(column).is_some()
    }

    /// The text of every column that is read.
    fn texts(&self) -> String {
        let keys = [Column::SchoolId, Column::StudentId, Column::StatewideId].into_iter();
        let keys = keys.filter(|key| self.relation.column(*key).is_some());
        self.relation.texts(self.reads().chain(keys))
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
