//! The naive ways to spend a student's budget that ours is compared with: the
//! same guarantee divided evenly over everything that is released in a year.
//!
//! For comparison only; nothing of it is in the product.

use peerlight_hub_engine::normal::Normals;
use peerlight_proto::charter::Budget;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Measures a year, each with a numerator and a denominator of its own.
const MEASURES: u32 = 15;

/// Cells that one student is in: all, grade, race, gender, 3 core and 4 small
/// flags.
const CELLS: u32 = 11;

const DRAWS: usize = 50_000;

/// 95 % half-widths of a rate, percentage points, by name.
pub fn half_widths(
    months: u32,
    students: u32,
    share: f64,
) -> anyhow::Result<[(&'static str, f64); 2]> {
    let budget = Budget::preset("standard").ok_or_else(|| anyhow::anyhow!("no preset"))?;
    let releases = f64::from(MEASURES * months * 2);
    // Pure epsilon: every cell a student is in gets an equal part.
    let scale = releases * f64::from(CELLS) / budget.epsilon;
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let laplace = || {
        let uniform: f64 = random.random::<f64>() - 0.5;
        -scale * uniform.signum() * (1.0 - 2.0 * uniform.abs()).ln()
    };
    let naive = width(laplace, students, share)?;
    // zCDP: every release gets an equal part, and its cells share it.
    let rho = budget.tier[0].pico_rho.rho() / releases;
    let sigma = (f64::from(CELLS) / (2.0 * rho)).sqrt();
    let mut normals = Normals::new(1, 0);
    let even = width(|| sigma * normals.draw(), students, share)?;
    Ok([("Laplace noise, epsilon split evenly", naive), ("Gaussian noise, rho split evenly", even)])
}

/// The 95 % quantile of the error of a rate whose numerator and denominator
/// both carry this noise.
fn width(mut noise: impl FnMut() -> f64, students: u32, share: f64) -> anyhow::Result<f64> {
    let students = f64::from(students);
    let errors = (0..DRAWS).map(|_| {
        let rate = (students * share + noise()) / (students + noise());
        100.0 * (rate - share).abs()
    });
    crate::simulated::quantile(errors.collect())
}
