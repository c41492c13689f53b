//! The kernel against a slow, plain reading of the same rules, row by row; and
//! the laws that the privacy promise stands on.

use std::collections::BTreeMap;

use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    group::{Flag, Margin, StudentGroup},
    layout::{ReleaseLayout, year_layouts},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{Grade, GradeSet, SchoolYear},
};
use proptest::prelude::*;

mod hostile;
mod known;
mod outcome;
mod plain;

use self::plain::Plain;
use super::{CountPlan, offered, plan::PlanError};
use crate::student::{Chunk, Column, ColumnSet, Kind, MISSING, Values};

/// A student year as a map from columns to numbers, missing ones left out.
type Row = (u32, BTreeMap<Column, f64>);

fn charter() -> Charter {
    let year = SchoolYear::ending(2026).unwrap();
    Charter {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: year,
        previous: None,
        policy: Policy::shipped(year, "standard").unwrap(),
        catalogue: Catalogue::shipped().hashed(),
    }
}

fn member() -> MemberId {
    MemberId::new("A").unwrap()
}

fn directory() -> Directory {
    let school = |id: &str, lea: &str, low: usize, high: usize| School {
        id: SchoolId::new(id).unwrap(),
        lea: MemberId::new(lea).unwrap(),
        name: String::new(),
        level: Level::K12,
        school_type: "regular".to_owned(),
        grades: GradeSet::span(Grade::from_index(low).unwrap(), Grade::from_index(high).unwrap()),
        county: None,
        enrollment: Some(500),
        features: BTreeMap::new(),
    };
    Directory {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: SchoolYear::ending(2026).unwrap(),
        features_source: String::new(),
        schools: vec![
            school("1", "A", 0, 13),
            school("2", "B", 0, 13),
            school("3", "A", 0, 6),
            school("4", "A", 10, 13),
        ],
    }
}

fn layouts() -> Vec<ReleaseLayout> {
    year_layouts(&charter(), &directory(), &member())
        .into_iter()
        .map(Result::unwrap)
        .filter(|layout| !matches!(layout.program.as_str(), "growth_ela" | "growth_math"))
        // Running counts are made from the journal, which has tests of its own.
        .filter(|layout| layout.step().is_none())
        .collect()
}

fn columns() -> ColumnSet {
    Column::ALL.into_iter().collect()
}

fn chunk(rows: &[Row]) -> Chunk {
    let mut chunk = Chunk::default();
    chunk.school = rows.iter().map(|row| row.0).collect();
    for column in Column::ALL.into_iter().filter(|column| column.is_countable()) {
        let value = |row: &Row| row.1.get(&column).copied();
        *chunk.values_mut(column) = if column.kind().is_byte() {
            Values::Bytes(rows.iter().map(|row| value(row).map_or(MISSING, |v| v as u8)).collect())
        } else {
            Values::Numbers(rows.iter().map(|row| value(row).unwrap_or(f64::NAN)).collect())
        };
    }
    chunk
}

fn counted(rows: &[Row]) -> Vec<Vec<Vec<i64>>> {
    let (charter, directory, layouts) = (charter(), directory(), layouts());
    let plan = CountPlan::new(&charter, &directory, &member(), &layouts, None, columns()).unwrap();
    let mut counter = plan.counter();
    // In two chunks and two counters, as threads do.
    let (first, second) = rows.split_at(rows.len() / 3);
    counter.add(&chunk(first));
    let mut other = plan.counter();
    other.add(&chunk(second));
    counter.merge(other).finish().iter().map(|release| release.blocks().to_vec()).collect()
}

