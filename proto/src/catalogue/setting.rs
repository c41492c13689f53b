//! A number that authorities set differently, such as the share of days from
//! which absence is chronic. Expressions name it like a constant.
//!
//! It is public and fixed before any data is looked at; it decides what counts
//! and never what one student can change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Widest bounds of a setting that states none.
const WIDEST: f64 = 1e6;

/// A named number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What is set.
    pub value: f64,
    /// Least that makes sense.
    #[serde(default = "lowest")]
    pub lowest: f64,
    /// Most that makes sense.
    #[serde(default = "highest")]
    pub highest: f64,
    /// What it decides, and who sets it otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

const fn lowest() -> f64 {
    -WIDEST
}

const fn highest() -> f64 {
    WIDEST
}

impl Setting {
    /// Whether its value is a number within its bounds.
    pub fn is_sound(&self) -> bool {
        let Self { value, lowest, highest, .. } = *self;
        let within = lowest <= value && value <= highest;
        within && lowest >= -WIDEST && highest <= WIDEST
    }
}

/// `text` with `{name}` replaced by a setting's value, and `{name %}` by the
/// value in percent; other braces stay.
pub(super) fn written(text: &str, settings: &BTreeMap<String, Setting>) -> String {
    let mut text = text.to_owned();
    for (name, setting) in settings {
        // To twelve digits, so that 0.07 is 7 and not 7.000000000000001.
        let percent = (setting.value * 1e14).round() / 1e12;
        text = text.replace(&format!("{{{name}}}"), &setting.value.to_string());
        text = text.replace(&format!("{{{name} %}}"), &format!("{percent} %"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(value: f64) -> Setting {
        Setting { value, lowest: 0.0, highest: 1.0, about: String::new() }
    }

    #[test]
    fn a_setting_is_a_number_within_its_bounds() {
        assert!(set(0.0).is_sound() && set(1.0).is_sound());
        for value in [-0.1, 1.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!set(value).is_sound(), "{value}");
        }
        assert!(!Setting { highest: f64::INFINITY, ..set(0.5) }.is_sound());
        assert!(!Setting { lowest: f64::NAN, ..set(0.5) }.is_sound());
    }

    #[test]
    fn a_text_shows_values_and_percentages() {
        let settings = BTreeMap::from([("share".to_owned(), set(0.07))]);
        let text = written("{share}, {share %}, {other}", &settings);
        assert_eq!(text, "0.07, 7 %, {other}");
    }
}
