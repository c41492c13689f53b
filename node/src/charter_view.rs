//! A charter in words for the people who approve it: what would leave, how
//! often, what it costs, and what changed since the last approval.

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
    /// What would be released.
    pub programs: Vec<ProgramView>,
    /// Student groups that the district's records of the year cannot tell, a
    /// sentence each.
    pub absent_groups: Vec<String>,
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
        let tier = charter.policy.budget.for_enrollment(directory.enrollment_of(member));
        let delta = tier.map_or(1e-6, |tier| tier.delta);
        let programs = charter
            .policy
            .programs
            .iter()
            .map(|program| program_view(charter, directory, member, program, columns, budget))
            .collect::<Result<_, _>>()?;
        let absent = absent_groups(charter, |_| true, columns);
        Ok(Self {
            absent_groups: absent.iter().map(ToString::to_string).collect(),
            epsilon: charter.policy.budget.epsilon,
            delta,
            budget_pico_rho: budget,
            epsilon_of_13_years: budget::epsilon_for(PicoRho(budget.0 * YEARS), delta),
            schools: directory.schools_of(member).count(),
            programs,
        })
    }
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

/// What is different in `current` from the approved charter, one line each.
pub fn changes(approved: &Charter, current: &Charter) -> Vec<String> {
    let mut lines = Vec::new();
    let (before, after) = (&approved.policy, &current.policy);
    if approved.school_year != current.school_year {
        lines.push(format!("school year: {} → {}", approved.school_year, current.school_year));
    }
    if (before.budget.epsilon - after.budget.epsilon).abs() > 0.0 {
        lines.push(format!("epsilon: {} → {}", before.budget.epsilon, after.budget.epsilon));
    } else if before.budget != after.budget {
        lines.push("the budget's tiers changed".to_owned());
    }
    if before.publication != after.publication {
        lines.push(format!("publication: {:?} → {:?}", before.publication, after.publication));
    }
    for program in &after.programs {
        match approved.program(&program.id) {
            None => lines.push(format!("new program {}", program.id)),
            Some(old) if old != program => lines.push(program_change(old, program)),
            Some(_) => {}
        }
    }
    for program in &before.programs {
        if current.program(&program.id).is_none() {
            lines.push(format!("program {} is gone", program.id));
        }
    }
    for measure in &current.catalogue.measures {
        match approved.measure(&measure.id) {
            None => lines.push(format!("new measure {}", measure.id)),
            Some(old) if old.hash() != measure.hash() => {
                lines.push(format!("the definition of {} changed", measure.id));
            }
            Some(_) => {}
        }
    }
    for population in &current.catalogue.populations {
        let old = approved.population(&population.id);
        if old.is_some_and(|old| old.hash() != population.hash()) {
            lines.push(format!("the definition of {} changed", population.id));
        }
    }
    for (what, changed) in [
        (
            "the constants of the catalogue",
            approved.catalogue.constants != current.catalogue.constants,
        ),
        ("the growth models", before.growth != after.growth),
        ("when estimates are shown", before.display != after.display),
        ("what makes schools alike", before.similar != after.similar),
        ("how programs are divided by group", before.margin_profile != after.margin_profile),
        ("the time zone", before.time_zone != after.time_zone),
    ] {
        if changed {
            lines.push(format!("{what} changed"));
        }
    }
    lines
}

fn program_change(old: &Program, new: &Program) -> String {
    let mut parts = Vec::new();
    if old.share != new.share {
        let percent = |share: u32| f64::from(share) / 100.0;
        parts.push(format!("share {} % → {} %", percent(old.share), percent(new.share)));
    }
    if old.periods != new.periods {
        parts.push("calendar".to_owned());
    }
    if old.grades != new.grades {
        parts.push(format!("grades {} → {}", old.grades, new.grades));
    }
    if old.kind != new.kind || old.margins != new.margins {
        parts.push("what it releases".to_owned());
    }
    format!("program {}: {}", new.id, parts.join(", "))
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{
        catalogue::Catalogue, charter::Policy, names::ConsortiumId, units::SchoolYear,
    };

    use super::*;

    #[test]
    fn every_kind_of_change_is_named() {
        let school_year = SchoolYear::ending(2026).unwrap();
        let approved = Charter {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        };
        assert!(changes(&approved, &approved).is_empty());
        let mut current = approved.clone();
        current.policy.budget.epsilon = 8.0;
        current.policy.programs[1].share += 100;
        let gone = current.policy.programs.pop().unwrap();
        current.catalogue.measures[0].label.push('!');
        let lines = changes(&approved, &current).join("\n");
        for part in
            ["epsilon: 4 → 8", "share 4 % → 5 %", gone.id.as_str(), "chronic_absence changed"]
        {
            assert!(lines.contains(part), "{part} is missing from {lines}");
        }
    }
}
