//! The ledger of a reporting year, as it is shown.

use std::collections::BTreeMap;

use peerlight_node_engine::privacy::{budget::YearLedger, chain::Entry};
use peerlight_proto::{
    charter::Charter,
    names::{PeriodId, ProgramId, ReleaseId},
    units::{Grade, GradeSet, PicoRho, SchoolYear},
};
use serde::Serialize;

use super::preview::SCHEMA_VERSION;

/// What one reporting year has spent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LedgerView {
    /// Version of this form.
    pub schema_version: u32,
    /// The reporting year, by ending year.
    pub school_year: SchoolYear,
    /// Every charge, oldest first.
    pub charges: Vec<ChargeRow>,
    /// What each grade has in the whole year.
    pub budget_pico_rho: PicoRho,
    /// How many releases the charter's reserve still pays for; absent where it
    /// keeps none.
    pub reserve_left: Option<u32>,
    /// What each grade has left, the reserve's part included.
    pub left_pico_rho_by_grade: BTreeMap<Grade, PicoRho>,
}

impl LedgerView {
    /// What is left in reserve, in a sentence; nothing where none is kept.
    pub fn reserve_in_words(&self) -> Option<String> {
        let left = match self.reserve_left? {
            0 => "no more release".to_owned(),
            1 => "one more release".to_owned(),
            more => format!("{more} more releases"),
        };
        Some(format!(
            "A part of it is the reserve, which pays for {left} this year: corrections that you ask \
             for, or the consortium's question."
        ))
    }
}

/// One charge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChargeRow {
    /// The release it paid for.
    pub release_id: ReleaseId,
    /// The program.
    pub program: ProgramId,
    /// Its period.
    pub period: PeriodId,
    /// Grades that paid.
    pub grades: GradeSet,
    /// What each of them paid.
    pub pico_rho: PicoRho,
}

impl LedgerView {
    /// The year's part of a whole ledger, under this budget and charter.
    pub fn of(
        entries: &[Entry],
        school_year: SchoolYear,
        budget: PicoRho,
        charter: &Charter,
    ) -> Self {
        let year = YearLedger::from_entries(school_year, budget, entries);
        let charges = entries
            .iter()
            .filter(|entry| entry.school_year == school_year)
            .map(|entry| ChargeRow {
                release_id: entry.release_id.clone(),
                program: entry.program.clone(),
                period: entry.period.clone(),
                grades: entry.grades,
                pico_rho: entry.pico_rho,
            })
            .collect();
        Self {
            schema_version: SCHEMA_VERSION,
            school_year,
            charges,
            budget_pico_rho: budget,
            reserve_left: charter.policy.reserve.map(|reserve| {
                let made = year.from_reserve(charter.question());
                reserve.releases.saturating_sub(made as u32)
            }),
            left_pico_rho_by_grade: year.left_by_grade(),
        }
    }
}
