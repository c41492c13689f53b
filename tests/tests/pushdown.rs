//! Both roads count the same: student years imported and counted by the node's
//! kernel, and the same rows counted where they are by a real PostgreSQL. To the
//! last unit of every total, of every measure of the shipped catalogue.

mod district;

use std::collections::BTreeMap;

use peerlight_node_engine::{
    intake::StudentYears,
    measure::{
        Answer, CountPlan, Counter, Frozen, LocalTable, Pushdown, Relation, Students, row_key,
    },
    privacy::{
        exact::ExactRelease,
        journal::{Cells, Journal, Student},
    },
    student::{Chunk, Column, ColumnSet},
};
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    layout::{ReleaseLayout, year_layouts},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{Grade, GradeSet, SchoolYear},
};
use peerlight_tests::harness::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use self::district::District;

const YEAR: u32 = 2026;

fn year() -> SchoolYear {
    SchoolYear::ending(YEAR).unwrap()
}

fn member() -> MemberId {
    MemberId::new("A").unwrap()
}

fn charter() -> Charter {
    Charter {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: year(),
        previous: None,
        policy: Policy::shipped(year(), "standard").unwrap(),
        catalogue: Catalogue::shipped().hashed(),
    }
}

/// Four schools of the district, of different grades, and one of another.
fn directory() -> Directory {
    let grade = |index| Grade::from_index(index).unwrap();
    let school = |id: &str, lea: &str, low, high| School {
        id: SchoolId::new(id).unwrap(),
        lea: MemberId::new(lea).unwrap(),
        name: String::new(),
        level: Level::K12,
        school_type: "regular".to_owned(),
        grades: GradeSet::span(grade(low), grade(high)),
        county: None,
        enrollment: Some(500),
        features: BTreeMap::new(),
    };
    Directory {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: year(),
        features_source: String::new(),
        schools: vec![
            school("1", "A", 0, 13),
            school("2", "A", 0, 6),
            school("3", "A", 7, 9),
            school("4", "A", 10, 13),
            school("5", "B", 0, 13),
        ],
    }
}

/// Shipped releases that follow from the rows alone: growth and running counts
/// are refused.
fn layouts() -> Vec<ReleaseLayout> {
    let layouts = year_layouts(&charter(), &directory(), &member()).into_iter();
    layouts
        .map(Result::unwrap)
        .filter(|layout| !layout.program.as_str().starts_with("growth"))
        .filter(|layout| layout.step().is_none())
        .collect()
}

/// The rows as the kernel takes them.
fn chunk(years: &StudentYears, plan: &CountPlan) -> Chunk {
    let position = |school: &u32| {
        let id = &years.schools[*school as usize];
        let found = plan.schools().binary_search_by(|known| known.as_str().cmp(id));
        found.map_or(Chunk::NO_SCHOOL, |position| position as u32)
    };
    let mut chunk = Chunk::default();
    chunk.school = years.school.iter().map(position).collect();
    for column in years.columns().iter() {
        *chunk.values_mut(column) = years.values(column).unwrap().clone();
    }
    chunk
}

fn ask(database: &mut PgConnection, runtime: &tokio::runtime::Runtime, text: &str) {
    let done = runtime.block_on(sqlx::raw_sql(AssertSqlSafe(text)).execute(database));
    done.unwrap();
}

/// A warehouse with one district at a time.
struct Warehouse {
    runtime: tokio::runtime::Runtime,
    database: PgConnection,
    _server: Postgres,
}

impl Warehouse {
    fn start() -> Self {
        let server = Postgres::start().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut database = runtime.block_on(PgConnection::connect(&server.url())).unwrap();
        ask(&mut database, &runtime, "SET jit = off");
        Self { runtime, database, _server: server }
    }

    fn hold(&mut self, district: &District) {
        ask(&mut self.database, &self.runtime, &district.table());
    }

    /// How many cells of each column would be refused.
    fn refusals(&mut self, pushdown: &Pushdown<'_>) -> Vec<i64> {
        let text = AssertSqlSafe(pushdown.refusals());
        let asked = sqlx::query_scalar(text).fetch_one(&mut self.database);
        self.runtime.block_on(asked).unwrap()
    }

