//! The guide to the measures says what the catalogue says.

use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Policy, ProgramKind},
    units::SchoolYear,
};

const GUIDE: &str = include_str!("../../docs/measures.md");

/// The guide's row that begins with a name, cell by cell.
fn row(name: &str) -> Vec<&'static str> {
    let start = format!("| `{name}` |");
    let found = GUIDE.lines().find(|line| line.starts_with(&start));
    let line = found.unwrap_or_else(|| panic!("the guide has no row for {name}"));
    line.trim_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn every_measure_is_in_the_guide_with_its_words_and_whether_it_is_released() {
    let policy = Policy::shipped(SchoolYear::ending(2026).unwrap(), "standard").unwrap();
    for measure in Catalogue::shipped().hashed().measures {
        let row = row(measure.id.as_str());
        assert_eq!(row[1], measure.about, "{}", measure.id);
        let asks = |kind: &ProgramKind| matches!(kind, ProgramKind::Measure { measure: id } if *id == measure.id);
        let released = policy.programs.iter().any(|program| asks(&program.kind));
        assert_eq!(row[3], if released { "yes" } else { "" }, "{}", measure.id);
        assert_eq!(row[4], measure.source, "{}", measure.id);
    }
}

#[test]
fn every_setting_and_every_year_that_stands_apart_is_in_the_guide() {
    let catalogue = Catalogue::shipped();
    for (name, setting) in &catalogue.settings {
        let row = row(name);
        assert_eq!(row[1], setting.value.to_string(), "{name}");
        assert_eq!(row[2], format!("{} to {}", setting.lowest, setting.highest), "{name}");
        assert_eq!(row[3], setting.about, "{name}");
    }
    for note in &catalogue.years {
        let is_about = |line: &&str| {
            line.starts_with(&format!("| {} |", note.school_year))
                && line.to_lowercase().contains(&note.because.to_lowercase())
        };
        let found = GUIDE.lines().find(is_about);
        assert!(
            found.is_some(),
            "the guide does not say of {} that {}",
            note.school_year,
            note.because
        );
    }
}
