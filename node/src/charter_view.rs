//! A charter in words for the people who approve it: what would leave, how
//! often, what it costs, and what changed since the last approval.

mod change;

pub use change::changes;
use peerlight_node_engine::{
    measure::{PlanError, absent_groups, program_columns},
    student::ColumnSet,
};
use peerlight_proto::{
    budget,
    charter::{Charter, Program, ProgramKind},
    directory::Directory,
    layout::{LayoutError, release_layout, year_budget},
    names::MemberId,
    units::PicoRho,
};
use serde::Serialize;

/// School years from transitional kindergarten to graduation.
const YEARS: u64 = 13;

/// What a charter asks of one member.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CharterView {
    /// Epsilon per student and reporting year.
    pub epsilon: f64,
    /// Delta for a district of this size.
    pub delta: f64,
    /// The year's budget of every grade.
    pub budget_pico_rho: PicoRho,
    /// What all the years of a student's schooling compose to.
    pub epsilon_of_13_years: f64,
    /// The member's schools in the directory.
    pub schools: usize,
    /// Releases in the year, of everything the district could offer.
    pub releases: usize,
    /// Numbers that leave in all of them.
    pub numbers: usize,
    /// What is kept back of every grade's year, if anything is.
    pub reserve: Option<ReserveView>,
    /// What would be released.
    pub programs: Vec<ProgramView>,
    /// Student groups that the district's records of the year cannot tell, a
    /// sentence each.
    pub absent_groups: Vec<String>,
}

/// The part of the year that is kept back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReserveView {
    /// Its share of the year's budget, percent.
    pub percent_of_year: f64,
    /// How many corrections, or the consortium's question, it pays for.
    pub releases: u32,
}

/// One program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgramView {
    /// Its id.
    pub program: String,
    /// What it releases, for people.
    pub label: String,
    /// Grades whose students count.
    pub grades: String,
    /// From when it is released, civil dates in the charter's zone.
    pub due: Vec<String>,
    /// Numbers that leave each time.
    pub cells: usize,
    /// What each of its grades pays in the year.
    pub pico_rho: PicoRho,
    /// Its share of the year's budget, percent.
    pub percent_of_year: f64,
    /// Columns that the district's records of the year lack.
    pub missing_columns: Vec<&'static str>,
}

impl CharterView {
    /// A charter as it concerns one member with these columns.
    pub fn new(
        charter: &Charter,
        directory: &Directory,
        member: &MemberId,
        columns: ColumnSet,
    ) -> Result<Self, ViewError> {
        let budget = year_budget(charter, directory, member);
        let delta = delta(charter, directory, member);
        let programs = charter
            .policy
            .programs
            .iter()
            .map(|program| program_view(charter, directory, member, program, columns, budget))
            .collect::<Result<Vec<ProgramView>, _>>()?;
        let released = || programs.iter().filter(|program| program.cells > 0);
        let absent = absent_groups(charter, |_| true, columns);
        Ok(Self {
            absent_groups: absent.iter().map(ToString::to_string).collect(),
            epsilon: charter.policy.budget.epsilon,
            delta,
            budget_pico_rho: budget,
            epsilon_of_13_years: epsilon_of_schooling(budget, delta),
            releases: released().map(|program| program.due.len()).sum(),
            numbers: released().map(|program| program.due.len() * program.cells).sum(),
            schools: directory.schools_of(member).count(),
            reserve: charter.policy.reserve.map(|reserve| ReserveView {
                percent_of_year: f64::from(reserve.share) / 100.0,
                releases: reserve.releases,
            }),
            programs,
        })
    }
}

/// Delta for a member of this size.
pub fn delta(charter: &Charter, directory: &Directory, member: &MemberId) -> f64 {
    let tier = charter.policy.budget.for_enrollment(directory.enrollment_of(member));
    tier.map_or(1e-6, |tier| tier.delta)
}

/// What all the years of a student's schooling compose to, each with the same
/// budget: epsilon at the delta of one of them.
pub fn epsilon_of_schooling(year: PicoRho, delta: f64) -> f64 {
    budget::epsilon_for(PicoRho(year.0.saturating_mul(YEARS)), delta)
}

/// A charter that cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// A definition is refused.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A program has no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

fn program_view(
    charter: &Charter,
    directory: &Directory,
    member: &MemberId,
    program: &Program,
    columns: ColumnSet,
    budget: PicoRho,
) -> Result<ProgramView, ViewError> {
    let mut cells = 0;
    let mut pico_rho = PicoRho(0);
    for period in &program.periods {
        match release_layout(charter, directory, member, &program.id, &period.id) {
            Ok(layout) => {
                cells = layout.cells();
                pico_rho.0 += layout.pico_rho().0;
            }
            // The district has no school of these grades.
            Err(LayoutError::NoSchools(..)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let missing = program_columns(charter, &program.id)?.minus(columns);
    Ok(ProgramView {
        program: program.id.to_string(),
        label: label(charter, &program.kind),
        grades: program.grades.to_string(),
        due: program.periods.iter().map(|period| period.due.clone()).collect(),
        cells,
        pico_rho,
        percent_of_year: pico_rho.0 as f64 / budget.0.max(1) as f64 * 100.0,
        missing_columns: missing.iter().map(peerlight_node_engine::student::Column::name).collect(),
    })
}

/// What a program releases, for people.
pub fn label(charter: &Charter, kind: &ProgramKind) -> String {
    match kind {
        ProgramKind::Count { population } => {
            let found = charter.population(population);
            found.map_or_else(|| population.to_string(), |it| format!("How many: {}", it.label))
        }
        ProgramKind::Measure { measure } => {
            let found = charter.measure(measure);
            found.map_or_else(|| measure.to_string(), |it| it.label.clone())
        }
        ProgramKind::GrowthHistogram { subject } => {
            let found = charter.policy.growth.get(subject);
            found.map_or_else(
                || subject.to_string(),
                |it| format!("{}: distribution, district total", it.label),
            )
        }
        ProgramKind::GrowthMean { subject } => {
            let found = charter.policy.growth.get(subject);
            found.map_or_else(|| subject.to_string(), |it| it.label.clone())
        }
    }
}
