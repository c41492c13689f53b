//! The district's own exact values, for its own eyes: not serialisable, no
//! debug output, no way to the wire.

use std::fmt;

use peerlight_proto::{
    group::{Flag, Gender, Race, StudentGroup},
    layout::FIXED_POINT,
    names::{MeasureId, SchoolId},
    units::GradeSet,
};

use super::{
    plan::{CountPlan, Source},
    tally::Totals,
};

/// An exact value of one school and group.
///
/// Deliberately without `Serialize` and `Debug`: the shell prints it on the
/// district's own machine and nowhere else.
#[derive(Clone, Copy, PartialEq)]
pub struct LocalValue {
    numerator: i64,
    denominator: i64,
    value: f64,
}

impl LocalValue {
    /// Of a rate, the students it is true of; else the students counted.
    pub const fn numerator(&self) -> i64 {
        self.numerator
    }

    /// Students counted.
    pub const fn denominator(&self) -> i64 {
        self.denominator
    }

    /// A rate from 0 to 1, a mean in the measure's unit, or a mean growth
    /// percentile.
    pub const fn value(&self) -> f64 {
        self.value
    }
}

/// Exact values of every school, measure and student group.
#[derive(Clone)]
pub struct LocalTable {
    schools: Vec<SchoolId>,
    lines: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    measure: MeasureId,
    groups: Vec<StudentGroup>,
    /// By school, the district last; then by group.
    values: Vec<Option<LocalValue>>,
}

impl LocalTable {
    pub(super) fn new(plan: &CountPlan, totals: &Totals) -> Self {
        let each: Vec<Vec<usize>> = (0..plan.schools().len()).map(|school| vec![school]).collect();
        let district: Vec<usize> = (0..plan.schools().len()).collect();
        let lines = plan.measures.iter().map(|measure| {
            let groups = groups(measure.grades);
            let units = each.iter().chain([&district]);
            let values = units
                .flat_map(|unit| groups.iter().map(move |group| (unit, *group)))
                .map(|(unit, group)| {
                    let count = |tally| {
                        unit.iter().map(|school| totals.count(*school, group, tally)).sum::<i64>()
                    };
                    let sum = |tally| {
                        unit.iter().map(|school| totals.sum(*school, group, tally)).sum::<i64>()
                    };
                    value(measure.source, measure.center, count, sum)
                })
                .collect();
            Line { measure: measure.id.clone(), groups, values }
        });
        Self { lines: lines.collect(), schools: plan.schools().to_vec() }
    }

    /// The district's schools, ordered by id.
    pub fn schools(&self) -> &[SchoolId] {
        &self.schools
    }

    /// The measures that the records allow, growth last.
    pub fn measures(&self) -> impl Iterator<Item = &MeasureId> {
        self.lines.iter().map(|line| &line.measure)
    }

    /// The student groups of a measure.
    pub fn groups(&self, measure: &MeasureId) -> &[StudentGroup] {
        self.line(measure).map_or(&[], |line| &line.groups)
    }

    /// A school's exact value; `None` where nobody counts.
    pub fn school(
        &self,
        school: &SchoolId,
        measure: &MeasureId,
        group: StudentGroup,
    ) -> Option<LocalValue> {
        let unit = self.schools.binary_search(school).ok()?;
        self.line(measure)?.value(unit, group)
    }

    /// The whole district's exact value; `None` where nobody counts.
    pub fn district(&self, measure: &MeasureId, group: StudentGroup) -> Option<LocalValue> {
        self.line(measure)?.value(self.schools.len(), group)
    }

    fn line(&self, measure: &MeasureId) -> Option<&Line> {
        self.lines.iter().find(|line| line.measure == *measure)
    }
}

impl fmt::Debug for LocalTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTable").field("measures", &self.lines.len()).finish_non_exhaustive()
    }
}

impl Line {
    fn value(&self, unit: usize, group: StudentGroup) -> Option<LocalValue> {
        let position = self.groups.iter().position(|known| *known == group)?;
        self.values[unit * self.groups.len() + position]
    }
}

fn groups(grades: GradeSet) -> Vec<StudentGroup> {
    std::iter::once(StudentGroup::All)
        .chain(grades.iter().map(StudentGroup::Grade))
        .chain(Race::ALL.map(StudentGroup::Race))
        .chain(Gender::ALL.map(StudentGroup::Gender))
        .chain(Flag::ALL.map(StudentGroup::Flag))
        .collect()
}

fn value(
    source: Source,
    center: f64,
    count: impl Fn(usize) -> i64,
    sum: impl Fn(usize) -> i64,
) -> Option<LocalValue> {
    let (numerator, denominator, total) = match source {
        Source::Rate { success, counted } => {
            (count(success), count(counted), count(success) as f64)
        }
        Source::Mean { sum: tally, counted } | Source::Growth { sum: tally, counted } => {
            (count(counted), count(counted), sum(tally) as f64 / FIXED_POINT as f64)
        }
        Source::Count(_) | Source::Histogram(_) => return None,
    };
    let value = center + total / denominator as f64;
    (denominator > 0).then_some(LocalValue { numerator, denominator, value })
}
