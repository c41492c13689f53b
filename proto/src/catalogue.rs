//! What is measured, as data: populations, measures and the constants their
//! expressions use.
//!
//! A definition is copied into the charter together with its content hash, so
//! that two charters that say `ela_met` mean the same thing or say that they
//! do not. Expressions are only carried here; the node's engine checks and
//! evaluates them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    names::{MeasureId, PopulationId},
    units::{ContentHash, Grade},
};

/// The definitions that ship with Peerlight, from `catalogue/measures.toml`.
const SHIPPED: &str = include_str!("../catalogue/measures.toml");

/// Who can count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Its id.
    pub id: PopulationId,
    /// Its name for people.
    pub label: String,
    /// Boolean expression over a student year; NULL counts as no.
    #[serde(rename = "where")]
    pub condition: String,
    /// Hash of all of the above; absent while a definition is being written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<ContentHash>,
}

/// What is computed over a population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Value {
    /// The share of the population for whom `success` holds, 0 to 100 %.
    Rate {
        /// Boolean expression over a student year; NULL is not eligible.
        success: String,
    },
    /// The mean of a bounded value.
    Mean {
        /// Numeric expression over a student year; NULL is not eligible.
        value: String,
        /// Values below are raised to it.
        low: f64,
        /// Values above are lowered to it.
        high: f64,
        /// Unit for people, such as "points".
        unit: String,
        /// Standard deviation between students of one school: a public
        /// constant, so that natural variation can be told from noise.
        within_school_sd: f64,
    },
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Higher values are better.
    Higher,
    /// Lower values are better.
    Lower,
}

/// A measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Its id.
    pub id: MeasureId,
    /// Its name for people.
    pub label: String,
    /// One sentence: what it is and who counts.
    pub about: String,
    /// Whose values are taken.
    pub population: PopulationId,
    /// Which way is better.
    pub better: Better,
    /// Whether it may never be used to match schools, because it is not a
    /// measure of growth although it looks like one.
    #[serde(default)]
    pub never_match: bool,
    /// What is computed.
    #[serde(flatten)]
    pub value: Value,
    /// Hash of all of the above; absent while a definition is being written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<ContentHash>,
}

/// A number for each grade, such as the lowest score that meets the standard.
/// Expressions name it like a column; grades without an entry give NULL.
pub type GradeConstant = BTreeMap<Grade, f64>;

/// Populations, measures and constants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Named constants by grade assessed.
    #[serde(default)]
    pub constants: BTreeMap<String, GradeConstant>,
    /// Populations.
    #[serde(default, rename = "population")]
    pub populations: Vec<Population>,
    /// Measures.
    #[serde(default, rename = "measure")]
    pub measures: Vec<Measure>,
}

impl Population {
    /// The hash of its definition, whatever hash it carries.
    pub fn hash(&self) -> ContentHash {
        hash_parts(&["population", self.id.as_str(), &self.label, &self.condition])
    }
}

impl Measure {
    /// The hash of its definition, whatever hash it carries.
    pub fn hash(&self) -> ContentHash {
        let value = match &self.value {
            Value::Rate { success } => format!("rate\0{success}"),
            Value::Mean { value, low, high, unit, within_school_sd } => {
                format!("mean\0{value}\0{low}\0{high}\0{unit}\0{within_school_sd}")
            }
        };
        let better = match self.better {
            Better::Higher => "higher",
            Better::Lower => "lower",
        };
        hash_parts(&[
            "measure",
            self.id.as_str(),
            &self.label,
            &self.about,
            self.population.as_str(),
            better,
            if self.never_match { "never_match" } else { "" },
            &value,
        ])
    }
}

/// Each part is preceded by its length, so that no two lists run together.
fn hash_parts(parts: &[&str]) -> ContentHash {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    ContentHash::of(&bytes)
}

impl Catalogue {
    /// The definitions that ship with Peerlight.
    pub fn shipped() -> Self {
        toml::from_str(SHIPPED).expect("a test parses the shipped catalogue")
    }

    /// The same definitions, each with its content hash.
    #[must_use]
    pub fn hashed(mut self) -> Self {
        for population in &mut self.populations {
            population.content_hash = Some(population.hash());
        }
        for measure in &mut self.measures {
            measure.content_hash = Some(measure.hash());
        }
        self
    }

    /// The population with this id.
    pub fn population(&self, id: &PopulationId) -> Option<&Population> {
        self.populations.iter().find(|population| population.id == *id)
    }

    /// The measure with this id.
    pub fn measure(&self, id: &MeasureId) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_parses_and_refers_only_to_itself() {
        let catalogue = Catalogue::shipped();
        assert!(!catalogue.measures.is_empty());
        for measure in &catalogue.measures {
            assert!(catalogue.population(&measure.population).is_some(), "{}", measure.id);
        }
    }

    #[test]
    fn changing_any_part_of_a_definition_changes_its_hash() {
        let measure = Catalogue::shipped().measures[0].clone();
        let mut other = measure.clone();
        other.label.push('!');
        assert_ne!(measure.hash(), other.hash());
        let mut moved = measure.clone();
        moved.better = match moved.better {
            Better::Higher => Better::Lower,
            Better::Lower => Better::Higher,
        };
        assert_ne!(measure.hash(), moved.hash());
    }
}
