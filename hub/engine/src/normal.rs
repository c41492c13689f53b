//! The normal distribution: its cumulative share, its Mills ratio, and draws
//! from a seeded stream.
//!
//! Draws here are for posteriors. Privacy noise is never drawn at the hub.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// Half-width of a 95 % interval, in standard deviations.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Density of the standard normal.
pub fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Share of the standard normal at or below `x`.
///
/// Near the middle the series of Marsaglia (2004, "Evaluating the Normal
/// Distribution"), in the tails the Mills ratio; absolute error below 1e-14.
pub fn cumulative(x: f64) -> f64 {
    if x.abs() > 4.0 {
        let tail = density(x) * mills_ratio(x.abs());
        return if x > 0.0 { 1.0 - tail } else { tail };
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > f64::EPSILON * sum.abs() / 4.0 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * density(x)
}

/// Upper tail over density, by Laplace's continued fraction: to 1e-14 for `x`
/// of at least 3, to 1e-5 from 1.
pub fn mills_ratio(x: f64) -> f64 {
    (1..=40).rev().fold(x, |rest, k| x + f64::from(k) / rest).recip()
}

/// A stream of standard normal numbers, fixed by a seed and a stream number.
pub struct Normals {
    rng: ChaCha12Rng,
    spare: Option<f64>,
}

impl Normals {
    /// The stream with this number under this seed. Streams are independent.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self { rng, spare: None }
    }

    /// A number evenly from above 0 to 1.
    fn unit(&mut self) -> f64 {
        ((self.rng.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// The next number (Box and Muller 1958).
    pub fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * self.unit().ln()).sqrt();
        let (sine, cosine) = (2.0 * std::f64::consts::PI * self.unit()).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cumulative_shares_match_the_tables() {
        for (x, share) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_543),
            (-1.959_963_984_540_054, 0.025),
            (3.9, 0.999_951_903_655_982),
            (-5.0, 2.866_515_718_791_94e-7),
            (6.0, 0.999_999_999_013_412),
        ] {
            assert!((cumulative(x) - share).abs() < 1e-13, "{x}: {}", cumulative(x));
        }
    }

    #[test]
    fn the_mills_ratio_is_tail_over_density() {
        for x in [2.0, 3.0, 4.0] {
            let direct = cumulative(-x) / density(x);
            assert!((mills_ratio(x) - direct).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn draws_are_standard_normal_and_repeat() {
        let draw = |seed, stream| {
            let mut normals = Normals::new(seed, stream);
            (0..100_000).map(|_| normals.draw()).collect::<Vec<_>>()
        };
        let draws = draw(1, 2);
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.015 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        assert_eq!(draws, draw(1, 2));
        assert_ne!(draws, draw(1, 3));
    }
}
