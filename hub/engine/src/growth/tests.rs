//! Tests of pooling: the shape comes back out of the noise, and nothing that
//! is published is impossible.

use proptest::prelude::*;

use super::*;
use crate::{normal::Normals, sample};

fn hash() -> ContentHash {
    ContentHash::of(b"charter")
}

#[test]
fn the_pooled_shape_comes_back_out_of_the_noise() {
    let world = sample::World::new(6, 1);
    let round = close_round(&world.charter, hash(), &world.releases).unwrap();
    assert_eq!(round.tables.members_pooled, 6);
    // Two subjects, five grades, four bands.
    assert_eq!(round.tables.tables.len(), 40);
    let bell = sample::bell(25);
    for table in &round.tables.tables {
        assert_eq!(table.cumulative_millionths.len(), 24);
        let mut share = 0.0;
        for (bin, cumulative) in table.cumulative_millionths.iter().enumerate() {
            share += bell[bin];
            let found = f64::from(*cumulative) / MILLION;
            assert!((found - share).abs() < 0.06, "{} {bin}: {found} {share}", table.grade);
        }
        assert!((table.pooled_students - 2_400).abs() < 450, "{}", table.pooled_students);
    }
    for pooled in &round.pooled {
        assert_eq!((pooled.members, pooled.borrowed_bands), (6, 0));
        assert!((pooled.students - 9_600.0).abs() < 5.0 * pooled.students_sigma);
    }
}

#[test]
fn the_order_of_members_does_not_matter() {
    let mut world = sample::World::new(3, 2);
    let round = close_round(&world.charter, hash(), &world.releases).unwrap();
    world.releases.reverse();
    assert_eq!(close_round(&world.charter, hash(), &world.releases).unwrap(), round);
}

#[test]
fn a_round_without_histograms_stays_open() {
    let mut world = sample::World::new(2, 3);
    world.releases.retain(|release| !is_histogram(release));
    assert_eq!(close_round(&world.charter, hash(), &world.releases), Err(RoundError::Empty));
    assert!(reporting_members(&world.releases).is_empty());
}

#[test]
fn an_empty_band_takes_its_grades_shape_and_an_empty_grade_the_normal() {
    let charter = sample::charter();
    let (subject, model) = charter.policy.growth.iter().next().unwrap();
    let grade = "05".parse().unwrap();
    let full = Histogram {
        bins: sample::bell(25).iter().map(|share| share * 5_000.0).collect(),
        variance: 100.0,
    };
    let empty = Histogram { bins: vec![-1.0; 25], variance: 100.0 };
    let bands = [full.clone(), empty.clone(), full.clone(), full];
    let (cdfs, pooled) = shape(subject, grade, 3, &bands, model);
    assert_eq!(pooled.borrowed_bands, 1);
    assert!(cdfs[1].iter().zip(&cdfs[0]).all(|(one, other)| (one - other).abs() < 0.01));
    let nothing = [empty.clone(), empty.clone(), empty.clone(), empty];
    let (cdfs, _) = shape(subject, grade, 3, &nothing, model);
    assert!((cdfs[0][11] - cumulative(-0.12)).abs() < 1e-9);
}

#[test]
fn noise_in_a_band_is_smoothed_towards_its_grade() {
    let charter = sample::charter();
    let (subject, model) = charter.policy.growth.iter().next().unwrap();
    let mut normals = Normals::new(4, 0);
    let mut noisy = |students: f64, sigma: f64| Histogram {
        bins: sample::bell(25)
            .iter()
            .map(|share| share * students + sigma * normals.draw())
            .collect(),
        variance: sigma * sigma,
    };
    let bands =
        [noisy(400.0, 12.0), noisy(4_000.0, 12.0), noisy(4_000.0, 12.0), noisy(4_000.0, 12.0)];
    let (cdfs, _) = shape(subject, "05".parse().unwrap(), 1, &bands, model);
    let truth = normal_shares(25, 3.0);
    let error = |cdf: &[f64]| -> f64 {
        cdf.iter().zip(&truth).map(|(one, other)| (one - other).powi(2)).sum()
    };
    assert!(error(&cdfs[0]) < error(&bands[0].shares().unwrap()));
}

proptest! {
    #[test]
    fn shares_never_decrease_and_stay_within_one(
        bins in proptest::collection::vec(-60_i64..200, 25..=25),
        sigma in 0.0_f64..20.0,
    ) {
        let bins: Vec<f64> = bins.into_iter().map(|bin| bin as f64).collect();
        let histogram = Histogram { bins, variance: sigma * sigma };
        if let Some(shares) = histogram.shares() {
            prop_assert!(shares.is_sorted());
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }
}
