//! The year so far of one school: its running measures, month by month.
//!
//! A month is one step of a running count: the day it is as of, and what may be
//! shown. Page, chart and export are made from the same months. Months are not
//! compared with each other: they share students and noise.

use askama::Template;
use peerlight_hub_engine::{analysis::Benchmark, civil::CivilDate, measure::ReportedMeasure};
use peerlight_proto::directory::School;

use super::{
    shell::Shell,
    words::{self, Shown},
};
use crate::{
    chart::days::{Chart, Day},
    export::{Cell, Table, number, text, whole},
};

/// One running measure of a school through the year.
pub struct SoFar<'a> {
    /// The measure.
    pub measure: &'a ReportedMeasure,
    /// What is there or due, earliest first.
    pub months: Vec<Month<'a>>,
    /// Days that are still to come, earliest first.
    pub to_come: Vec<CivilDate>,
}

/// One month.
pub struct Month<'a> {
    /// The day it is as of.
    pub as_of: CivilDate,
    /// What the engine found; absent where nothing was released.
    pub found: Option<&'a Benchmark>,
    /// What may be shown.
    pub shown: Shown,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthRow {
    /// `1 March 2026`.
    pub day: String,
    /// `12 ± 4 %`, or why not.
    pub value: String,
    /// `8 to 16`; empty where there is no number.
    pub range: String,
    /// The network's mean.
    pub network: String,
}

/// One measure as a section of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The measure's id.
    pub measure: String,
    /// Its name.
    pub label: String,
    /// What it is and who counts.
    pub about: String,
    /// The answer, in a sentence.
    pub answer: String,
    /// When the next month comes, in a sentence.
    pub next: String,
    /// The chart, if any month has a number.
    pub chart: Option<String>,
    /// The months.
    pub rows: Vec<MonthRow>,
}

/// The page.
#[derive(Template)]
#[template(path = "so_far.html")]
pub struct SoFarPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Its address.
    pub path: String,
    /// `elementary schools`.
    pub level_words: String,
    /// Its measures.
    pub sections: Vec<Section>,
}

impl Month<'_> {
    fn network(&self, measure: &ReportedMeasure) -> Option<f64> {
        Some(measure.clamp(self.found?.network_mean?))
    }

    fn row(&self, measure: &ReportedMeasure) -> MonthRow {
        let network = self.network(measure);
        MonthRow {
            day: self.as_of.words(),
            value: self.shown.text(measure),
            range: self.shown.range().unwrap_or_default(),
            network: network.map_or_else(String::new, |mean| {
                format!("{}{}", words::number(mean, 1), words::suffix(measure))
            }),
        }
    }

    fn cells(&self, school: &School, measure: &ReportedMeasure, run: u64) -> Vec<Cell> {
        let interval = self.shown.interval();
        let estimate = self.found.and_then(|found| found.estimate).filter(|_| interval.is_some());
        vec![
            school.id.as_str().into(),
            measure.id.as_str().into(),
            self.as_of.to_string().into(),
            self.shown.status().into(),
            self.shown.estimate().into(),
            interval.map(|(low, _)| low).into(),
            interval.map(|(_, high)| high).into(),
            measure.unit.as_str().into(),
            estimate.map(|estimate| estimate.privacy_standard_error).into(),
            estimate.map(|estimate| estimate.natural_standard_error).into(),
            self.network(measure).into(),
            self.found.and_then(|found| found.students_needed).into(),
            (run as i64).into(),
        ]
    }
}

impl SoFar<'_> {
    fn section(&self) -> Section {
        Section {
            measure: self.measure.id.to_string(),
            label: self.measure.label.clone(),
            about: self.measure.about.clone(),
            answer: self.answer(),
            next: self.to_come.first().map_or_else(String::new, |day| {
                format!("The next figure is as of {}.", day.words())
            }),
            chart: self.chart().map(|chart| chart.svg()),
            rows: self.months.iter().map(|month| month.row(self.measure)).collect(),
        }
    }

    /// The newest month that has a number, or why none has.
    fn answer(&self) -> String {
        let newest = self.months.iter().rev().find_map(|month| Some((month, month.shown.range()?)));
        match (newest, self.months.last()) {
            (Some((month, range)), _) => {
                let suffix = words::suffix(self.measure);
                let interval = match month.shown {
                    Shown::Point { .. } => format!(" (95 % interval {range})"),
                    _ => " (95 % interval)".to_owned(),
                };
                let value = match month.shown.estimate() {
                    Some(value) => {
                        let (low, high) = month.shown.interval().unwrap_or_default();
                        words::number(value, words::decimals(high - low))
                    }
                    None => range,
                };
                format!("As of {}: {value}{suffix}{interval}.", month.as_of.words())
            }
            (None, Some(month)) => {
                let why = month.shown.text(self.measure);
                format!("As of {}: {}.", month.as_of.words(), why)
            }
            (None, None) => "Nothing is due yet.".to_owned(),
        }
    }

    fn chart(&self) -> Option<Chart> {
        let place = |day: CivilDate| Day {
            day: day.day(),
            month: day.month_name().chars().take(3).collect(),
            interval: None,
            point: None,
            reference: None,
        };
        let months = self.months.iter().map(|month| Day {
            interval: month.shown.interval(),
            point: month.shown.estimate(),
            reference: month.network(self.measure),
            ..place(month.as_of)
        });
        let days: Vec<Day> = months.chain(self.to_come.iter().map(|day| place(*day))).collect();
        let said = self
            .months
            .iter()
            .map(|month| format!("{}: {}", month.as_of.words(), month.shown.text(self.measure)));
        days.iter().any(|day| day.interval.is_some()).then(|| Chart {
            id: format!("so-far-{}", self.measure.id),
            title: format!("{}, by month, with 95 % interval", self.measure.label),
            description: said.collect::<Vec<_>>().join("; "),
            unit: words::suffix(self.measure),
            days,
        })
    }
}

