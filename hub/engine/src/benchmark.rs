//! Where schools stand in their network: its distribution, percentile ranks
//! with their band, and decile levels.
//!
//! All of it comes from joint posterior draws of the schools' true values, so
//! that noise neither widens the network nor invents a rank. Ranks and levels
//! say how good an outcome is: for a measure where less is better, the school
//! with the least has rank 100 and level 10.

use peerlight_proto::catalogue::Better;

use crate::{
    normal::{Normals, cumulative},
    posterior::Posterior,
};

/// Probability mass on either side of a rank's 80 % band.
const BAND_TAIL: f64 = 0.1;

/// The network's true values, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution {
    /// Schools it is about.
    pub schools: usize,
    /// Mean of their values.
    pub mean: f64,
    /// Values that 10, 20 … 90 % of schools are at or below, in the measure's
    /// unit, ascending.
    pub deciles: [f64; 9],
}

/// Where one school stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Median percentile rank, 0 to 100; higher is the better outcome.
    pub rank: f64,
    /// Lower end of its 80 % band.
    pub rank_low: f64,
    /// Upper end of its 80 % band.
    pub rank_high: f64,
    /// Decile level, 1 to 10; 10 is the best outcome.
    pub level: u32,
    /// Probability that the true value is in that level, 0 to 1.
    pub level_probability: f64,
}

/// The distribution of two schools and more, and where each stands.
///
/// Levels are cut at `frozen` where it is given, so that a level does not move
/// within a year because others moved; else at this distribution's deciles.
pub fn standings(
    posteriors: &[Posterior],
    better: Better,
    frozen: Option<&[f64; 9]>,
    draws: usize,
    normals: &mut Normals,
) -> (Distribution, Vec<Standing>) {
    let schools = posteriors.len();
    let draws = draws.max(1);
    // rank_draws[school * draws + draw]: schools with a lower value.
    let mut rank_draws = vec![0_u32; schools * draws];
    let mut order: Vec<(f64, u32)> = Vec::with_capacity(schools);
    let mut deciles = [0.0; 9];
    for draw in 0..draws {
        order.clear();
        for (school, posterior) in posteriors.iter().enumerate() {
            order.push((posterior.mean + posterior.sd * normals.draw(), school as u32));
        }
        order.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        for (below, (_, school)) in order.iter().enumerate() {
            rank_draws[*school as usize * draws + draw] = below as u32;
        }
        for (tenth, decile) in deciles.iter_mut().enumerate() {
            *decile += quantile(&order, (tenth + 1) as f64 / 10.0) / draws as f64;
        }
    }
    let mean = posteriors.iter().map(|posterior| posterior.mean).sum::<f64>() / schools as f64;
    let distribution = Distribution { schools, mean, deciles };
    let cuts = frozen.unwrap_or(&deciles);
    let standings = posteriors
        .iter()
        .zip(rank_draws.chunks_mut(draws))
        .map(|(posterior, ranks)| {
            let (rank, rank_low, rank_high) = rank(ranks, schools, better);
            let (level, level_probability) = level(*posterior, cuts, better);
            Standing { rank, rank_low, rank_high, level, level_probability }
        })
        .collect();
    (distribution, standings)
}

/// Value below which a share of an ascending list lies, interpolated.
fn quantile(ascending: &[(f64, u32)], share: f64) -> f64 {
    let position = share * (ascending.len() - 1) as f64;
    let below = position.floor();
    let (low, high) = (below as usize, position.ceil() as usize);
    ascending[low].0 + (position - below) * (ascending[high].0 - ascending[low].0)
}

/// Median rank and its 80 % band, 0 to 100.
fn rank(draws: &mut [u32], schools: usize, better: Better) -> (f64, f64, f64) {
    let scale = 100.0 / (schools.max(2) - 1) as f64;
    let last = draws.len() - 1;
    let tail = (BAND_TAIL * last as f64).round() as usize;
    let mut at = |position| f64::from(*draws.select_nth_unstable(position).1) * scale;
    let (low, middle, high) = (at(tail), at(last / 2), at(last - tail));
    match better {
        Better::Higher => (middle, low, high),
        Better::Lower => (100.0 - middle, 100.0 - high, 100.0 - low),
    }
}

