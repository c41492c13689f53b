//! A small district under the shipped charter, counted by the shipped kernel:
//! two schools of every grade, and students with whatever a test wants.

use std::collections::BTreeMap;

use peerlight_node_engine::{
    growth::percentile::PercentileTables,
    measure::CountPlan,
    privacy::{budget::Under, exact::ExactRelease},
    student::{Chunk, Column, Kind, MISSING, Values},
};
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    layout::{ReleaseLayout, year_budget, year_layouts},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{ContentHash, Grade, GradeSet, PicoRho, SchoolYear},
    v1::{GrowthTable, GrowthTables},
};

/// What everything is released under.
pub const UNDER: Under =
    Under { charter_hash: ContentHash([1; 32]), directory_hash: ContentHash([2; 32]) };

/// The integers of a release, block by block.
pub type Integers = Vec<Vec<i64>>;

/// A student year: the school's position, and what is known.
#[derive(Clone, Debug)]
pub struct Student {
    pub school: u32,
    pub values: BTreeMap<Column, f64>,
}

/// Charter, directory and one member's year.
pub struct District {
    pub charter: Charter,
    pub directory: Directory,
    pub member: MemberId,
}

impl District {
    pub fn new() -> Self {
        let school_year = SchoolYear::ending(2026).unwrap();
        let consortium = ConsortiumId::new("test").unwrap();
        let member = MemberId::new("37").unwrap();
        let school = |id: &str| School {
            id: SchoolId::new(id).unwrap(),
            lea: member.clone(),
            name: String::new(),
            level: Level::K12,
            school_type: "regular".to_owned(),
            grades: GradeSet::ALL,
            county: None,
            enrollment: Some(500),
            features: BTreeMap::new(),
        };
        let directory = Directory {
            consortium: consortium.clone(),
            number: 1,
            school_year,
            features_source: String::new(),
            schools: vec![school("1"), school("2")],
        };
        let charter = Charter {
            consortium,
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        };
        Self { charter, directory, member }
    }

    /// What a grade may spend in the year.
    pub fn budget(&self) -> PicoRho {
        year_budget(&self.charter, &self.directory, &self.member)
    }

    /// Every one-shot release of the year.
    pub fn layouts(&self) -> Vec<ReleaseLayout> {
        let layouts = year_layouts(&self.charter, &self.directory, &self.member);
        layouts.into_iter().map(Result::unwrap).filter(|layout| layout.step().is_none()).collect()
    }

    /// Counts students for some releases by the shipped kernel.
    pub fn count(&self, layouts: &[ReleaseLayout], students: &[Student]) -> Vec<Integers> {
        let (Self { charter, directory, member }, tables) = (self, tables(&self.charter));
        let columns = Column::ALL.into_iter().collect();
        let plan =
            CountPlan::new(charter, directory, member, layouts, Some(&tables), columns).unwrap();
        let mut counter = plan.counter();
        counter.add(&chunk(students));
        counter.finish().iter().zip(layouts).map(|(exact, layout)| read(exact, layout)).collect()
    }
}

/// The exact integers, which only stand beside what was sent for them.
pub fn read(exact: &ExactRelease, layout: &ReleaseLayout) -> Integers {
    let sent: Integers = layout.blocks.iter().map(|block| vec![0; block.cells()]).collect();
    exact.beside(&sent).map(|pairs| pairs.map(|(exact, _)| exact).collect()).collect()
}

/// Tables in which every residual has the percentile of its bin.
fn tables(charter: &Charter) -> PercentileTables {
    let mut tables = Vec::new();
    for (subject, model) in &charter.policy.growth {
        for (grade, constants) in &model.grade {
            for band in 0..=constants.bands.len() as u32 {
                let share = |edge: u32| edge * 1_000_000 / model.bins;
                tables.push(GrowthTable {
                    subject: subject.to_string(),
                    grade: grade.to_string(),
                    band,
                    cumulative_millionths: (1..model.bins).map(share).collect(),
                    pooled_students: 0,
                });
            }
        }
    }
    let message = GrowthTables {
        consortium: charter.consortium.to_string(),
        school_year: u32::from(charter.school_year.ending_year()),
        growth_hash: charter.growth_hash().as_bytes().to_vec(),
        tables,
        ..GrowthTables::default()
    };
    PercentileTables::read(&message, charter).unwrap()
}

pub fn chunk(students: &[Student]) -> Chunk {
    let mut chunk = Chunk::default();
    chunk.school = students.iter().map(|student| student.school).collect();
    for column in Column::ALL.into_iter().filter(|column| column.is_countable()) {
        let value = |student: &Student| student.values.get(&column).copied();
        *chunk.values_mut(column) = if column.kind().is_byte() {
            let byte = |student| value(student).map_or(MISSING, |value| value as u8);
            Values::Bytes(students.iter().map(byte).collect())
        } else {
            let number = |student| value(student).unwrap_or(f64::NAN);
            Values::Numbers(students.iter().map(number).collect())
        };
    }
    chunk
}

/// A student of a grade whose every value is as far to one side as it can be:
/// in every group at once, counted by every population that has the grade.
pub fn extreme(grade: Grade, is_high: bool) -> Student {
    let mut values = BTreeMap::new();
    for column in Column::ALL.into_iter().filter(|column| column.is_countable()) {
        let value = match column.kind() {
            Kind::Flag => 1.0,
            Kind::Number(low, high) => {
                if is_high {
                    high
                } else {
                    low
                }
            }
            Kind::Whole(low, high) => f64::from(if is_high { high } else { low }),
            Kind::Code(codes) if is_high => codes.len() as f64 - 1.0,
            Kind::Year => 2026.0,
            Kind::Grade => grade.index() as f64,
            _ => 0.0,
        };
        values.insert(column, value);
    }
    let prior = grade.before().map_or(0, Grade::index);
    values.insert(Column::PriorGradeLevel, prior as f64);
    values.insert(Column::Prior2GradeLevel, prior as f64 - 1.0);
    values.insert(Column::DaysExpected, 180.0);
    values.insert(Column::DaysAbsent, if is_high { 90.0 } else { 0.0 });
    Student { school: 0, values }
}
