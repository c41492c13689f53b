//! The network: how its schools are distributed, measure by measure and level
//! by level; and what the measures mean.

use askama::Template;
use peerlight_hub_engine::{
    analysis::{Analysis, NetworkRow},
    measure::{MeasureKind, ReportedMeasure},
    roll_up::Whole,
};
use peerlight_proto::{
    catalogue::{Better, YearNote},
    group::StudentGroup,
    units::SchoolYear,
};

use super::{
    peer::Choice,
    school::level_words,
    shell::Shell,
    words::{self, Shown},
};
use crate::export::{Table, number, text, whole};

/// One distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct DistributionRow {
    /// The measure's id.
    pub measure: String,
    /// Its name.
    pub label: String,
    /// The student group; empty for all.
    pub group: String,
    /// The schools' level, in words.
    pub level: String,
    /// How many schools.
    pub schools: usize,
    /// Mean.
    pub mean: String,
    /// 10, 30, 50, 70 and 90 % points.
    pub deciles: Vec<String>,
    /// The unit.
    pub unit: String,
}

/// The page of the network.
#[derive(Template)]
#[template(path = "network.html")]
pub struct NetworkPage {
    /// What surrounds it.
    pub shell: Shell,
    /// How much of the network is in, in a sentence.
    pub coverage: String,
    /// Levels to choose from.
    pub levels: Vec<Choice>,
    /// Measures to choose from.
    pub measures: Vec<Choice>,
    /// The view's filters, for its export.
    pub query: String,
    /// The distributions.
    pub rows: Vec<DistributionRow>,
}

/// One distribution in words.
pub fn row(row: &NetworkRow, measures: &[ReportedMeasure]) -> DistributionRow {
    let measure = &measures[row.measure];
    let written = |value: f64| words::number(measure.clamp(value), 1);
    DistributionRow {
        measure: measure.id.to_string(),
        label: measure.label.clone(),
        group: match row.group {
            StudentGroup::All => String::new(),
            group => group.label(),
        },
        level: level_words(row.level),
        schools: row.schools,
        mean: written(row.mean),
        deciles: [0, 2, 4, 6, 8].map(|tenth: usize| written(row.deciles[tenth])).to_vec(),
        unit: measure.unit.clone(),
    }
}

/// The distributions as a table, with every decile, and beside them all students
/// of the level's schools together.
pub fn table(year: SchoolYear, run: u64, rows: &[&NetworkRow], analysis: &Analysis) -> Table {
    const DECILES: [&str; 9] = ["p10", "p20", "p30", "p40", "p50", "p60", "p70", "p80", "p90"];
    let mut columns = vec![
        text("school_year"),
        text("measure"),
        text("student_group"),
        text("level"),
        text("status"),
        text("unit"),
        whole("schools"),
        number("mean", 2),
        number("between_sd", 2),
    ];
    columns.extend(DECILES.map(|name| number(name, 2)));
    columns.extend(
        ["network_value", "network_value_low", "network_value_high"].map(|name| number(name, 2)),
    );
    columns.push(whole("benchmark_run"));
    let rows = rows.iter().map(|row| {
        let measure = &analysis.measures[row.measure];
        let total = analysis.total(Whole::Level(row.level), row.measure, row.group);
        let total =
            total.and_then(|total| Shown::estimated(total.precision, total.estimate?, measure));
        let interval = total.and_then(|total| total.interval());
        let mut cells = vec![
            year.to_string().into(),
            measure.id.as_str().into(),
            row.group.to_string().into(),
            row.level.as_str().into(),
            "shown".into(),
            measure.unit.as_str().into(),
            row.schools.into(),
            measure.clamp(row.mean).into(),
            row.between_sd.into(),
        ];
        cells.extend(row.deciles.iter().map(|decile| measure.clamp(*decile).into()));
        cells.push(total.and_then(|total| total.estimate()).into());
        cells.push(interval.map(|(low, _)| low).into());
        cells.push(interval.map(|(_, high)| high).into());
        cells.push((run as i64).into());
        cells
    });
    Table { name: "network".to_owned(), rows: rows.collect(), columns }
}

/// A word and what it means.
pub struct Entry {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// A measure and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureHelp {
    /// Its id.
    pub id: String,
    /// Its name.
    pub label: String,
    /// What it is and who counts.
    pub about: String,
    /// Unit, direction, grades.
    pub facts: String,
}

impl MeasureHelp {
    /// Describes a measure.
    pub fn of(measure: &ReportedMeasure) -> Self {
        let better = match (measure.kind, measure.better) {
            (MeasureKind::Count, _) | (_, None) => "",
            (_, Some(Better::Higher)) => " Higher is better.",
            (_, Some(Better::Lower)) => " Lower is better.",
        };
        let never = if measure.never_match { " Never used to match schools." } else { "" };
        let years = [String::new()].into_iter().chain(measure.notes.iter().map(YearNote::sentence));
        let years = years.collect::<Vec<_>>().join(" ");
        Self {
            id: measure.id.to_string(),
            label: measure.label.clone(),
            about: measure.about.clone(),
            facts: format!("In {}, grades {}.{better}{never}{years}", measure.unit, measure.grades),
        }
    }
}

/// The page of words and measures.
#[derive(Template)]
#[template(path = "help.html")]
pub struct HelpPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Words.
    pub words: &'static [Entry],
    /// Measures of the charter.
    pub measures: Vec<MeasureHelp>,
}

/// Words that pages use.
pub const WORDS: &[Entry] = &[
    Entry { word: "Network", meaning: "All schools of the consortium." },
    Entry {
        word: "Like schools",
        meaning: "The nearest schools of the same level and type by whom they serve, from public figures; outcomes play no part.",
    },
    Entry {
        word: "Peer",
        meaning: "A like school of another district whose growth is better, with a stated probability.",
    },
    Entry {
        word: "Growth",
        meaning: "Where the school's students end up among students with the same earlier scores; 50 is the network's average.",
    },
    Entry {
        word: "Rank",
        meaning: "The share of schools of the same level whose outcome is worse, with the range that holds the true rank with 80 % probability.",
    },
    Entry {
        word: "Level, 1 to 10",
        meaning: "The tenth of the network's schools that the school is in; 10 is the best outcome.",
    },
    Entry {
        word: "Stability",
        meaning: "In how many redraws of the noise a peer would still be among those shown.",
    },
];
