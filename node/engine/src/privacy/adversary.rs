//! The promise over a whole year of the real pipeline: imports that change
//! from release to release, met by the journal, counted by the kernel, running
//! counts and all; with noise left out, on the year's data with and without
//! one student who tries everything.
//!
//! Growth means are left out: they wait for tables that only a hub can make.

use std::num::NonZeroUsize;

use peerlight_proto::{
    charter::Charter,
    layout::{ReleaseLayout, release_layout, year_budget},
    units::Grade,
    wire,
};
use proptest::prelude::*;

use super::{
    budget::YearLedger,
    journal::{Cells, Journal, NO_ENTRY, Student},
    noise::Zero,
    release::NoisyRelease,
    sample, stream,
};
use crate::{
    measure::CountPlan,
    student::{Chunk, Column, ColumnSet, MISSING, Values},
};

/// One row of one import.
#[derive(Clone, Debug)]
struct Row {
    student: Student,
    /// The third school is in no release.
    school: usize,
    grade: u8,
    bytes: Vec<u8>,
    numbers: Vec<f64>,
}

/// The imports of a year, as many as it has dates.
type Imports = Vec<Vec<Row>>;

fn columns() -> ColumnSet {
    Column::ALL.into_iter().filter(|column| column.is_countable()).collect()
}

/// The shipped charter, with both counts of the running year as running ones.
fn charter() -> Charter {
    let mut charter = sample::charter();
    sample::make_continual(&mut charter, "chronic_absence_in_year", 6, 2);
    sample::make_continual(&mut charter, "off_track", 6, 1);
    charter
}

/// Every layout but of growth means, by date.
fn calendar(charter: &Charter) -> Vec<(String, ReleaseLayout)> {
    let (directory, member) = (sample::directory(), sample::member());
    let mut calendar = Vec::new();
    for program in &charter.policy.programs {
        for period in &program.periods {
            let layout = release_layout(charter, &directory, &member, &program.id, &period.id);
            calendar.push((period.due.clone(), layout.unwrap()));
        }
    }
    let is_growth_mean = |layout: &ReleaseLayout| {
        layout.measure.contains("growth") && !layout.measure.ends_with("histogram")
    };
    calendar.retain(|(_, layout)| !is_growth_mean(layout));
    calendar.sort_by(|a, b| a.0.cmp(&b.0));
    calendar
}

fn dates(calendar: &[(String, ReleaseLayout)]) -> usize {
    calendar.chunk_by(|a, b| a.0 == b.0).count()
}

fn chunk(rows: &[Row]) -> Chunk {
    let mut chunk = Chunk::default();
    chunk.school = rows.iter().map(|row| row.school as u32).collect();
    let (mut byte, mut number) = (0, 0);
    for column in columns().iter() {
        match chunk.values_mut(column) {
            Values::Bytes(out) => {
                out.extend(rows.iter().map(|row| row.bytes[byte]));
                byte += 1;
            }
            Values::Numbers(out) => {
                out.extend(rows.iter().map(|row| row.numbers[number]));
                number += 1;
            }
        }
    }
    *chunk.values_mut(Column::GradeLevel) = Values::Bytes(rows.iter().map(|it| it.grade).collect());
    chunk
}

/// Everything that is released, without noise, and what each grade has left.
/// Where it `forgets`, every import has a journal of its own.
fn release_year(imports: &Imports, forgets: bool) -> (Vec<Vec<Vec<i64>>>, YearLedger) {
    let charter = charter();
    let (directory, member) = (sample::directory(), sample::member());
    let calendar = calendar(&charter);
    let budget = year_budget(&charter, &directory, &member);
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    let mut journal = Journal::new(sample::school_year());
    let mut released = Vec::new();
    for (due, rows) in calendar.chunk_by(|a, b| a.0 == b.0).zip(imports) {
        if forgets {
            journal = Journal::new(sample::school_year());
        }
        let mut chunk = chunk(rows);
        let mut pass = journal.pass();
        let mut entries = Vec::new();
        for (row, of) in rows.iter().enumerate() {
            let school = pass.school(["1", "2", "elsewhere"][of.school]);
            let cells = Cells::read(&chunk, row);
            let entry = cells.and_then(|cells| pass.contact(of.student, school, cells));
            entries.push(entry.unwrap_or(NO_ENTRY));
        }
        let (steps, once): (Vec<ReleaseLayout>, Vec<ReleaseLayout>) =
            due.iter().map(|(_, layout)| layout.clone()).partition(|it| it.step().is_some());
        let plan = CountPlan::new(&charter, &directory, &member, &once, None, columns());
        let plan = plan.unwrap().with_streams(&charter, &steps, columns()).unwrap();
        let place = |id: &String| plan.schools().iter().position(|it| it.as_str() == id);
        let positions: Vec<u32> = journal
            .schools()
            .iter()
            .map(|id| place(id).map_or(Chunk::NO_SCHOOL, |at| at as u32))
            .collect();
        journal.freeze(&mut chunk, &entries, &positions);
        let mut counter = plan.counter();
        counter.add_students(&chunk, &entries);
        let holders = counter.holders().to_vec();
        let mut totals = counter.finish().into_iter();
        let mut holders = holders.iter();
        for (_, layout) in due {
            let exact = if layout.step().is_some() {
                stream::observe(&mut journal, layout, holders.next().unwrap()).unwrap();
                stream::row(&journal, layout).unwrap()
            } else {
                totals.next().unwrap()
            };
            let charge = ledger.charge(layout, sample::UNDER).unwrap();
            let threads = NonZeroUsize::MIN;
            let noisy = NoisyRelease::draw_with(&Zero, exact, layout, charge, threads).unwrap();
            released.push(wire::decode_payload(noisy.payload(), layout).unwrap());
        }
    }
    (released, ledger)
}

