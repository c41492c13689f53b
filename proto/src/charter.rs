//! The charter: the consortium's signed, numbered policy.
//!
//! ```text
//! policy (TOML, people write it) ──seal with number, hashes──▶ Charter ──sign──▶ nodes
//!                                                              approve, or release nothing
//! ```
//!
//! A charter decides what leaves a district and what it costs. Everything in
//! it is public and fixed before any data is looked at. [`Charter::check`]
//! refuses one whose shares pass the budget or whose parts do not fit.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    budget,
    catalogue::{Catalogue, Measure, Population},
    group::Margin,
    names::{ConsortiumId, MeasureId, PeriodId, PopulationId, ProgramId, SubjectId},
    units::{ContentHash, Grade, GradeSet, PicoRho, SchoolYear},
};

/// The policy that ships with Peerlight; `{start}` and `{end}` stand for the
/// two calendar years of the school year.
const SHIPPED_POLICY: &str = include_str!("../catalogue/policy.toml");

/// What the operator decides; a charter is this plus what the hub adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// IANA name of the zone the calendar's dates are in.
    pub time_zone: String,
    /// The budget a student has in one reporting year.
    pub budget: Budget,
    /// How much of what the hub computes it may publish.
    pub publication: PublicationScope,
    /// When an estimate may be shown.
    pub display: Display,
    /// What makes two schools alike.
    pub similar: Similar,
    /// Named ways to divide a program's share between margins, in thousandths.
    pub margin_profile: BTreeMap<String, BTreeMap<Margin, u32>>,
    /// What is released, when, and for which share.
    #[serde(rename = "program")]
    pub programs: Vec<Program>,
    /// Growth models by subject.
    #[serde(default)]
    pub growth: BTreeMap<SubjectId, GrowthModel>,
}

/// The policy in force, as signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// The consortium it binds.
    pub consortium: ConsortiumId,
    /// Counts up with every change; an older one is refused.
    pub number: u32,
    /// The reporting year its programs release, by ending year.
    pub school_year: SchoolYear,
    /// Hash of the charter before this one; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<ContentHash>,
    /// What the operator decided.
    pub policy: Policy,
    /// The definitions it uses, each with its content hash.
    pub catalogue: Catalogue,
}

/// A student's yearly budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Its name: strict, standard or detailed.
    pub preset: String,
    /// Epsilon per student and reporting year.
    pub epsilon: f64,
    /// Delta and rho by size of district, smallest first. Integers, so that
    /// hub and node compute the same noise to the last bit.
    pub tier: Vec<BudgetTier>,
}

/// The budget of districts up to one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetTier {
    /// Largest public enrolment this tier is for, students.
    pub enrollment_up_to: u64,
    /// Delta: 10^-6, or a tenth of one over the enrolment if that is less.
    pub delta: f64,
    /// The year's budget; at most what (epsilon, delta) allows.
    pub pico_rho: PicoRho,
}

impl Budget {
    /// A preset by name: strict (epsilon 1), standard (4) or detailed (8).
    pub fn preset(name: &str) -> Option<Self> {
        let epsilon = match name {
            "strict" => 1.0,
            "standard" => 4.0,
            "detailed" => 8.0,
            _ => return None,
        };
        let tier = [100_000_u64, 200_000, 500_000, 1_000_000, 10_000_000]
            .map(|enrollment_up_to| {
                let delta = (0.1 / enrollment_up_to as f64).min(1e-6);
                let pico_rho = budget::rho_for(epsilon, delta);
                BudgetTier { enrollment_up_to, delta, pico_rho }
            })
            .to_vec();
        Some(Self { preset: name.to_owned(), epsilon, tier })
    }

    /// The year's budget of a district with this public enrolment; the last
    /// tier for any larger one.
    pub fn for_enrollment(&self, students: u64) -> Option<&BudgetTier> {
        self.tier.iter().find(|tier| students <= tier.enrollment_up_to).or(self.tier.last())
    }
}

/// How much of what the hub computes it may publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicationScope {
    /// Distributions over the network only.
    Network,
    /// Also every school's estimates.
    Schools,
}

