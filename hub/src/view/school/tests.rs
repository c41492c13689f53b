//! A school's lines in words.

use peerlight_hub_engine::{display::Precision, measure::reported_measures};
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    names::ConsortiumId,
};

use super::*;

#[test]
fn a_value_that_is_not_pooled_because_of_a_year_says_why() {
    let school_year = SchoolYear::ending(2023).unwrap();
    let charter = Charter {
        consortium: ConsortiumId::new("c").unwrap(),
        number: 1,
        school_year,
        previous: None,
        policy: Policy::shipped(school_year, "standard").unwrap(),
        catalogue: Catalogue::shipped().hashed(),
    };
    let measures = reported_measures(&charter);
    let measure = measures.iter().find(|it| it.id.as_str() == "suspension").unwrap();
    let benchmark = |parted_by| Benchmark {
        school: 0,
        measure: 0,
        group: StudentGroup::All,
        precision: Precision::Hidden,
        as_of: None,
        sums: None,
        estimate: None,
        reliability: None,
        posterior: None,
        official: None,
        standing: None,
        network_mean: None,
        students_needed: None,
        pooled: None,
        parted_by,
    };
    let value = |parted_by| {
        let shown = Shown::Missing(words::Missing::NotPrecise(None));
        let benchmark = &benchmark(parted_by);
        Line { measure, benchmark, shown, comparison: None }.value()
    };
    assert_eq!(value(None), "Not precise enough");
    let why = "Not precise enough. Earlier years are not added: 2021-22 is not comparable with \
               the years before: the 2022 Dashboard showed status only, because the years \
               before are not comparable.";
    assert_eq!(value(SchoolYear::ending(2022).ok()), why);
    let shown = Shown::Missing(words::Missing::NotPrecise(None));
    let line = Line { measure, benchmark: &benchmark(None), shown, comparison: None };
    assert!(summary::notes(&[&line], school_year).is_empty());
    let said = summary::notes(&[&line], SchoolYear::ending(2021).unwrap());
    assert!(said[0].starts_with("Suspension: 2020-21 is not comparable with other years"));
}