/// Any value of a column, or none; edges of the measures more often.
fn value(column: Column) -> BoxedStrategy<Option<f64>> {
    let number: BoxedStrategy<f64> = match (column, column.kind()) {
        (Column::DaysExpected, _) => prop_oneof![Just(180.0), Just(31.0), Just(30.0)].boxed(),
        (Column::DaysAbsent, _) => {
            prop_oneof![Just(18.0), Just(17.5), Just(7.2), Just(7.3), Just(0.0)].boxed()
        }
        (Column::DaysSuspended, _) => prop_oneof![Just(0.0), Just(0.5), Just(1.0)].boxed(),
        (Column::CohortYear, _) => prop_oneof![Just(2026.0), Just(2027.0)].boxed(),
        (_, Kind::Flag) => prop_oneof![Just(0.0), Just(1.0)].boxed(),
        (_, Kind::Number(low, high)) if high > 1000.0 => (low.max(2200.0)..2800.0).boxed(),
        (_, Kind::Number(low, high)) => (low..high.min(9.0)).boxed(),
        (_, Kind::Whole(low, high)) => (low..=high.min(4)).prop_map(f64::from).boxed(),
        (_, Kind::Grade) => (0_u8..14).prop_map(f64::from).boxed(),
        (_, Kind::Code(codes)) => (0..codes.len()).prop_map(|code| code as f64).boxed(),
        _ => (0.0..3.0).boxed(),
    };
    prop_oneof![4 => number.prop_map(Some), 1 => Just(None)].boxed()
}

fn row() -> impl Strategy<Value = Row> {
    let countable: Vec<Column> =
        Column::ALL.into_iter().filter(|column| column.is_countable()).collect();
    let values: Vec<BoxedStrategy<Option<f64>>> = countable.iter().map(|c| value(*c)).collect();
    let school = prop_oneof![0_u32..3, Just(Chunk::NO_SCHOOL)];
    (school, values, any::<bool>()).prop_map(move |(school, values, is_regular)| {
        let mut row: BTreeMap<Column, f64> = countable
            .iter()
            .zip(values)
            .filter_map(|(column, value)| Some((*column, value?)))
            .collect();
        // Half of the rows are as most are: assessed in their grade, with the
        // score of the grade before.
        if let (true, Some(grade)) = (is_regular, row.get(&Column::GradeLevel).copied()) {
            row.insert(Column::GradeAssessed, grade);
            row.insert(Column::PriorGradeLevel, grade - 1.0);
        }
        (school, row)
    })
}

