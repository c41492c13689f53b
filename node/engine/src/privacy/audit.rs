//! A statistical audit of the shipped noise, for a district to run on its own
//! machine: is the noise as large as the ledger charges for?
//!
//! It makes up a release of one school, draws it again and again with and
//! without one made-up student, by the one road there is (charge, noise,
//! payload), and looks how well the two can be told apart. It takes no
//! sampler, reads no record and keeps nothing.
//!
//! ```text
//! payload y, without x, student d:  t = <d, (y - x) / sigma^2> / mu
//!                                   without the student  normal(0, 1)
//!                                   with the student     normal(mu, 1),  mu = sqrt(2 rho)
//! ```
//!
//! `mu` is the parameter of Gaussian differential privacy (Dong, Roth and Su
//! 2022, Definition 2.6): the best guess at false alarm rate a has miss rate
//! Phi(Phi^-1(1 - a) - mu). For Gaussian noise under zCDP it is sqrt(2 rho). Two
//! intervals for it must contain what was charged:
//!
//! - from the spread of t, by chi-square: 20,000 tries of each kind find a
//!   sigma that is 2 % off;
//! - from the guesses at the threshold mu / 2, by Clopper-Pearson, which
//!   assumes nothing about the shape;
//!
//! and the fourth moment must be a normal one. Right noise fails fewer than
//! one audit in 100,000.

mod interval;

use std::{num::NonZeroUsize, thread};

pub use interval::Interval;
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    group::Margin,
    layout::{LayoutError, ReleaseLayout, release_layout, year_budget},
    names::{ConsortiumId, MemberId, PeriodId, ProgramId, SchoolId},
    units::{ContentHash, GradeSet, PicoRho, SchoolYear},
    wire,
};

use super::{
    budget::{Refused, Under, YearLedger},
    exact::ExactRelease,
    noise::{OpenDp, Sampler},
    release::{DrawError, NoisyRelease},
};

/// Fewest tries of each kind from which anything is said.
pub const FEWEST_TRIES: u32 = 1_000;
/// Tries of each kind that find a tenth with certainty.
pub const USUAL_TRIES: u32 = 20_000;

/// Probability with which each interval misses the truth.
const MISSED: f64 = 1e-6;
/// Standard errors that the fourth moment may be off; its distribution leans to
/// the right.
const SHAPE_ERRORS: f64 = 6.5;
/// What the made-up school has in every cell.
const STUDENTS: i64 = 40;

/// What an audit found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Audit {
    /// Tries with, and as many without, the made-up student.
    pub tries: u32,
    /// Epsilon of the made-up charter.
    pub epsilon: f64,
    /// What the ledger was charged for each try.
    pub charged: PicoRho,
    /// The `mu` that was charged: sqrt(2 rho).
    pub mu: f64,
    /// `mu` by the spread of the noise.
    pub by_spread: Interval,
    /// `mu` by guessing whether the student is there.
    pub by_guesses: Interval,
    /// Share of wrong guesses of each kind, 0 to 1.
    pub wrong_guesses: [f64; 2],
    /// Fourth moment over the squared second: 3 for a normal shape.
    pub kurtosis: f64,
}

/// What it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The noise is what the ledger charges for.
    AsCharged,
    /// There is less noise than was charged for: students are protected less
    /// than promised.
    TooLittle,
    /// There is more noise than was charged for: figures are worse than need be.
    TooMuch,
    /// The noise is as large as charged but not Gaussian.
    OtherShape,
}

/// Why the audit could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Too few tries to tell anything.
    #[error("an audit needs at least {FEWEST_TRIES} tries")]
    TooFew,
    /// The made-up release has no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The ledger refuses it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The noise could not be drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The payload cannot be read back.
    #[error("a made-up release could not be read back: {0}")]
    Payload(#[from] wire::PayloadError),
    /// A thread ended early.
    #[error("the audit was interrupted: try again")]
    Interrupted,
}

impl Audit {
    /// Draws and judges the shipped noise, on up to `threads` threads. Blocks
    /// for about 0.1 milliseconds a try.
    pub fn run(tries: u32, threads: NonZeroUsize) -> Result<Self, AuditError> {
        Self::run_with(&OpenDp, tries, threads)
    }

    fn run_with(
        sampler: &dyn Sampler,
        tries: u32,
        threads: NonZeroUsize,
    ) -> Result<Self, AuditError> {
        if tries < FEWEST_TRIES {
            return Err(AuditError::TooFew);
        }
        let trial = Trial::made_up()?;
        let without = trial.repeat(sampler, tries, threads, false)?;
        let with = trial.repeat(sampler, tries, threads, true)?;
        Ok(trial.judge(tries, &without, &with))
    }

