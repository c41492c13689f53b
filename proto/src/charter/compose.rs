//! A policy and a catalogue from the shipped ones and a file in which somebody
//! replaces parts of them: what an operator proposes, and what a district plans
//! with. Nothing here is checked; [`Charter::check`](super::Charter::check) does.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Budget, Policy};
use crate::{catalogue::Catalogue, names::MeasureId, units::SchoolYear};

/// The file: an optional `[policy]`, whose parts replace the shipped ones, and
/// an optional `[catalogue]`, whose definitions are added or replace those of
/// the same id.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Replaced {
    #[serde(default)]
    policy: toml::Table,
    #[serde(default)]
    catalogue: Catalogue,
}

/// A file that makes no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// It is not of this form; says where and why.
    #[error("{0}")]
    Unreadable(String),
    /// It names a preset that there is not.
    #[error("there is no preset \"{0}\": use strict, standard or detailed")]
    Preset(String),
}

/// Composes from the text of a file, in which `{start}` and `{end}` stand for
/// the two calendar years of `year`; empty for what is shipped. `preset` wins
/// over the file's budget; standard where neither names one. The definitions
/// carry their hashes.
pub fn compose(
    text: &str,
    year: SchoolYear,
    preset: Option<&str>,
) -> Result<(Policy, Catalogue), ComposeError> {
    let end = year.ending_year();
    let text = text.replace("{start}", &(end - 1).to_string()).replace("{end}", &end.to_string());
    let broken = |error: toml::de::Error| ComposeError::Unreadable(error.to_string());
    let Replaced { policy: mut parts, catalogue: definitions } =
        toml::from_str(&text).map_err(broken)?;

    // A budget without tiers is the preset it names.
    let named = parts.get("budget").and_then(toml::Value::as_table).cloned();
    let has_tiers = |budget: &toml::Table| {
        budget.get("tier").and_then(toml::Value::as_array).is_some_and(|tiers| !tiers.is_empty())
    };
    let named = named.filter(|budget| !has_tiers(budget));
    let named = named.and_then(|budget| budget.get("preset")?.as_str().map(str::to_owned));
    if named.is_some() {
        parts.remove("budget");
    }
    let preset = preset.map(str::to_owned).or(named);
    let name = preset.as_deref().unwrap_or("standard");
    let budget = Budget::preset(name).ok_or_else(|| ComposeError::Preset(name.to_owned()))?;
    let shipped = Policy::shipped(year, "standard").expect("standard is a preset");
    let mut whole = toml::Table::try_from(&shipped).expect("a policy has a TOML form");
    let replaces_budget = preset.is_none() && parts.contains_key("budget");
    whole.extend(parts);
    let mut policy: Policy = whole.try_into().map_err(broken)?;
    if !replaces_budget {
        policy.budget = budget;
    }

    let mut catalogue = Catalogue::shipped();
    catalogue.constants.extend(definitions.constants);
    for (name, new) in definitions.settings {
        match catalogue.settings.get_mut(&name) {
            // The bounds of what ships stay: they say what makes sense.
            Some(known) => known.value = new.value,
            None => drop(catalogue.settings.insert(name, new)),
        }
    }
    for population in definitions.populations {
        catalogue.populations.retain(|known| known.id != population.id);
        catalogue.populations.push(population);
    }
    for measure in definitions.measures {
        catalogue.measures.retain(|known| known.id != measure.id);
        catalogue.measures.push(measure);
    }
    // Notes that ship on growth models that the policy does not have.
    let growth = |measure: &MeasureId| policy.growth.values().any(|it| it.measure == *measure);
    let known: BTreeSet<MeasureId> =
        catalogue.measures.iter().map(|measure| measure.id.clone()).collect();
    for note in &mut catalogue.years {
        note.measures.retain(|measure| known.contains(measure) || growth(measure));
    }
    catalogue.replace_notes(definitions.years);
    Ok((policy, catalogue.hashed()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::YearStatus;

    fn catalogue(text: &str) -> Catalogue {
        compose(text, SchoolYear::ending(2026).unwrap(), None).unwrap().1
    }

    #[test]
    fn a_setting_is_set_within_the_bounds_that_ship() {
        let text = "[catalogue.setting.chronic_threshold]\nvalue = 0.15\nhighest = 9.0\n";
        let set = catalogue(text).settings["chronic_threshold"].clone();
        assert_eq!((set.value, set.highest), (0.15, 0.5));
        let own = catalogue("[catalogue.setting.late_days]\nvalue = 3.0\n");
        assert!(own.settings["late_days"].is_sound());
    }

    #[test]
    fn a_note_on_a_year_replaces_the_shipped_one_of_its_measures() {
        let text = "[[catalogue.year]]\nschool_year = 2022\nstatus = \"comparable\"\n\
                    measures = [\"suspension\"]\nbecause = \"we counted as ever.\"\n";
        let catalogue = catalogue(text);
        let of = |id: &str| -> Vec<YearStatus> {
            let about = |note: &&crate::catalogue::YearNote| {
                note.school_year.ending_year() == 2022
                    && note.measures.iter().any(|it| it.as_str() == id)
            };
            catalogue.years.iter().filter(about).map(|note| note.status).collect()
        };
        assert_eq!(of("suspension"), [YearStatus::Comparable]);
        assert_eq!(of("chronic_absence"), [YearStatus::StatusOnly]);
    }
}
