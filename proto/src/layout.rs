//! From charter and directory to the canonical order of a release's cells,
//! its noise and its cost. Node and hub both compute it; neither believes the
//! other.
//!
//! ```text
//! release = one program, one period
//!   block = one margin:  schools x groups x components, dense, in that order
//!           l2_squared   what one student can change, squared and summed
//!           sigma        least noise that keeps the block within its share
//!           pico_rho     its cost, l2_squared / (2 sigma^2), rounded up
//! ```
//!
//! All integers: two machines agree to the last bit. Nothing here looks at
//! data; which cells exist is public.

mod quantity;

pub use quantity::{FIXED_POINT, GROWTH_COUNT_WEIGHT, GROWTH_HALF_RANGE, Quantity};

use crate::{
    catalogue::Value,
    charter::{Charter, Continual, GrowthModel, NotReserved, Payer, Program, ProgramKind, Reserve},
    continual::Stream,
    directory::{Directory, School},
    group::{Margin, StudentGroup},
    names::{MemberId, PeriodId, ProgramId, SchoolId, SubjectId},
    units::{GradeSet, PicoRho, Sigma},
    v1::EnvelopeKind,
};

/// One margin of a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// How schools are split.
    pub margin: Margin,
    /// Schools in canonical order; empty where the block is for the district.
    pub schools: Vec<SchoolId>,
    /// Groups in canonical order. Of a pooled histogram: its grades.
    pub groups: Vec<StudentGroup>,
    /// What the integers are.
    pub quantity: Quantity,
    /// Largest squared change one student can make to the whole block.
    pub l2_squared: u64,
    /// Standard deviation of the noise on every integer.
    pub sigma: Sigma,
    /// What the block costs; nothing for a later step of a stream, whose first
    /// step paid for all.
    pub pico_rho: PicoRho,
}

impl Block {
    /// Rows of the block: its schools, or one for the district.
    pub fn units(&self) -> usize {
        self.schools.len().max(usize::from(!self.margin.is_by_school()))
    }

    /// How many integers it has.
    pub fn cells(&self) -> usize {
        self.units() * self.groups.len() * self.quantity.components()
    }

    /// Position of the first component of a school's group.
    pub fn position(&self, unit: usize, group: usize) -> usize {
        (unit * self.groups.len() + group) * self.quantity.components()
    }
}

/// What a release that the reserve pays for is counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromReserve {
    /// How many releases the reserve pays for in a year.
    pub releases: u32,
    /// The program whose every release is one of them, beside corrections.
    pub question: Option<ProgramId>,
}

/// A release before any data: its cells, noise and cost.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseLayout {
    /// The program.
    pub program: ProgramId,
    /// The period.
    pub period: PeriodId,
    /// What it measures, for people and files: a measure's or population's id.
    pub measure: String,
    /// Grades whose ledgers pay.
    pub grades: GradeSet,
    /// Set where the reserve pays for it.
    pub from_reserve: Option<FromReserve>,
    /// Its margins, in canonical order.
    pub blocks: Vec<Block>,
}

impl ReleaseLayout {
    /// What the release costs each of its grades.
    pub fn pico_rho(&self) -> PicoRho {
        self.blocks.iter().map(|block| block.pico_rho).sum()
    }

    /// How many integers it sends.
    pub fn cells(&self) -> usize {
        self.blocks.iter().map(Block::cells).sum()
    }

    /// What its envelope is of: a pooled release is a growth round's.
    pub fn envelope_kind(&self) -> EnvelopeKind {
        if self.blocks.iter().any(|block| block.margin == Margin::Pooled) {
            EnvelopeKind::GrowthSum
        } else if self.step().is_some() {
            EnvelopeKind::ContinualStep
        } else {
            EnvelopeKind::OneShot
        }
    }

    /// The stream it is a step of, and the step from 0, if it is one.
    pub fn step(&self) -> Option<(Stream, u32)> {
        self.blocks.iter().find_map(|block| match block.quantity {
            Quantity::Running { stream, step } => Some((stream, step)),
            _ => None,
        })
    }
}

