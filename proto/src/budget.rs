//! From (epsilon, delta), which a board approves, to rho, which a ledger adds.
//!
//! Zero-concentrated differential privacy (Bun and Steinke 2016) composes by
//! addition. The conversion is the tight one of Canonne, Kamath and Steinke
//! (2020, "The Discrete Gaussian for Differential Privacy", Corollary 13):
//! rho-zCDP implies (epsilon, delta) with
//!
//! ```text
//! delta = min over alpha > 1 of
//!         exp((alpha - 1)(alpha rho - epsilon)) / (alpha - 1) * (1 - 1/alpha)^alpha
//! ```

use crate::units::PicoRho;

/// The delta that rho-zCDP guarantees at `epsilon`; between 0 and 1.
pub fn delta_at(rho: f64, epsilon: f64) -> f64 {
    if rho <= 0.0 {
        return 0.0;
    }
    // The exponent is convex in alpha with its minimum near (epsilon + rho) / 2 rho;
    // a golden-section search over log(alpha - 1) needs no derivative.
    let log_delta = |log_gap: f64| {
        let gap = log_gap.exp();
        let alpha = gap + 1.0;
        gap * (alpha * rho - epsilon) - log_gap + alpha * (-1.0 / alpha).ln_1p()
    };
    let (mut low, mut high) = (-20.0_f64, 20.0_f64);
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..200 {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if log_delta(left) < log_delta(right) { high = right } else { low = left }
    }
    log_delta(low.midpoint(high)).exp().clamp(0.0, 1.0)
}

/// The largest rho whose guarantee at `epsilon` is at most `delta`, rounded
/// down to 10^-12.
pub fn rho_for(epsilon: f64, delta: f64) -> PicoRho {
    let rho = bisect(0.0, epsilon.max(0.0), |rho| delta_at(rho, epsilon) <= delta);
    PicoRho((rho * PicoRho::PER_RHO as f64) as u64)
}

/// The smallest epsilon that `rho` guarantees at `delta`; what several years
/// compose to.
pub fn epsilon_for(rho: PicoRho, delta: f64) -> f64 {
    let most = 1.0 + rho.rho() * 4.0 + (rho.rho() * (1.0 / delta).ln()).sqrt() * 4.0;
    most - bisect(0.0, most, |less| delta_at(rho.rho(), most - less) <= delta)
}

/// The largest point of `[low, high]` where `holds` is still true, given that
/// it is true at `low` and turns false at most once.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..100 {
        let middle = low.midpoint(high);
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rho_matches_the_published_table() {
        for (epsilon, rho) in [(1.0, 0.02436), (2.0, 0.08815), (4.0, 0.31106), (8.0, 1.05236)] {
            assert!((rho_for(epsilon, 1e-6).rho() - rho).abs() < 1e-5, "epsilon {epsilon}");
        }
    }

    #[test]
    fn epsilon_and_rho_are_inverse() {
        let rho = rho_for(4.0, 1e-6);
        assert!((epsilon_for(rho, 1e-6) - 4.0).abs() < 1e-6);
        let years = PicoRho(rho.0 * 13);
        assert!((17.0..19.0).contains(&epsilon_for(years, 1e-6)));
    }
}
