//! What a program's integers mean, as a hash: releases made under two charters
//! may stand in one table only where this is the same in both.
//!
//! Labels, calendars and shares are left out on purpose: to mend a label or
//! move a date must not part a year's releases. So are constants and settings
//! that the expressions do not name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Charter, Continual, GradeGrowth, GrowthModel, Program, ProgramKind};
use crate::{
    catalogue::{Catalogue, GradeConstant, Value},
    names::{PopulationId, SubjectId},
    units::{ContentHash, Grade, GradeSet},
};

#[derive(Serialize)]
struct Definition<'a> {
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    growth: Option<Growth<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continual: Option<Continual>,
    constants: BTreeMap<&'a str, &'a GradeConstant>,
    settings: BTreeMap<&'a str, f64>,
}

impl<'a> Definition<'a> {
    /// With the constants and settings that its expressions name.
    fn naming(mut self, catalogue: &'a Catalogue) -> Self {
        let value = self.value.map(|value| match value {
            Value::Rate { success } => success.as_str(),
            Value::Mean { value, .. } => value.as_str(),
        });
        let names: BTreeSet<&str> =
            self.condition.into_iter().chain(value).flat_map(names).collect();
        let constants = catalogue.constants.iter().map(|(name, table)| (name.as_str(), table));
        self.constants = constants.filter(|(name, _)| names.contains(name)).collect();
        let settings = catalogue.settings.iter().map(|(name, set)| (name.as_str(), set.value));
        self.settings = settings.filter(|(name, _)| names.contains(name)).collect();
        self
    }
}

/// Every word of an expression that may be a name; some are not.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
}

#[derive(Serialize)]
struct Growth<'a> {
    subject: &'a SubjectId,
    score: &'a str,
    bins: u32,
    residual_limit: f64,
    grade: &'a BTreeMap<Grade, GradeGrowth>,
}

impl<'a> Growth<'a> {
    fn of(subject: &'a SubjectId, model: &'a GrowthModel) -> Self {
        let GrowthModel { score, bins, residual_limit, grade, .. } = model;
        Self { subject, score, bins: *bins, residual_limit: *residual_limit, grade }
    }
}

impl Charter {
    /// Hash of what decides the meaning of a program's integers; `None` where
    /// the charter does not define it.
    pub fn definition_hash(&self, program: &Program) -> Option<ContentHash> {
        let of_population = |population: &PopulationId| {
            self.population(population).map(|population| population.condition.as_str())
        };
        let blank = Definition {
            what: "",
            condition: None,
            value: None,
            growth: None,
            continual: program.continual,
            constants: BTreeMap::new(),
            settings: BTreeMap::new(),
        };
        let growth = |subject| {
            let model = self.policy.growth.get(subject)?;
            Some(Some(Growth::of(subject, model)))
        };
        let definition = match &program.kind {
            ProgramKind::Count { population } => {
                Definition { what: "count", condition: Some(of_population(population)?), ..blank }
            }
            ProgramKind::Measure { measure } => {
                let measure = self.measure(measure)?;
                Definition {
                    what: "measure",
                    condition: Some(of_population(&measure.population)?),
                    value: Some(&measure.value),
                    ..blank
                }
            }
            ProgramKind::GrowthHistogram { subject } => {
                Definition { what: "growth_histogram", growth: growth(subject)?, ..blank }
            }
            ProgramKind::GrowthMean { subject } => {
                Definition { what: "growth_mean", growth: growth(subject)?, ..blank }
            }
        };
        Some(hash(&definition.naming(&self.catalogue)))
    }

