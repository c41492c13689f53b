//! The noise that is drawn is the noise that was paid for: a two-sided interval
//! for what can be told about one student, from the shipped draw, and mutants
//! of the noise that must be caught.
//!
//! One release of a whole year's budget, over many schools of one cell each:
//! every school is one run. A Gaussian release that costs rho lets the presence
//! of one student be told like a normal variable moved by mu = sqrt(2 rho)
//! (Dong, Roth and Su 2022, section 2.3).

use std::num::NonZeroUsize;

use peerlight_hub_engine::normal::{Normals, cumulative};
use peerlight_node_engine::privacy::{
    budget::YearLedger, exact::ExactRelease, release::NoisyRelease,
};
use peerlight_proto::{
    charter::ProgramKind,
    directory::School,
    group::Margin,
    layout::{ReleaseLayout, year_layouts},
    names::SchoolId,
    wire,
};

use crate::{
    district::{District, UNDER},
    sized,
};

/// Runs of each side. With these a sigma that is a tenth off is found with a
/// power above 0.99.
const RUNS: usize = 20_000;

/// Two-sided normal quantile of about 7 in 10^6: how often right noise is
/// found wanting.
const Z: f64 = 4.5;

/// What one student's presence looks like, and what it should look like.
struct Trial {
    sigma: f64,
    /// sqrt(2 rho) of what the ledger was charged.
    charged: f64,
    layout: ReleaseLayout,
    district: District,
}

impl Trial {
    fn new() -> Self {
        let mut district = District::new();
        let policy = &mut district.charter.policy;
        policy.programs.retain(|program| {
            matches!(&program.kind, ProgramKind::Count { population } if population.as_str() == "enrolled")
        });
        policy.programs.truncate(1);
        let program = &mut policy.programs[0];
        program.share = 10_000;
        program.periods.truncate(1);
        policy.margin_profile.insert("count".to_owned(), [(Margin::All, 1_000)].into());
        let model = district.directory.schools[0].clone();
        let school = |number| School {
            id: SchoolId::new(format!("{number:06}")).unwrap(),
            enrollment: Some(1),
            ..model.clone()
        };
        district.directory.schools = (0..sized(RUNS)).map(school).collect();
        let layouts = year_layouts(&district.charter, &district.directory, &district.member);
        let layout = layouts.into_iter().next().unwrap().unwrap();
        let sigma = layout.blocks[0].sigma.units();
        let charged = (2.0 * layout.pico_rho().rho()).sqrt();
        // The whole year's budget, or the test would be of less than is spent.
        assert!(charged > 0.99 * (2.0 * district.budget().rho()).sqrt());
        Self { sigma, charged, layout, district }
    }

    /// What is released where every school has `count` students.
    fn draw(&self, count: i64) -> Vec<f64> {
        let mut ledger = YearLedger::new(self.district.charter.school_year, self.district.budget());
        let charge = ledger.charge(&self.layout, UNDER).unwrap();
        let exact = ExactRelease::from_blocks(vec![vec![count; self.layout.cells()]]);
        let threads = NonZeroUsize::new(2).unwrap();
        let noisy = NoisyRelease::draw(exact, &self.layout, charge, threads).unwrap();
        let blocks = wire::decode_payload(noisy.payload(), &self.layout).unwrap();
        blocks[0].iter().map(|value| *value as f64).collect()
    }