/// The months of every measure as a table.
pub fn table(school: &School, measures: &[SoFar<'_>], run: u64) -> Table {
    let rows = measures.iter().flat_map(|so_far| {
        so_far.months.iter().map(|month| month.cells(school, so_far.measure, run))
    });
    Table {
        name: format!("school-{}-so-far", school.id),
        columns: vec![
            text("school_id"),
            text("measure"),
            text("as_of"),
            text("status"),
            number("value", 2),
            number("ci_low", 2),
            number("ci_high", 2),
            text("unit"),
            number("privacy_standard_error", 3),
            number("natural_standard_error", 3),
            number("network_mean", 2),
            whole("students_needed"),
            whole("benchmark_run"),
        ],
        rows: rows.collect(),
    }
}

/// The page.
pub fn page(shell: Shell, school: &School, measures: &[SoFar<'_>]) -> SoFarPage {
    SoFarPage {
        shell,
        path: format!("/schools/{}/so-far", school.id),
        level_words: super::school::level_words(school.level),
        sections: measures.iter().map(SoFar::section).collect(),
    }
}

#[cfg(test)]
mod tests {
    use peerlight_hub_engine::measure::{MeasureKind, reported_measures};
    use peerlight_proto::{
        catalogue::Catalogue,
        charter::{Charter, Policy},
        names::ConsortiumId,
        units::SchoolYear,
    };

    use super::*;
    use crate::view::words::Missing;

    fn measure() -> ReportedMeasure {
        let year = SchoolYear::ending(2026).unwrap();
        let charter = Charter {
            consortium: ConsortiumId::new("c").unwrap(),
            number: 1,
            school_year: year,
            previous: None,
            policy: Policy::shipped(year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        };
        let mut measures = reported_measures(&charter).into_iter();
        measures.find(|measure| measure.kind == MeasureKind::Running).unwrap()
    }

    fn month(day: &str, shown: Shown) -> Month<'static> {
        Month { as_of: day.parse().unwrap(), found: None, shown }
    }

    const BAND: Shown = Shown::Band { low: 8.0, high: 20.0 };
    const POINT: Shown = Shown::Point { estimate: 12.3, half: 4.1, low: 8.2, high: 16.4 };

    #[test]
    fn the_answer_is_of_the_newest_month_with_a_number_and_says_what_comes_next() {
        let measure = measure();
        let hidden = Shown::Missing(Missing::NotPrecise(None));
        let counted = Shown::Missing(Missing::NotCounted("2025-11-01".parse().unwrap()));
        let mut months = vec![month("2025-10-01", counted)];
        let section = |months: Vec<Month<'static>>| {
            let to_come = vec!["2026-02-01".parse().unwrap()];
            SoFar { measure: &measure, months, to_come }.section()
        };
        let first = section(vec![month("2025-10-01", counted)]);
        let why = "As of 1 October 2025: No share: students are first counted on 1 November 2025.";
        assert_eq!((first.answer.as_str(), first.chart), (why, None));
        assert_eq!(first.next, "The next figure is as of 1 February 2026.");
        assert_eq!(section(Vec::new()).answer, "Nothing is due yet.");
        months.push(month("2025-11-01", POINT));
        months.push(month("2025-12-01", BAND));
        months.push(month("2026-01-01", hidden));
        let all = section(months);
        assert_eq!(all.answer, "As of 1 December 2025: 8 to 20 % (95 % interval).");
        assert_eq!(all.rows[1].value, "12 ± 4 %");
        let svg = all.chart.unwrap();
        assert_eq!((svg.matches("<rect").count(), svg.matches("<circle").count()), (2, 1));
        assert!(svg.contains(">Feb</text>"), "a month to come has its place");
    }
}
