//! One school: its lines, its summary, its chart.
//!
//! A line is one measure of one group. Page and export are both made from the
//! same lines, in the same order.

use askama::Template;
use peerlight_hub_engine::{
    analysis::Benchmark,
    comparison::Comparison,
    measure::{MeasureKind, ReportedMeasure},
};
use peerlight_proto::{
    directory::{Level as SchoolLevel, School},
    group::StudentGroup,
    units::SchoolYear,
};

use super::{
    shell::Shell,
    summary,
    words::{self, Level, Shown},
};
use crate::{
    chart::interval::{Chart, Row},
    export::{Cell, Table, number, text, whole},
};

/// One measure of one group of the school.
pub struct Line<'a> {
    /// The measure.
    pub measure: &'a ReportedMeasure,
    /// What the engine found.
    pub benchmark: &'a Benchmark,
    /// What may be shown of it.
    pub shown: Shown,
    /// How it compares with like schools, if it can be compared.
    pub comparison: Option<Comparison>,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureRow {
    /// The measure's id.
    pub measure: String,
    /// Its name.
    pub label: String,
    /// The group's name.
    pub group: String,
    /// `61 ± 3 %`, or why not.
    pub value: String,
    /// `58 to 64`; empty where there is no number.
    pub range: String,
    /// The network's mean.
    pub network: String,
    /// Where it stands, in words.
    pub rank: String,
    /// Its level.
    pub level: Option<Level>,
    /// Whether it is a running measure, which has a page of its months.
    pub running: bool,
    /// Among like schools, in three counts.
    pub standing: String,
}

/// A measure's groups.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupTable {
    /// The measure's name.
    pub label: String,
    /// How many have a number.
    pub shown: usize,
    /// Its rows.
    pub rows: Vec<MeasureRow>,
}

/// The page of one school.
#[derive(Template)]
#[template(path = "school.html")]
pub struct SchoolPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Its address.
    pub path: String,
    /// What kind of school it is.
    pub about: String,
    /// `elementary schools`.
    pub level_words: String,
    /// The answer, in sentences.
    pub summary: Vec<String>,
    /// The chart of ranks, if any measure has one.
    pub chart: Option<String>,
    /// All students, measure by measure.
    pub rows: Vec<MeasureRow>,
    /// Students counted, population by population.
    pub counts: Vec<MeasureRow>,
    /// By student group.
    pub groups: Vec<GroupTable>,
    /// How the school year stands apart, measure by measure.
    pub notes: Vec<String>,
    /// Whether any of its measures is a running one.
    pub running: bool,
    /// Whether official public results of it are held.
    pub official: bool,
}

/// `elementary schools`.
pub fn level_words(level: SchoolLevel) -> String {
    match level {
        SchoolLevel::K12 => "schools that span levels".to_owned(),
        other => format!("{} schools", other.as_str()),
    }
}

/// What kind of school it is, in a sentence.
pub fn about(school: &School, district: &str) -> String {
    let level = match school.level {
        SchoolLevel::K12 => "School spanning levels",
        SchoolLevel::Elementary => "Elementary school",
        SchoolLevel::Middle => "Middle school",
        SchoolLevel::High => "High school",
    };
    let students = school.enrollment.map_or_else(String::new, |n| format!(", {n} students"));
    let kind = if school.school_type == "regular" || school.school_type.is_empty() {
        String::new()
    } else {
        format!(" ({})", school.school_type.replace('_', " "))
    };
    format!("{level}{kind} of {district}, grades {}{students}.", school.grades)
}

impl Line<'_> {
    fn is_count(&self) -> bool {
        self.measure.kind == MeasureKind::Count
    }

    /// The measure's name; of a running count with its day.
    fn label(&self) -> String {
        let label = &self.measure.label;
        match self.benchmark.as_of.filter(|_| self.measure.kind == MeasureKind::Running) {
            Some(day) => format!("{label}, as of {}", day.words()),
            None => label.clone(),
        }
    }

    /// This year's value, or why there is none and what several years say.
    fn value(&self) -> String {
        let own = self.shown.text(self.measure);
        match self.pooled() {
            Some((years, pooled)) => {
                format!("{own}. {years} together: {}", pooled.text(self.measure))
            }
            None => self.apart().map_or_else(|| own.clone(), |apart| format!("{own}. {apart}")),
        }
    }

    /// Why years before are not pooled with this one, where a note keeps them.
    fn apart(&self) -> Option<String> {
        let said = self.measure.said_of(self.benchmark.parted_by?)?;
        Some(format!("Earlier years are not added: {said}"))
    }

    /// The years that are pooled and their value, where this year's is hidden.
    fn pooled(&self) -> Option<(String, Shown)> {
        let pooled = self.benchmark.pooled?;
        let shown = Shown::estimated(pooled.precision, pooled.estimate, self.measure)?;
        Some((pooled.years(), shown))
    }

    fn row(&self) -> MeasureRow {
        let measure = self.measure;
        let standing = self.benchmark.standing.as_ref();
        let network = self.benchmark.network_mean.map(|mean| measure.clamp(mean));
        MeasureRow {
            measure: measure.id.to_string(),
            label: self.label(),
            group: self.benchmark.group.label(),
            value: self.value(),
            range: self.shown.range().unwrap_or_default(),
            network: network.map_or_else(String::new, |mean| {
                format!("{}{}", words::number(mean, 1), words::suffix(measure))
            }),
            rank: standing.map(|at| words::rank(at, self.benchmark.official)).unwrap_or_default(),
            level: standing.map(|at| words::level(at.level as u8)),
            running: measure.kind == MeasureKind::Running,
            standing: self.comparison.map(|among| among_words(&among)).unwrap_or_default(),
        }
    }

    fn cells(&self, school: &School, run: u64) -> Vec<Cell> {
        let estimate = self.benchmark.estimate.filter(|_| self.shown.interval().is_some());
        let standing = self.benchmark.standing;
        let (years, pooled) = self.pooled().unzip();
        let interval = pooled.and_then(|pooled| pooled.interval());
        vec![
            school.id.as_str().into(),
            self.measure.id.as_str().into(),
            self.benchmark.group.to_string().into(),
            self.shown.status().into(),
            self.shown.estimate().into(),
            self.shown.interval().map(|(low, _)| low).into(),
            self.shown.interval().map(|(_, high)| high).into(),
            self.measure.unit.as_str().into(),
            estimate.map(|estimate| estimate.privacy_standard_error).into(),
            estimate.map(|estimate| estimate.natural_standard_error).into(),
            self.benchmark.network_mean.map(|mean| self.measure.clamp(mean)).into(),
            standing.map(|at| at.rank).into(),
            standing.map(|at| at.rank_low).into(),
            standing.map(|at| at.rank_high).into(),
            standing.map(|at| at.level).into(),
            self.comparison.map(|among| among.better_than).into(),
            self.comparison.map(|among| among.worse_than).into(),
            self.comparison.map(|among| among.cannot_tell).into(),
            self.benchmark.students_needed.into(),
            self.benchmark.as_of.map(|day| day.to_string()).into(),
            years.into(),
            pooled.and_then(|pooled| pooled.estimate()).into(),
            interval.map(|(low, _)| low).into(),
            interval.map(|(_, high)| high).into(),
            self.apart().into(),
            self.benchmark.official.map(|year| year.to_string()).into(),
            (run as i64).into(),
        ]
    }
}

