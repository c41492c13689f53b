//! One school of the demonstration state, counted from one year's students.

use std::collections::BTreeMap;

/// Columns of `schools.csv` that can be counted.
pub const COLUMNS: [&str; 16] = [
    "school_id",
    "lea_id",
    "name",
    "school_type",
    "level",
    "grade_low",
    "grade_high",
    "enrollment",
    "pct_socioeconomically_disadvantaged",
    "pct_english_learner",
    "pct_students_with_disabilities",
    "pct_AA",
    "pct_AI",
    "pct_AS",
    "pct_HI",
    "pct_WH",
];

/// Races in the order of [`COLUMNS`], in the state's words.
const RACES: [&str; 5] = ["African American", "Native American", "Asian", "Hispanic", "White"];

/// Flags in the order of [`COLUMNS`], in the state's words.
const FLAGS: [&str; 3] = ["Free Reduced Lunch: Yes", "ELL: Yes", "IEP: Yes"];

/// How many students of each kind.
#[derive(Default)]
pub struct SchoolCount {
    students: usize,
    flags: [usize; 3],
    races: [usize; 5],
    grades: BTreeMap<u8, usize>,
    levels: BTreeMap<String, usize>,
    names: BTreeMap<String, usize>,
    districts: BTreeMap<String, usize>,
}

/// The most frequent of them; of equals the last.
fn most<T: Ord + Clone>(counts: &BTreeMap<T, usize>) -> Option<T> {
    counts.iter().max_by_key(|(_, count)| **count).map(|(value, _)| value.clone())
}

impl SchoolCount {
    /// Counts one student; `kept` is in the order of the columns carried over.
    pub fn count(&mut self, kept: &[String], district: &str, name: &str, level: &str) {
        self.students += 1;
        for (flag, value) in self.flags.iter_mut().zip(&kept[6..9]) {
            *flag += usize::from(FLAGS.contains(&value.as_str()));
        }
        if let Some(race) = RACES.iter().position(|race| *race == kept[5]) {
            self.races[race] += 1;
        }
        if let Ok(grade) = kept[2].parse() {
            *self.grades.entry(grade).or_default() += 1;
        }
        *self.levels.entry(level.to_owned()).or_default() += 1;
        *self.names.entry(name.to_owned()).or_default() += 1;
        *self.districts.entry(district.to_owned()).or_default() += 1;
    }

    /// The school's row in the directory: what it is from this year, whom it
    /// serves from the year `before`, empty for a new school.
    pub fn directory_row(&self, id: &str, before: Option<&Self>) -> Vec<String> {
        // One student who is registered in a far-off grade does not make the
        // school serve it; all grades with a student are kept all the same,
        // because every student needs a cell.
        let grade =
            |grade: Option<&u8>| grade.map(|grade| format!("{grade:02}")).unwrap_or_default();
        let level = match most(&self.levels).as_deref() {
            Some("Elementary") => "elementary",
            Some("Middle") => "middle",
            Some("High") => "high",
            _ => "k12",
        };
        let mut row = vec![
            id.to_owned(),
            most(&self.districts).unwrap_or_default(),
            most(&self.names).unwrap_or_default(),
            "regular".to_owned(),
            level.to_owned(),
            grade(self.grades.keys().next()),
            grade(self.grades.keys().last()),
        ];
        let Some(before) = before else {
            row.resize(COLUMNS.len(), String::new());
            return row;
        };
        row.push(before.students.to_string());
        let percent =
            |count: &usize| format!("{:.1}", 100.0 * *count as f64 / before.students as f64);
        row.extend(before.flags.iter().chain(&before.races).map(percent));
        row
    }
}
