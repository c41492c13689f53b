//! What precision a district would get, by preset and calendar: from public
//! sizes of schools alone, before it joins. Draws nothing, looks at no student,
//! calls nobody.

use peerlight_node_engine::privacy::precision::{self, Calendar};
use peerlight_proto::{
    catalogue::Value,
    charter::{Budget, Charter, CharterError},
    directory::Directory,
    layout::{LayoutError, year_budget},
    names::MemberId,
    units::PicoRho,
};
use serde::Serialize;

use crate::charter_view;

/// Every preset, strictest first.
pub const PRESETS: [&str; 3] = ["strict", "standard", "detailed"];

/// What one preset would give.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PresetPlan {
    /// Its name.
    pub preset: String,
    /// Epsilon per student and reporting year.
    pub epsilon: f64,
    /// Delta for a district of this size.
    pub delta: f64,
    /// The year's budget of every grade.
    pub budget_pico_rho: PicoRho,
    /// What thirteen school years compose to.
    pub epsilon_of_13_years: f64,
    /// One row a school, measure, group and calendar.
    pub figures: Vec<Figure>,
}

/// How precise one measure of one group of one school would be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The school.
    pub school_id: String,
    /// Its public enrolment.
    pub enrollment: u32,
    /// The program.
    pub program: String,
    /// What it measures, for people.
    pub measure: String,
    /// Unit of the half-width.
    pub unit: String,
    /// The group.
    pub group: String,
    /// `annual`, `monthly` or `weekly` for programs of a running school year;
    /// `charter` for every other one.
    pub calendar: &'static str,
    /// Releases a year.
    pub releases: u32,
    /// Students it is about, by public numbers.
    pub students: f64,
    /// Half-width of the 95 % interval from privacy noise alone; absent where
    /// there are too few students.
    pub half_width: Option<f64>,
}

/// A plan that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// There is no such preset.
    #[error("there is no preset \"{0}\": use strict, standard or detailed")]
    Preset(String),
    /// The policy file cannot be used.
    #[error("{path} cannot be used: {problem}")]
    File {
        /// The file.
        path: String,
        /// Why, and where.
        problem: String,
    },
    /// The charter is not sound.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// A program has no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// What a preset would give a member's schools under this charter.
pub fn plan(
    charter: &Charter,
    directory: &Directory,
    member: &MemberId,
    preset: &str,
) -> Result<PresetPlan, PlanningError> {
    let mut charter = charter.clone();
    charter.policy.budget =
        Budget::preset(preset).ok_or_else(|| PlanningError::Preset(preset.to_owned()))?;
    charter.check()?;
    let mut figures = Vec::new();
    for calendar in Calendar::ALL {
        let changed = precision::with_calendar(&charter, calendar);
        let rows = precision::of_charter(&changed, directory, member)?;
        figures.extend(rows.into_iter().filter_map(|row| {
            let program = charter.program(&row.program)?;
            let in_year = precision::is_in_year(&charter, program);
            // Programs that no calendar changes are stated once.
            let stated = in_year || calendar == Calendar::ALL[0];
            stated.then(|| Figure {
                enrollment: directory
                    .school(&row.school)
                    .and_then(|school| school.enrollment)
                    .unwrap_or(0),
                school_id: row.school.to_string(),
                program: row.program.to_string(),
                measure: charter_view::label(&charter, &program.kind),
                unit: match charter.measure(&row.measure).map(|it| &it.value) {
                    Some(Value::Mean { unit, .. }) => unit.clone(),
                    Some(Value::Rate { .. }) => "percentage points".to_owned(),
                    None => "percentiles".to_owned(),
                },
                group: row.group.to_string(),
                calendar: if in_year { calendar.as_str() } else { "charter" },
                releases: row.releases,
                students: row.students,
                half_width: row.half_width,
            })
        }));
    }
    let budget = year_budget(&charter, directory, member);
    let delta = charter_view::delta(&charter, directory, member);
    Ok(PresetPlan {
        preset: preset.to_owned(),
        epsilon: charter.policy.budget.epsilon,
        delta,
        budget_pico_rho: budget,
        epsilon_of_13_years: charter_view::epsilon_of_schooling(budget, delta),
        figures,
    })
}

/// The smallest, the middle and the largest school of a plan, by enrolment:
/// what a page or a screen has room for.
pub fn examples(figures: &[Figure]) -> Vec<String> {
    let mut sizes: Vec<(u32, &str)> =
        figures.iter().map(|it| (it.enrollment, it.school_id.as_str())).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let Some(last) = sizes.len().checked_sub(1) else { return Vec::new() };
    let mut chosen = vec![0, last / 2, last];
    chosen.dedup();
    chosen.into_iter().map(|position| sizes[position].1.to_owned()).collect()
}

/// One preset in words.
pub fn charter_line(plan: &PresetPlan) -> String {
    format!(
        "{}: epsilon {} per student and school year (delta {:e}); thirteen school years compose \
         to about epsilon {:.0}.",
        plan.preset, plan.epsilon, plan.delta, plan.epsilon_of_13_years
    )
}

/// A half-width for people.
pub fn half_width(half_width: Option<f64>) -> String {
    half_width.map_or_else(|| "too few".to_owned(), |it| format!("±{it:.1}"))
}
