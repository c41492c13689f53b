//! Maps values to positions on an axis and picks its ticks.

/// A linear axis from `low` to `high`, drawn from `start` to `end` pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// An axis; a range that is empty or not finite becomes one unit wide.
    pub fn new(low: f64, high: f64, start: f64, end: f64) -> Self {
        let low = if low.is_finite() { low } else { 0.0 };
        let high = if high.is_finite() && high > low { high } else { low + 1.0 };
        Self { low, high, start, end }
    }

    /// Position of `value`, pixels; values outside the axis stop at its ends.
    pub fn position(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.start + share * (self.end - self.start)
    }

    /// Round values on the axis: steps of 1, 2 or 5 times a power of ten, at
    /// most about `most` of them.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        let span = self.high - self.low;
        let rough = span / most.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough * 0.999_999)
            .unwrap_or(10.0 * power);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|index| index as f64 * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_the_axis_stop_at_its_ends() {
        let scale = Scale::new(0.0, 100.0, 10.0, 210.0);
        assert!((scale.position(50.0) - 110.0).abs() < 1e-9);
        assert!((scale.position(103.6) - 210.0).abs() < 1e-9);
        assert!((scale.position(-3.0) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn ticks_are_round_and_inside_the_axis() {
        assert_eq!(Scale::new(0.0, 100.0, 0.0, 1.0).ticks(5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(Scale::new(31.0, 72.0, 0.0, 1.0).ticks(5), [40.0, 50.0, 60.0, 70.0]);
        assert!(Scale::new(5.0, 5.0, 0.0, 1.0).ticks(5).len() <= 6);
        assert!(!Scale::new(f64::NAN, f64::NAN, 0.0, 1.0).ticks(5).is_empty());
    }
}
