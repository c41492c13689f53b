//! What a charter must satisfy before anybody signs or approves it.
//!
//! The node runs the same checks as the hub: a hub cannot raise a budget,
//! change a definition behind its hash or divide a measure by a population
//! that has no noisy count of its own.

use std::collections::BTreeSet;

use super::{Charter, Continual, Correction, GradeGrowth, Program, ProgramKind, reserve};
use crate::{
    budget,
    catalogue::Value,
    continual,
    group::Margin,
    units::{Grade, PicoRho},
};

/// Why a charter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// The bytes are not a charter.
    #[error("the charter cannot be read: {0}")]
    Unreadable(String),
    /// It says something that this version does not know.
    #[error("the charter says what this version does not know ({0}): update this program")]
    Newer(String),
    /// A definition does not match the hash it carries.
    #[error("the definition of {0} does not match its content hash")]
    Definition(String),
    /// Something is named that is not there, or twice.
    #[error("{what} {name} {problem}")]
    Reference {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The shares of one grade pass the budget.
    #[error(
        "the programs of grade {grade} take {share} ten-thousandths of the year's budget; at most 10000"
    )]
    Overspent {
        /// The grade.
        grade: Grade,
        /// What they take.
        share: u32,
    },
    /// The budget is larger than its epsilon and delta allow.
    #[error("{stated} is more than epsilon {epsilon} and delta {delta} allow")]
    Budget {
        /// What the charter states.
        stated: PicoRho,
        /// Its epsilon.
        epsilon: String,
        /// Its delta.
        delta: String,
    },
    /// A number is outside its range.
    #[error("{0}")]
    Range(String),
}

impl Charter {
    /// Refuses a charter whose parts do not fit or whose shares pass the budget.
    pub fn check(&self) -> Result<(), CharterError> {
        self.check_budget()?;
        self.check_definitions()?;
        self.check_programs()?;
        self.check_growth()?;
        self.check_display()
    }

    fn check_budget(&self) -> Result<(), CharterError> {
        let budget = &self.policy.budget;
        if budget.tier.is_empty() || !(budget.epsilon > 0.0 && budget.epsilon <= 20.0) {
            return Err(CharterError::Range(
                "the budget needs an epsilon above 0 and at most 20, and a tier".to_owned(),
            ));
        }
        for tier in &budget.tier {
            let largest = (0.1 / tier.enrollment_up_to.max(1) as f64).min(1e-6) * 1.000_001;
            let allowed = budget::rho_for(budget.epsilon, tier.delta);
            // One part in a million for another machine's exp and ln.
            let tolerated = PicoRho(allowed.0 + allowed.0 / 1_000_000 + 1);
            let sound = tier.delta > 0.0 && tier.delta <= largest && tier.pico_rho <= tolerated;
            if !sound {
                return Err(CharterError::Budget {
                    stated: tier.pico_rho,
                    epsilon: budget.epsilon.to_string(),
                    delta: tier.delta.to_string(),
                });
            }
        }
        Ok(())
    }

    fn check_programs(&self) -> Result<(), CharterError> {
        let mut seen = BTreeSet::new();
        let kept_back = self.policy.reserve.map_or(0, |reserve| reserve.share);
        let mut spent = [kept_back; Grade::COUNT];
        self.check_reserve()?;
        for program in &self.policy.programs {
            once(&mut seen, "program", program.id.as_str())?;
            self.check_program(program)?;
            for grade in program.grades.iter() {
                spent[grade.index()] = spent[grade.index()].saturating_add(program.share);
            }
        }
        match Grade::all().find(|grade| spent[grade.index()] > 10_000) {
            Some(grade) => Err(CharterError::Overspent { grade, share: spent[grade.index()] }),
            None => Ok(()),
        }
    }