/// The level of the expected value, and the probability of that level.
pub fn level(posterior: Posterior, cuts: &[f64; 9], better: Better) -> (u32, f64) {
    let below = cuts.iter().filter(|cut| **cut < posterior.mean).count();
    let share = |cut: Option<&f64>, outside: f64| match cut {
        Some(cut) if posterior.sd > 0.0 => cumulative((cut - posterior.mean) / posterior.sd),
        Some(cut) => f64::from(u8::from(*cut >= posterior.mean)),
        None => outside,
    };
    let lower = below.checked_sub(1).and_then(|position| cuts.get(position));
    let probability = share(cuts.get(below), 1.0) - share(lower, 0.0);
    let level = match better {
        Better::Higher => below as u32 + 1,
        Better::Lower => 10 - below as u32,
    };
    (level, probability)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::Prior;

    fn precise(values: &[f64]) -> Vec<Posterior> {
        values.iter().map(|mean| Posterior { mean: *mean, sd: 1e-6 }).collect()
    }

    #[test]
    fn the_better_outcome_has_the_higher_rank_and_level() {
        let values: Vec<f64> = (0..101).map(f64::from).collect();
        for (better, first, last) in [(Better::Higher, 0.0, 100.0), (Better::Lower, 100.0, 0.0)] {
            let mut normals = Normals::new(1, 0);
            let (distribution, standings) =
                standings(&precise(&values), better, None, 50, &mut normals);
            assert!((distribution.mean - 50.0).abs() < 1e-6);
            assert!((distribution.deciles[0] - 10.0).abs() < 1e-3);
            assert!((standings[0].rank - first).abs() < 1e-9);
            assert!((standings[100].rank - last).abs() < 1e-9);
            let levels = (standings[3].level, standings[97].level);
            assert_eq!(levels, if better == Better::Higher { (1, 10) } else { (10, 1) });
        }
    }

    #[test]
    fn a_vague_school_has_a_wide_band_and_an_unsure_level() {
        let mut posteriors = precise(&(0..50).map(f64::from).collect::<Vec<_>>());
        posteriors[25].sd = 15.0;
        let mut normals = Normals::new(2, 0);
        let (_, standings) = standings(&posteriors, Better::Higher, None, 1_000, &mut normals);
        assert!(standings[25].rank_high - standings[25].rank_low > 50.0);
        assert!(standings[25].level_probability < 0.3);
        assert!(standings[10].rank_high - standings[10].rank_low < 5.0);
        for standing in &standings {
            assert!(standing.rank_low <= standing.rank && standing.rank <= standing.rank_high);
        }
    }

    #[test]
    fn frozen_cut_points_hold_levels_still() {
        let cuts = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0];
        let mut normals = Normals::new(3, 0);
        let posteriors = precise(&[91.0, 92.0, 93.0, 94.0, 95.0]);
        let (_, standings) = standings(&posteriors, Better::Higher, Some(&cuts), 10, &mut normals);
        assert!(standings.iter().all(|standing| standing.level == 10));
    }

    #[test]
    fn a_school_that_rises_never_falls_in_rank() {
        let base: Vec<f64> = (0..40).map(|school| f64::from(school) * 1.5).collect();
        let mut last = -1.0;
        for value in [0.0, 10.0, 20.0, 30.0, 45.0, 70.0] {
            let mut posteriors: Vec<Posterior> =
                base.iter().map(|mean| Posterior { mean: *mean, sd: 3.0 }).collect();
            posteriors[7].mean = value;
            let (_, standings) =
                standings(&posteriors, Better::Higher, None, 500, &mut Normals::new(4, 0));
            assert!(standings[7].rank >= last);
            last = standings[7].rank;
        }
    }

    /// 2,000 schools, fixed seed.
    #[test]
    fn rank_bands_cover_the_true_rank() {
        let mut normals = Normals::new(5, 0);
        let truth: Vec<f64> = (0..2_000).map(|_| 50.0 + 6.0 * normals.draw()).collect();
        let observed: Vec<(f64, f64)> =
            truth.iter().map(|value| (value + 4.0 * normals.draw(), 16.0)).collect();
        let prior = Prior::learn(&observed).unwrap();
        let posteriors: Vec<Posterior> =
            observed.iter().map(|observed| prior.posterior(*observed)).collect();
        let (_, standings) =
            standings(&posteriors, Better::Higher, None, 400, &mut Normals::new(6, 0));
        let covered = truth
            .iter()
            .zip(&standings)
            .filter(|(value, standing)| {
                let below = truth.iter().filter(|other| other < value).count() as f64;
                let rank = 100.0 * below / 1_999.0;
                (standing.rank_low..=standing.rank_high).contains(&rank)
            })
            .count();
        assert!((1_540..=1_660).contains(&covered), "{covered} of 2000");
    }
}
