//! What the columns and answers of a survey mean: a map in TOML that a person
//! writes once for a survey. It never guesses: an answer that no scale lists
//! is reported as such.
//!
//! ```toml
//! student_id = "ExternalReference"  # column of the id; or statewide_id = "…";
//!                                   # else respondent and school, see below
//! school_year = "2025-26"           # else --year, else the day of each answer
//!
//! [scale.agree]
//! none = ["Does not apply", "-99"]  # known, and no answer
//! positive = 4                      # from here on positive; else the top two
//! [scale.agree.values]              # as the file spells them: labels, numbers
//! "Strongly disagree" = 1
//! "Disagree" = 2
//! "Neither" = 3
//! "Agree" = 4
//! "Strongly agree" = 5
//!
//! [scale.often]
//! positive = 3
//! values = { "Never" = 1, "Sometimes" = 2, "Always" = 3 }
//!
//! [construct.climate_safety]        # a construct is a column of student years
//! scale = "agree"
//! items = ["Q7_1", "Q7_2", "Q7_3"]
//! reversed = ["Q7_2"]               # agreeing is bad: turned round first
//! scale_of = { Q7_3 = "often" }     # items with another scale
//! least = 2                         # answered items needed; else half of them
//!
//! [responses]                       # columns, where they are not Qualtrics'
//! finished = "Finished"
//! status = "Status"
//! recorded = "RecordedDate"
//! count_unfinished = false
//! ```
//!
//! Of answers without an id:
//!
//! ```toml
//! respondent = "staff"              # or student, parent; or a column that says it:
//!                                   # respondent_column = "Role"
//! school = "School"                 # column of the school's id
//! grade = "Grade"                   # column of a student's grade, if there is one
//!
//! [respondents]                     # what that column has; "" leaves out
//! "Teacher" = "staff"
//!
//! [schools]                         # where the file has names
//! "Lincoln Middle" = "0612345"
//! ```

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::units::SchoolYear;
use serde::Deserialize;

use super::{
    refusal::SurveyMapError,
    subject::{SchoolIdText, Subject},
};
use crate::{respondent::CONSTRUCTS, student::Column};

/// Most options of a scale whose positive ones must be said: of two or three
/// options the top two would be nearly all.
const FEW_OPTIONS: usize = 3;

/// What the columns and answers of a survey mean.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyMap {
    /// Whose answers they are.
    pub(super) subject: Subject,
    /// The year of all answers.
    pub(super) year: Option<SchoolYear>,
    pub(super) constructs: Vec<Construct>,
    pub(super) responses: Responses,
}

/// Some items that tell one thing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Construct {
    pub(super) column: Column,
    pub(super) items: Vec<Item>,
    /// Answered items below which nothing is told.
    pub(super) least: usize,
}

/// A question of a construct.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Its column in the file.
    pub(super) column: String,
    scale: Scale,
    is_reversed: bool,
}

/// What answers mean.
#[derive(Clone, Debug, PartialEq)]
struct Scale {
    /// Points of each answer, by its text in small letters.
    points: BTreeMap<String, i64>,
    none: BTreeSet<String>,
    /// Fewest points of a positive answer.
    positive: i64,
}

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Positive,
    NotPositive,
    /// Not answered.
    Nothing,
    /// The scale does not have it.
    Unknown,
}

/// Columns that say whether a row counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Responses {
    pub(super) finished: String,
    pub(super) status: String,
    pub(super) recorded: String,
    pub(super) channel: String,
    pub(super) count_unfinished: bool,
}

impl Default for Responses {
    /// As Qualtrics names them.
    fn default() -> Self {
        Self {
            finished: "Finished".to_owned(),
            status: "Status".to_owned(),
            recorded: "RecordedDate".to_owned(),
            channel: "DistributionChannel".to_owned(),
            count_unfinished: false,
        }
    }
}