/// The integers of a layout, row by row and cell by cell.
fn plainly(layout: &ReleaseLayout, rows: &[Row]) -> Vec<Vec<i64>> {
    let (charter, directory) = (charter(), directory());
    let ours: Vec<&School> = directory.schools_of(&member()).collect();
    let kind = &charter.program(&layout.program).unwrap().kind;
    let blocks = layout.blocks.iter().map(|block| {
        let mut integers = vec![0; block.cells()];
        for (school, row) in rows {
            let plain = Plain(row);
            let Some(school) = ours.get(*school as usize) else { continue };
            let Some(grade) = plain.grade() else { continue };
            let served = school.grades.meets(layout.grades);
            if !served || !layout.grades.contains(grade) {
                continue;
            }
            let unit = block.schools.iter().position(|id| *id == school.id).unwrap_or(0);
            for (position, group) in block.groups.iter().enumerate() {
                if plain.is_in(*group) {
                    integers[block.position(unit, position)] += plain.adds(&charter, kind);
                }
            }
        }
        integers
    });
    blocks.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_kernel_counts_what_the_rules_say(rows in proptest::collection::vec(row(), 0..150)) {
        let counted = counted(&rows);
        for (layout, blocks) in layouts().iter().zip(&counted) {
            if !layout.program.as_str().ends_with("histogram") {
                prop_assert_eq!(&plainly(layout, &rows), blocks, "{}", layout.program);
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        rows in proptest::collection::vec(row(), 0..100).prop_shuffle(),
    ) {
        let mut sorted = rows.clone();
        sorted.sort_by_key(|row| row.0);
        prop_assert_eq!(counted(&rows), counted(&sorted));
    }

    #[test]
    fn one_more_student_changes_no_block_by_more_than_its_sensitivity(
        rows in proptest::collection::vec(row(), 0..20), one in row(),
    ) {
        let before = counted(&rows);
        let mut more = rows;
        more.push(one);
        let after = counted(&more);
        for (layout, (before, after)) in layouts().iter().zip(before.iter().zip(&after)) {
            for (block, (before, after)) in layout.blocks.iter().zip(before.iter().zip(after)) {
                let change: u64 =
                    before.iter().zip(after).map(|(a, b)| (a - b).unsigned_abs().pow(2)).sum();
                prop_assert!(change <= block.l2_squared, "{} {}", layout.program, block.margin);
            }
        }
    }
}

/// A fourth grader of school 1 who counts everywhere, but for what is given.
fn student(changed: &[(Column, f64)]) -> Row {
    let mut row: BTreeMap<Column, f64> = [
        (Column::GradeLevel, 5.0),
        (Column::DaysExpected, 180.0),
        (Column::DaysAbsent, 4.0),
        (Column::ElaScaleScore, 2473.0),
        (Column::ElaPriorScaleScore, 2409.9),
        (Column::PriorGradeLevel, 4.0),
    ]
    .into();
    row.extend(changed.iter().copied());
    (0, row)
}

fn all_of(program: &str, rows: &[Row]) -> i64 {
    let layouts = layouts();
    let position = layouts.iter().position(|layout| layout.program.as_str() == program).unwrap();
    let margin = layouts[position].blocks.iter().position(|block| block.margin == Margin::All);
    counted(rows)[position][margin.unwrap()].iter().sum()
}

#[test]
fn exactly_a_tenth_of_the_days_is_chronic_and_half_a_day_less_is_not() {
    for (absent, expected, change) in
        [(18.0, 180.0, 1), (17.5, 180.0, -1), (17.5, 175.0, 1), (16.3, 163.0, 1), (0.0, 30.0, 0)]
    {
        let row = student(&[(Column::DaysAbsent, absent), (Column::DaysExpected, expected)]);
        assert_eq!(all_of("chronic_absence", &[row]), change, "{absent} of {expected}");
    }
}

#[test]
fn a_student_of_two_grades_or_without_the_grade_below_is_not_in_growth() {
    let histogram = |changed: &[(Column, f64)]| {
        let layouts = layouts();
        let position =
            layouts.iter().position(|layout| layout.program.as_str() == "growth_ela_histogram");
        counted(&[student(changed)])[position.unwrap()][0].iter().sum::<i64>()
    };
    assert_eq!(histogram(&[]), 1);
    assert_eq!(histogram(&[(Column::GradeAssessed, 5.0)]), 1);
    assert_eq!(histogram(&[(Column::GradeAssessed, 6.0)]), 0);
    assert_eq!(histogram(&[(Column::PriorGradeLevel, 5.0)]), 0);
    assert_eq!(histogram(&[(Column::PriorGradeLevel, f64::from(MISSING))]), 0);
}

#[test]
fn a_program_whose_column_is_missing_is_not_offered_and_blocks_with_a_sentence() {
    let charter = charter();
    let some = columns().minus([Column::DaysAbsent].into_iter().collect());
    let offered = offered(&charter, some).unwrap();
    assert!(offered.iter().all(|program| program.as_str() != "chronic_absence"));
    assert!(offered.iter().any(|program| program.as_str() == "ela_met"));
    let refused = CountPlan::new(&charter, &directory(), &member(), &layouts(), None, some);
    let error = refused.unwrap_err();
    assert!(matches!(error, PlanError::MissingColumns { .. }));
    assert!(error.to_string().contains("needs the column days_absent"), "{error}");
}

#[test]
fn the_local_table_tells_numerator_denominator_and_value() {
    let (charter, directory) = (charter(), directory());
    let plan = CountPlan::local(&charter, &directory, &member(), None, columns()).unwrap();
    let mut counter = plan.counter();
    counter.add(&chunk(&[
        student(&[(Column::DaysAbsent, 20.0)]),
        student(&[]),
        student(&[]),
        student(&[]),
    ]));
    let table = counter.finish_local();
    let measure = table.measures().find(|measure| measure.as_str() == "chronic_absence").unwrap();
    let school = SchoolId::new("1").unwrap();
    let value = table.school(&school, measure, StudentGroup::All).unwrap();
    assert_eq!((value.numerator(), value.denominator()), (1, 4));
    assert!((value.value() - 0.25).abs() < 1e-12);
    let flag = StudentGroup::Flag(Flag::EnglishLearner);
    assert!(table.school(&school, measure, flag).is_none());
}