    fn count<'a>(
        &mut self,
        plan: &'a CountPlan,
        pushdown: &Pushdown<'_>,
        frozen: Option<&Frozen>,
    ) -> Counter<'a> {
        assert!(self.refusals(pushdown).iter().all(|refused| *refused == 0));
        let schools: Vec<String> = plan.schools().iter().map(ToString::to_string).collect();
        let mut query = sqlx::query_as(AssertSqlSafe(pushdown.statement())).bind(schools);
        if let Some(frozen) = frozen {
            query = query.bind(frozen.keys());
            for array in frozen.arrays() {
                query = query.bind(array);
            }
        }
        let asked = query.fetch_all(&mut self.database);
        let rows: Vec<(i32, i32, Vec<i64>)> = self.runtime.block_on(asked).unwrap();
        assert!(rows.len() <= plan.schools().len() * 50 + 1, "only the cube comes back");
        let mut answer = Answer::to(plan, frozen);
        for (school, slot, totals) in rows {
            answer.take(school, slot, &totals).unwrap();
        }
        answer.finish().unwrap()
    }
}

/// The integers of releases.
fn integers(releases: &[ExactRelease]) -> Vec<Vec<Vec<i64>>> {
    let of = |release: &ExactRelease| {
        let sent: Vec<Vec<i64>> = release.shape().map(|cells| vec![0; cells]).collect();
        release.beside(&sent).map(|block| block.map(|(exact, _)| exact).collect()).collect()
    };
    releases.iter().map(of).collect()
}

/// Every value of two tables is the same; how many there are.
fn same_values(a: &LocalTable, b: &LocalTable) -> usize {
    let mut values = 0;
    for measure in a.measures() {
        for group in a.groups(measure) {
            assert!(
                a.district(measure, *group) == b.district(measure, *group),
                "{measure} {group:?}"
            );
            for school in a.schools() {
                let value = a.school(school, measure, *group);
                assert!(value == b.school(school, measure, *group), "{school} {measure} {group:?}");
                values += usize::from(value.is_some());
            }
        }
    }
    values
}

#[test]
fn every_measure_and_release_is_counted_alike_in_the_warehouse_and_on_the_node() {
    let (charter, directory) = (charter(), directory());
    let mut warehouse = Warehouse::start();
    let few = [Column::RaceEthnicity, Column::Homeless, Column::GradeAssessed, Column::ElaLevel];
    for (seed, without) in [(1, &[][..]), (2, &[]), (3, &few)] {
        let mut district = District::generate(seed, without);
        if seed == 2 {
            district.leave_some_only_a_statewide_id();
        }
        let years = district.imported(&directory, &member());
        warehouse.hold(&district);
        let names = district.names();
        let relation =
            Relation { name: "\"public\".\"student_year\"", condition: "true", columns: &names };

        let columns = years.columns();
        let plan = CountPlan::local(&charter, &directory, &member(), None, columns).unwrap();
        let mut kernel = plan.counter();
        kernel.add(&chunk(&years, &plan));
        let pushdown = Pushdown::new(&plan, relation.clone(), Students::AsTheyAre).unwrap();
        let counted = warehouse.count(&plan, &pushdown, None).finish_local();
        let values = same_values(&kernel.finish_local(), &counted);
        if without.is_empty() {
            let measures = charter.catalogue.measures.len();
            assert_eq!(counted.measures().count(), measures, "every shipped measure is counted");
            assert!(values > 50 * measures, "{values} values");
        }

        let layouts: Vec<ReleaseLayout> = layouts()
            .into_iter()
            .filter(|layout| {
                let one = std::slice::from_ref(layout);
                CountPlan::new(&charter, &directory, &member(), one, None, columns).is_ok()
            })
            .collect();
        assert!(layouts.len() > 5);
        let plan =
            CountPlan::new(&charter, &directory, &member(), &layouts, None, columns).unwrap();
        let chunk = chunk(&years, &plan);
        let mut kernel = plan.counter();
        kernel.add(&chunk);
        let pushdown = Pushdown::new(&plan, relation.clone(), Students::AsTheyAre).unwrap();
        let counted = warehouse.count(&plan, &pushdown, None);
        let kernel = integers(&kernel.finish());
        assert!(kernel.iter().flatten().flatten().any(|integer| *integer != 0));
        assert_eq!(kernel, integers(&counted.finish()));

        // In the cells that a journal froze when the students were elsewhere.
        let (frozen, frozen_chunk, entries) = met(&years, &chunk, &plan);
        let mut kernel = plan.counter();
        kernel.add_students(&frozen_chunk, &entries);
        let pushdown = Pushdown::new(&plan, relation, Students::Frozen).unwrap();
        let counted = warehouse.count(&plan, &pushdown, Some(&frozen));
        let frozen_kernel = integers(&kernel.finish());
        assert_ne!(frozen_kernel, integers_of(&plan, &chunk), "something was frozen elsewhere");
        assert_eq!(frozen_kernel, integers(&counted.finish()));
    }
}

