//! From the charter's definitions to tallies, and to the columns they need.
//!
//! What a district can offer is decided by which columns it has, never by the
//! values in them.

use std::fmt::Display;

use peerlight_proto::{
    catalogue::{Catalogue, Measure, Population, Value},
    charter::{Charter, ProgramKind},
    names::{MeasureId, PopulationId, ProgramId, SubjectId},
    units::GradeSet,
};

use super::{
    expression::{Compiled, Expression, ExpressionError, Wanted, compile},
    growth::{self, Subject},
    node::{Node, NodeId},
    plan::{CountPlan, PlanError, Source},
    tally::{CountTally, Select, SumTally},
};
use crate::{
    growth::percentile::PercentileTables,
    student::{Column, ColumnSet},
};

/// Checks every definition of a charter, so that one that no node can count is
/// refused before anybody approves it.
pub fn check_catalogue(charter: &Charter) -> Result<(), PlanError> {
    let Catalogue { constants, settings, .. } = &charter.catalogue;
    // Else a definition that says days_absent would mean something else.
    let hidden = constants
        .keys()
        .chain(settings.keys())
        .find(|name| name.as_str() == "school_year" || Column::from_name(name).is_some());
    if let Some(name) = hidden {
        return Err(PlanError::Hidden(name.clone()));
    }
    for population in &charter.catalogue.populations {
        check(&charter.catalogue, population.id.as_str(), &population.condition, Wanted::Truth)?;
    }
    charter
        .catalogue
        .measures
        .iter()
        .try_for_each(|measure| value(charter, measure).map(|_| ()))?;
    charter
        .policy
        .programs
        .iter()
        .try_for_each(|program| program_columns(charter, &program.id).map(|_| ()))
}

/// The programs whose columns are all there, in the charter's order.
pub fn offered(charter: &Charter, columns: ColumnSet) -> Result<Vec<ProgramId>, PlanError> {
    let mut offered = Vec::new();
    for program in &charter.policy.programs {
        if program_columns(charter, &program.id)?.minus(columns).is_empty() {
            offered.push(program.id.clone());
        }
    }
    Ok(offered)
}

/// The columns a program cannot do without.
pub fn program_columns(charter: &Charter, program: &ProgramId) -> Result<ColumnSet, PlanError> {
    let wanted_by = format!("program {program}");
    let known = charter.program(program).ok_or_else(|| undefined(program, &wanted_by))?;
    match &known.kind {
        ProgramKind::Count { population } => population_columns(charter, population),
        ProgramKind::Measure { measure } => measure_columns(charter, measure),
        ProgramKind::GrowthHistogram { subject } | ProgramKind::GrowthMean { subject } => {
            let model = charter.policy.growth.get(subject);
            let model = model.ok_or_else(|| undefined(subject, &wanted_by))?;
            growth::needed(subject, model).ok_or_else(|| undefined(&model.score, &wanted_by))
        }
    }
}

/// The columns a measure and its population cannot do without.
pub fn measure_columns(charter: &Charter, id: &MeasureId) -> Result<ColumnSet, PlanError> {
    let measure = charter.measure(id).ok_or_else(|| undefined(id, &"the charter"))?;
    Ok(population_columns(charter, &measure.population)?.union(value(charter, measure)?))
}

fn population_columns(charter: &Charter, id: &PopulationId) -> Result<ColumnSet, PlanError> {
    let population = population(charter, id)?;
    check(&charter.catalogue, id.as_str(), &population.condition, Wanted::Truth)
}

fn population<'a>(charter: &'a Charter, id: &PopulationId) -> Result<&'a Population, PlanError> {
    charter.catalogue.population(id).ok_or_else(|| undefined(id, &"a program or measure"))
}

/// Checks a measure's value; the columns it reads.
fn value(charter: &Charter, measure: &Measure) -> Result<ColumnSet, PlanError> {
    let id = measure.id.as_str();
    match &measure.value {
        Value::Rate { success } => check(&charter.catalogue, id, success, Wanted::Truth),
        Value::Mean { value, low, high, .. } => {
            if !(low.is_finite() && high.is_finite() && low < high) {
                return Err(PlanError::Unbounded(measure.id.clone()));
            }
            check(&charter.catalogue, id, value, Wanted::Number)
        }
    }
}

fn check(
    catalogue: &Catalogue,
    name: &str,
    text: &str,
    wanted: Wanted,
) -> Result<ColumnSet, PlanError> {
    Expression::check(text, wanted, catalogue)
        .map(|expression| expression.columns())
        .map_err(|source| definition(name, source))
}

