//! What a charter's catalogue must satisfy: every definition as its hash says,
//! bounds that are bounds, numbers that are numbers.
//!
//! Expressions are only carried here; the node's engine checks them before a
//! district can approve.

use std::collections::BTreeSet;

use super::{
    Charter, CharterError,
    check::{missing, once},
};
use crate::{
    catalogue::{Catalogue, Measure, Value},
    units::{GradeSet, SchoolYear},
};

/// Longest name of a constant or setting, and longest reason of a note, bytes.
const LONGEST_NAME: usize = 64;
const LONGEST_REASON: usize = 300;

/// Largest bound of a mean, either side of zero.
const LARGEST_BOUND: f64 = 10_000.0;

impl Charter {
    pub(super) fn check_definitions(&self) -> Result<(), CharterError> {
        check_numbers(&self.catalogue)?;
        let mut seen = BTreeSet::new();
        for population in &self.catalogue.populations {
            if population.content_hash != Some(population.hash()) {
                return Err(CharterError::Definition(population.id.to_string()));
            }
            once(&mut seen, "population", population.id.as_str())?;
        }
        let mut seen = BTreeSet::new();
        for measure in &self.catalogue.measures {
            if measure.content_hash != Some(measure.hash()) {
                return Err(CharterError::Definition(measure.id.to_string()));
            }
            once(&mut seen, "measure", measure.id.as_str())?;
            if self.population(&measure.population).is_none() {
                return Err(missing("population", measure.population.as_str()));
            }
            check_measure(measure)?;
        }
        self.check_years()
    }

