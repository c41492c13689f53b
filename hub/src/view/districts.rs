//! A reader's districts side by side on one measure: a bar each, the network's
//! value as a line, and the same as a table. In the order of their ids: never a
//! ranking.

use askama::Template;
use peerlight_hub_engine::measure::{MeasureKind, ReportedMeasure};
use peerlight_proto::names::MemberId;

use super::{
    district::{Line, TotalRow, columns},
    peer::Choice,
    shell::Shell,
};
use crate::{
    chart::interval::{Chart, Row},
    export::Table,
};

/// Districts on one measure.
pub struct Districts<'a> {
    /// The measure.
    pub measure: &'a ReportedMeasure,
    /// Each district's id, name and line, ordered by id.
    pub lines: Vec<(&'a MemberId, String, Line<'a>)>,
}

/// One district.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistrictRow {
    /// Its id.
    pub id: String,
    /// Its name; of a running count with its day.
    pub name: String,
    /// What is known of it.
    pub total: TotalRow,
}

/// The page.
#[derive(Template)]
#[template(path = "districts.html")]
pub struct DistrictsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Measures to choose from.
    pub choices: Vec<Choice>,
    /// The measure's id.
    pub measure: String,
    /// Its name.
    pub label: String,
    /// What it is and who counts.
    pub about: String,
    /// The network's value, or why there is none.
    pub network: String,
    /// The chart, if any district has a number.
    pub chart: Option<String>,
    /// The districts.
    pub rows: Vec<DistrictRow>,
}

impl Districts<'_> {
    /// The districts as a table.
    pub fn table(&self, run: u64) -> Table {
        Table {
            name: format!("districts-{}", self.measure.id),
            columns: columns(),
            rows: self.lines.iter().map(|(id, _, line)| line.cells(id, run)).collect(),
        }
    }

    /// The page.
    pub fn page(&self, shell: Shell, choices: Vec<Choice>) -> DistrictsPage {
        let rows = self.lines.iter().map(|(id, name, line)| DistrictRow {
            id: id.to_string(),
            name: self.dated(name, line.district.day()),
            total: line.row(),
        });
        let rows: Vec<DistrictRow> = rows.collect();
        DistrictsPage {
            shell,
            choices,
            measure: self.measure.id.to_string(),
            label: self.measure.label.clone(),
            about: self.measure.about.clone(),
            network: self.network(),
            chart: self.chart().map(|chart| chart.svg()),
            rows,
        }
    }

    /// With the day a running count has reached, which may be another for each.
    fn dated(&self, what: &str, day: Option<String>) -> String {
        match day.filter(|_| self.measure.kind == MeasureKind::Running) {
            Some(day) => format!("{what}, as of {day}"),
            None => what.to_owned(),
        }
    }

    fn network(&self) -> String {
        let line = self.lines.first().map(|(_, _, line)| line.network);
        line.map_or_else(String::new, |side| {
            self.dated(&side.shown().text(self.measure), side.day())
        })
    }

    fn chart(&self) -> Option<Chart> {
        let rows: Vec<Row> = self
            .lines
            .iter()
            .filter_map(|(_, name, line)| {
                let shown = line.district.shown();
                let (low, high) = shown.interval()?;
                let text = shown.text(self.measure);
                Some(Row {
                    label: self.dated(name, line.district.day()),
                    low,
                    high,
                    point: shown.estimate(),
                    text,
                    mine: false,
                })
            })
            .collect();
        let network = self.lines.first().and_then(|(_, _, line)| line.network.shown().estimate());
        let ends = |pick: fn(&Row) -> f64| rows.iter().map(pick).chain(network);
        let low = ends(|row| row.low).fold(f64::INFINITY, f64::min);
        let high = ends(|row| row.high).fold(f64::NEG_INFINITY, f64::max);
        let room = 0.05 * (high - low);
        let said: Vec<String> =
            rows.iter().map(|row| format!("{}: {}", row.label, row.text)).collect();
        (!rows.is_empty()).then(|| Chart {
            id: "districts",
            title: format!("{} by district, with 95 % interval", self.measure.label),
            description: said.join("; "),
            low: self.measure.clamp(low - room),
            high: self.measure.clamp(high + room),
            axis: format!("In {}", self.measure.unit),
            reference: network,
            rows,
        })
    }
}
