//! Statistical tests of the shipped noise, with fixed sample sizes. The false
//! alarm rate of each is stated; together they fail a correct sampler about
//! once in a million runs.

use std::num::NonZeroUsize;

use peerlight_proto::{
    layout::cost,
    units::{PicoRho, Sigma},
};

use super::{
    budget::YearLedger,
    exact::ExactRelease,
    noise::{self, OpenDp, Sampler},
    release::NoisyRelease,
    sample,
};

/// Samples of each test.
const SAMPLES: usize = 20_000;
/// Two-sided normal quantile of 10^-7.
const Z: f64 = 5.33;

fn draw(sigma: Sigma) -> Vec<f64> {
    let mut values = vec![0; SAMPLES];
    OpenDp.add_noise(&mut values, sigma).unwrap();
    values.into_iter().map(|value| value as f64).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Whether samples look like Gaussian noise of `sigma`, by three statistics:
///
/// - the mean, standard error sigma / sqrt(n);
/// - the variance over sigma squared, standard error sqrt(2/n): a sigma that is
///   off by 4 % is found with a power above 0.99;
/// - the kurtosis, standard error sqrt(24/n): Laplace noise has 6, not 3.
///
/// Right noise is found wanting about 3 times in 10^7.
fn is_gaussian_of(noise: &[f64], sigma: Sigma) -> bool {
    let (count, sigma) = (noise.len() as f64, sigma.units());
    let moment = |power| mean(&noise.iter().map(|value| value.powi(power)).collect::<Vec<_>>());
    let variance = moment(2);
    let kurtosis = moment(4) / (variance * variance);
    moment(1).abs() < Z * sigma / count.sqrt()
        && (variance / sigma.powi(2) - 1.0).abs() < Z * (2.0 / count).sqrt()
        // Its distribution leans to the right at this size.
        && (kurtosis - 3.0).abs() < 6.5 * (24.0 / count).sqrt()
}

#[test]
fn the_noise_is_gaussian_of_the_sigma_that_was_paid_for() {
    for sigma in [Sigma(20 * Sigma::PER_UNIT + 7), Sigma(400_000 * Sigma::PER_UNIT)] {
        assert!(is_gaussian_of(&draw(sigma), sigma), "{sigma:?}");
    }
}

#[test]
fn noise_that_is_a_tenth_off_is_found_out() {
    let sigma = Sigma(50 * Sigma::PER_UNIT);
    for thousandths in [500, 900, 1_100] {
        let other = Sigma(sigma.0 * thousandths / 1_000);
        assert!(!is_gaussian_of(&draw(other), sigma), "{thousandths} thousandths");
    }
}

#[test]
fn laplace_noise_of_the_same_deviation_is_found_out() {
    let sigma = Sigma(50 * Sigma::PER_UNIT);
    let scale = sigma.units() / 2.0_f64.sqrt();
    let laplace: Vec<f64> = (0..SAMPLES)
        .map(|rank| (rank as f64 + 0.5) / SAMPLES as f64 - 0.5)
        .map(|share| -scale * share.signum() * (1.0 - 2.0 * share.abs()).ln())
        .collect();
    assert!(!is_gaussian_of(&laplace, sigma));
}

/// The correlation of neighbours, of cells a part apart, and of two draws has
/// standard error 1/sqrt(n): noise used twice would give 1.
#[test]
fn cells_and_draws_are_uncorrelated() {
    let sigma = Sigma(30 * Sigma::PER_UNIT);
    let (first, second) = (draw(sigma), draw(sigma));
    let variance = sigma.units().powi(2);
    let correlation = |a: &[f64], b: &[f64]| {
        let products: Vec<f64> = a.iter().zip(b).map(|(a, b)| a * b).collect();
        mean(&products) / variance * (products.len() as f64).sqrt()
    };
    assert_ne!(first, second);
    assert!(correlation(&first, &second).abs() < Z, "two draws");
    for lag in [1, 2, 512, 1024] {
        assert!(correlation(&first, &first[lag..]).abs() < Z, "lag {lag}");
    }
}

#[test]
fn a_release_on_several_threads_noises_every_cell_on_its_own() {
    let (layouts, budget) = sample::year();
    // The pooled histogram is the largest: 5 grades x 4 bands x 25 bins, over
    // several parts. With sigma near 10, one cell in 25 gets no noise.
    let layout = layouts.iter().find(|layout| layout.program.as_str() == "growth_ela_histogram");
    let layout = layout.unwrap();
    let mut noisy = Vec::new();
    for threads in [1, 2, 5] {
        let zeros = layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
        let threads = NonZeroUsize::new(threads).unwrap();
        noisy.push(noise::perturb(zeros, layout, &OpenDp, threads).unwrap().concat());
    }
    let sigma = layout.blocks[0].sigma.units();
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        let same = noisy[one].iter().zip(&noisy[other]).filter(|(a, b)| a == b).count();
        // Two equal cells have probability 1 / (2 sigma sqrt(pi)) a cell; more
        // than three times that many, by chance, less than once in 10^9.
        let expected = noisy[one].len() as f64 / (2.0 * sigma * std::f64::consts::PI.sqrt());
        assert!((same as f64) < 3.0 * expected, "{same} of {}", noisy[one].len());
    }
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    let charge = ledger.charge(layout, sample::UNDER).unwrap();
    let zeros = layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
    let release =
        NoisyRelease::draw(ExactRelease::from_blocks(zeros), layout, charge, NonZeroUsize::MIN);
    assert!(release.unwrap().payload().iter().any(|byte| *byte != 0));
}

#[test]
fn the_library_asks_for_every_block_what_the_ledger_is_charged() {
    let (layouts, _) = sample::year();
    for layout in &layouts {
        noise::check_library_price(layout).unwrap();
        for block in &layout.blocks {
            let rho = noise::library_price(block).unwrap();
            let price = cost(block.l2_squared, block.sigma);
            let charged = price.rho();
            assert!((rho - charged).abs() <= 1.01e-12 + 1e-9 * charged, "{block:?}: {rho}");
            let is_paid_for = block.quantity.is_paid_for();
            assert_eq!(block.pico_rho, if is_paid_for { PicoRho(0) } else { price });
        }
        // A cheaper later step is found when it is charged: see `step`.
        if layout.step().is_some_and(|(_, step)| step > 0) {
            continue;
        }
        let mut cheap = layout.clone();
        cheap.blocks[0].sigma.0 -= cheap.blocks[0].sigma.0 / 1000 + 1;
        assert!(noise::check_library_price(&cheap).is_err(), "{}", layout.program);
    }
}
