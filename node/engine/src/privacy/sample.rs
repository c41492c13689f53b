//! A small district for this module's tests: two schools under the shipped
//! charter, or one like it with a running count.

use std::collections::BTreeMap;

use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Continual, Period, Policy},
    directory::{Directory, Level, School},
    layout::{ReleaseLayout, release_layout, year_budget, year_layouts},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{ContentHash, GradeSet, PicoRho, SchoolYear},
    v1::{GrowthTable, GrowthTables},
};

use super::budget::Under;
use crate::growth::percentile::PercentileTables;

/// What releases are made under.
pub(super) const UNDER: Under =
    Under { charter_hash: ContentHash([1; 32]), directory_hash: ContentHash([2; 32]) };

/// The reporting year.
pub(super) fn school_year() -> SchoolYear {
    SchoolYear::ending(2026).unwrap()
}

/// The shipped charter.
pub(crate) fn charter() -> Charter {
    Charter {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: school_year(),
        previous: None,
        policy: Policy::shipped(school_year(), "standard").unwrap(),
        catalogue: Catalogue::shipped().hashed(),
    }
}

/// The district.
pub(crate) fn member() -> MemberId {
    MemberId::new("37").unwrap()
}

/// Its two schools.
pub(crate) fn directory() -> Directory {
    let school = |id: &str| School {
        id: SchoolId::new(id).unwrap(),
        lea: member(),
        name: String::new(),
        level: Level::K12,
        school_type: "regular".to_owned(),
        grades: GradeSet::ALL,
        county: None,
        enrollment: Some(500),
        features: BTreeMap::new(),
    };
    Directory {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: school_year(),
        features_source: String::new(),
        schools: vec![school("1"), school("2")],
    }
}

/// Makes a measure's program a running count of so many steps.
pub(super) fn make_continual(charter: &mut Charter, program: &str, steps: u32, changes: u32) {
    let programs = &mut charter.policy.programs;
    let program = programs.iter_mut().find(|it| it.id.as_str() == program).unwrap();
    program.continual = Some(Continual { changes });
    program.periods = (1..=steps)
        .map(|step| Period {
            id: format!("step-{step}").parse().unwrap(),
            due: format!("2026-{:02}-{:02}", 1 + step / 28, 1 + step % 28),
        })
        .collect();
}

/// Every step of a running count, and the year's budget.
pub(super) fn stream(steps: u32, changes: u32) -> (Vec<ReleaseLayout>, PicoRho) {
    let mut charter = charter();
    make_continual(&mut charter, "chronic_absence", steps, changes);
    let (directory, member) = (directory(), member());
    let program = charter.program(&"chronic_absence".parse().unwrap()).unwrap();
    let layouts = program.periods.iter().map(|period| {
        release_layout(&charter, &directory, &member, &program.id, &period.id).unwrap()
    });
    (layouts.collect(), year_budget(&charter, &directory, &member))
}

/// Every layout of the year, and its budget.
pub(super) fn year() -> (Vec<ReleaseLayout>, PicoRho) {
    let (charter, directory, member) = (charter(), directory(), member());
    let layouts = year_layouts(&charter, &directory, &member);
    let layouts = layouts.into_iter().collect::<Result<_, _>>().unwrap();
    (layouts, year_budget(&charter, &directory, &member))
}

/// The tables of a closed growth round: by each, every residual within the
/// limits is as frequent as any other.
pub(super) fn growth_tables(charter: &Charter) -> PercentileTables {
    let growth = charter.policy.growth.iter();
    let grades = growth.flat_map(|(subject, model)| {
        model.grade.iter().map(move |(grade, of)| (subject, model.bins, grade, of.bands.len()))
    });
    let tables = grades.flat_map(|(subject, bins, grade, edges)| {
        (0..=edges as u32).map(move |band| GrowthTable {
            subject: subject.to_string(),
            grade: grade.to_string(),
            band,
            cumulative_millionths: (1..bins).map(|edge| edge * 1_000_000 / bins).collect(),
            pooled_students: 1_000,
        })
    });
    let message = GrowthTables {
        consortium: charter.consortium.to_string(),
        school_year: u32::from(charter.school_year.ending_year()),
        growth_hash: charter.growth_hash().as_bytes().to_vec(),
        tables: tables.collect(),
        ..GrowthTables::default()
    };
    PercentileTables::read(&message, charter).unwrap()
}
