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

mod check;
mod compose;
mod definition;
mod definitions;
mod reserve;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use check::CharterError;
pub use compose::{ComposeError, compose};
pub(crate) use reserve::Payer;
pub use reserve::{Correction, NotReserved, Reserve};

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
    /// What is kept back for corrections and the consortium's one question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve: Option<Reserve>,
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
    /// Its part of the year's rho, in ten-thousandths, over all its periods;
    /// 0 where the reserve pays.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub share: u32,
    /// It is the consortium's one question of the year: the reserve pays for
    /// it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub from_reserve: bool,
    /// Name of the margin profile that divides its share.
    pub margins: String,
    /// Releases a running count in every period as steps of one stream, instead
    /// of one answer a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continual: Option<Continual>,
    /// Its release calendar, earliest first.
    #[serde(rename = "period")]
    pub periods: Vec<Period>,
}

/// How a program's periods are steps of one stream, paid for at its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continual {
    /// How often one student's status may change within the year: 1 counts a
    /// student from the first time on, 2 lets one leave the count again.
    pub changes: u32,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(share: &u32) -> bool {
    *share == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Program {
    /// The calendar's period with this id.
    pub fn period(&self, id: &PeriodId) -> Option<&Period> {
        self.periods.iter().find(|period| period.id == *id)
    }
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
            .map_err(|error| CharterError::Newer(error.message().to_owned()))?;
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
}
