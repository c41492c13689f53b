//! Compiles what is asked for into one graph and one list of tallies, and
//! reads the answers back in the order of the layouts.
//!
//! A plan refuses what the records cannot answer before any row is read: a
//! declared measure whose column is missing blocks its release with a
//! sentence.

use peerlight_proto::{
    catalogue::Value,
    charter::{Charter, ProgramKind},
    directory::Directory,
    group::StudentGroup,
    layout::{FIXED_POINT, GROWTH_COUNT_WEIGHT, Quantity, ReleaseLayout},
    names::{MeasureId, MemberId, ProgramId, SchoolId},
    units::GradeSet,
};

use super::{
    define::{grades_of, measure_columns, program_columns, require, undefined},
    expression::ExpressionError,
    growth::{self, Subject},
    kernel::{Counter, FLAG_COLUMNS},
    node::{Graph, Node},
    tally::{HistogramTally, Tallies, Totals},
};
use crate::{
    growth::percentile::PercentileTables,
    privacy::exact::ExactRelease,
    student::{Column, ColumnSet},
};

/// Why nothing can be counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A definition of the charter is refused.
    #[error("the definition of {name} {source}")]
    Definition {
        /// The population or measure.
        name: String,
        /// Why.
        source: ExpressionError,
    },
    /// A bounded value has no proper bounds.
    #[error("the definition of {0} needs finite bounds, the low one below the high one")]
    Unbounded(MeasureId),
    /// A constant or setting would be read where a column is meant.
    #[error("the constant or setting {0} has the name of a column: give it another")]
    Hidden(String),
    /// A program names what the charter does not define.
    #[error("the charter does not define {what}, which {wanted_by} needs")]
    Undefined {
        /// What is missing.
        what: String,
        /// Who asks for it.
        wanted_by: String,
    },
    /// The records lack columns.
    #[error(
        "{wanted_by} needs the column {columns}, which the imported records of the year do not have: \
         import them, or approve the charter again without it"
    )]
    MissingColumns {
        /// The program or measure.
        wanted_by: String,
        /// The columns, separated by commas.
        columns: String,
    },
    /// The growth round is not closed.
    #[error("{0} waits for the growth tables, which the hub publishes when it closes the round")]
    NoTables(ProgramId),
    /// A step of a running count, which one count cannot give.
    #[error("program {0} is a running count: its steps are made from the contribution journal")]
    Stream(ProgramId),
    /// A running count of something that a student neither has nor has not.
    #[error("program {0} is a running count, but not of a rate: tell the hub's operator")]
    NoStatus(ProgramId),
}

/// What to count for one district, compiled.
#[derive(Debug)]
pub struct CountPlan {
    pub(super) graph: Graph,
    pub(super) subjects: Vec<Subject>,
    pub(super) tallies: Tallies,
    pub(super) school_year: f64,
    pub(super) measures: Vec<LocalMeasure>,
    schools: Vec<SchoolId>,
    served: Vec<GradeSet>,
    outputs: Vec<Output>,
    /// The tally of each running count's status.
    statuses: Vec<usize>,
}

/// One layout and where its integers come from.
#[derive(Debug)]
struct Output {
    layout: ReleaseLayout,
    source: Source,
}

/// Positions of tallies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Count(usize),
    Rate { success: usize, counted: usize },
    Mean { sum: usize, counted: usize },
    Growth { sum: usize, counted: usize },
    Histogram(usize),
}

/// One line of the local table.
#[derive(Clone, Debug)]
pub(super) struct LocalMeasure {
    pub(super) id: MeasureId,
    pub(super) grades: GradeSet,
    pub(super) source: Source,
    /// Middle of the bounds of a mean.
    pub(super) center: f64,
}