/// Why a layout cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The charter has no such program or period.
    #[error("the charter has no program {0} with a period {1}")]
    Unknown(ProgramId, PeriodId),
    /// A definition the program needs is missing.
    #[error("the charter does not define what program {0} releases")]
    Undefined(ProgramId),
    /// The directory lists no school of the member for the program.
    #[error("the directory lists no school of {0} that program {1} is for")]
    NoSchools(MemberId, ProgramId),
    /// The share is so small that no noise would be enough.
    #[error("the share of program {0} is too small to release anything")]
    ShareTooSmall(ProgramId),
    /// The reserve does not pay for it.
    #[error("{0} {1} cannot be released: {2}")]
    NotReserved(ProgramId, PeriodId, NotReserved),
}

/// The year's budget of one member.
pub fn year_budget(charter: &Charter, directory: &Directory, member: &MemberId) -> PicoRho {
    let tier = charter.policy.budget.for_enrollment(directory.enrollment_of(member));
    tier.map_or(PicoRho(0), |tier| tier.pico_rho)
}

/// The layout of one release of one member.
pub fn release_layout(
    charter: &Charter,
    directory: &Directory,
    member: &MemberId,
    program: &ProgramId,
    period: &PeriodId,
) -> Result<ReleaseLayout, LayoutError> {
    let unknown = || LayoutError::Unknown(program.clone(), period.clone());
    let program = charter.program(program).ok_or_else(unknown)?;
    let about = program.period_of(period).ok_or_else(unknown)?;
    let step = program.periods.iter().position(|known| known.id == about.id);
    let step = step.ok_or_else(unknown)?;
    let payer = charter.payer(program, period);
    let payer = payer
        .map_err(|reason| LayoutError::NotReserved(program.id.clone(), period.clone(), reason))?;
    let (measure, quantity) = quantity(charter, program, step as u32)?;
    let schools: Vec<&School> =
        directory.schools_of(member).filter(|school| school.grades.meets(program.grades)).collect();
    if schools.is_empty() {
        return Err(LayoutError::NoSchools(member.clone(), program.id.clone()));
    }
    let year = year_budget(charter, directory, member);
    let blocks = charter
        .margin_shares(program)
        .map(|(margin, thousandths)| {
            block(
                program,
                margin,
                &schools,
                quantity.clone(),
                budget(year, program, payer, thousandths),
            )
        })
        .collect::<Result<_, _>>()?;
    Ok(ReleaseLayout {
        program: program.id.clone(),
        period: period.clone(),
        measure,
        grades: program.grades,
        from_reserve: match payer {
            Payer::Share => None,
            Payer::Reserve(Reserve { releases, .. }) => {
                Some(FromReserve { releases, question: charter.question().cloned() })
            }
        },
        blocks,
    })
}

/// The layouts of every program and period, in the charter's order.
pub fn year_layouts(
    charter: &Charter,
    directory: &Directory,
    member: &MemberId,
) -> Vec<Result<ReleaseLayout, LayoutError>> {
    let programs = charter.policy.programs.iter();
    programs
        .flat_map(|program| program.periods.iter().map(move |period| (program, period)))
        .map(|(program, period)| {
            release_layout(charter, directory, member, &program.id, &period.id)
        })
        .collect()
}

/// A release's part of the year, rounded down: share x margin share, divided
/// among the periods unless they are steps of one stream; of the reserve, among
/// the releases it pays for.
fn budget(year: PicoRho, program: &Program, payer: Payer, thousandths: u32) -> PicoRho {
    let (share, charges) = match payer {
        Payer::Reserve(Reserve { share, releases }) => (share, releases),
        Payer::Share if program.continual.is_some() => (program.share, 1),
        Payer::Share => (program.share, program.periods.len() as u32),
    };
    let whole = u128::from(year.0) * u128::from(share) * u128::from(thousandths);
    let parts = 10_000_u128 * 1_000 * u128::from(charges);
    PicoRho(u64::try_from(whole / parts).unwrap_or(u64::MAX))
}