    /// What the numbers say.
    pub fn verdict(&self) -> Verdict {
        let intervals = [self.by_spread, self.by_guesses];
        let limit = SHAPE_ERRORS * (24.0 / (2.0 * f64::from(self.tries))).sqrt();
        if intervals.iter().any(|interval| interval.low > self.mu) {
            Verdict::TooLittle
        } else if !intervals.iter().all(|interval| interval.contains(self.mu)) {
            Verdict::TooMuch
        } else if (self.kurtosis - 3.0).abs() < limit {
            Verdict::AsCharged
        } else {
            Verdict::OtherShape
        }
    }
}

/// The made-up release, of which the student adds one to every cell.
struct Trial {
    layout: ReleaseLayout,
    budget: PicoRho,
    school_year: SchoolYear,
    epsilon: f64,
    charged: PicoRho,
    mu: f64,
}

impl Trial {
    /// One school and one count that takes the whole of epsilon 4, over
    /// everybody and three flags that the student has all of.
    fn made_up() -> Result<Self, AuditError> {
        let named = "a fixed name is valid";
        let school_year = SchoolYear::ending(2026).expect("a fixed year is valid");
        let (consortium, member) =
            (ConsortiumId::new("audit").expect(named), MemberId::new("audit").expect(named));
        let (program, period) =
            (ProgramId::new("enrolled").expect(named), PeriodId::new("march").expect(named));
        let mut policy = Policy::shipped(school_year, "standard").expect("a preset is shipped");
        policy.margin_profile =
            [("audit".to_owned(), [(Margin::All, 600), (Margin::CoreFlags, 400)].into())].into();
        policy.programs.retain(|it| it.id == program);
        for it in &mut policy.programs {
            it.share = 10_000;
            "audit".clone_into(&mut it.margins);
            it.periods.retain(|known| known.id == period);
        }
        let charter = Charter {
            consortium: consortium.clone(),
            number: 1,
            school_year,
            previous: None,
            policy,
            catalogue: Catalogue::shipped().hashed(),
        };
        let directory = Directory {
            consortium,
            number: 1,
            school_year,
            features_source: String::new(),
            schools: vec![School {
                id: SchoolId::new("1").expect(named),
                lea: member.clone(),
                name: String::new(),
                level: Level::K12,
                school_type: String::new(),
                grades: GradeSet::ALL,
                county: None,
                enrollment: None,
                features: std::collections::BTreeMap::new(),
            }],
        };
        let layout = release_layout(&charter, &directory, &member, &program, &period)?;
        let charged = layout.pico_rho();
        Ok(Self {
            budget: year_budget(&charter, &directory, &member),
            school_year,
            epsilon: charter.policy.budget.epsilon,
            charged,
            mu: (2.0 * charged.rho()).sqrt(),
            layout,
        })
    }

    /// `tries` values of t, with or without the student.
    fn repeat(
        &self,
        sampler: &dyn Sampler,
        tries: u32,
        threads: NonZeroUsize,
        with: bool,
    ) -> Result<Vec<f64>, AuditError> {
        let threads = u32::try_from(threads.get()).unwrap_or(u32::MAX).min(tries);
        thread::scope(|scope| {
            let parts: Vec<_> = (0..threads)
                .map(|part| {
                    let own = tries / threads + u32::from(part < tries % threads);
                    scope.spawn(move || {
                        (0..own).map(|_| self.once(sampler, with)).collect::<Result<Vec<_>, _>>()
                    })
                })
                .collect();
            let mut values = Vec::with_capacity(tries as usize);
            for part in parts {
                values.extend(part.join().map_err(|_| AuditError::Interrupted)??);
            }
            Ok(values)
        })
    }

    /// One release from charge to payload, as its t.
    fn once(&self, sampler: &dyn Sampler, with: bool) -> Result<f64, AuditError> {
        let exact = STUDENTS + i64::from(with);
        let blocks = self.layout.blocks.iter().map(|block| vec![exact; block.cells()]).collect();
        let under = ContentHash::of(b"made up");
        let under = Under { charter_hash: under, directory_hash: under };
        let charge = YearLedger::new(self.school_year, self.budget).charge(&self.layout, under)?;
        let one = NonZeroUsize::MIN;
        let exact = ExactRelease::from_blocks(blocks);
        let noisy = NoisyRelease::draw_with(sampler, exact, &self.layout, charge, one)?;
        let sent = wire::decode_payload(noisy.payload(), &self.layout)?;
        let parts = sent.iter().zip(&self.layout.blocks).map(|(values, block)| {
            let moved: i64 = values.iter().map(|value| value - STUDENTS).sum();
            moved as f64 / block.sigma.units().powi(2)
        });
        Ok(parts.sum::<f64>() / self.mu)
    }