fn integers_of(plan: &CountPlan, chunk: &Chunk) -> Vec<Vec<Vec<i64>>> {
    let mut kernel = plan.counter();
    kernel.add(chunk);
    integers(&kernel.finish())
}

/// Students whom the journal met in the cells of the student before them; of
/// every eleventh it knows nothing, as of a row without a grade.
fn met(years: &StudentYears, chunk: &Chunk, plan: &CountPlan) -> (Frozen, Chunk, Vec<u32>) {
    let mut journal = Journal::new(year());
    let rows = years.rows();
    let student = |row: usize| Student { statewide: None, local: Some(row as u128) };
    let mut pass = journal.pass();
    for row in (0..rows).filter(|row| row % 11 != 0) {
        let before = (row + rows - 1) % rows;
        let school = pass.school(&years.schools[years.school[before] as usize]);
        if let Some(cells) = Cells::read(chunk, before) {
            pass.contact(student(row), school, cells);
        }
    }
    let mut entries = vec![peerlight_node_engine::privacy::journal::NO_ENTRY; rows];
    let mut pass = journal.pass();
    let nowhere = pass.school("1");
    for (row, entry) in entries.iter_mut().enumerate().filter(|(row, _)| row % 11 != 0) {
        if let Some(cells) = Cells::read(chunk, row) {
            *entry = pass.contact(student(row), nowhere, cells).unwrap_or(*entry);
        }
    }
    let text = |id: &[u8]| String::from_utf8_lossy(id).into_owned();
    let key = |row: usize| row_key(&text(years.students.get(row)), &text(years.statewide.get(row)));
    let mut frozen_chunk = chunk.clone();
    let position = |id: &String| {
        let found = plan.schools().binary_search_by(|known| known.as_str().cmp(id));
        found.map_or(Chunk::NO_SCHOOL, |position| position as u32)
    };
    let positions: Vec<u32> = journal.schools().iter().map(position).collect();
    journal.freeze(&mut frozen_chunk, &entries, &positions);
    (Frozen::of(plan, &journal, &entries, key), frozen_chunk, entries)
}

#[test]
fn cells_that_the_intake_refuses_are_refused_in_the_warehouse() {
    let (charter, directory) = (charter(), directory());
    let mut warehouse = Warehouse::start();
    let all: ColumnSet = Column::ALL.into_iter().collect();
    let plan = CountPlan::local(&charter, &directory, &member(), None, all).unwrap();
    let mut district = District::generate(4, &[]);
    district.rows.truncate(1);
    for (column, bad) in [
        (Column::Homeless, "2"),
        (Column::DaysAbsent, "-1"),
        (Column::DaysAbsent, "1,5"),
        (Column::DaysAbsent, "NaN"),
        (Column::DaysAbsent, "1e2"),
        (Column::DaysAbsent, "."),
        (Column::DaysAbsent, "366.5"),
        (Column::ElaLevel, "5"),
        (Column::ElaLevel, "2.5"),
        (Column::GradeLevel, "13"),
        (Column::GradeLevel, "PS"),
        (Column::Gender, "Q"),
        (Column::CohortYear, "26"),
        (Column::CohortYear, "2025-27"),
        (Column::CollegeEnrolledDate, "08/20/2026"),
        (Column::CollegeEnrolledDate, "2026-02-29"),
    ] {
        let at = district.columns.iter().position(|it| *it == column).unwrap();
        let good = std::mem::replace(&mut district.rows[0][at], bad.to_owned());
        warehouse.hold(&district);
        let names = district.names();
        let relation = Relation { name: "student_year", condition: "true", columns: &names };
        let pushdown = Pushdown::new(&plan, relation, Students::AsTheyAre).unwrap();
        let refused: Vec<Column> = pushdown
            .reads()
            .zip(warehouse.refusals(&pushdown))
            .filter(|(_, refused)| *refused > 0)
            .map(|(column, _)| column)
            .collect();
        assert_eq!(refused, [column], "{bad}");
        district.rows[0][at] = good;
    }
    district.rows.push(district.rows[0].clone());
    warehouse.hold(&district);
    let names = district.names();
    let relation = Relation { name: "student_year", condition: "true", columns: &names };
    let pushdown = Pushdown::new(&plan, relation, Students::AsTheyAre).unwrap();
    assert_eq!(warehouse.refusals(&pushdown).last(), Some(&1), "a student is there twice");
    let id = district.columns.iter().position(|it| *it == Column::StudentId).unwrap();
    district.rows[1][id] = " ".to_owned();
    warehouse.hold(&district);
    assert_eq!(warehouse.refusals(&pushdown).last(), Some(&1), "a row says of nobody");
}
