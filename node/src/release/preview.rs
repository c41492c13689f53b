//! What would leave and what it would cost: from charter and directory alone,
//! drawing nothing and looking at no student.

use peerlight_proto::{
    charter::Charter,
    directory::Directory,
    group::Margin,
    layout::{LayoutError, ReleaseLayout, release_layout, year_budget},
    names::{MemberId, PeriodId, ProgramId},
    units::{GradeSet, PicoRho},
};
use serde::Serialize;

/// Version of the JSON form of [`Preview`].
pub const SCHEMA_VERSION: u32 = 1;

/// Everything a member would send in a year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// Version of this form.
    pub schema_version: u32,
    /// One row a margin of each program and period.
    pub programs: Vec<PreviewRow>,
    /// What each grade has in the whole year.
    pub budget_pico_rho: PicoRho,
}

/// One margin of one release.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PreviewRow {
    /// The program.
    pub program: ProgramId,
    /// Its period.
    pub period: PeriodId,
    /// How schools are split.
    pub margin: Margin,
    /// What is measured: a measure's or population's id.
    pub measure: String,
    /// Grades whose ledgers pay.
    pub grades: GradeSet,
    /// Integers sent.
    pub cells: usize,
    /// Largest squared change by one student, in squared units of the integers.
    pub l2_squared: u64,
    /// Standard deviation of the noise, in units of the integers; exact.
    pub sigma: f64,
    /// What each grade pays.
    pub pico_rho: PicoRho,
}

impl Preview {
    /// Rows of these layouts.
    pub fn of<'a>(
        layouts: impl IntoIterator<Item = &'a ReleaseLayout>,
        budget_pico_rho: PicoRho,
    ) -> Self {
        let programs = layouts.into_iter().flat_map(rows).collect();
        Self { schema_version: SCHEMA_VERSION, programs, budget_pico_rho }
    }

    /// Rows of every program and period of a charter that `offered` holds for.
    /// A program for which the member has no school is left out.
    pub fn of_year(
        charter: &Charter,
        directory: &Directory,
        member: &MemberId,
        offered: impl Fn(&ProgramId) -> bool,
    ) -> Result<Self, LayoutError> {
        let mut layouts = Vec::new();
        for program in charter.policy.programs.iter().filter(|program| offered(&program.id)) {
            for period in &program.periods {
                match release_layout(charter, directory, member, &program.id, &period.id) {
                    Ok(layout) => layouts.push(layout),
                    Err(LayoutError::NoSchools(..)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(Self::of(&layouts, year_budget(charter, directory, member)))
    }
}

fn rows(layout: &ReleaseLayout) -> impl Iterator<Item = PreviewRow> {
    layout.blocks.iter().map(|block| PreviewRow {
        program: layout.program.clone(),
        period: layout.period.clone(),
        margin: block.margin,
        measure: layout.measure.clone(),
        grades: layout.grades,
        cells: block.cells(),
        l2_squared: block.l2_squared,
        sigma: block.sigma.units(),
        pico_rho: block.pico_rho,
    })
}
