//! Like schools, with the numbers that make them alike.

use askama::Template;
use peerlight_hub_engine::{
    feature::{Feature, features, reasons},
    similar::LikeSchools,
};
use peerlight_proto::{charter::Similar, directory::School};
use serde_json::{Value, json};

use super::{shell::Shell, words};
use crate::export::{Table, number, text};

/// One like school.
#[derive(Clone, Debug, PartialEq)]
pub struct LikeRow {
    /// Its name.
    pub name: String,
    /// Its district.
    pub district: String,
    /// Weighted standardised distance.
    pub distance: String,
    /// One value a feature.
    pub values: Vec<String>,
}

/// The page of like schools.
#[derive(Template)]
#[template(path = "similar.html")]
pub struct SimilarPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The school's address.
    pub path: String,
    /// The features, in words.
    pub matched_on: String,
    /// Where they come from.
    pub source: String,
    /// Which features the school lacks, if any.
    pub missing: Option<String>,
    /// Names of the features.
    pub columns: Vec<String>,
    /// The asking school.
    pub own: LikeRow,
    /// Like schools, nearest first.
    pub rows: Vec<LikeRow>,
}

/// What a page or export of like schools is made from.
pub struct Likeness<'a> {
    /// The charter's way of comparing.
    pub policy: &'a Similar,
    /// The asking school.
    pub own: &'a School,
    /// What the engine found.
    pub found: &'a LikeSchools,
    /// The directory's schools.
    pub schools: &'a [School],
}

impl Likeness<'_> {
    /// Whether the directory gives a feature for any of the schools shown.
    fn is_known(&self, feature: &Feature) -> bool {
        let like = self.found.like.iter().map(|like| &self.schools[like.school]);
        like.chain([self.own]).any(|school| feature.value(school).is_some())
    }

    /// Features that carry weight, heaviest first, as they are shown.
    fn features(&self) -> Vec<Feature> {
        features(self.policy)
            .into_iter()
            .filter(|feature| feature.weight > 0.0 && self.is_known(feature))
            .map(|feature| match feature.name.as_str() {
                "log_enrollment" => Feature { name: "enrollment".to_owned(), ..feature },
                _ => feature,
            })
            .collect()
    }

    fn values(&self, school: &School) -> Vec<String> {
        let shown = |feature: &Feature| {
            feature
                .value(school)
                .map_or_else(|| "not known".to_owned(), |v| words::feature_value(&feature.name, v))
        };
        self.features().iter().map(shown).collect()
    }

    /// The page.
    pub fn page(
        &self,
        shell: Shell,
        source: &str,
        district_of: impl Fn(&School) -> String,
    ) -> SimilarPage {
        let columns: Vec<String> =
            self.features().iter().map(|feature| words::feature(&feature.name)).collect();
        let row = |school: &School, distance: f64| LikeRow {
            name: school.name.clone(),
            district: district_of(school),
            distance: words::number(distance, 2),
            values: self.values(school),
        };
        SimilarPage {
            path: format!("/schools/{}", self.own.id),
            matched_on: words::listed(&columns),
            source: source.to_owned(),
            missing: missing(&self.found.missing_features),
            own: row(self.own, 0.0),
            rows: self
                .found
                .like
                .iter()
                .map(|like| row(&self.schools[like.school], like.distance))
                .collect(),
            columns,
            shell,
        }
    }

    /// Like schools as JSON, with each reason in numbers.
    pub fn json(&self) -> Value {
        let features = features(self.policy);
        let like = self.found.like.iter().map(|like| {
            let school = &self.schools[like.school];
            let reasons: Vec<Value> = reasons(&features, self.own, school)
                .into_iter()
                .map(|reason| {
                    json!({
                        "feature": reason.feature,
                        "yours": reason.yours,
                        "theirs": reason.theirs,
                    })
                })
                .collect();
            json!({
                "school_id": school.id.as_str(),
                "name": school.name,
                "lea_id": school.lea.as_str(),
                "distance": (like.distance * 10_000.0).round() / 10_000.0,
                "reasons": reasons,
            })
        });
        Value::Array(like.collect())
    }

    /// Like schools as a table: a row a school, reasons as words in one column
    /// so that it stays the same shape whatever the charter compares.
    pub fn table(&self) -> Table {
        let features = features(self.policy);
        let rows = self.found.like.iter().map(|like| {
            let school = &self.schools[like.school];
            vec![
                self.own.id.as_str().into(),
                school.id.as_str().into(),
                school.name.as_str().into(),
                school.lea.as_str().into(),
                like.distance.into(),
                why_exact(&features, self.own, school).into(),
                "shown".into(),
            ]
        });
        Table {
            name: format!("similar-{}", self.own.id),
            columns: vec![
                text("school_id"),
                text("like_school_id"),
                text("name"),
                text("lea_id"),
                number("distance", 4),
                text("reasons"),
                text("status"),
            ],
            rows: rows.collect(),
        }
    }
}

fn missing(features: &[String]) -> Option<String> {
    if features.is_empty() {
        return None;
    }
    let names: Vec<String> = features.iter().map(|name| words::feature(name)).collect();
    Some(format!(
        "The directory does not give these figures for this school: {}. Their weight was spread \
         over the rest.",
        words::listed(&names)
    ))
}

/// `low income 68 % (yours 71 %); enrolment 650 (yours 480)`: the heaviest few.
pub fn why(features: &[Feature], yours: &School, theirs: &School) -> String {
    let parts: Vec<String> = reasons(features, yours, theirs)
        .iter()
        .take(4)
        .map(|reason| {
            format!(
                "{} {} (yours {})",
                words::feature(&reason.feature),
                words::feature_value(&reason.feature, reason.theirs),
                words::feature_value(&reason.feature, reason.yours)
            )
        })
        .collect();
    parts.join("; ")
}

/// `pct_english_learner=22.1/25.3; …`: theirs before yours, every feature.
fn why_exact(features: &[Feature], yours: &School, theirs: &School) -> String {
    let parts: Vec<String> = reasons(features, yours, theirs)
        .iter()
        .map(|reason| {
            let (theirs, yours) = (words::number(reason.theirs, 1), words::number(reason.yours, 1));
            format!("{}={theirs}/{yours}", reason.feature)
        })
        .collect();
    parts.join("; ")
}