    fn judge(&self, tries: u32, without: &[f64], with: &[f64]) -> Audit {
        let mu = self.mu;
        let deviations = without.iter().copied().chain(with.iter().map(|t| t - mu));
        let squares: f64 = deviations.clone().map(|t| t * t).sum();
        let fourths: f64 = deviations.map(|t| t.powi(4)).sum();
        let count = 2 * tries;
        let spread = interval::spread(squares, count, MISSED);
        let count_if = |values: &[f64], wrong: &dyn Fn(f64) -> bool| {
            values.iter().filter(|t| wrong(**t)).count() as u32
        };
        let alarms = count_if(without, &|t| t > mu / 2.0);
        let misses = count_if(with, &|t| t <= mu / 2.0);
        // Each of the two shares may be missed.
        let share = |wrong| interval::share(wrong, tries, MISSED / 2.0);
        let (alarm, miss) = (share(alarms), share(misses));
        let apart = |alarm: f64, miss: f64| {
            interval::normal_quantile(1.0 - alarm) + interval::normal_quantile(1.0 - miss)
        };
        Audit {
            tries,
            epsilon: self.epsilon,
            charged: self.charged,
            mu,
            by_spread: Interval { low: mu / spread.high, high: mu / spread.low },
            by_guesses: Interval {
                low: apart(alarm.high, miss.high),
                high: apart(alarm.low, miss.low),
            },
            wrong_guesses: [alarms, misses].map(|wrong| f64::from(wrong) / f64::from(tries)),
            kurtosis: fourths / f64::from(count) / (squares / f64::from(count)).powi(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use peerlight_proto::units::Sigma;

    use super::*;
    use crate::privacy::noise::{NoiseError, Zero};

    /// Draws with a sigma that is some thousandths of the one asked for.
    struct Off(u64);

    impl Sampler for Off {
        fn add_noise(&self, values: &mut [i64], sigma: Sigma) -> Result<(), NoiseError> {
            OpenDp.add_noise(values, Sigma(sigma.0 * self.0 / 1_000))
        }
    }

    /// Uses one draw for all cells of a block.
    struct Reused;

    impl Sampler for Reused {
        fn add_noise(&self, values: &mut [i64], sigma: Sigma) -> Result<(), NoiseError> {
            let mut one = [0];
            OpenDp.add_noise(&mut one, sigma)?;
            for value in values {
                *value += one[0];
            }
            Ok(())
        }
    }

    /// Laplace noise of the right variance, from the low bits of Gaussian noise.
    struct Laplace;

    impl Sampler for Laplace {
        fn add_noise(&self, values: &mut [i64], sigma: Sigma) -> Result<(), NoiseError> {
            let mut uniform = vec![0; values.len()];
            OpenDp.add_noise(&mut uniform, Sigma(Sigma::PER_UNIT << 30))?;
            for (value, bits) in values.iter_mut().zip(uniform) {
                let share = ((bits & 0xf_ffff) as f64 + 0.5) / f64::from(1 << 20) - 0.5;
                let scale = sigma.units() / 2.0_f64.sqrt();
                *value -= (scale * share.signum() * (1.0 - 2.0 * share.abs()).ln()).round() as i64;
            }
            Ok(())
        }
    }

    fn verdict(sampler: &dyn Sampler, tries: u32) -> (Verdict, Audit) {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let audit = Audit::run_with(sampler, tries, threads).unwrap();
        (audit.verdict(), audit)
    }

    #[test]
    fn the_shipped_noise_is_what_the_ledger_charges() {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let audit = Audit::run(USUAL_TRIES, threads).unwrap();
        assert_eq!(audit.verdict(), Verdict::AsCharged, "{audit:?}");
        // Epsilon 4 at delta 1e-6: rho 0.31106, all of it charged.
        assert!((audit.mu - (2.0_f64 * 0.31106).sqrt()).abs() < 1e-3, "{audit:?}");
        let width = (audit.by_spread.high - audit.by_spread.low) / audit.mu;
        assert!(width < 0.05, "{audit:?}");
    }

    #[test]
    fn a_sigma_that_is_a_tenth_off_is_found_with_the_usual_tries() {
        let (found, audit) = verdict(&Off(900), USUAL_TRIES);
        assert_eq!(found, Verdict::TooLittle, "{audit:?}");
        let (found, audit) = verdict(&Off(1_100), USUAL_TRIES);
        assert_eq!(found, Verdict::TooMuch, "{audit:?}");
    }

    #[test]
    fn grosser_faults_are_found_with_few_tries() {
        assert_eq!(verdict(&Zero, FEWEST_TRIES).0, Verdict::TooLittle);
        assert_eq!(verdict(&Off(500), FEWEST_TRIES).0, Verdict::TooLittle);
        let (found, audit) = verdict(&Reused, FEWEST_TRIES);
        assert_ne!(found, Verdict::AsCharged, "{audit:?}");
        // Not a thing about its spread need be wrong: its shape gives it away.
        let (found, audit) = verdict(&Laplace, USUAL_TRIES / 4);
        assert!(found != Verdict::AsCharged && audit.kurtosis > 3.5, "{audit:?}");
        assert_eq!(Audit::run(10, NonZeroUsize::MIN), Err(AuditError::TooFew));
    }
}