    /// Every note is of measures that there are, and the only one of its year,
    /// measure and grades.
    fn check_years(&self) -> Result<(), CharterError> {
        let growth = || self.policy.growth.values().map(|model| &model.measure);
        let mut seen = BTreeSet::new();
        for note in &self.catalogue.years {
            let name = format!("{} on {}", note.status.words(), note.school_year);
            if note.content_hash != Some(note.hash()) {
                return Err(CharterError::Definition(name));
            }
            let is_year = SchoolYear::ending(note.school_year.ending_year().into()).is_ok();
            let because = note.because.trim();
            if !is_year || because.is_empty() || because.len() > LONGEST_REASON {
                return Err(CharterError::Range(format!(
                    "the note {name} needs a school year, and a reason of at most \
                     {LONGEST_REASON} bytes"
                )));
            }
            for measure in &note.measures {
                let is_there = self.measure(measure).is_some() || growth().any(|it| it == measure);
                if !is_there {
                    return Err(missing("measure", measure.as_str()));
                }
                for grade in note.grades.unwrap_or(GradeSet::ALL).iter() {
                    if !seen.insert((note.school_year, measure, grade)) {
                        return Err(CharterError::Reference {
                            what: "measure",
                            name: format!("{measure} of {}", note.school_year),
                            problem: "has two notes that say how the year stands apart",
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

fn check_measure(measure: &Measure) -> Result<(), CharterError> {
    if let Value::Mean { low, high, within_school_sd, .. } = measure.value {
        let bounded = low < high && low >= -LARGEST_BOUND && high <= LARGEST_BOUND;
        if !bounded {
            return Err(CharterError::Range(format!(
                "the bounds of {} must be ascending and within ±{LARGEST_BOUND}",
                measure.id
            )));
        }
        if !(within_school_sd > 0.0 && within_school_sd <= high - low) {
            return Err(CharterError::Range(format!(
                "the standard deviation within schools of {} must be above 0 and at most the \
                 distance between its bounds",
                measure.id
            )));
        }
    }
    let ascend = measure.from.zip(measure.until).is_none_or(|(from, until)| from <= until);
    let some = measure.grades.is_none_or(|grades| !grades.is_empty());
    if ascend && some {
        return Ok(());
    }
    Err(CharterError::Range(format!(
        "{} needs at least one grade, and school years from which and until which it is defined \
         that ascend",
        measure.id
    )))
}

/// Constants and settings, which expressions name alike.
fn check_numbers(catalogue: &Catalogue) -> Result<(), CharterError> {
    for (name, setting) in &catalogue.settings {
        if catalogue.constants.contains_key(name) {
            return Err(CharterError::Reference {
                what: "setting",
                name: name.clone(),
                problem: "is also the name of a constant",
            });
        }
        if !setting.is_sound() {
            return Err(CharterError::Range(format!(
                "the setting {name} is {}: it must be a number from {} to {}",
                setting.value, setting.lowest, setting.highest
            )));
        }
    }
    for (name, constant) in &catalogue.constants {
        if !constant.values().all(|value| value.is_finite()) {
            return Err(CharterError::Range(format!("the constant {name} must be finite numbers")));
        }
    }
    let names = catalogue.constants.keys().chain(catalogue.settings.keys());
    match names.into_iter().find(|name| !is_plain(name)) {
        None => Ok(()),
        Some(name) => Err(CharterError::Reference {
            what: "constant",
            name: name.chars().take(LONGEST_NAME).collect(),
            problem: "needs a name of small letters, digits and underscores, 64 at most, that \
                      begins with a letter",
        }),
    }
}

fn is_plain(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= LONGEST_NAME
        && name.bytes().all(letters)
        && name.starts_with(|first: char| first.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::{Setting, YearNote},
        charter::Policy,
        names::ConsortiumId,
    };

    fn charter() -> Charter {
        let school_year = SchoolYear::ending(2026).unwrap();
        Charter {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        }
    }

    /// What a charter says that was changed by hand and hashed again.
    fn refusal(change: impl FnOnce(&mut Charter)) -> String {
        let mut charter = charter();
        change(&mut charter);
        charter.catalogue = charter.catalogue.hashed();
        charter.check().unwrap_err().to_string()
    }

    fn setting(value: f64) -> Setting {
        Setting { value, lowest: 0.0, highest: 1.0, about: String::new() }
    }

    fn dfs(charter: &mut Charter, change: impl FnOnce(&mut f64, &mut f64, &mut f64)) {
        let mut measures = charter.catalogue.measures.iter_mut();
        let measure = measures.find(|measure| measure.id.as_str() == "ela_dfs").unwrap();
        let Value::Mean { low, high, within_school_sd, .. } = &mut measure.value else { panic!() };
        change(low, high, within_school_sd);
    }

    fn note(charter: &mut Charter) -> &mut YearNote {
        &mut charter.catalogue.years[0]
    }

    #[test]
    fn a_setting_outside_its_bounds_or_with_another_things_name_is_refused() {
        let set = |name: &str, value| {
            let name = name.to_owned();
            refusal(move |it| drop(it.catalogue.settings.insert(name, setting(value))))
        };
        assert!(set("chronic_threshold", 1.5).contains("must be a number from 0 to 1"));
        assert!(set("chronic_threshold", f64::NAN).contains("must be a number"));
        assert!(set("ela_standard", 0.5).contains("also the name of a constant"));
        for name in ["", "9lives", "Capital", "two words", "a-b", "x;", &"a".repeat(65)] {
            assert!(set(name, 0.5).contains("needs a name of small letters"), "{name}");
        }
    }

    #[test]
    fn what_is_not_a_finite_number_bounds_nothing() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let refused = refusal(|it| {
                let table = it.catalogue.constants.get_mut("ela_standard").unwrap();
                *table.values_mut().next().unwrap() = value;
            });
            assert!(refused.contains("must be finite numbers"), "{refused}");
            let bounds: [&dyn Fn(&mut Charter); 2] =
                [&|it| dfs(it, |low, _, _| *low = value), &|it| {
                    dfs(it, |_, high, _| *high = value);
                }];
            for change in bounds {
                assert!(refusal(|it| change(it)).contains("bounds of ela_dfs"), "{value}");
            }
        }
        assert!(refusal(|it| dfs(it, |low, high, _| *low = *high)).contains("bounds of ela_dfs"));
        assert!(refusal(|it| dfs(it, |_, high, _| *high = 1e300)).contains("bounds of ela_dfs"));
        for value in [0.0, -1.0, f64::NAN, 401.0] {
            let refused = refusal(|it| dfs(it, |_, _, sd| *sd = value));
            assert!(refused.contains("standard deviation within schools"), "{value}: {refused}");
        }
    }

    #[test]
    fn a_note_on_years_is_hashed_and_of_measures_that_there_are_once() {
        let mut altered = charter();
        note(&mut altered).because.push('!');
        assert!(matches!(altered.check(), Err(CharterError::Definition(_))));
        let unknown = refusal(|it| note(it).measures.push("ela_mett".parse().unwrap()));
        assert!(unknown.contains("ela_mett is named but not defined"), "{unknown}");
        let twice = refusal(|it| {
            let again = note(it).clone();
            it.catalogue.years.push(again);
        });
        assert!(twice.contains("has two notes"), "{twice}");
        for because in ["", " ", &"x".repeat(301)] {
            assert!(refusal(|it| note(it).because = because.to_owned()).contains("a reason"));
        }
    }

    #[test]
    fn a_measure_is_released_in_years_it_is_defined_for_and_has_grades() {
        let released = |from: Option<u32>, until: Option<u32>| {
            let year = |ending: Option<u32>| ending.and_then(|it| SchoolYear::ending(it).ok());
            let mut charter = charter();
            let mut measures = charter.catalogue.measures.iter_mut();
            let measure = measures.find(|it| it.id.as_str() == "ela_met").unwrap();
            (measure.from, measure.until) = (year(from), year(until));
            charter.catalogue = charter.catalogue.hashed();
            charter.check().map_err(|error| error.to_string())
        };
        assert_eq!(released(Some(2026), Some(2026)), Ok(()));
        for (from, until) in [(Some(2027), None), (None, Some(2025))] {
            let refused = released(from, until).unwrap_err();
            assert!(refused.contains("not defined for the charter's school year"), "{refused}");
        }
        assert!(released(Some(2027), Some(2025)).unwrap_err().contains("that ascend"));
        let none = refusal(|it| it.catalogue.measures[0].grades = Some(GradeSet::default()));
        assert!(none.contains("at least one grade"), "{none}");
    }
}
