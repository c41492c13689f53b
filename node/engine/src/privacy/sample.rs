//! A small district for this module's tests: two schools under the shipped
//! charter.

use std::collections::BTreeMap;

use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    layout::{ReleaseLayout, year_budget, year_layouts},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{GradeSet, PicoRho, SchoolYear},
};

/// The reporting year.
pub(super) fn school_year() -> SchoolYear {
    SchoolYear::ending(2026).unwrap()
}

/// Every layout of the year, and its budget.
pub(super) fn year() -> (Vec<ReleaseLayout>, PicoRho) {
    let consortium = ConsortiumId::new("test").unwrap();
    let member = MemberId::new("37").unwrap();
    let charter = Charter {
        consortium: consortium.clone(),
        number: 1,
        school_year: school_year(),
        previous: None,
        policy: Policy::shipped(school_year(), "standard").unwrap(),
        catalogue: Catalogue::shipped().hashed(),
    };
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
        consortium,
        number: 1,
        school_year: school_year(),
        features_source: String::new(),
        schools: vec![school("1"), school("2")],
    };
    let layouts = year_layouts(&charter, &directory, &member);
    let layouts = layouts.into_iter().collect::<Result<_, _>>().unwrap();
    (layouts, year_budget(&charter, &directory, &member))
}
