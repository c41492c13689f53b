//! Two-sided intervals for a share and for a spread, and the normal
//! distribution they need. Pure functions of counts and sums.

/// A two-sided interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Whether a value is within, ends included.
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// Share of the standard normal at or below `x`: the series of Marsaglia (2004,
/// "Evaluating the Normal Distribution"), to 1e-12 within ±8; 0 or 1 beyond.
pub fn normal_share(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > f64::EPSILON * sum.abs() / 4.0 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The point at or below which `share` of the standard normal lies, by
/// bisection; ±8 for 0 and 1.
pub fn normal_quantile(share: f64) -> f64 {
    bisect(-8.0, 8.0, |x| normal_share(x) < share)
}

/// Interval for a share of which `count` of `tries` were seen, missed with
/// probability at most `missed` (Clopper and Pearson 1934).
pub fn share(count: u32, tries: u32, missed: f64) -> Interval {
    let low = if count == 0 {
        0.0
    } else {
        bisect(0.0, 1.0, |p| at_least(count, tries, p) < missed / 2.0)
    };
    let high = if count == tries {
        1.0
    } else {
        bisect(0.0, 1.0, |p| 1.0 - at_least(count + 1, tries, p) > missed / 2.0)
    };
    Interval { low, high }
}

/// Interval for a standard deviation from the sum of squares of `count` normal
/// deviations from a known mean, missed with probability `missed`: quantiles of
/// chi-square by Wilson and Hilferty (1931), good for 100 deviations and more.
pub fn spread(sum_of_squares: f64, count: u32, missed: f64) -> Interval {
    let count = f64::from(count);
    let chi_square = |share: f64| {
        let part = 2.0 / (9.0 * count);
        count * (1.0 - part + normal_quantile(share) * part.sqrt()).powi(3)
    };
    Interval {
        low: (sum_of_squares / chi_square(1.0 - missed / 2.0)).sqrt(),
        high: (sum_of_squares / chi_square(missed / 2.0)).sqrt(),
    }
}

/// Probability of at least `count` successes in `tries`, `count` at least 1.
/// Sums from the boundary away from the middle, where terms only shrink.
fn at_least(count: u32, tries: u32, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return if p <= 0.0 { 0.0 } else { 1.0 };
    }
    let (k, n) = (f64::from(count), f64::from(tries));
    let choose: f64 = (1..=count).map(|i| ((n - k + f64::from(i)) / f64::from(i)).ln()).sum();
    let at_count = choose + k * p.ln() + (n - k) * (-p).ln_1p();
    let odds = p / (1.0 - p);
    if k > n * p {
        let (mut term, mut sum) = (at_count.exp(), 0.0);
        for i in count..=tries {
            sum += term;
            term *= (n - f64::from(i)) / f64::from(i + 1) * odds;
        }
        sum.min(1.0)
    } else {
        // From one less, downwards; what is left is the answer.
        let mut term = at_count.exp() * k / ((n - k + 1.0) * odds);
        let mut sum = 0.0;
        for i in (0..count).rev() {
            sum += term;
            term *= f64::from(i) / ((n - f64::from(i) + 1.0) * odds);
        }
        (1.0 - sum).max(0.0)
    }
}

/// The point of `[low, high]` up to which `holds` is true.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = low.midpoint(high);
        if holds(middle) { low = middle } else { high = middle }
    }
    low.midpoint(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_match_the_tables() {
        for (share, x) in [(0.5, 0.0), (0.975, 1.959_964), (0.001, -3.090_232), (5e-7, -4.891_638)]
        {
            assert!((normal_quantile(share) - x).abs() < 1e-5, "{share}");
        }
    }

    /// Against published Clopper-Pearson intervals (R's `binom.test`).
    #[test]
    fn intervals_of_a_share_match_the_published_ones() {
        for (count, tries, low, high) in [
            (0, 10, 0.0, 0.308_497),
            (3, 10, 0.066_739, 0.652_453),
            (10, 10, 0.691_503, 1.0),
            (50, 100, 0.398_321, 0.601_679),
        ] {
            let found = share(count, tries, 0.05);
            assert!((found.low - low).abs() < 1e-5, "{count} of {tries}: {found:?}");
            assert!((found.high - high).abs() < 1e-5, "{count} of {tries}: {found:?}");
        }
    }

    #[test]
    fn an_interval_of_a_spread_has_the_ends_of_chi_square() {
        // 95 % quantiles of chi-square with 100 degrees: 74.2219 and 129.5612.
        let found = spread(100.0, 100, 0.05);
        assert!((found.low - (100.0_f64 / 129.5612).sqrt()).abs() < 1e-4, "{found:?}");
        assert!((found.high - (100.0_f64 / 74.2219).sqrt()).abs() < 1e-4, "{found:?}");
    }
}