    /// Whether what is seen without and with one student more is what the
    /// charge allows, no more and no less.
    fn is_as_charged(&self, without: &[f64], with: &[f64]) -> bool {
        let (low, high) = mu_interval(without, with);
        low <= self.charged && self.charged <= high
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Central moment of an order.
fn moment(values: &[f64], order: i32) -> f64 {
    let middle = mean(values);
    mean(&values.iter().map(|value| (value - middle).powi(order)).collect::<Vec<_>>())
}

/// Two-sided interval for how many standard deviations one student moves the
/// release: mean shift over the pooled deviation, by the delta method.
fn mu_interval(without: &[f64], with: &[f64]) -> (f64, f64) {
    let runs = without.len() as f64;
    let deviation = f64::midpoint(moment(without, 2), moment(with, 2)).sqrt();
    let mu = (mean(with) - mean(without)) / deviation;
    let error = Z * (2.0 / runs + mu * mu / (4.0 * runs)).sqrt();
    (mu - error, mu + error)
}

/// What is wrong with noise that should be independent Gaussian of `sigma`.
fn problems(noise: &[f64], sigma: f64) -> Vec<&'static str> {
    let runs = noise.len() as f64;
    let variance = moment(noise, 2);
    let kurtosis = moment(noise, 4) / (variance * variance);
    let pairs: Vec<f64> = noise.windows(2).map(|pair| pair[0] * pair[1]).collect();
    let checks = [
        ("mean", mean(noise).abs() > Z * sigma / runs.sqrt()),
        ("variance", (variance / sigma.powi(2) - 1.0).abs() > Z * (2.0 / runs).sqrt()),
        ("kurtosis", (kurtosis - 3.0).abs() > 1.3 * Z * (24.0 / runs).sqrt()),
        ("independence", (mean(&pairs) / variance).abs() > Z / runs.sqrt()),
    ];
    checks.into_iter().filter(|(_, is_wrong)| *is_wrong).map(|(name, _)| name).collect()
}

/// Whether an exact zero tells more than mu lets it: what suppression does.
fn zero_tells_too_much(without: &[f64], with: &[f64], mu: f64) -> bool {
    let quantile = |share: f64| {
        let (mut low, mut high) = (-9.0, 9.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if cumulative(middle) < share { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    };
    let runs = without.len() as f64;
    let share = |values: &[f64]| values.iter().filter(|value| **value == 0.0).count() as f64 / runs;
    let margin = |share: f64| Z * ((share * (1.0 - share)).max(1.0 / runs) / runs).sqrt();
    let (one, other) = (share(without), share(with));
    let (more, less) = if one > other { (one, other) } else { (other, one) };
    let (more, less) = ((more - margin(more)).max(0.0), (less + margin(less)).min(1.0));
    more > less && quantile(more) - quantile(less) > mu
}

#[test]
fn one_student_shows_exactly_as_much_as_was_charged() {
    let trial = Trial::new();
    let (without, with) = (trial.draw(20), trial.draw(21));
    assert!(trial.is_as_charged(&without, &with), "{:?}", mu_interval(&without, &with));
    let noise: Vec<f64> = without.iter().map(|value| value - 20.0).collect();
    assert_eq!(problems(&noise, trial.sigma), [""; 0]);
    assert!(!zero_tells_too_much(&trial.draw(9), &trial.draw(10), trial.charged));
}

#[test]
fn a_halved_sigma_is_caught() {
    let trial = Trial::new();
    let halved = |count: i64| -> Vec<f64> {
        let exact = count as f64;
        trial.draw(count).iter().map(|value| exact + (value - exact) / 2.0).collect()
    };
    assert!(!trial.is_as_charged(&halved(20), &halved(21)));
}

#[test]
fn a_sigma_a_tenth_too_small_or_too_large_is_caught() {
    let trial = Trial::new();
    for factor in [0.9, 1.1] {
        let scaled = |count: i64| -> Vec<f64> {
            let exact = count as f64;
            trial.draw(count).iter().map(|value| exact + (value - exact) * factor).collect()
        };
        assert!(!trial.is_as_charged(&scaled(20), &scaled(21)), "{factor}");
    }
}

#[test]
fn laplace_noise_of_the_same_variance_is_caught() {
    let trial = Trial::new();
    let mut normals = Normals::new(7, 0);
    let scale = trial.sigma / 2.0_f64.sqrt();
    // A normal variable's rank is uniform.
    let laplace = (0..sized(RUNS)).map(|_| {
        let uniform = cumulative(normals.draw()) - 0.5;
        -scale * uniform.signum() * (1.0 - 2.0 * uniform.abs()).ln()
    });
    assert_eq!(problems(&laplace.collect::<Vec<f64>>(), trial.sigma), ["kurtosis"]);
}

#[test]
fn noise_that_is_reused_across_cells_is_caught() {
    let trial = Trial::new();
    let noise: Vec<f64> = trial.draw(0);
    let reused: Vec<f64> = (0..noise.len()).map(|cell| noise[cell / 2]).collect();
    assert_eq!(problems(&reused, trial.sigma), ["independence"]);
}

#[test]
fn suppression_on_the_true_count_is_caught() {
    let trial = Trial::new();
    let suppressed = |count: i64| -> Vec<f64> {
        let is_small = count < 10;
        trial.draw(count).iter().map(|value| if is_small { 0.0 } else { *value }).collect()
    };
    assert!(zero_tells_too_much(&suppressed(9), &suppressed(10), trial.charged));
}
