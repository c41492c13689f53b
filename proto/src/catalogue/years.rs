//! School years that stand apart for some measures: no test was given, or what
//! was collected cannot be compared. Nothing is compared, drawn as a trend or
//! pooled across them.

use serde::{Deserialize, Serialize};

use super::{Catalogue, hash_parts};
use crate::{
    names::MeasureId,
    units::{ContentHash, GradeSet, SchoolYear},
};

/// How a year stands apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YearStatus {
    /// There is nothing of it.
    NotCollected,
    /// There is something, which no other year can be compared with.
    NotComparable,
    /// It stands alone: later years may be compared with it, and it with none
    /// before.
    StatusOnly,
    /// It is a year like any other; takes a shipped note back.
    Comparable,
}

/// Measures of a school year that stand apart, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearNote {
    /// The year.
    pub school_year: SchoolYear,
    /// How it stands apart.
    pub status: YearStatus,
    /// The measures.
    pub measures: Vec<MeasureId>,
    /// Of the measures, the grades; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<GradeSet>,
    /// Why, in a sentence for people.
    pub because: String,
    /// Hash of all of the above; absent while a note is being written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<ContentHash>,
}

impl YearStatus {
    /// The status in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotCollected => "not collected",
            Self::NotComparable => "not comparable with other years",
            Self::StatusOnly => "not comparable with the years before",
            Self::Comparable => "comparable",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::NotCollected => "not_collected",
            Self::NotComparable => "not_comparable",
            Self::StatusOnly => "status_only",
            Self::Comparable => "comparable",
        }
    }
}

impl YearNote {
    /// The hash of what it says, whatever hash it carries.
    pub fn hash(&self) -> ContentHash {
        let year = self.school_year.to_string();
        let grades = self.grades.map_or_else(String::new, |grades| grades.to_string());
        let mut parts = vec!["year", &year, self.status.name(), &grades, &self.because];
        parts.extend(self.measures.iter().map(MeasureId::as_str));
        hash_parts(&parts)
    }

    /// What it says: `2019-20 is not collected: no tests were given.`
    pub fn sentence(&self) -> String {
        format!("{} is {}: {}", self.school_year, self.status.words(), self.because)
    }

    /// Whether it is about a measure of these grades.
    pub fn is_about(&self, measure: &MeasureId, grades: GradeSet) -> bool {
        self.measures.contains(measure) && self.grades.is_none_or(|own| own.meets(grades))
    }

    /// Whether it parts these two years, `earlier` being before `later`.
    fn parts(&self, earlier: SchoolYear, later: SchoolYear) -> bool {
        let year = self.school_year;
        match self.status {
            YearStatus::NotCollected | YearStatus::NotComparable => {
                earlier <= year && year <= later
            }
            YearStatus::StatusOnly => earlier < year && year <= later,
            YearStatus::Comparable => false,
        }
    }
}

/// The note because of which two years cannot be compared, if there is one; the
/// latest where there are several.
pub fn break_between<'a>(
    notes: impl IntoIterator<Item = &'a YearNote>,
    earlier: SchoolYear,
    later: SchoolYear,
) -> Option<&'a YearNote> {
    let parting = notes.into_iter().filter(|note| note.parts(earlier, later));
    parting.max_by_key(|note| note.school_year)
}

impl Catalogue {
    /// What is said of the years of a measure of these grades.
    pub fn notes_on(
        &self,
        measure: &MeasureId,
        grades: GradeSet,
    ) -> impl Iterator<Item = &YearNote> {
        self.years.iter().filter(move |note| note.is_about(measure, grades))
    }

    /// Takes notes on: each replaces what was said of its year and measures.
    pub(crate) fn replace_notes(&mut self, notes: Vec<YearNote>) {
        for new in &notes {
            for old in self.years.iter_mut().filter(|old| old.school_year == new.school_year) {
                old.measures.retain(|measure| !new.measures.contains(measure));
            }
        }
        self.years.retain(|old| !old.measures.is_empty());
        self.years.extend(notes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(ending: u32) -> SchoolYear {
        SchoolYear::ending(ending).unwrap()
    }

    fn note(ending: u32, status: YearStatus) -> YearNote {
        YearNote {
            school_year: year(ending),
            status,
            measures: vec!["ela_met".parse().unwrap()],
            grades: None,
            because: "made up.".to_owned(),
            content_hash: None,
        }
    }

    /// Of the shipped notes on the tests: 2020 none, 2021 partial, 2022 alone.
    #[test]
    fn nothing_is_compared_across_the_years_without_comparable_tests() {
        let catalogue = Catalogue::shipped();
        let measure = "ela_met".parse().unwrap();
        let parted = |earlier, later| {
            let notes = catalogue.notes_on(&measure, GradeSet::ALL);
            let found = break_between(notes, year(earlier), year(later));
            found.map(|note| (note.school_year.ending_year(), note.status))
        };
        assert_eq!(parted(2018, 2019), None);
        assert_eq!(parted(2019, 2020), Some((2020, YearStatus::NotCollected)));
        assert_eq!(parted(2020, 2021), Some((2021, YearStatus::NotComparable)));
        assert_eq!(parted(2021, 2022), Some((2022, YearStatus::StatusOnly)));
        assert_eq!(parted(2019, 2024), Some((2022, YearStatus::StatusOnly)));
        assert_eq!(parted(2022, 2023), None, "a year that stands alone may be followed");
        assert_eq!(parted(2022, 2024), None);
    }

    #[test]
    fn a_note_on_other_grades_or_of_a_comparable_year_parts_nothing() {
        let measure = "ela_met".parse().unwrap();
        let eleven = note(2023, YearStatus::NotCollected);
        let eleven =
            YearNote { grades: Some(["11".parse().unwrap()].into_iter().collect()), ..eleven };
        assert!(eleven.is_about(&measure, GradeSet::ALL));
        let lower = GradeSet::span("03".parse().unwrap(), "08".parse().unwrap());
        assert!(!eleven.is_about(&measure, lower));
        let usual = [note(2023, YearStatus::Comparable)];
        assert_eq!(break_between(&usual, year(2022), year(2023)), None);
    }

    #[test]
    fn a_later_note_takes_back_what_was_said_of_its_measures() {
        let mut catalogue = Catalogue::shipped();
        let measure = "ela_met".parse().unwrap();
        catalogue.replace_notes(vec![note(2022, YearStatus::Comparable)]);
        let notes = catalogue.notes_on(&measure, GradeSet::ALL);
        assert_eq!(break_between(notes, year(2022), year(2022)), None);
        let notes = catalogue.notes_on(&measure, GradeSet::ALL);
        let before = break_between(notes, year(2021), year(2022)).unwrap();
        assert_eq!(before.school_year, year(2021), "the year before still stands apart");
        let other = "math_met".parse().unwrap();
        let notes: Vec<_> = catalogue.notes_on(&other, GradeSet::ALL).collect();
        assert!(notes.iter().any(|note| note.school_year == year(2022)));
    }

    #[test]
    fn changing_any_part_of_a_note_changes_its_hash() {
        let one = note(2020, YearStatus::NotCollected);
        for other in [
            note(2021, YearStatus::NotCollected),
            note(2020, YearStatus::StatusOnly),
            YearNote { because: "another.".to_owned(), ..one.clone() },
            YearNote { measures: vec!["math_met".parse().unwrap()], ..one.clone() },
            YearNote { grades: Some(GradeSet::ALL), ..one.clone() },
        ] {
            assert_ne!(one.hash(), other.hash());
        }
    }
}