/// When an estimate may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// Reliability from which a point is shown, 0 to 1.
    pub point_reliability: f64,
    /// Reliability from which a band is shown, 0 to 1.
    pub band_reliability: f64,
    /// Public enrolment below which a group is not shown, students.
    pub minimum_enrollment: u32,
    /// Probability from which a claim such as "better" is made, 0 to 1.
    pub claim_probability: f64,
}

/// What makes two schools alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Similar {
    /// How many like schools a school has at most.
    pub count: usize,
    /// Weight by feature; they sum to 1. `log_enrollment` is the natural
    /// logarithm of `enrollment`.
    pub weight: BTreeMap<String, f64>,
    /// Largest difference by feature, in the feature's unit.
    #[serde(default)]
    pub cap: BTreeMap<String, f64>,
}

/// What a program releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProgramKind {
    /// How many students are in the population.
    Count {
        /// The population.
        population: PopulationId,
    },
    /// The centred numerator of a rate, or the centred sum of a mean.
    Measure {
        /// The measure; its population needs a count program of its own.
        measure: MeasureId,
    },
    /// The district's histogram of growth residuals, by grade and band.
    GrowthHistogram {
        /// The subject.
        subject: SubjectId,
    },
    /// Each school's sum of growth percentiles, with its count.
    GrowthMean {
        /// The subject.
        subject: SubjectId,
    },
}

/// One measure's (or population's, or growth step's) calendar and share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Its id.
    pub id: ProgramId,
    /// What it releases.
    #[serde(flatten)]
    pub kind: ProgramKind,
    /// Grades whose students it counts, and whose ledgers pay for it.
    pub grades: GradeSet,
    /// Its part of the year's rho, in ten-thousandths, over all its periods.
    pub share: u32,
    /// Name of the margin profile that divides its share.
    pub margins: String,
    /// Its release calendar, earliest first.
    #[serde(rename = "period")]
    pub periods: Vec<Period>,
}

/// A step of a program's calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its id, unique in its program.
    pub id: PeriodId,
    /// Civil date `YYYY-MM-DD`, in the charter's zone, from whose start it is due.
    pub due: String,
}

/// A subject's growth model: public constants, so that one student can move
/// nobody's percentile but through the noisy pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrowthModel {
    /// The measure its school means are published as.
    pub measure: MeasureId,
    /// Its name for people.
    pub label: String,
    /// Column with this year's score; `<subject>_prior_scale_score` and
    /// `<subject>_prior2_scale_score` hold the earlier ones.
    pub score: String,
    /// Bins of the standardised residual.
    pub bins: u32,
    /// The bins divide −limit to +limit evenly; the outer two take the tails.
    pub residual_limit: f64,
    /// Standard deviation of percentiles within a school: a public constant.
    pub within_school_sd: f64,
    /// One model a grade.
    pub grade: BTreeMap<Grade, GradeGrowth>,
}

/// How the score of one grade is predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeGrowth {
    /// Mean and standard deviation that standardise this grade's score.
    pub score: [f64; 2],
    /// The same for the score one grade earlier.
    pub prior: [f64; 2],
    /// The same for the score two grades earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior2: Option<[f64; 2]>,
    /// Intercept, coefficient of the prior, and residual standard deviation,
    /// for students with one prior score.
    pub one_prior: [f64; 3],
    /// Intercept, coefficients of both priors, and residual standard
    /// deviation, for students with two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_priors: Option<[f64; 4]>,
    /// Edges between the bands of the prediction, ascending.
    pub bands: Vec<f64>,
}

/// Why a charter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// The bytes are not a charter.
    #[error("the charter cannot be read: {0}")]
    Unreadable(String),
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

impl Policy {
    /// The policy that ships with Peerlight, for one school year.
    pub fn shipped(year: SchoolYear, preset: &str) -> Option<Self> {
        let mut policy: Self = Self::parse(SHIPPED_POLICY, year).expect("a test parses it");
        policy.budget = Budget::preset(preset)?;
        Some(policy)
    }

    /// Reads a policy file; `{start}` and `{end}` become the two calendar
    /// years of `year`.
    pub fn parse(text: &str, year: SchoolYear) -> Result<Self, CharterError> {
        let end = year.ending_year();
        let text =
            text.replace("{start}", &(end - 1).to_string()).replace("{end}", &end.to_string());
        toml::from_str(&text).map_err(|error| CharterError::Unreadable(error.to_string()))
    }
}

