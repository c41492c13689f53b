//! A new charter: the shipped policy and catalogue with what the operator
//! replaced, checked, signed and put in force.

use std::{collections::BTreeSet, path::PathBuf};

use peerlight_proto::{
    catalogue::Catalogue,
    charter::{self, Charter, ComposeError, Policy, ProgramKind},
    document,
    names::ProgramId,
    units::SchoolYear,
};

use crate::{error::Error, hub::Hub, store::document::Stored};

/// What the operator asks for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// File the text below is from, for messages.
    pub file: Option<PathBuf>,
    /// TOML with an optional `[policy]`, whose parts replace the shipped ones,
    /// and an optional `[catalogue]`, whose definitions are added or replace
    /// those of the same id. `{start}` and `{end}` stand for the two calendar
    /// years of the school year.
    pub text: String,
    /// Name of a budget preset; the file's, else standard, where absent.
    pub preset: Option<String>,
    /// The school year; the directory's where absent.
    pub school_year: Option<SchoolYear>,
    /// Programs to keep; all where empty.
    pub offer: Vec<String>,
}

/// Signs the charter that `wish` describes and puts it in force.
pub async fn propose(hub: &Hub, wish: Wish) -> Result<Stored, Error> {
    let previous = hub.charter().await?;
    let school_year = match (wish.school_year, hub.directory().await?) {
        (Some(year), _) => year,
        (None, Some(directory)) => directory.directory.school_year,
        (None, None) => {
            let problem = "there is no directory to take it from: write 2025-26".to_owned();
            return Err(Error::Flag { flag: "--school-year", problem });
        }
    };
    let (policy, catalogue) = compose(&wish, school_year)?;
    let number = previous.as_ref().map_or(0, |previous| previous.charter.number) + 1;
    let charter = Charter {
        consortium: hub.config.consortium.clone(),
        number,
        school_year,
        previous: previous.map(|previous| previous.hash),
        policy,
        catalogue,
    };
    charter.check()?;
    let year = school_year.ending_year();
    hub.publish(document::CHARTER, number, year, charter.to_document()).await
}

fn compose(wish: &Wish, year: SchoolYear) -> Result<(Policy, Catalogue), Error> {
    let composed = charter::compose(&wish.text, year, wish.preset.as_deref());
    let (mut policy, catalogue) = composed.map_err(|error| match error {
        ComposeError::Preset(name) => Error::Flag {
            flag: "--preset",
            problem: format!("\"{name}\" is not one: use strict, standard or detailed"),
        },
        ComposeError::Unreadable(problem) => {
            Error::Config { path: wish.file.clone().unwrap_or_default(), problem }
        }
    })?;
    if !wish.offer.is_empty() {
        keep(&mut policy, &catalogue, &wish.offer)?;
    }
    Ok((policy, catalogue))
}

/// Keeps the programs asked for, the counts they divide by and the histograms
/// their growth needs.
fn keep(policy: &mut Policy, catalogue: &Catalogue, offer: &[String]) -> Result<(), Error> {
    for name in offer {
        if !policy.programs.iter().any(|program| program.id.as_str() == name) {
            let problem = format!("there is no program {name}");
            return Err(Error::Flag { flag: "--offer", problem });
        }
    }
    let asked = |id: &ProgramId| offer.iter().any(|name| name == id.as_str());
    let mut populations = BTreeSet::new();
    let mut subjects = BTreeSet::new();
    for program in policy.programs.iter().filter(|program| asked(&program.id)) {
        match &program.kind {
            ProgramKind::Measure { measure } => {
                populations.extend(catalogue.measure(measure).map(|m| m.population.clone()));
            }
            ProgramKind::GrowthMean { subject } => {
                subjects.insert(subject.clone());
            }
            ProgramKind::Count { .. } | ProgramKind::GrowthHistogram { .. } => {}
        }
    }
    policy.programs.retain(|program| {
        asked(&program.id)
            || match &program.kind {
                ProgramKind::Count { population } => populations.contains(population),
                ProgramKind::GrowthHistogram { subject } => subjects.contains(subject),
                ProgramKind::Measure { .. } | ProgramKind::GrowthMean { .. } => false,
            }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(wish: &Wish) -> Result<(Policy, Catalogue), Error> {
        compose(wish, SchoolYear::ending(2026).unwrap())
    }

    #[test]
    fn without_a_file_the_charter_is_the_shipped_one() {
        let (policy, catalogue) = composed(&Wish::default()).unwrap();
        let shipped = Policy::shipped(SchoolYear::ending(2026).unwrap(), "standard").unwrap();
        assert_eq!(policy, shipped);
        assert_eq!(catalogue, Catalogue::shipped().hashed());
    }

    #[test]
    fn parts_of_a_file_replace_the_shipped_ones() {
        let text = r#"
            [policy]
            time_zone = "America/Denver"
            budget = { preset = "strict" }
            [[policy.program]]
            id = "enrolled"
            kind = "count"
            population = "enrolled"
            grades = ["TK-12"]
            share = 800
            margins = "count"
            period = [{ id = "spring", due = "{end}-03-20" }]
            [catalogue.constants.reading_standard]
            "03" = 400.0
        "#;
        let (policy, catalogue) =
            composed(&Wish { text: text.to_owned(), ..Wish::default() }).unwrap();
        assert_eq!(policy.time_zone, "America/Denver");
        assert_eq!(policy.budget.preset, "strict");
        assert_eq!(policy.programs.len(), 1);
        assert_eq!(policy.programs[0].periods[0].due, "2026-03-20");
        assert!(catalogue.constants.contains_key("reading_standard"));
        assert!(catalogue.constants.contains_key("ela_standard"));
    }

    #[test]
    fn offering_a_measure_keeps_the_count_it_divides_by() {
        let offer = vec!["ela_met".to_owned(), "growth_ela".to_owned()];
        let (policy, _) = composed(&Wish { offer, ..Wish::default() }).unwrap();
        let kept: Vec<&str> = policy.programs.iter().map(|program| program.id.as_str()).collect();
        assert_eq!(kept, ["tested", "ela_met", "growth_ela_histogram", "growth_ela"]);
    }

    #[test]
    fn an_unknown_word_is_refused_with_its_line() {
        let error = composed(&Wish { text: "[polizy]\n".to_owned(), ..Wish::default() });
        assert!(error.unwrap_err().to_string().contains("polizy"));
        let offer = vec!["nonsense".to_owned()];
        assert_eq!(composed(&Wish { offer, ..Wish::default() }).unwrap_err().exit_code(), 2);
        let preset = Some("lavish".to_owned());
        assert_eq!(composed(&Wish { preset, ..Wish::default() }).unwrap_err().exit_code(), 2);
    }
}