/// Three counts, never a false rank.
fn among_words(among: &Comparison) -> String {
    format!(
        "better than {}, worse than {}, cannot tell {} of {}",
        among.better_than,
        among.worse_than,
        among.cannot_tell,
        among.others()
    )
}

/// The school's lines as a table.
pub fn table(school: &School, lines: &[Line<'_>], run: u64) -> Table {
    Table {
        name: format!("school-{}", school.id),
        columns: vec![
            text("school_id"),
            text("measure"),
            text("student_group"),
            text("status"),
            number("value", 2),
            number("ci_low", 2),
            number("ci_high", 2),
            text("unit"),
            number("privacy_standard_error", 3),
            number("natural_standard_error", 3),
            number("network_mean", 2),
            number("percentile_rank", 1),
            number("percentile_rank_low", 1),
            number("percentile_rank_high", 1),
            whole("level"),
            whole("better_than_like_schools"),
            whole("worse_than_like_schools"),
            whole("cannot_tell_like_schools"),
            whole("students_needed"),
            text("as_of"),
            text("pooled_years"),
            number("pooled_value", 2),
            number("pooled_ci_low", 2),
            number("pooled_ci_high", 2),
            text("not_pooled_because"),
            text("official_prior_year"),
            whole("benchmark_run"),
        ],
        rows: lines.iter().map(|line| line.cells(school, run)).collect(),
    }
}

/// The page of one school.
pub fn page(
    shell: Shell,
    school: &School,
    district: &str,
    lines: &[Line<'_>],
    year: SchoolYear,
    official: bool,
) -> SchoolPage {
    let all = |line: &&Line<'_>| line.benchmark.group == StudentGroup::All;
    let main: Vec<&Line<'_>> = lines.iter().filter(all).filter(|line| !line.is_count()).collect();
    let mut groups: Vec<GroupTable> = Vec::new();
    for line in lines.iter().filter(|line| !all(line)) {
        let shown = usize::from(line.shown.interval().is_some());
        match groups.last_mut().filter(|table| table.label == line.measure.label) {
            Some(table) => {
                table.shown += shown;
                table.rows.push(line.row());
            }
            None => groups.push(GroupTable {
                label: line.measure.label.clone(),
                shown,
                rows: vec![line.row()],
            }),
        }
    }
    SchoolPage {
        path: format!("/schools/{}", school.id),
        about: about(school, district),
        level_words: level_words(school.level),
        summary: summary::summary(&main),
        notes: summary::notes(&main, year),
        chart: chart(&main).map(|chart| chart.svg()),
        running: main.iter().any(|line| line.measure.kind == MeasureKind::Running),
        rows: main.iter().map(|line| line.row()).collect(),
        counts: lines.iter().filter(|line| all(line) && line.is_count()).map(Line::row).collect(),
        groups,
        official,
        shell,
    }
}

fn chart(lines: &[&Line<'_>]) -> Option<Chart> {
    let rows: Vec<Row> = lines
        .iter()
        .filter_map(|line| {
            let at = line.benchmark.standing?;
            Some(Row {
                label: line.measure.label.clone(),
                low: at.rank_low,
                high: at.rank_high,
                point: line.shown.estimate().map(|_| at.rank),
                text: format!(
                    "{} ({} to {})",
                    words::number(at.rank, 0),
                    words::number(at.rank_low, 0),
                    words::number(at.rank_high, 0)
                ),
                mine: false,
            })
        })
        .collect();
    let description = rows
        .iter()
        .map(|row| format!("{}: {}", row.label, row.text))
        .collect::<Vec<_>>()
        .join("; ");
    (!rows.is_empty()).then(|| Chart {
        id: "ranks",
        title: "Percentile rank by measure, with 80 % band".to_owned(),
        description,
        low: 0.0,
        high: 100.0,
        axis: "Better than this share of schools, %".to_owned(),
        reference: Some(50.0),
        rows,
    })
}

#[cfg(test)]
mod tests;
