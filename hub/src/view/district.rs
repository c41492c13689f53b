//! One district: the totals of its schools beside the network's.
//!
//! A line is one measure of one group. The network's total has the district in
//! it. Page and export are made from the same lines, in the same order.

use askama::Template;
use peerlight_hub_engine::{
    measure::{MeasureKind, ReportedMeasure},
    roll_up::Total,
};
use peerlight_proto::{group::StudentGroup, names::MemberId};

use super::{
    shell::Shell,
    words::{Missing, Shown},
};
use crate::export::{Cell, Column, Table, number, text, whole};

/// What is known of one side of a line, and what may be shown of it.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    total: Option<&'a Total>,
    shown: Shown,
}

/// One measure of one group.
pub struct Line<'a> {
    /// The measure.
    pub measure: &'a ReportedMeasure,
    /// The student group.
    pub group: StudentGroup,
    /// The district.
    pub district: Side<'a>,
    /// The network.
    pub network: Side<'a>,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalRow {
    /// The measure's id.
    pub measure: String,
    /// Its name.
    pub label: String,
    /// The group's name.
    pub group: String,
    /// `61.2 ± 0.8 %`, or why not.
    pub value: String,
    /// `60.4 to 62.0`; empty where there is no number.
    pub range: String,
    /// The network's value, or why not.
    pub network: String,
    /// Its interval; empty where there is no number.
    pub network_range: String,
}

/// One table of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalTable {
    /// Unique in the page.
    pub id: String,
    /// What it is a table of.
    pub name: String,
    /// Its caption.
    pub caption: String,
    /// What its first column says.
    pub first: &'static str,
    /// Whether its rows are groups; else they are measures.
    pub by_group: bool,
    /// Its rows.
    pub rows: Vec<TotalRow>,
}

/// The page of one district.
#[derive(Template)]
#[template(path = "district.html")]
pub struct DistrictPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Its address.
    pub path: String,
    /// How many schools it and the network have, in a sentence.
    pub about: String,
    /// All students, measure by measure.
    pub measures: TotalTable,
    /// Students counted, population by population.
    pub counts: TotalTable,
    /// By student group, one measure each.
    pub groups: Vec<TotalTable>,
}

impl TotalTable {
    fn of(id: &'static str, first: &'static str, caption: &str, lines: &[&Line<'_>]) -> Self {
        Self {
            id: id.to_owned(),
            name: first.to_owned(),
            caption: caption.to_owned(),
            first,
            by_group: false,
            rows: lines.iter().map(|line| line.row()).collect(),
        }
    }

    /// How many rows have a number for the district.
    fn shown(&self) -> usize {
        self.rows.iter().filter(|row| !row.range.is_empty()).count()
    }
}

impl<'a> Side<'a> {
    /// What may be shown of a total.
    pub fn of(total: &'a Total, measure: &ReportedMeasure) -> Self {
        let shown = total.estimate.and_then(|it| Shown::estimated(total.precision, it, measure));
        let shown = shown.unwrap_or(Shown::Missing(Missing::of(total.precision, None)));
        Self { total: Some(total), shown }
    }

    /// Nothing was reported.
    pub const fn missing(why: Missing) -> Self {
        Self { total: None, shown: Shown::Missing(why) }
    }

    /// What may be shown of it.
    pub const fn shown(&self) -> Shown {
        self.shown
    }

    /// The day it is as of, in words.
    pub fn day(&self) -> Option<String> {
        Some(self.total?.as_of?.words())
    }

    fn as_of(&self) -> Option<String> {
        Some(self.total?.as_of?.to_string())
    }

    fn cells(&self) -> [Cell; 6] {
        let interval = self.shown.interval();
        [
            self.shown.status().into(),
            self.shown.estimate().into(),
            interval.map(|(low, _)| low).into(),
            interval.map(|(_, high)| high).into(),
            self.total.map(|total| total.schools).into(),
            self.as_of().into(),
        ]
    }
}

impl Line<'_> {
    fn is_count(&self) -> bool {
        self.measure.kind == MeasureKind::Count
    }

