//! The promise over a whole year of the real pipeline: imports that change
//! from release to release, met by the journal, counted by the kernel, running
//! counts, growth, corrections and all; with noise left out, on the year's data with and
//! without one student who tries everything.
//!
//! The growth tables are the same with and without the student: they follow
//! from what was released before.

use std::{collections::BTreeMap, num::NonZeroUsize};

use peerlight_proto::{
    charter::{Charter, Correction, ProgramKind},
    layout::{FIXED_POINT, GROWTH_HALF_RANGE, ReleaseLayout, release_layout, year_budget},
    names::ProgramId,
    units::Grade,
    wire,
};
use proptest::prelude::*;

use super::{
    budget::YearLedger,
    exact::ExactRelease,
    journal::{Cells, Journal, NO_ENTRY, Student},
    noise::Zero,
    release::NoisyRelease,
    sample, stream,
};
use crate::{
    growth::predict::Predictor,
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
    /// Its scores are of its own grade and of the grades before.
    is_promoted: bool,
    bytes: Vec<u8>,
    numbers: Vec<f64>,
}

/// The imports of a year, as many as it has dates.
type Imports = Vec<Vec<Row>>;

/// What releases the year.
#[derive(Clone, Copy)]
enum Code {
    /// The shipped code.
    Shipped,
    /// A mutant: every import has a journal of its own.
    WithoutJournal,
    /// A mutant: growth percentiles have no bounds. Of one student, with this
    /// score after [`PRIOR`] ones.
    WithoutClip(f64),
}

/// What is corrected at the end of the year.
const CORRECTED: [(&str, &str); 3] =
    [("enrolled", "march"), ("suspension", "annual"), ("growth_ela", "annual")];

/// A date after all of the calendar's.
const AFTER_ALL: &str = "9999-12-31";

/// A usual score of the years before.
const PRIOR: f64 = 2450.0;

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

/// Every layout, by date.
fn calendar(charter: &Charter) -> Vec<(String, ReleaseLayout)> {
    let (directory, member) = (sample::directory(), sample::member());
    let mut calendar = Vec::new();
    for program in &charter.policy.programs {
        for period in &program.periods {
            let layout = release_layout(charter, &directory, &member, &program.id, &period.id);
            calendar.push((period.due.clone(), layout.unwrap()));
        }
    }
    calendar.sort_by(|a, b| a.0.cmp(&b.0));
    // Last, everything that the reserve pays for.
    for (program, period) in CORRECTED {
        let program = program.parse().unwrap();
        let period = Correction { period: period.parse().unwrap(), number: 1 }.id();
        let layout = release_layout(charter, &directory, &member, &program, &period);
        calendar.push((AFTER_ALL.to_owned(), layout.unwrap()));
    }
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
    let of_scores = [Column::GradeAssessed, Column::PriorGradeLevel, Column::Prior2GradeLevel];
    for (years, column) in (0..).zip(of_scores) {
        let Values::Bytes(grades) = chunk.values_mut(column) else { continue };
        for (grade, row) in grades.iter_mut().zip(rows).filter(|(_, row)| row.is_promoted) {
            *grade = row.grade.saturating_sub(years);
        }
    }
    chunk
}

/// Everything that is released, without noise, and what each grade has left.
fn release_year(imports: &Imports, code: Code) -> (Vec<Vec<Vec<i64>>>, YearLedger) {
    let charter = charter();
    let (directory, member) = (sample::directory(), sample::member());
    let (calendar, tables) = (calendar(&charter), sample::growth_tables(&charter));
    let budget = year_budget(&charter, &directory, &member);
    let mut ledger = YearLedger::new(sample::school_year(), budget);
    let mut journal = Journal::new(sample::school_year());
    let mut released = Vec::new();
    for (due, rows) in calendar.chunk_by(|a, b| a.0 == b.0).zip(imports) {
        if matches!(code, Code::WithoutJournal) {
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
        let plan = CountPlan::new(&charter, &directory, &member, &once, Some(&tables), columns());
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
                let exact = totals.next().unwrap();
                match code {
                    Code::WithoutClip(score) => unclipped(exact, &charter, layout, score),
                    _ => exact,
                }
            };
            let charge = ledger.charge(layout, sample::UNDER).unwrap();
            let threads = NonZeroUsize::MIN;
            let noisy = NoisyRelease::draw_with(&Zero, exact, layout, charge, threads).unwrap();
            released.push(wire::decode_payload(noisy.payload(), layout).unwrap());
        }
    }
    (released, ledger)
}