    fn check_program(&self, program: &Program) -> Result<(), CharterError> {
        match &program.kind {
            ProgramKind::Count { population } => {
                self.population(population)
                    .ok_or_else(|| missing("population", population.as_str()))?;
            }
            ProgramKind::Measure { measure } => {
                let found =
                    self.measure(measure).ok_or_else(|| missing("measure", measure.as_str()))?;
                let counted = self.policy.programs.iter().any(|other| {
                    matches!(&other.kind, ProgramKind::Count { population } if *population == found.population)
                });
                if !found.is_defined_for(self.school_year) {
                    return Err(CharterError::Reference {
                        what: "measure",
                        name: measure.to_string(),
                        problem: "is released, but not defined for the charter's school year",
                    });
                }
                if !counted {
                    return Err(CharterError::Reference {
                        what: "population",
                        name: found.population.to_string(),
                        problem: "divides a measure but no program releases its own noisy count",
                    });
                }
            }
            ProgramKind::GrowthHistogram { subject } | ProgramKind::GrowthMean { subject } => {
                let model = self
                    .policy
                    .growth
                    .get(subject)
                    .ok_or_else(|| missing("growth model", subject.as_str()))?;
                if let Some(grade) = program.grades.iter().find(|g| !model.grade.contains_key(g)) {
                    return Err(missing("growth model", &format!("{subject} grade {grade}")));
                }
            }
        }
        let mut periods = BTreeSet::new();
        for period in &program.periods {
            once(&mut periods, "period", period.id.as_str())?;
            let has_room = period.id.as_str().len() <= reserve::LONGEST_PERIOD;
            if Correction::of(&period.id).is_some() || !has_room {
                return Err(CharterError::Reference {
                    what: "period",
                    name: period.id.to_string(),
                    problem: "is named like a correction, or is longer than 48 characters",
                });
            }
        }
        self.check_stream(program)?;
        let shares: Vec<(Margin, u32)> = self.margin_shares(program).collect();
        let total: u32 = shares.iter().map(|(_, share)| share).sum();
        let pooled = matches!(program.kind, ProgramKind::GrowthHistogram { .. });
        let sound = !shares.is_empty()
            && total <= 1000
            && shares
                .iter()
                .all(|&(margin, share)| share > 0 && (margin == Margin::Pooled) == pooled)
            && !program.periods.is_empty()
            && (program.share > 0) != program.from_reserve
            && !program.grades.is_empty();
        if sound {
            Ok(())
        } else {
            Err(CharterError::Reference {
                what: "program",
                name: program.id.to_string(),
                problem: "needs grades, a share (or the reserve), a period, and a margin profile \
                          of positive shares that sum to at most 1000 (pooled for histograms, and only there)",
            })
        }
    }

    /// Steps are released in order, so their dates must ascend.
    fn check_stream(&self, program: &Program) -> Result<(), CharterError> {
        let Some(Continual { changes }) = program.continual else { return Ok(()) };
        let is_rate = match &program.kind {
            ProgramKind::Measure { measure } => self
                .measure(measure)
                .is_some_and(|measure| matches!(measure.value, Value::Rate { .. })),
            _ => false,
        };
        let steps = 2..=continual::MOST_STEPS as usize;
        let ascend = program.periods.is_sorted_by(|one, next| one.due < next.due);
        if is_rate && (1..=2).contains(&changes) && steps.contains(&program.periods.len()) && ascend
        {
            return Ok(());
        }
        Err(CharterError::Reference {
            what: "program",
            name: program.id.to_string(),
            problem: "is continual: it needs a measure that is a rate, 1 or 2 changes, and 2 to \
                      53 periods whose dates ascend",
        })
    }

    fn check_growth(&self) -> Result<(), CharterError> {
        for (subject, model) in &self.policy.growth {
            let sound = (3..=101).contains(&model.bins)
                && model.residual_limit > 0.0
                && model.grade.values().all(GradeGrowth::is_sound)
                && model.grade.values().all(|grade| {
                    model.grade.values().all(|other| other.bands.len() == grade.bands.len())
                });
            if !sound {
                return Err(CharterError::Range(format!(
                    "the growth model of {subject} needs 3 to 101 bins, a positive limit, \
                     positive standard deviations, and as many ascending bands in every grade"
                )));
            }
        }
        Ok(())
    }

