//! How one school compares with others, in three counts and never a false
//! rank: clearly better, clearly worse, and those that cannot be told apart.

use peerlight_proto::catalogue::Better;

use crate::{normal::cumulative, posterior::Posterior};

/// One school against others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Others whose outcome is worse, with the claim's probability.
    pub better_than: usize,
    /// Others whose outcome is better, with the claim's probability.
    pub worse_than: usize,
    /// Others of which neither can be claimed.
    pub cannot_tell: usize,
}

impl Comparison {
    /// How many others there are.
    pub const fn others(&self) -> usize {
        self.better_than + self.worse_than + self.cannot_tell
    }
}

/// Probability that `one`'s true value is above `other`'s.
pub fn probability_above(one: Posterior, other: Posterior) -> f64 {
    let spread = one.sd.hypot(other.sd);
    let difference = one.mean - other.mean;
    if spread > 0.0 {
        cumulative(difference / spread)
    } else {
        f64::from(u8::from(difference > 0.0))
    }
}

/// Compares a school with others; a claim needs at least `claim_probability`.
pub fn compare(
    own: Posterior,
    others: impl IntoIterator<Item = Posterior>,
    better: Better,
    claim_probability: f64,
) -> Comparison {
    let mut comparison = Comparison::default();
    for other in others {
        let above = probability_above(own, other);
        let (ours, theirs) = match better {
            Better::Higher => (above, 1.0 - above),
            Better::Lower => (1.0 - above, above),
        };
        let count = if ours >= claim_probability {
            &mut comparison.better_than
        } else if theirs >= claim_probability {
            &mut comparison.worse_than
        } else {
            &mut comparison.cannot_tell
        };
        *count += 1;
    }
    comparison
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_probable_difference_is_claimed_and_less_may_be_better() {
        let school = |mean| Posterior { mean, sd: 2.0 };
        let others = [40.0, 49.0, 50.0, 51.0, 60.0, 70.0].map(school);
        let higher = compare(school(50.0), others, Better::Higher, 0.8);
        assert_eq!((higher.better_than, higher.worse_than, higher.cannot_tell), (1, 2, 3));
        let lower = compare(school(50.0), others, Better::Lower, 0.8);
        assert_eq!((lower.better_than, lower.worse_than, lower.cannot_tell), (2, 1, 3));
        assert_eq!(lower.others(), 6);
    }
}