    /// Hash of what decides the meaning of growth tables: the models and the
    /// grades whose histograms are pooled.
    pub fn growth_hash(&self) -> ContentHash {
        #[derive(Serialize)]
        struct Round<'a> {
            models: Vec<Growth<'a>>,
            pooled: Vec<(&'a SubjectId, GradeSet)>,
        }
        let models = self.policy.growth.iter();
        let programs = self.policy.programs.iter();
        let pooled = programs.filter_map(|program| match &program.kind {
            ProgramKind::GrowthHistogram { subject } => Some((subject, program.grades)),
            _ => None,
        });
        hash(&Round {
            pooled: pooled.collect(),
            models: models.map(|(subject, model)| Growth::of(subject, model)).collect(),
        })
    }
}

fn hash(definition: &impl Serialize) -> ContentHash {
    let text = toml::to_string(definition).expect("every part of a charter has a TOML form");
    ContentHash::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{charter::Policy, names::ConsortiumId, units::SchoolYear};

    fn charter() -> Charter {
        let school_year = SchoolYear::ending(2026).unwrap();
        Charter {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        }
    }

    fn hashes(charter: &Charter) -> Vec<ContentHash> {
        let programs = charter.policy.programs.iter();
        programs.map(|program| charter.definition_hash(program).unwrap()).collect()
    }

    #[test]
    fn every_program_of_the_shipped_charter_has_a_definition_of_its_own() {
        let charter = charter();
        let mut all = hashes(&charter);
        let programs = &charter.policy.programs;
        let mut meanings: Vec<String> =
            programs.iter().map(|it| format!("{:?} {:?}", it.kind, it.continual)).collect();
        all.sort_unstable();
        all.dedup();
        meanings.sort_unstable();
        meanings.dedup();
        assert_eq!(all.len(), meanings.len());
    }

    #[test]
    fn labels_dates_and_shares_do_not_change_what_is_measured() {
        let before = charter();
        let mut after = before.clone();
        after.number = 2;
        after.catalogue.measures[0].label.push('!');
        after.policy.programs[0].periods[0].due = "2026-01-31".to_owned();
        after.policy.programs[0].share -= 1;
        assert_eq!(hashes(&before), hashes(&after));
        assert_eq!(before.growth_hash(), after.growth_hash());
    }

    #[test]
    fn expressions_cut_scores_and_models_do() {
        let before = charter();
        let mut after = before.clone();
        for population in &mut after.catalogue.populations {
            population.condition.push_str(" AND TRUE");
        }
        let changed = hashes(&before).into_iter().zip(hashes(&after)).filter(|(a, b)| a != b);
        let growth = |program: &&Program| {
            matches!(
                program.kind,
                ProgramKind::GrowthHistogram { .. } | ProgramKind::GrowthMean { .. }
            )
        };
        let others = before.policy.programs.iter().filter(|program| !growth(program)).count();
        assert_eq!(changed.count(), others);

        let changed_by = |change: &dyn Fn(&mut Charter)| -> Vec<String> {
            let mut after = before.clone();
            change(&mut after);
            let changed = hashes(&before).into_iter().zip(hashes(&after));
            let programs = before.policy.programs.iter().zip(changed);
            let changed = programs.filter(|(_, (before, after))| before != after);
            changed.map(|(program, _)| program.id.to_string()).collect()
        };
        let cut = changed_by(&|it| {
            let cuts = it.catalogue.constants.get_mut("ela_standard").unwrap();
            *cuts.values_mut().next().unwrap() += 1.0;
        });
        assert_eq!(cut, ["ela_met", "ela_dfs"], "only what names the cut scores");
        let threshold = changed_by(&|it| {
            it.catalogue.settings.get_mut("chronic_threshold").unwrap().value = 0.2;
        });
        assert_eq!(threshold, ["chronic_absence_in_year", "chronic_absence"]);
        let unused = changed_by(&|it| {
            it.catalogue.constants.insert("another".to_owned(), GradeConstant::new());
            it.catalogue.settings.remove("dass_days");
        });
        assert!(unused.is_empty(), "{unused:?}");

        let mut after = before.clone();
        after.policy.growth.values_mut().next().unwrap().bins += 1;
        assert_ne!(before.growth_hash(), after.growth_hash());
    }
}