    fn check_display(&self) -> Result<(), CharterError> {
        let display = &self.policy.display;
        let weights: f64 = self.policy.similar.weight.values().sum();
        let sound = 0.0 <= display.band_reliability
            && display.band_reliability <= display.point_reliability
            && display.point_reliability <= 1.0
            && (0.5..1.0).contains(&display.claim_probability)
            && (weights - 1.0).abs() < 1e-6
            && self.policy.similar.weight.values().all(|weight| *weight >= 0.0)
            && self.policy.similar.cap.values().all(|cap| *cap >= 0.0);
        if sound {
            Ok(())
        } else {
            Err(CharterError::Range(
                "reliabilities must ascend within 0 to 1, a claim needs at least 0.5, and the \
                 weights of like schools must sum to 1"
                    .to_owned(),
            ))
        }
    }
}

impl GradeGrowth {
    fn is_sound(&self) -> bool {
        let spread = |pair: &[f64; 2]| pair[1] > 0.0;
        spread(&self.score)
            && spread(&self.prior)
            && self.prior2.as_ref().is_none_or(spread)
            && self.one_prior[2] > 0.0
            && self.two_priors.is_none_or(|model| model[3] > 0.0)
            && self.prior2.is_some() == self.two_priors.is_some()
            && !self.bands.is_empty()
            && self.bands.is_sorted()
    }
}

pub(super) fn missing(what: &'static str, name: &str) -> CharterError {
    CharterError::Reference { what, name: name.to_owned(), problem: "is named but not defined" }
}

pub(super) fn once<'a>(
    seen: &mut BTreeSet<&'a str>,
    what: &'static str,
    name: &'a str,
) -> Result<(), CharterError> {
    if seen.insert(name) {
        Ok(())
    } else {
        Err(CharterError::Reference { what, name: name.to_owned(), problem: "is defined twice" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::Catalogue, charter::Policy, names::ConsortiumId, units::SchoolYear};

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

    #[test]
    fn the_shipped_charter_is_sound_and_round_trips() {
        let charter = charter();
        charter.check().unwrap();
        assert_eq!(Charter::parse(&charter.to_document()).unwrap(), charter);
    }

    #[test]
    fn a_charter_that_spends_too_much_is_refused() {
        let mut greedy = charter();
        greedy.policy.programs[0].share = 9_000;
        assert!(matches!(greedy.check(), Err(CharterError::Overspent { .. })));

        let mut generous = charter();
        generous.policy.budget.tier[0].pico_rho.0 *= 2;
        assert!(matches!(generous.check(), Err(CharterError::Budget { .. })));

        let mut loose = charter();
        loose.policy.budget.tier[0].delta = 1e-3;
        assert!(matches!(loose.check(), Err(CharterError::Budget { .. })));
    }

    #[test]
    fn a_charter_with_an_altered_definition_is_refused() {
        let mut altered = charter();
        altered.catalogue.measures[0].label.push('!');
        assert!(matches!(altered.check(), Err(CharterError::Definition(_))));
    }

    #[test]
    fn a_measure_without_its_own_count_is_refused() {
        let mut charter = charter();
        charter.policy.programs.retain(|program| program.id.as_str() != "tested");
        assert!(matches!(charter.check(), Err(CharterError::Reference { .. })));
    }

    #[test]
    fn an_unknown_kind_of_program_asks_for_an_update() {
        let document = String::from_utf8(charter().to_document()).unwrap();
        let document = document.replacen("kind = \"count\"", "kind = \"lottery\"", 1);
        let refused = Charter::parse(document.as_bytes()).unwrap_err().to_string();
        assert!(
            refused.contains("lottery") && refused.contains("update this program"),
            "{refused}"
        );
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let mut document = b"surprise = 1\n".to_vec();
        document.extend(charter().to_document());
        assert!(matches!(Charter::parse(&document), Err(CharterError::Newer(_))));
    }
}