/// The totals of a growth mean in which one student is, by a percentile that
/// goes on beyond the ends of the tables; other totals as they are.
fn unclipped(
    exact: ExactRelease,
    charter: &Charter,
    layout: &ReleaseLayout,
    score: f64,
) -> ExactRelease {
    let program = charter.program(&layout.program).unwrap();
    let ProgramKind::GrowthMean { subject } = &program.kind else { return exact };
    let model = &charter.policy.growth[subject];
    let grade = LEARNER.parse().unwrap();
    let placed = Predictor::new(model).place(grade, score, PRIOR, Some(PRIOR)).unwrap();
    let share = placed.residual / model.residual_limit;
    let from_middle = (share * (GROWTH_HALF_RANGE * FIXED_POINT) as f64).round() as i64;
    let mut blocks = exact.blocks().to_vec();
    for cell in blocks.iter_mut().flat_map(|block| block.chunks_exact_mut(2)) {
        if cell[1] > 0 {
            cell[0] = from_middle;
        }
    }
    ExactRelease::from_blocks(blocks)
}

/// What a student costs in a year.
struct Cost {
    /// By program: the cost, and what was charged.
    programs: BTreeMap<ProgramId, (f64, f64)>,
    /// All of them.
    rho: f64,
    /// What the student's grade was charged in all.
    charged: f64,
    grade: Option<Grade>,
}

fn cost(others: &Imports, student: &Imports, code: Code) -> Cost {
    let with: Imports =
        others.iter().zip(student).map(|(a, b)| [a.as_slice(), b].concat()).collect();
    let (with, ledger) = release_year(&with, code);
    let (without, _) = release_year(others, code);
    let mut programs = BTreeMap::new();
    for ((_, layout), (with, without)) in calendar(&charter()).iter().zip(with.iter().zip(&without))
    {
        let (rho, charged) = programs.entry(layout.program.clone()).or_insert((0.0, 0.0));
        *charged += layout.pico_rho().rho();
        for (block, (with, without)) in layout.blocks.iter().zip(with.iter().zip(without)) {
            let squared: f64 =
                with.iter().zip(without).map(|(a, b)| ((a - b) as f64).powi(2)).sum();
            *rho += squared / (2.0 * block.sigma.units().powi(2));
        }
    }
    let met =
        student.iter().flatten().find_map(|row| Cells::read(&chunk(std::slice::from_ref(row)), 0));
    let grade = met.and_then(Cells::grade);
    let charged = grade.map_or(0.0, |grade| ledger.budget().minus(ledger.left(grade)).rho());
    let rho = programs.values().map(|(rho, _)| rho).sum();
    Cost { programs, rho, charged, grade }
}

fn row(id: u128, keeps_local: bool, usual: u8) -> impl Strategy<Value = Row> {
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
    let grade = prop_oneof![4 => Just(usual), 1 => 0..14_u8, 1 => Just(MISSING)];
    let bytes = prop::collection::vec(byte, many(true));
    let numbers = prop::collection::vec(number, many(false));
    (ids, 0..3_usize, grade, any::<bool>(), bytes, numbers).prop_map(
        |(student, school, grade, is_promoted, bytes, numbers)| Row {
            student,
            school,
            grade,
            is_promoted,
            bytes,
            numbers,
        },
    )
}

