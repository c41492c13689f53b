//! What would leave and what it would cost: from charter and directory alone,
//! drawing nothing and looking at no student.

use std::collections::BTreeSet;

use peerlight_proto::{
    charter::{Charter, Period},
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
    /// Releases that its price pays for: those of a running count that are
    /// still to come, else 1.
    pub releases: usize,
    /// Integers sent in each.
    pub cells: usize,
    /// Largest squared change by one student, in squared units of the integers;
    /// 0 where it was paid for before.
    pub l2_squared: u64,
    /// Standard deviation of the noise, in units of the integers; exact.
    pub sigma: f64,
    /// What each grade pays.
    pub pico_rho: PicoRho,
}

impl Preview {
    /// Rows of every program and period of a charter that `offered` holds for.
    /// A program for which the member has no school is left out. A running
    /// count is there once, at its first step that is not among `drawn`, for
    /// all the steps from there.
    ///
    /// Over the rows of a program, the sum of `l2_squared / (2 sigma^2)` is
    /// what the ledger will be charged.
    pub fn of_year(
        charter: &Charter,
        directory: &Directory,
        member: &MemberId,
        drawn: &BTreeSet<(ProgramId, PeriodId)>,
        offered: impl Fn(&ProgramId) -> bool,
    ) -> Result<Self, LayoutError> {
        let mut programs = Vec::new();
        for program in charter.policy.programs.iter().filter(|program| offered(&program.id)) {
            let mut periods: Vec<&Period> = program.periods.iter().collect();
            let mut releases = 1;
            if program.continual.is_some() {
                let is_drawn = |it: &&Period| drawn.contains(&(program.id.clone(), it.id.clone()));
                periods.retain(|it| !is_drawn(it));
                releases = periods.len();
                periods.truncate(1);
            }
            for period in periods {
                match release_layout(charter, directory, member, &program.id, &period.id) {
                    Ok(layout) => programs.extend(rows(&layout, releases)),
                    Err(LayoutError::NoSchools(..)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let budget_pico_rho = year_budget(charter, directory, member);
        Ok(Self { schema_version: SCHEMA_VERSION, programs, budget_pico_rho })
    }
}

fn rows(layout: &ReleaseLayout, releases: usize) -> impl Iterator<Item = PreviewRow> {
    layout.blocks.iter().map(move |block| PreviewRow {
        program: layout.program.clone(),
        period: layout.period.clone(),
        margin: block.margin,
        measure: layout.measure.clone(),
        grades: layout.grades,
        releases,
        cells: block.cells(),
        l2_squared: if block.quantity.is_paid_for() { 0 } else { block.l2_squared },
        sigma: block.sigma.units(),
        pico_rho: block.pico_rho,
    })
}
