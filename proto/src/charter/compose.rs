//! A policy and a catalogue from the shipped ones and a file in which somebody
//! replaces parts of them: what an operator proposes, and what a district plans
//! with. Nothing here is checked; [`Charter::check`](super::Charter::check) does.

use serde::Deserialize;

use super::{Budget, Policy};
use crate::{catalogue::Catalogue, units::SchoolYear};

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
    for population in definitions.populations {
        catalogue.populations.retain(|known| known.id != population.id);
        catalogue.populations.push(population);
    }
    for measure in definitions.measures {
        catalogue.measures.retain(|known| known.id != measure.id);
        catalogue.measures.push(measure);
    }
    Ok((policy, catalogue.hashed()))
}