/// Every import has the student in no row, one, or two, mostly of one grade.
fn imports(id: u128) -> impl Strategy<Value = Imports> {
    let dates = dates(&calendar(&charter()));
    let of_growth = "04".parse::<Grade>().unwrap().index() as u8;
    let usual = prop_oneof![of_growth..of_growth + 5, 0..14_u8];
    (any::<bool>(), usual).prop_flat_map(move |(keeps_local, usual)| {
        prop::collection::vec(prop::collection::vec(row(id, keeps_local, usual), 0..3), dates)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_student_costs_more_in_a_year_than_was_charged(
        others in imports(1), student in imports(2),
    ) {
        let Cost { rho, charged, grade, .. } = cost(&others, &student, Code::Shipped);
        prop_assert!(rho <= charged + 1e-12, "{rho} of {charged} in grade {grade:?}");
    }
}

/// A grade of the growth models.
const LEARNER: &str = "05";

/// The last grades, one after the other.
const LEAVER: [&str; 2] = ["11", "12"];

/// A student in every flag group, chronically absent and failing courses, with
/// this score after usual ones, who is imported into another school each time
/// and by turns into these grades.
fn restless(grades: [&str; 2], score: f64) -> Imports {
    let dates = dates(&calendar(&charter()));
    let rows = (0..dates).map(|date| {
        let value = |column: Column| match column {
            Column::DaysAbsent | Column::DaysAbsentAtSchool => 90.0,
            Column::DaysExpected | Column::DaysExpectedAtSchool => 180.0,
            Column::ElaScaleScore | Column::MathScaleScore => score,
            _ => PRIOR,
        };
        let of = |bytes: bool| columns().iter().filter(move |it| it.kind().is_byte() == bytes);
        vec![Row {
            student: Student { statewide: None, local: Some(1) },
            school: date % 2,
            grade: grades[date % 2].parse::<Grade>().unwrap().index() as u8,
            is_promoted: true,
            bytes: of(true).map(|_| 1).collect(),
            numbers: of(false).map(value).collect(),
        }]
    });
    rows.collect()
}

/// What the student costs of whom alone there are records.
fn cost_alone(student: &Imports, code: Code) -> Cost {
    cost(&vec![Vec::new(); student.len()], student, code)
}

#[test]
fn a_restless_student_is_counted_and_costs_no_more_than_was_charged() {
    let Cost { rho, charged, .. } = cost_alone(&restless(LEAVER, 2500.0), Code::Shipped);
    assert!(rho <= charged && rho > 0.5 * charged, "{rho} of {charged}");
}

#[test]
fn a_student_whose_score_leaps_or_plunges_costs_no_more_than_growth_was_charged() {
    for score in [-1e12, 2000.0, 3000.0, 1e300] {
        let cost = cost_alone(&restless([LEARNER; 2], score), Code::Shipped);
        assert!(cost.rho <= cost.charged, "{} of {}", cost.rho, cost.charged);
        for program in
            ["growth_ela_histogram", "growth_ela", "growth_math_histogram", "growth_math"]
        {
            // A percentile from 1 to 99 is at most 49 from the middle; 50 are paid for.
            let (rho, charged) = cost.programs[&program.parse().unwrap()];
            assert!(rho <= charged && rho > 0.96 * charged, "{program}: {rho} of {charged}");
        }
    }
}

#[test]
fn without_a_journal_the_restless_student_would_cost_more() {
    // The control: what the tests above would say of a journal not kept.
    let Cost { rho, charged, .. } = cost_alone(&restless(LEAVER, 2500.0), Code::WithoutJournal);
    assert!(rho > charged, "{rho} of {charged}");
}

#[test]
fn without_its_clip_a_growth_mean_would_cost_more() {
    let by = |score, code| cost_alone(&restless([LEARNER; 2], score), code);
    // The mutant does as the shipped code where there is nothing to clip.
    let (usual, shipped) = (by(2500.0, Code::WithoutClip(2500.0)), by(2500.0, Code::Shipped));
    assert!((usual.rho - shipped.rho).abs() < 1e-6, "{} and {}", usual.rho, shipped.rho);
    let Cost { rho, charged, .. } = by(4000.0, Code::WithoutClip(4000.0));
    assert!(rho > charged, "{rho} of {charged}");
}