    /// The measure's name; of a running count with the district's day.
    fn label(&self) -> String {
        let day = self.district.total.and_then(|total| total.as_of);
        match day.filter(|_| self.measure.kind == MeasureKind::Running) {
            Some(day) => format!("{}, as of {}", self.measure.label, day.words()),
            None => self.measure.label.clone(),
        }
    }

    /// The network's value; of a running count with its day, if it is another.
    fn network(&self) -> String {
        let text = self.network.shown.text(self.measure);
        let day = self.network.total.and_then(|total| total.as_of);
        let other = self.network.as_of() != self.district.as_of();
        match day.filter(|_| other && self.measure.kind == MeasureKind::Running) {
            Some(day) => format!("{text}, as of {}", day.words()),
            None => text,
        }
    }

    /// The line as a row.
    pub fn row(&self) -> TotalRow {
        TotalRow {
            measure: self.measure.id.to_string(),
            label: self.label(),
            group: self.group.label(),
            value: self.district.shown.text(self.measure),
            range: self.district.shown.range().unwrap_or_default(),
            network: self.network(),
            network_range: self.network.shown.range().unwrap_or_default(),
        }
    }

    /// Its cells, in the order of [`columns`].
    pub(super) fn cells(&self, district: &MemberId, run: u64) -> Vec<Cell> {
        let shown = self.district.shown.interval().is_some();
        let estimate = self.district.total.and_then(|total| total.estimate).filter(|_| shown);
        let mut cells = vec![
            district.as_str().into(),
            self.measure.id.as_str().into(),
            self.group.to_string().into(),
            self.measure.unit.as_str().into(),
        ];
        cells.extend(self.district.cells());
        cells.push(estimate.map(|estimate| estimate.privacy_standard_error).into());
        cells.push(estimate.map(|estimate| estimate.natural_standard_error).into());
        cells.extend(self.network.cells());
        cells.push((run as i64).into());
        cells
    }
}

/// The district's lines as a table.
pub fn table(district: &MemberId, lines: &[Line<'_>], run: u64) -> Table {
    Table {
        name: format!("district-{district}"),
        columns: columns(),
        rows: lines.iter().map(|line| line.cells(district, run)).collect(),
    }
}

/// The columns of a line.
pub(super) fn columns() -> Vec<Column> {
    vec![
        text("lea_id"),
        text("measure"),
        text("student_group"),
        text("unit"),
        text("status"),
        number("value", 2),
        number("ci_low", 2),
        number("ci_high", 2),
        whole("schools"),
        text("as_of"),
        number("privacy_standard_error", 3),
        number("natural_standard_error", 3),
        text("network_status"),
        number("network_value", 2),
        number("network_ci_low", 2),
        number("network_ci_high", 2),
        whole("network_schools"),
        text("network_as_of"),
        whole("benchmark_run"),
    ]
}

/// The page of one district, of which `about` says how large it is.
pub fn page(shell: Shell, district: &MemberId, about: String, lines: &[Line<'_>]) -> DistrictPage {
    let all = |line: &&Line<'_>| line.group == StudentGroup::All;
    let (counts, measures): (Vec<_>, Vec<_>) =
        lines.iter().filter(all).partition(|line| line.is_count());
    let by_measure = lines.chunk_by(|one, other| one.measure.id == other.measure.id);
    let groups = by_measure.filter_map(|of| {
        let measure = &of.first()?.measure;
        let split: Vec<&Line<'_>> = of.iter().filter(|line| !all(line)).collect();
        let table = TotalTable {
            id: format!("{}-groups", measure.id),
            name: measure.label.clone(),
            caption: format!("{} by student group", measure.label),
            first: "Group",
            by_group: true,
            rows: split.iter().map(|line| line.row()).collect(),
        };
        (!split.is_empty()).then_some(table)
    });
    DistrictPage {
        shell,
        path: format!("/districts/{district}"),
        about,
        measures: TotalTable::of("all-students", "Measure", ALL_STUDENTS, &measures),
        counts: TotalTable::of("all-counts", "Students", ALL_COUNTS, &counts),
        groups: groups.collect(),
    }
}

const ALL_STUDENTS: &str = "All students. ± is the 95 % interval; it includes privacy noise. \
                            Where two intervals overlap, the values may be the same.";
const ALL_COUNTS: &str =
    "How many students the measures are about; noise is added to these counts too.";
