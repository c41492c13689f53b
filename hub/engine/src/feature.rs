//! What the directory says about a school, as numbers that can be compared:
//! the features of the charter, their weights and their caps.

use peerlight_proto::{charter::Similar, directory::School};

/// Feature that is derived from official enrolment: its natural logarithm.
pub const LOG_ENROLLMENT: &str = "log_enrollment";

/// Features that are looked at: one bit each says which a school has.
const MOST_FEATURES: usize = 64;

/// Room for rounding when a difference is held against its cap.
const CAP_ROUNDING: f64 = 1e-9;

/// One feature of the charter.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Column of the directory, or [`LOG_ENROLLMENT`].
    pub name: String,
    /// Its share of the distance where no feature is missing.
    pub weight: f64,
    /// Largest difference between like schools, in the feature's unit.
    pub cap: f64,
}

impl Feature {
    /// Its value for a school, if the directory has it.
    pub fn value(&self, school: &School) -> Option<f64> {
        let enrollment = || school.enrollment.filter(|students| *students > 0).map(f64::from);
        match self.name.as_str() {
            LOG_ENROLLMENT => enrollment().map(f64::ln),
            "enrollment" => enrollment(),
            name => school.features.get(name).copied().filter(|value| value.is_finite()),
        }
    }

    /// Whether two values are too far apart for like schools.
    pub fn is_beyond_cap(&self, difference: f64) -> bool {
        difference > self.cap + CAP_ROUNDING
    }
}

/// The features that have a weight or a cap, heaviest first; at most 64.
pub fn features(policy: &Similar) -> Vec<Feature> {
    let names: std::collections::BTreeSet<&String> =
        policy.weight.keys().chain(policy.cap.keys()).collect();
    let mut features: Vec<Feature> = names
        .into_iter()
        .map(|name| Feature {
            name: name.clone(),
            weight: policy.weight.get(name).copied().unwrap_or(0.0),
            cap: policy.cap.get(name).copied().unwrap_or(f64::INFINITY),
        })
        .filter(|feature| feature.weight > 0.0 || feature.cap.is_finite())
        .collect();
    features.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    features.truncate(MOST_FEATURES);
    features
}

/// Why two schools are alike, in one number each.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The directory's column; `enrollment` where the logarithm was compared.
    pub feature: String,
    /// The asking school's value, in the column's unit.
    pub yours: f64,
    /// The like school's value.
    pub theirs: f64,
}

/// The features that both schools have, heaviest first.
pub fn reasons(features: &[Feature], yours: &School, theirs: &School) -> Vec<Reason> {
    features
        .iter()
        .filter_map(|feature| {
            let shown = if feature.name == LOG_ENROLLMENT {
                Feature { name: "enrollment".to_owned(), ..feature.clone() }
            } else {
                feature.clone()
            };
            let (yours, theirs) = (shown.value(yours)?, shown.value(theirs)?);
            Some(Reason { feature: shown.name, yours, theirs })
        })
        .collect()
}

/// Numbers that are worked on at once; rows are padded to a multiple of it.
pub const LANES: usize = 4;

/// Values of one pool of schools, standardised within it.
///
/// A coordinate is `sqrt(weight) · (value − mean) / sd`, so that a squared
/// difference of coordinates is the feature's part of the squared distance.
pub struct Coordinates {
    /// Numbers in a row: one a feature, padded with zeros.
    pub width: usize,
    /// Schools x features; 0 where missing.
    pub scaled: Vec<f64>,
    /// Schools x features in the features' units; 0 where missing.
    pub raw: Vec<f64>,
    /// A school's features, bit by bit.
    pub present: Vec<u64>,
}

impl Coordinates {
    /// Standardises the schools of one pool; at most 64 features.
    pub fn of(features: &[Feature], schools: &[&School]) -> Self {
        let width = features.len().next_multiple_of(LANES);
        let mut coordinates = Self {
            width,
            scaled: vec![0.0; schools.len() * width],
            raw: vec![0.0; schools.len() * width],
            present: vec![0; schools.len()],
        };
        for (position, feature) in features.iter().enumerate() {
            let values: Vec<Option<f64>> =
                schools.iter().map(|school| feature.value(school)).collect();
            let (mean, sd) = mean_and_sd(&values);
            // Where all are equal there is nothing to tell schools apart by.
            let scale = if sd > 0.0 { feature.weight.sqrt() / sd } else { 0.0 };
            for (school, value) in values.iter().enumerate() {
                if let Some(value) = value {
                    coordinates.scaled[school * width + position] = (value - mean) * scale;
                    coordinates.raw[school * width + position] = *value;
                    coordinates.present[school] |= 1 << position;
                }
            }
        }
        coordinates
    }
}

fn mean_and_sd(values: &[Option<f64>]) -> (f64, f64) {
    let count = values.iter().flatten().count().max(1) as f64;
    let mean = values.iter().flatten().sum::<f64>() / count;
    let squares: f64 = values.iter().flatten().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / count).sqrt())
}
