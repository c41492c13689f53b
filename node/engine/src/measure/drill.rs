//! One measure or watch list, student by student: who counts for it, and how.
//!
//! For a person of the district who looks at one school's students on the
//! district's own machine. Rows are named by their position: who a student is,
//! this module cannot see. Nothing of it goes to a release.

use std::fmt;

use peerlight_proto::{
    charter::Charter,
    directory::Directory,
    group::{Gender, Race, StudentGroup},
    names::{MeasureId, MemberId},
    units::{Grade, GradeSet},
};

use super::{
    batch::{BATCH, Bits, bits_of},
    define::{measure_columns, require, undefined},
    evaluate::Evaluator,
    expression::Wanted,
    growth::grade_of,
    kernel::{FLAG_COLUMNS, selected},
    node::Node,
    plan::{CountPlan, PlanError, Source},
    tally::{CountTally, Select},
    watch::{Outcome, WatchList},
};
use crate::{
    growth::percentile::PercentileTables,
    student::{Chunk, Column, ColumnSet, MISSING},
};

/// What students are looked at for.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Who counts for a measure, and how.
    Measure(&'a MeasureId),
    /// Who is on a watch list.
    Watch(&'a WatchList),
}

/// How one student stands to a measure that counts it.
#[derive(Clone, Copy, PartialEq)]
pub enum Standing {
    /// On the watch list.
    Listed,
    /// Of a rate, whether it is true of the student.
    Rate(bool),
    /// The student's value: in the measure's unit before it is bounded, or a
    /// growth percentile.
    Value(f64),
}

/// Looks at one target, compiled. Debug output shows no values.
pub struct Drill {
    plan: CountPlan,
    source: Source,
    columns: ColumnSet,
}

impl Drill {
    /// Compiles a target for the schools of a member, where the records have
    /// `columns`, resolved earlier scores included.
    ///
    /// # Errors
    ///
    /// As [`CountPlan::local`]; and where the charter lacks the measure, or the
    /// records a column that the target reads.
    pub fn new(
        charter: &Charter,
        directory: &Directory,
        member: &MemberId,
        target: Target<'_>,
        tables: Option<&PercentileTables>,
        columns: ColumnSet,
    ) -> Result<Self, PlanError> {
        let measure = match target {
            Target::Measure(measure) => measure,
            Target::Watch(list) => &list.measure,
        };
        let wanted_by = match target {
            Target::Measure(measure) => format!("measure {measure}"),
            Target::Watch(list) => format!("watch list {}", list.id),
        };
        if charter.measure(measure).is_some() {
            require(measure_columns(charter, measure)?, columns, &wanted_by)?;
        }
        let wanted = |id: &MeasureId| id == measure;
        let mut plan = CountPlan::local_of(charter, directory, member, tables, columns, wanted)?;
        let source = plan.measures.first().map(|it| it.source);
        let mut source = source.ok_or_else(|| undefined(measure, &wanted_by))?;
        if let Target::Watch(list) = target {
            source = listed(&mut plan, charter, list, source, &wanted_by)?;
        }
        let columns = plan.read_columns();
        Ok(Self { plan, source, columns })
    }

    /// The columns that the target's expressions read.
    pub const fn columns(&self) -> ColumnSet {
        self.columns
    }

    /// The plan, which says what to read and which schools there are.
    pub const fn plan(&self) -> &CountPlan {
        &self.plan
    }

    /// Calls `each` with the position and standing of every row of the chunk
    /// that counts and is in `group`.
    pub fn standings(
        &self,
        chunk: &Chunk,
        group: StudentGroup,
        mut each: impl FnMut(usize, Standing),
    ) {
        let plan = &self.plan;
        let roots = plan.tallies.roots();
        let mut evaluator = Evaluator::new(&plan.graph, &plan.subjects, &roots, plan.school_year);
        for start in (0..chunk.rows()).step_by(BATCH) {
            let rows = BATCH.min(chunk.rows() - start);
            evaluator.evaluate(chunk, start, rows);
            let tallied = |tally: usize| {
                let tally = &plan.tallies.counts[tally];
                selected(&evaluator, tally, &of_grades(chunk, start, rows, tally.grades))
            };
            let counted = tallied(match self.source {
                Source::Count(tally) => tally,
                Source::Rate { counted, .. }
                | Source::Mean { counted, .. }
                | Source::Growth { counted, .. } => counted,
                Source::Histogram(_) => unreachable!("no target is a histogram"),
            });
            let success = match self.source {
                Source::Rate { success, .. } => Some(tallied(success)),
                _ => None,
            };
            let values = match self.source {
                Source::Mean { sum, .. } | Source::Growth { sum, .. } => {
                    evaluator.numbers(chunk, plan.tallies.sums[sum].value)
                }
                _ => &[],
            };
            let has = |bits: &Bits, row: usize| bits[row / 64] >> (row % 64) & 1 == 1;
            for row in (0..rows).filter(|row| has(&counted, *row)) {
                let at = start + row;
                let is_ours = (chunk.school[at] as usize) < plan.schools().len();
                if is_ours && is_in(chunk, at, group) {
                    let standing = match (&success, values.get(row)) {
                        (Some(success), _) => Standing::Rate(has(success, row)),
                        (None, Some(value)) => Standing::Value(*value),
                        (None, None) => Standing::Listed,
                    };
                    each(at, standing);
                }
            }
        }
    }
}

/// The tally of the students on a list, from that of its measure.
fn listed(
    plan: &mut CountPlan,
    charter: &Charter,
    list: &WatchList,
    source: Source,
    wanted_by: &str,
) -> Result<Source, PlanError> {
    let Source::Rate { success, .. } = source else {
        return Err(undefined(&format!("a rate {}", list.measure), &wanted_by));
    };
    let CountTally { population, select, grades } = plan.tallies.counts[success];
    let Select::Yes(truth) = select else { unreachable!("a rate's success is a condition") };
    let population = match &list.population {
        Some(id) => Some(plan.condition(charter, id)?),
        None => population,
    };
    let mut condition = match list.outcome {
        Outcome::Yes => truth,
        Outcome::No => plan.graph.add(Node::Not(truth)),
    };
    if let Some(text) = &list.condition {
        let more = plan.compile(charter, &list.id, text, Wanted::Truth)?;
        condition = plan.graph.add(Node::And(condition, more));
    }
    let tally = CountTally { population, select: Select::Yes(condition), grades };
    Ok(Source::Count(plan.tallies.count(tally)))
}

/// The rows of the batch that are in any of these grades.
fn of_grades(chunk: &Chunk, start: usize, rows: usize, grades: GradeSet) -> Bits {
    let of_row: Vec<u8> = (start..start + rows).map(|row| grade_of(chunk, row)).collect();
    let is_in = |grade| Grade::from_index(usize::from(grade)).is_some_and(|it| grades.contains(it));
    bits_of(&of_row, is_in)
}

/// Whether a row is in a student group, as the kernel's margins have it.
fn is_in(chunk: &Chunk, row: usize, group: StudentGroup) -> bool {
    let code = |column| chunk.bytes(column).map_or(MISSING, |bytes| bytes[row]);
    // Whatever is no known code is the last group: unknown.
    let is = |column, index: usize, unknown: usize| usize::from(code(column)).min(unknown) == index;
    match group {
        StudentGroup::All => true,
        StudentGroup::Grade(grade) => usize::from(grade_of(chunk, row)) == grade.index(),
        StudentGroup::Race(race) => is(Column::RaceEthnicity, race.index(), Race::Unknown.index()),
        StudentGroup::Gender(gender) => is(Column::Gender, gender.index(), Gender::Unknown.index()),
        StudentGroup::Flag(flag) => code(FLAG_COLUMNS[flag.index()]) == 1,
    }
}

impl fmt::Debug for Drill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drill").field("columns", &self.columns).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        measure::watch_lists,
        privacy::sample::{charter, directory, member},
        student::Values,
    };

    fn every_column() -> ColumnSet {
        Column::ALL.into_iter().filter(|column| column.is_countable()).collect()
    }

    /// Eighth graders of the first school: days expected and absent, and gpa.
    fn chunk(rows: &[(f64, f64, f64)]) -> Chunk {
        let count = rows.len();
        let mut chunk = Chunk::default();
        chunk.school = vec![0; count];
        let mut numbers = |column, values: Vec<f64>| {
            *chunk.values_mut(column) = Values::Numbers(values);
        };
        numbers(Column::DaysExpected, rows.iter().map(|row| row.0).collect());
        numbers(Column::DaysAbsent, rows.iter().map(|row| row.1).collect());
        numbers(Column::Gpa, rows.iter().map(|row| row.2).collect());
        numbers(Column::DaysSuspended, vec![0.0; count]);
        let eighth = "08".parse::<Grade>().unwrap().index() as u8;
        *chunk.values_mut(Column::GradeLevel) = Values::Bytes(vec![eighth; count]);
        *chunk.values_mut(Column::Gender) =
            Values::Bytes((0..count).map(|row| (row % 3) as u8).collect());
        chunk
    }

    fn seen(target: Target<'_>, group: StudentGroup, chunk: &Chunk) -> Vec<(usize, Standing)> {
        let drill =
            Drill::new(&charter(), &directory(), &member(), target, None, every_column()).unwrap();
        let mut seen = Vec::new();
        drill.standings(chunk, group, |row, standing| seen.push((row, standing)));
        seen
    }

    fn listed(id: &str, chunk: &Chunk) -> Vec<usize> {
        let list = watch_lists().iter().find(|list| list.id == id).unwrap();
        let seen = seen(Target::Watch(list), StudentGroup::All, chunk);
        seen.into_iter().map(|(row, _)| row).collect()
    }

    #[test]
    fn every_watch_list_is_in_terms_of_the_shipped_charter() {
        for list in watch_lists() {
            let target = Target::Watch(list);
            Drill::new(&charter(), &directory(), &member(), target, None, every_column()).unwrap();
        }
    }

    #[test]
    fn near_chronic_are_those_from_four_fifths_of_the_threshold_up_to_it() {
        let rows = [(180.0, 14.3), (180.0, 14.4), (180.0, 17.9), (180.0, 18.0), (30.0, 2.9)];
        let rows = rows.map(|(expected, absent)| (expected, absent, 3.0));
        assert_eq!(listed("near_chronic", &chunk(&rows)), [1, 2]);
    }

    #[test]
    fn readiness_is_at_risk_by_one_input_before_the_others_are_known() {
        let rows = [(180.0, 2.0, 3.0), (180.0, 2.0, 2.4), (180.0, 9.0, f64::NAN)];
        // Course grades are missing in every row: nobody is in the measure.
        assert_eq!(listed("readiness_at_risk", &chunk(&rows)), [1, 2]);
        let measure = MeasureId::new("hs_readiness").unwrap();
        assert!(seen(Target::Measure(&measure), StudentGroup::All, &chunk(&rows)).is_empty());
    }

    #[test]
    fn a_target_without_its_columns_is_refused_by_name() {
        let measure = MeasureId::new("chronic_absence").unwrap();
        let only = [Column::DaysExpected].into_iter().collect();
        let refused =
            Drill::new(&charter(), &directory(), &member(), Target::Measure(&measure), None, only);
        assert!(refused.unwrap_err().to_string().contains("days_absent"));
    }

    #[test]
    fn students_add_up_to_the_exact_value_of_every_group() {
        // More than two batches; every seventh student's days are not known.
        let rows: Vec<(f64, f64, f64)> = (0..5_000)
            .map(|row| {
                let expected = if row % 7 == 0 { f64::NAN } else { f64::from(row % 200) };
                (expected, f64::from(row % 31), 3.0)
            })
            .collect();
        let chunk = chunk(&rows);
        let measure = MeasureId::new("chronic_absence").unwrap();
        let (charter, directory) = (charter(), directory());
        let plan = CountPlan::local(&charter, &directory, &member(), None, every_column()).unwrap();
        let mut counter = plan.counter();
        counter.add(&chunk);
        let table = counter.finish_local();
        let target = Target::Measure(&measure);
        let drill =
            Drill::new(&charter, &directory, &member(), target, None, every_column()).unwrap();
        for &group in table.groups(&measure) {
            let (mut met, mut all) = (0, 0);
            drill.standings(&chunk, group, |_, standing| {
                met += i64::from(standing == Standing::Rate(true));
                all += 1;
            });
            let value = table.school(&plan.schools()[0], &measure, group);
            let exact = value.map_or((0, 0), |it| (it.numerator(), it.denominator()));
            assert_eq!((met, all), exact, "{group}");
        }
        assert!(table.school(&plan.schools()[0], &measure, StudentGroup::All).is_some());
    }
}