/// What the student costs, and what the student's grade was charged.
fn cost(others: &Imports, student: &Imports, forgets: bool) -> (f64, f64, Option<Grade>) {
    let with: Imports =
        others.iter().zip(student).map(|(a, b)| [a.as_slice(), b].concat()).collect();
    let (with, ledger) = release_year(&with, forgets);
    let (without, _) = release_year(others, forgets);
    let calendar = calendar(&charter());
    let blocks = calendar.iter().flat_map(|(_, layout)| &layout.blocks);
    let mut rho = 0.0;
    for ((block, with), without) in blocks.zip(with.iter().flatten()).zip(without.iter().flatten())
    {
        let squared: f64 = with.iter().zip(without).map(|(a, b)| ((a - b) as f64).powi(2)).sum();
        rho += squared / (2.0 * block.sigma.units().powi(2));
    }
    let met =
        student.iter().flatten().find_map(|row| Cells::read(&chunk(std::slice::from_ref(row)), 0));
    let grade = met.and_then(Cells::grade);
    let spent = grade.map_or(0.0, |grade| ledger.budget().minus(ledger.left(grade)).rho());
    (rho, spent, grade)
}

fn row(id: u128, keeps_local: bool) -> impl Strategy<Value = Row> {
    let many = |bytes: bool| columns().iter().filter(|it| it.kind().is_byte() == bytes).count();
    let byte = prop_oneof![Just(1_u8), Just(0), Just(2), Just(12), Just(MISSING)];
    let number = prop_oneof![
        Just(0.0),
        Just(1.0),
        Just(180.0),
        Just(2500.0),
        Just(f64::NAN),
        Just(-1e12),
        Just(1e300),
        Just(f64::INFINITY),
    ];
    let ids = (0..3_u128).prop_map(move |other| {
        let (own, other) = (Some(id), (other > 0).then_some(id + 1000 * other));
        // A statewide id can be missing or corrected, or a local one, not both.
        let local = |id: u128| id << 64;
        if keeps_local {
            Student { statewide: other, local: own.map(local) }
        } else {
            Student { statewide: own, local: other.map(local) }
        }
    });
    let grade = prop_oneof![4 => 0..14_u8, 1 => Just(MISSING)];
    let bytes = prop::collection::vec(byte, many(true));
    let numbers = prop::collection::vec(number, many(false));
    (ids, 0..3_usize, grade, bytes, numbers).prop_map(|(student, school, grade, bytes, numbers)| {
        Row { student, school, grade, bytes, numbers }
    })
}

/// Every import has the student in no row, one, or two.
fn imports(id: u128) -> impl Strategy<Value = Imports> {
    let dates = dates(&calendar(&charter()));
    any::<bool>().prop_flat_map(move |keeps_local| {
        prop::collection::vec(prop::collection::vec(row(id, keeps_local), 0..3), dates)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_student_costs_more_in_a_year_than_was_charged(
        others in imports(1), student in imports(2),
    ) {
        let (rho, charged, grade) = cost(&others, &student, false);
        prop_assert!(rho <= charged + 1e-12, "{rho} of {charged} in grade {grade:?}");
    }
}

/// A student in every flag group, chronically absent and failing courses, who
/// is imported into another school and grade each time.
fn restless() -> Imports {
    let dates = dates(&calendar(&charter()));
    let rows = (0..dates).map(|date| {
        let value = |column: Column| match column {
            Column::DaysAbsent | Column::DaysAbsentAtSchool => 90.0,
            Column::DaysExpected | Column::DaysExpectedAtSchool => 180.0,
            _ => 2500.0,
        };
        let of = |bytes: bool| columns().iter().filter(move |it| it.kind().is_byte() == bytes);
        let student = Student { statewide: None, local: Some(1) };
        let bytes = of(true).map(|_| 1).collect();
        let numbers = of(false).map(value).collect();
        vec![Row { student, school: date % 2, grade: 12 + (date % 2) as u8, bytes, numbers }]
    });
    rows.collect()
}

#[test]
fn a_restless_student_is_counted_and_costs_no_more_than_was_charged() {
    let nobody = vec![Vec::new(); restless().len()];
    let (rho, charged, _) = cost(&nobody, &restless(), false);
    assert!(rho <= charged && rho > 0.5 * charged, "{rho} of {charged}");
}

#[test]
fn without_a_journal_the_restless_student_would_cost_more() {
    // The control: what the tests above would say of a journal not kept.
    let nobody = vec![Vec::new(); restless().len()];
    let (rho, charged, _) = cost(&nobody, &restless(), true);
    assert!(rho > charged, "{rho} of {charged}");
}