impl CountPlan {
    /// A plan for the integers of `layouts`, of the member's schools in the
    /// directory. `columns` are those the records have, resolved prior scores
    /// included.
    pub fn new(
        charter: &Charter,
        directory: &Directory,
        member: &MemberId,
        layouts: &[ReleaseLayout],
        tables: Option<&PercentileTables>,
        columns: ColumnSet,
    ) -> Result<Self, PlanError> {
        let mut plan = Self::empty(charter, directory, member);
        for layout in layouts {
            let wanted_by = format!("program {}", layout.program);
            let program = charter.program(&layout.program);
            let program = program.ok_or_else(|| undefined(&layout.program, &wanted_by))?;
            require(program_columns(charter, &program.id)?, columns, &wanted_by)?;
            // See `with_streams`.
            if layout.step().is_some() {
                return Err(PlanError::Stream(program.id.clone()));
            }
            let grades = program.grades;
            let source = match &program.kind {
                ProgramKind::Count { population } => {
                    Source::Count(plan.population(charter, population, grades)?)
                }
                ProgramKind::Measure { measure } => plan.measure(charter, measure, grades)?,
                ProgramKind::GrowthMean { subject } => {
                    let position = plan.subject(charter, subject, tables)?;
                    if !plan.subjects[position].has_tables() {
                        return Err(PlanError::NoTables(program.id.clone()));
                    }
                    plan.growth(position, grades)
                }
                ProgramKind::GrowthHistogram { subject } => {
                    let position = plan.subject(charter, subject, tables)?;
                    let cells =
                        layout.blocks.first().map_or(0, |block| block.quantity.components());
                    let cell = plan.graph.add(Node::GrowthCell(position));
                    Source::Histogram(plan.tallies.histogram(HistogramTally {
                        cell,
                        grades,
                        cells,
                    }))
                }
            };
            plan.outputs.push(Output { layout: layout.clone(), source });
        }
        Ok(plan)
    }

    /// The same plan, which also notes which students have the status that each
    /// of these running counts counts: see [`Counter::holders`].
    pub fn with_streams(
        mut self,
        charter: &Charter,
        layouts: &[ReleaseLayout],
        columns: ColumnSet,
    ) -> Result<Self, PlanError> {
        for layout in layouts {
            let id = &layout.program;
            let wanted_by = format!("program {id}");
            let program = charter.program(id).ok_or_else(|| undefined(id, &wanted_by))?;
            require(program_columns(charter, id)?, columns, &wanted_by)?;
            let ProgramKind::Measure { measure } = &program.kind else {
                return Err(PlanError::NoStatus(id.clone()));
            };
            // In the population and a success; what is missing is neither.
            let Source::Rate { success, .. } = self.measure(charter, measure, program.grades)?
            else {
                return Err(PlanError::NoStatus(id.clone()));
            };
            self.statuses.push(success);
        }
        Ok(self)
    }

    /// A plan for the exact values of every measure of the charter that the
    /// columns allow, with or without a program, and of every growth measure
    /// that has tables. A measure counts the grades of its first program, else
    /// its own.
    pub fn local(
        charter: &Charter,
        directory: &Directory,
        member: &MemberId,
        tables: Option<&PercentileTables>,
        columns: ColumnSet,
    ) -> Result<Self, PlanError> {
        Self::local_of(charter, directory, member, tables, columns, |_| true)
    }

    /// The same of the measures that are `wanted`.
    pub(super) fn local_of(
        charter: &Charter,
        directory: &Directory,
        member: &MemberId,
        tables: Option<&PercentileTables>,
        columns: ColumnSet,
        wanted: impl Fn(&MeasureId) -> bool,
    ) -> Result<Self, PlanError> {
        let mut plan = Self::empty(charter, directory, member);
        for measure in charter.catalogue.measures.iter().filter(|it| wanted(&it.id)) {
            if !measure_columns(charter, &measure.id)?.minus(columns).is_empty() {
                continue;
            }
            let asks = |kind: &ProgramKind| matches!(kind, ProgramKind::Measure { measure: id } if *id == measure.id);
            let grades = grades_of(charter, asks).or(measure.grades).unwrap_or(GradeSet::ALL);
            let source = plan.measure(charter, &measure.id, grades)?;
            let center = match &measure.value {
                Value::Rate { .. } => 0.0,
                Value::Mean { low, high, .. } => f64::midpoint(*low, *high),
            };
            plan.measures.push(LocalMeasure { id: measure.id.clone(), grades, source, center });
        }
        for (id, model) in charter.policy.growth.iter().filter(|(_, it)| wanted(&it.measure)) {
            let is_there =
                growth::needed(id, model).is_some_and(|set| set.minus(columns).is_empty());
            let position = plan.subject(charter, id, tables)?;
            if !is_there || !plan.subjects[position].has_tables() {
                continue;
            }
            let asks = |kind: &ProgramKind| matches!(kind, ProgramKind::GrowthMean { subject } if subject == id);
            let grades = grades_of(charter, asks).unwrap_or(GradeSet::ALL);
            let source = plan.growth(position, grades);
            let line = LocalMeasure { id: model.measure.clone(), grades, source, center: 50.0 };
            plan.measures.push(line);
        }
        Ok(plan)
    }

