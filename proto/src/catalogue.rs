//! What is measured, as data: populations, measures, the constants and
//! settings their expressions use, and the years that stand apart.
//!
//! A definition is copied into the charter together with its content hash, so
//! that two charters that say `ela_met` mean the same thing or say that they
//! do not. Expressions are only carried here; the node's engine checks and
//! evaluates them.

mod setting;
mod years;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    names::{MeasureId, PopulationId},
    units::{ContentHash, Grade, GradeSet, SchoolYear},
};

pub use setting::Setting;
pub use years::{YearNote, YearStatus, break_between};

/// The definitions that ship with Peerlight: cut scores and settings, who
/// counts and what is measured, and the years that stand apart. One document.
const SHIPPED: &str = concat!(
    include_str!("../catalogue/constants.toml"),
    include_str!("../catalogue/measures.toml"),
    include_str!("../catalogue/years.toml"),
);

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
    /// Grades it is about where no program says; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<GradeSet>,
    /// First school year it is defined for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<SchoolYear>,
    /// Last school year it is defined for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<SchoolYear>,
    /// Who defines it so; for people, and not part of the hash.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
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

/// Populations, measures, constants, settings and notes on years.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Named constants by grade assessed.
    #[serde(default)]
    pub constants: BTreeMap<String, GradeConstant>,
    /// Named numbers that a consortium may set.
    #[serde(default, rename = "setting")]
    pub settings: BTreeMap<String, Setting>,
    /// Populations.
    #[serde(default, rename = "population")]
    pub populations: Vec<Population>,
    /// Measures.
    #[serde(default, rename = "measure")]
    pub measures: Vec<Measure>,
    /// Measures and school years that stand apart.
    #[serde(default, rename = "year")]
    pub years: Vec<YearNote>,
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
        let mut parts = vec![
            "measure",
            self.id.as_str(),
            &self.label,
            &self.about,
            self.population.as_str(),
            better,
            if self.never_match { "never_match" } else { "" },
            &value,
        ];
        // Only what is there, so that a definition without them keeps its hash.
        let grades = self.grades.map(|grades| format!("grades {grades}"));
        let from = self.from.map(|year| format!("from {year}"));
        let until = self.until.map(|year| format!("until {year}"));
        parts.extend([&grades, &from, &until].into_iter().flatten().map(String::as_str));
        hash_parts(&parts)
    }

    /// Whether it is defined for a school year.
    pub fn is_defined_for(&self, year: SchoolYear) -> bool {
        self.from.is_none_or(|from| from <= year) && self.until.is_none_or(|until| year <= until)
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

    /// The same definitions, settings written into their texts for people, each
    /// with its content hash.
    #[must_use]
    pub fn hashed(mut self) -> Self {
        for population in &mut self.populations {
            population.label = setting::written(&population.label, &self.settings);
            population.content_hash = Some(population.hash());
        }
        for measure in &mut self.measures {
            measure.label = setting::written(&measure.label, &self.settings);
            measure.about = setting::written(&measure.about, &self.settings);
            measure.content_hash = Some(measure.hash());
        }
        for note in &mut self.years {
            note.content_hash = Some(note.hash());
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
            assert!(!measure.about.is_empty() && !measure.source.is_empty(), "{}", measure.id);
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
        for change in [
            |it: &mut Measure| it.grades = Some(GradeSet::default()),
            |it: &mut Measure| it.from = SchoolYear::ending(2019).ok(),
            |it: &mut Measure| it.until = SchoolYear::ending(2019).ok(),
        ] {
            let mut other = measure.clone();
            change(&mut other);
            assert_ne!(measure.hash(), other.hash());
        }
    }

    /// A definition that no charter is to change keeps the hash it is known by.
    #[test]
    fn a_definition_without_grades_and_years_has_the_hash_it_always_had() {
        let catalogue = Catalogue::shipped().hashed();
        let of = |id: &str| {
            let found = catalogue.measures.iter().find(|measure| measure.id.as_str() == id);
            found.unwrap().hash().to_string()
        };
        assert_eq!(
            of("ela_met"),
            "cfe7a56c1e79f1caa7cdf2c581215081deb22fa891a6e1dce6c167086e076e73"
        );
        assert_eq!(
            of("graduation_4yr"),
            "37e765be9a1a8f6d5f954f048b8d31d46da0357209d178935f1314a4f9bd2a2f"
        );
    }

    #[test]
    fn texts_for_people_say_what_is_set() {
        let mut catalogue = Catalogue::shipped();
        let threshold = catalogue.settings.get_mut("chronic_threshold").unwrap();
        threshold.value = 0.15;
        catalogue.settings.get_mut("minimum_days").unwrap().value = 20.0;
        let catalogue = catalogue.hashed();
        let chronic = catalogue.measures.iter().find(|it| it.id.as_str() == "chronic_absence");
        assert!(chronic.unwrap().about.contains("at least 15 % of the days"));
        assert_eq!(catalogue.populations[0].label, "Students enrolled for at least 20 days");
        let texts = catalogue.measures.iter().flat_map(|it| [&it.label, &it.about]);
        let labels = catalogue.populations.iter().map(|it| &it.label);
        assert!(texts.chain(labels).all(|text| !text.contains(['{', '}'])));
    }
}