fn definition(name: &str, source: ExpressionError) -> PlanError {
    PlanError::Definition { name: name.to_owned(), source }
}

pub(super) fn undefined(what: &impl Display, wanted_by: &impl Display) -> PlanError {
    PlanError::Undefined { what: what.to_string(), wanted_by: wanted_by.to_string() }
}

/// Refuses where `columns` lack one that is needed.
pub(super) fn require(
    needed: ColumnSet,
    columns: ColumnSet,
    wanted_by: &str,
) -> Result<(), PlanError> {
    let missing: Vec<&str> = needed.minus(columns).iter().map(Column::name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(PlanError::MissingColumns { wanted_by: wanted_by.to_owned(), columns: missing.join(", ") })
}

/// The grades of the first program of a kind, if there is one.
pub(super) fn grades_of(
    charter: &Charter,
    asks: impl Fn(&ProgramKind) -> bool,
) -> Option<GradeSet> {
    let program = charter.policy.programs.iter().find(|program| asks(&program.kind));
    program.map(|program| program.grades)
}

impl CountPlan {
    /// The tally of a population.
    pub(super) fn population(
        &mut self,
        charter: &Charter,
        id: &PopulationId,
        grades: GradeSet,
    ) -> Result<usize, PlanError> {
        let condition = Some(self.condition(charter, id)?);
        Ok(self.count(condition, Select::Everyone, grades))
    }

    /// The tallies of a measure.
    pub(super) fn measure(
        &mut self,
        charter: &Charter,
        id: &MeasureId,
        grades: GradeSet,
    ) -> Result<Source, PlanError> {
        let measure = charter.measure(id).ok_or_else(|| undefined(id, &"a program"))?;
        value(charter, measure)?;
        let population = Some(self.condition(charter, &measure.population)?);
        Ok(match &measure.value {
            Value::Rate { success } => {
                let node = self.compile(charter, id.as_str(), success, Wanted::Truth)?;
                Source::Rate {
                    success: self.count(population, Select::Yes(node), grades),
                    counted: self.count(population, Select::Known(node), grades),
                }
            }
            Value::Mean { value, low, high, .. } => {
                let node = self.compile(charter, id.as_str(), value, Wanted::Number)?;
                let counted = self.has_number(population, node, grades);
                let tally = SumTally { value: node, counted, low: *low, high: *high };
                Source::Mean { sum: self.tallies.sum(tally), counted }
            }
        })
    }

    /// The position of a growth subject, added if it is new.
    pub(super) fn subject(
        &mut self,
        charter: &Charter,
        id: &SubjectId,
        tables: Option<&PercentileTables>,
    ) -> Result<usize, PlanError> {
        if let Some(position) = self.subjects.iter().position(|subject| subject.id == *id) {
            return Ok(position);
        }
        let subject = Subject::new(charter, id, tables);
        self.subjects.push(subject.ok_or_else(|| undefined(id, &"a growth program"))?);
        Ok(self.subjects.len() - 1)
    }

    /// The tallies of a subject's growth percentiles.
    pub(super) fn growth(&mut self, subject: usize, grades: GradeSet) -> Source {
        let value = self.graph.add(Node::GrowthPercentile(subject));
        let counted = self.has_number(None, value, grades);
        let tally = SumTally { value, counted, low: 0.0, high: 100.0 };
        Source::Growth { sum: self.tallies.sum(tally), counted }
    }

    /// A population's condition.
    pub(super) fn condition(
        &mut self,
        charter: &Charter,
        id: &PopulationId,
    ) -> Result<NodeId, PlanError> {
        let text = &population(charter, id)?.condition;
        self.compile(charter, id.as_str(), text, Wanted::Truth)
    }

    /// The last node of an expression.
    pub(super) fn compile(
        &mut self,
        charter: &Charter,
        name: &str,
        text: &str,
        wanted: Wanted,
    ) -> Result<NodeId, PlanError> {
        let Compiled { root, .. } = compile(text, wanted, &charter.catalogue, &mut self.graph)
            .map_err(|source| definition(name, source))?;
        Ok(root)
    }

    fn count(&mut self, population: Option<NodeId>, select: Select, grades: GradeSet) -> usize {
        self.tallies.count(CountTally { population, select, grades })
    }

    /// The tally of rows of a population whose number is not missing.
    fn has_number(
        &mut self,
        population: Option<NodeId>,
        number: NodeId,
        grades: GradeSet,
    ) -> usize {
        let missing = self.graph.add(Node::NoNumber(number));
        let known = self.graph.add(Node::Not(missing));
        self.count(population, Select::Yes(known), grades)
    }
}