    /// The schools that are counted: a chunk names each by its position here.
    pub fn schools(&self) -> &[SchoolId] {
        &self.schools
    }

    /// The columns to read, where the records have them.
    pub fn columns(&self) -> ColumnSet {
        let groups =
            [Column::GradeLevel, Column::GradeAssessed, Column::RaceEthnicity, Column::Gender];
        let groups: ColumnSet = groups.into_iter().chain(FLAG_COLUMNS).collect();
        self.read_columns().union(groups)
    }

    /// The columns that expressions and growth read.
    pub(super) fn read_columns(&self) -> ColumnSet {
        let subjects = self.subjects.iter().map(Subject::columns);
        subjects.fold(self.graph.columns(), ColumnSet::union)
    }

    /// A counter that has seen nothing yet.
    pub fn counter(&self) -> Counter<'_> {
        Counter::new(self)
    }

    /// The tally of each running count's status.
    pub(super) fn statuses(&self) -> &[usize] {
        &self.statuses
    }

    /// Whether a school is in the layouts of a program of these grades.
    pub(super) fn is_counted(&self, school: usize, grades: GradeSet) -> bool {
        self.served.get(school).is_some_and(|served| served.meets(grades))
    }

    /// The integers of every layout.
    pub(super) fn releases(&self, totals: &Totals) -> Vec<ExactRelease> {
        self.outputs.iter().map(|output| self.release(output, totals)).collect()
    }

    fn release(&self, output: &Output, totals: &Totals) -> ExactRelease {
        let grades = output.layout.grades;
        // As in the layout: a school that serves none of the grades is not in
        // it, and its students are in no total of the district either.
        let counted: Vec<usize> =
            (0..self.schools.len()).filter(|school| self.is_counted(*school, grades)).collect();
        let blocks = output.layout.blocks.iter().map(|block| {
            let mut integers = Vec::with_capacity(block.cells());
            if let Source::Histogram(tally) = output.source {
                for group in &block.groups {
                    let StudentGroup::Grade(grade) = group else { continue };
                    let cells = block.quantity.components();
                    let first = grade.index() * cells;
                    integers.extend(&totals.histograms[tally][first..first + cells]);
                }
                return integers;
            }
            let units: Vec<&[usize]> = if block.margin.is_by_school() {
                counted.chunks(1).collect()
            } else {
                vec![&counted]
            };
            for unit in units {
                for group in &block.groups {
                    integers.extend(cell(output.source, &block.quantity, totals, unit, *group));
                }
            }
            integers
        });
        ExactRelease::from_blocks(blocks.collect())
    }

    fn empty(charter: &Charter, directory: &Directory, member: &MemberId) -> Self {
        let schools = || directory.schools_of(member);
        Self {
            graph: Graph::default(),
            subjects: Vec::new(),
            tallies: Tallies::default(),
            school_year: f64::from(charter.school_year.ending_year()),
            measures: Vec::new(),
            schools: schools().map(|school| school.id.clone()).collect(),
            served: schools().map(|school| school.grades).collect(),
            outputs: Vec::new(),
            statuses: Vec::new(),
        }
    }
}

/// The integers of one group of a school, or of several schools added up.
fn cell(
    source: Source,
    quantity: &Quantity,
    totals: &Totals,
    schools: &[usize],
    group: StudentGroup,
) -> impl Iterator<Item = i64> {
    let count =
        |tally| schools.iter().map(|school| totals.count(*school, group, tally)).sum::<i64>();
    let sum = |tally| schools.iter().map(|school| totals.sum(*school, group, tally)).sum::<i64>();
    let weighted = |counted| count(counted) * GROWTH_COUNT_WEIGHT * FIXED_POINT;
    let cell = match source {
        Source::Count(tally) => [count(tally), 0],
        // Successes less failures: a student of whom the success is not known
        // is in neither.
        Source::Rate { success, counted } => [2 * count(success) - count(counted), 0],
        Source::Mean { sum: tally, .. } => [sum(tally), 0],
        Source::Growth { sum: tally, counted } => [sum(tally), weighted(counted)],
        Source::Histogram(_) => [0, 0],
    };
    cell.into_iter().take(quantity.components())
}