/// A map as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) student_id: Option<String>,
    pub(super) statewide_id: Option<String>,
    pub(super) respondent: Option<String>,
    pub(super) respondent_column: Option<String>,
    pub(super) school: Option<String>,
    pub(super) grade: Option<String>,
    pub(super) respondents: Option<BTreeMap<String, String>>,
    pub(super) schools: Option<BTreeMap<String, SchoolIdText>>,
    school_year: Option<toml::Value>,
    #[serde(default)]
    scale: BTreeMap<String, ScaleTable>,
    #[serde(default)]
    construct: BTreeMap<String, ConstructTable>,
    #[serde(default)]
    responses: Responses,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleTable {
    values: BTreeMap<String, i64>,
    #[serde(default)]
    none: Vec<String>,
    positive: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConstructTable {
    scale: String,
    items: Vec<String>,
    #[serde(default)]
    reversed: BTreeSet<String>,
    #[serde(default)]
    scale_of: BTreeMap<String, String>,
    least: Option<usize>,
}

impl SurveyMap {
    /// Reads a map.
    ///
    /// # Errors
    ///
    /// [`SurveyMapError`]: it is not understood, or its parts do not fit.
    pub fn parse(text: &str) -> Result<Self, SurveyMapError> {
        let file: File =
            toml::from_str(text).map_err(|error| SurveyMapError::Toml(error.to_string()))?;
        let subject = Subject::new(&file)?;
        let year = file.school_year.map(|value| match value {
            toml::Value::String(text) => text.parse().map_err(|_| SurveyMapError::Year(text)),
            other => Err(SurveyMapError::Year(other.to_string())),
        });
        let year = year.transpose()?;
        let mut scales = BTreeMap::new();
        for (name, table) in file.scale {
            let scale = Scale::new(&name, &table)?;
            scales.insert(name, scale);
        }
        let mut constructs = Vec::new();
        for (name, table) in file.construct {
            constructs.push(Construct::new(name, &table, &scales)?);
        }
        if constructs.is_empty() {
            return Err(SurveyMapError::Nothing);
        }
        let columns = constructs.iter().map(|construct| construct.column);
        subject.check(columns)?;
        Ok(Self { subject, year, constructs, responses: file.responses })
    }
}

impl Construct {
    fn new(
        name: String,
        table: &ConstructTable,
        scales: &BTreeMap<String, Scale>,
    ) -> Result<Self, SurveyMapError> {
        let known = Column::from_name(&name).filter(|column| CONSTRUCTS.contains(column));
        let Some(column) = known else { return Err(SurveyMapError::Construct(name)) };
        let wrong = |what: String| SurveyMapError::Items { construct: name.clone(), what };
        let distinct: BTreeSet<&String> = table.items.iter().collect();
        if distinct.len() < table.items.len() || distinct.is_empty() {
            return Err(wrong("needs items, each once".to_owned()));
        }
        let others = table.reversed.iter().chain(table.scale_of.keys());
        if let Some(stranger) = others.into_iter().find(|item| !distinct.contains(item)) {
            return Err(wrong(format!("says something of {stranger}, which is none of its items")));
        }
        let least = table.least.unwrap_or(table.items.len().div_ceil(2));
        if !(1..=table.items.len()).contains(&least) {
            return Err(wrong("needs a least of 1 to the number of its items".to_owned()));
        }
        let mut items = Vec::new();
        for column in &table.items {
            let scale = table.scale_of.get(column).unwrap_or(&table.scale);
            let Some(scale) = scales.get(scale) else {
                return Err(wrong(format!("names the scale {scale}: add [scale.{scale}]")));
            };
            let is_reversed = table.reversed.contains(column);
            items.push(Item { column: column.clone(), scale: scale.clone(), is_reversed });
        }
        Ok(Self { column, items, least })
    }
}

impl Scale {
    fn new(scale: &str, table: &ScaleTable) -> Result<Self, SurveyMapError> {
        let wrong =
            |what: &'static str| Err(SurveyMapError::Scale { scale: scale.to_owned(), what });
        let plain = |text: &String| text.trim().to_lowercase();
        let points: BTreeMap<String, i64> =
            table.values.iter().map(|(text, points)| (plain(text), *points)).collect();
        if points.values().any(|points| points.unsigned_abs() > 1_000) {
            return wrong("needs points from -1000 to 1000");
        }
        let none: BTreeSet<String> = table.none.iter().map(plain).collect();
        if points.len() < table.values.len() || none.iter().any(|text| points.contains_key(text)) {
            return wrong("has one answer twice: capitals do not tell answers apart");
        }
        let options: BTreeSet<i64> = points.values().copied().collect();
        let (Some(low), Some(high)) = (options.first(), options.last()) else {
            return wrong("has no values");
        };
        if low == high {
            return wrong("needs at least two different values");
        }
        let top_two = options.iter().nth_back(1).filter(|_| options.len() > FEW_OPTIONS);
        let Some(positive) = table.positive.or(top_two.copied()) else {
            return wrong("has few options: say with positive = … from which value on it is good");
        };
        if positive <= *low || positive > *high {
            return wrong("needs a positive above its lowest value, and not above its highest");
        }
        Ok(Self { points, none, positive })
    }
}

impl Item {
    /// What a cell says.
    pub(super) fn said(&self, text: &str) -> Said {
        let text = text.trim().to_lowercase();
        if text.is_empty() || self.scale.none.contains(&text) {
            return Said::Nothing;
        }
        let all = &self.scale.points;
        let Some(points) = all.get(&text) else { return Said::Unknown };
        let ends = all.values().min().zip(all.values().max());
        let turned = ends.map_or(*points, |(low, high)| low + high - points);
        let points = if self.is_reversed { turned } else { *points };
        if points >= self.scale.positive { Said::Positive } else { Said::NotPositive }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::table::JoinId;

    /// The example of the documentation.
    pub(in crate::intake::survey) fn example() -> String {
        let text = include_str!("map.rs");
        let lines = text.lines().skip_while(|line| *line != "//! ```toml").skip(1);
        let lines = lines.take_while(|line| *line != "//! ```");
        lines.map(|line| line.trim_start_matches("//!").trim_start().to_owned() + "\n").collect()
    }

    #[test]
    fn the_example_of_the_documentation_is_read_and_turns_reversed_items_round() {
        let map = SurveyMap::parse(&example()).unwrap();
        let id = "ExternalReference".to_owned();
        assert_eq!(map.subject, Subject::Student { join: JoinId::Local, id });
        let [construct] = map.constructs.as_slice() else { panic!("one construct") };
        assert_eq!((construct.column, construct.least), (Column::ClimateSafety, 2));
        let said = |item: usize, text: &str| construct.items[item].said(text);
        assert_eq!(said(0, " agree "), Said::Positive);
        assert_eq!(said(0, "Neither"), Said::NotPositive);
        assert_eq!(said(1, "Agree"), Said::NotPositive);
        assert_eq!(said(1, "Strongly Disagree"), Said::Positive);
        assert_eq!(said(2, "Always"), Said::Positive);
        assert_eq!(said(2, "Agree"), Said::Unknown);
        assert_eq!([said(0, ""), said(0, "-99")], [Said::Nothing; 2]);
    }

    #[test]
    fn a_map_whose_parts_do_not_fit_is_refused_with_what_to_do() {
        let all = "student_id = \"Id\"\n[scale.s]\nvalues = { a = 1, b = 2, c = 3, d = 4 }\n";
        let of = |text: &str| format!("{all}[construct.climate_safety]\nscale = \"s\"\n{text}");
        let scale = |text: &str| format!("student_id = \"Id\"\n[scale.s]\n{text}");
        for (text, told) in [
            ("[scale.s]\nvalues = { a = 1 }".to_owned(), "another unit of privacy"),
            ("student_id = \"a\"\nstatewide_id = \"b\"".to_owned(), "keep the one"),
            ("student_id = \"a\"\nschool_year = 26".to_owned(), "write \"2025-26\""),
            ("student_id = \"a\"\nstudents = 1".to_owned(), "unknown field `students`"),
            (all.to_owned(), "has no construct"),
            (format!("{all}[construct.gpa]\nscale = \"s\"\nitems = [\"Q\"]"), "gpa] is none of"),
            (of("items = []"), "needs items"),
            (of("items = [\"Q\", \"Q\"]"), "each once"),
            (of("items = [\"Q\"]\nreversed = [\"R\"]"), "something of R"),
            (of("items = [\"Q\"]\nleast = 2"), "least of 1"),
            (of("items = [\"Q\"]\nscale_of = { Q = \"t\" }"), "add [scale.t]"),
            (scale("values = { a = 1, b = 1 }"), "two different values"),
            (scale("values = { a = 1, A = 2 }"), "one answer twice"),
            (scale("values = { no = 0, yes = 1 }"), "positive = "),
            (scale("positive = 9\nvalues = { no = 0, yes = 1 }"), "above its lowest"),
        ] {
            let error = SurveyMap::parse(&text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