fn block(
    program: &Program,
    margin: Margin,
    schools: &[&School],
    quantity: Quantity,
    budget: PicoRho,
) -> Result<Block, LayoutError> {
    let too_small = || LayoutError::ShareTooSmall(program.id.clone());
    let l2_squared = quantity
        .l2_squared_per_group()
        .checked_mul(u64::from(margin.groups_per_student()))
        .ok_or_else(too_small)?;
    let sigma = least_sigma(l2_squared, budget).ok_or_else(too_small)?;
    let groups = match quantity {
        Quantity::Histogram { .. } => program.grades.iter().map(StudentGroup::Grade).collect(),
        _ => margin.groups(program.grades),
    };
    let schools = if margin.is_by_school() {
        schools.iter().map(|school| school.id.clone()).collect()
    } else {
        Vec::new()
    };
    let pico_rho = if quantity.is_paid_for() { PicoRho(0) } else { cost(l2_squared, sigma) };
    Ok(Block { margin, schools, groups, quantity, l2_squared, sigma, pico_rho })
}

/// What noise of `sigma` on integers with this squared sensitivity costs:
/// rho = L2^2 / (2 sigma^2) (Bun and Steinke 2016, Proposition 1.6; for
/// the discrete Gaussian Canonne, Kamath and Steinke 2020, Theorem 4), rounded
/// up.
pub fn cost(l2_squared: u64, sigma: Sigma) -> PicoRho {
    let top = u128::from(l2_squared) * u128::from(Sigma::PER_UNIT * Sigma::PER_UNIT);
    let bottom = 2 * u128::from(sigma.0) * u128::from(sigma.0);
    // The whole part first: top x 10^12 might not fit.
    let whole = top / bottom * u128::from(PicoRho::PER_RHO);
    let rest = (top % bottom).checked_mul(u128::from(PicoRho::PER_RHO));
    let rest = rest.map_or(u128::MAX, |rest| rest.div_ceil(bottom));
    PicoRho(u64::try_from(whole.saturating_add(rest)).unwrap_or(u64::MAX))
}

/// The least sigma, in steps of 1/1024, whose cost is within `budget`; `None`
/// where no representable one is.
fn least_sigma(l2_squared: u64, budget: PicoRho) -> Option<Sigma> {
    let (mut low, mut high) = (1_u64, 1_u64 << 52);
    if budget.0 == 0 || cost(l2_squared, Sigma(high)) > budget {
        return None;
    }
    while low < high {
        let middle = low.midpoint(high);
        if cost(l2_squared, Sigma(middle)) <= budget { high = middle } else { low = middle + 1 }
    }
    Some(Sigma(low))
}

fn quantity(
    charter: &Charter,
    program: &Program,
    step: u32,
) -> Result<(String, Quantity), LayoutError> {
    let undefined = || LayoutError::Undefined(program.id.clone());
    let model = |subject: &SubjectId| charter.policy.growth.get(subject).ok_or_else(undefined);
    Ok(match &program.kind {
        ProgramKind::Count { population } => (population.to_string(), Quantity::Count),
        ProgramKind::Measure { measure } => {
            let value = &charter.measure(measure).ok_or_else(undefined)?.value;
            let quantity = match (value, program.continual) {
                (Value::Rate { .. }, Some(Continual { changes })) => {
                    let steps = program.periods.len() as u32;
                    Quantity::Running { stream: Stream { steps, changes }, step }
                }
                (Value::Rate { .. }, None) => Quantity::Rate,
                (Value::Mean { low, high, .. }, _) => Quantity::Mean {
                    center: f64::midpoint(*low, *high),
                    half_range: (high - low) / 2.0,
                },
            };
            (measure.to_string(), quantity)
        }
        ProgramKind::GrowthHistogram { subject } => {
            let model: &GrowthModel = model(subject)?;
            let bands = model.grade.values().next().map_or(1, |grade| grade.bands.len() + 1);
            let bins = model.bins as usize;
            (format!("{}_histogram", model.measure), Quantity::Histogram { bands, bins })
        }
        ProgramKind::GrowthMean { subject } => {
            (model(subject)?.measure.to_string(), Quantity::GrowthMean)
        }
    })
}

#[cfg(test)]
mod tests;