impl Charter {
    /// Reads a charter whose signature was verified, and checks it.
    pub fn parse(document: &[u8]) -> Result<Self, CharterError> {
        let text = std::str::from_utf8(document)
            .map_err(|_| CharterError::Unreadable("it is not UTF-8".to_owned()))?;
        let charter: Self = toml::from_str(text)
            .map_err(|error| CharterError::Unreadable(error.message().to_owned()))?;
        charter.check()?;
        Ok(charter)
    }

    /// The bytes that are signed.
    pub fn to_document(&self) -> Vec<u8> {
        toml::to_string(self).expect("every part of a charter has a TOML form").into_bytes()
    }

    /// The program with this id.
    pub fn program(&self, id: &ProgramId) -> Option<&Program> {
        self.policy.programs.iter().find(|program| program.id == *id)
    }

    /// The measure with this id, unless it is a growth measure.
    pub fn measure(&self, id: &MeasureId) -> Option<&Measure> {
        self.catalogue.measure(id)
    }

    /// The population with this id.
    pub fn population(&self, id: &PopulationId) -> Option<&Population> {
        self.catalogue.population(id)
    }

    /// How a program's share is divided, in thousandths; empty if unknown.
    pub fn margin_shares(&self, program: &Program) -> impl Iterator<Item = (Margin, u32)> {
        self.policy
            .margin_profile
            .get(&program.margins)
            .into_iter()
            .flatten()
            .map(|(&margin, &share)| (margin, share))
    }

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

    fn check_definitions(&self) -> Result<(), CharterError> {
        let mut seen = BTreeSet::new();
        for population in &self.catalogue.populations {
            if population.content_hash != Some(population.hash()) {
                return Err(CharterError::Definition(population.id.to_string()));
            }
            once(&mut seen, "population", population.id.as_str())?;
        }
        let mut seen = BTreeSet::new();
        for measure in &self.catalogue.measures {
            if measure.content_hash != Some(measure.hash()) {
                return Err(CharterError::Definition(measure.id.to_string()));
            }
            once(&mut seen, "measure", measure.id.as_str())?;
            if self.population(&measure.population).is_none() {
                return Err(missing("population", measure.population.as_str()));
            }
            if let crate::catalogue::Value::Mean { low, high, .. } = measure.value {
                let sound = low < high && low >= -10_000.0 && high <= 10_000.0;
                if !sound {
                    return Err(CharterError::Range(format!(
                        "the bounds of {} must be ascending and within ±10000",
                        measure.id
                    )));
                }
            }
        }
        Ok(())
    }

    fn check_programs(&self) -> Result<(), CharterError> {
        let mut seen = BTreeSet::new();
        let mut spent = [0_u32; Grade::COUNT];
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
        }
        let shares: Vec<(Margin, u32)> = self.margin_shares(program).collect();
        let total: u32 = shares.iter().map(|(_, share)| share).sum();
        let pooled = matches!(program.kind, ProgramKind::GrowthHistogram { .. });
        let sound = !shares.is_empty()
            && total <= 1000
            && shares
                .iter()
                .all(|&(margin, share)| share > 0 && (margin == Margin::Pooled) == pooled)
            && !program.periods.is_empty()
            && program.share > 0
            && !program.grades.is_empty();
        if sound {
            Ok(())
        } else {
            Err(CharterError::Reference {
                what: "program",
                name: program.id.to_string(),
                problem: "needs grades, a share, a period, and a margin profile of positive \
                          shares that sum to at most 1000 (pooled for histograms, and only there)",
            })
        }
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

fn missing(what: &'static str, name: &str) -> CharterError {
    CharterError::Reference { what, name: name.to_owned(), problem: "is named but not defined" }
}

fn once<'a>(
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
    fn an_unknown_field_is_refused() {
        let mut document = b"surprise = 1\n".to_vec();
        document.extend(charter().to_document());
        assert!(matches!(Charter::parse(&document), Err(CharterError::Unreadable(_))));
    }
}
