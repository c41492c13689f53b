//! Writes what was made in the shape that nodes and hubs import.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::Context;
use peerlight_proto::{
    group::Race,
    units::{Grade, SchoolYear},
};

use super::{
    draw::Draw,
    outcome::{Outcome, Scale},
    place::District,
    student::{SchoolYearOf, Student, YEARS},
};

const COLUMNS: &[&str] = &[
    "school_year",
    "school_id",
    "student_id",
    "statewide_id",
    "enrolled_on_october_census",
    "enrolled_on_march_census",
    "continuously_enrolled",
    "grade_level",
    "gender",
    "race_ethnicity",
    "english_learner",
    "long_term_english_learner",
    "reclassified",
    "socioeconomically_disadvantaged",
    "students_with_disabilities",
    "homeless",
    "foster",
    "migrant",
    "military",
    "days_expected",
    "days_absent",
    "days_suspended",
    "incidents_suspended",
    "gpa",
    "ela_final_grade",
    "math_final_grade",
    "courses_failed",
    "grade_assessed",
    "ela_scale_score",
    "math_scale_score",
    "ela_level",
    "math_level",
    "test_name",
    "reclassified_this_year",
    "years_as_english_learner",
    "cohort_year",
    "cohort_outcome",
];

const COLLEGE: &[&str] = &["college_enrolled_date", "college_level"];

/// What is publicly known of one school in the release year.
#[derive(Clone, Debug, Default)]
pub struct Public {
    /// Students enrolled.
    pub students: usize,
    disadvantaged: usize,
    english_learners: usize,
    disabilities: usize,
    homeless: usize,
    foster: usize,
    race: [usize; Race::ALL.len()],
}

/// Writes one file a year; gives what is public of each school in the last.
pub fn student_years(
    folder: &Path,
    last: SchoolYear,
    district: &District,
    students: &[Student],
    scale: &Scale,
    draw: &mut Draw,
) -> anyhow::Result<Vec<Public>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut public = vec![Public::default(); district.schools.len()];
    for position in 0..YEARS {
        let year = last.earlier((YEARS - 1 - position) as u16);
        let path = folder.join(format!("student_years_{}.csv", year.ending_year()));
        let mut file = csv::Writer::from_path(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let college = if district.matches_college { COLLEGE } else { &[] };
        file.write_record(COLUMNS.iter().chain(college))?;
        for (number, student) in students.iter().enumerate() {
            let Some(lived) = student.years[position] else { continue };
            let outcome = Outcome::new(student, lived, district, scale, draw);
            let cells = row(number, student, lived, &outcome, district, year);
            file.write_record(&cells)?;
            if year == last {
                public[lived.school].count(student, lived.grade);
            }
        }
        file.flush()?;
    }
    Ok(public)
}

fn flag(value: bool) -> String {
    u8::from(value).to_string()
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn row(
    number: usize,
    student: &Student,
    lived: SchoolYearOf,
    outcome: &Outcome,
    district: &District,
    year: SchoolYear,
) -> Vec<String> {
    let grade = Grade::from_index(lived.grade).map(|grade| grade.to_string()).unwrap_or_default();
    let learner = student.is_english_learner(lived.grade);
    let until = student.english_learner_until;
    let years_as_learner = until.filter(|until| lived.grade <= *until).map(|_| lived.grade.max(1));
    let race = if student.race == Race::Unknown { "" } else { student.race.code() };
    let [ela, math] = outcome.scores.map_or([None; 2], |scores| scores.map(Some));
    let (average, letters) = outcome.grades.unzip();
    let mut cells = vec![
        year.ending_year().to_string(),
        district.schools[lived.school].id.clone(),
        format!("{}", 100_000 + number),
        format!("{}{:07}", &district.id[4..], 1_000_000 + number),
        flag(outcome.continuous),
        "1".to_owned(),
        flag(outcome.continuous),
        grade.clone(),
        student.gender.code().to_owned(),
        race.to_owned(),
        flag(learner),
        flag(learner && lived.grade >= 7),
        flag(until.is_some_and(|until| lived.grade >= until)),
        flag(student.disadvantaged),
        flag(student.disability),
        flag(student.homeless),
        flag(student.foster),
        flag(student.migrant),
        flag(student.military),
        outcome.days_expected.to_string(),
        outcome.days_absent.to_string(),
        outcome.days_suspended.to_string(),
        outcome.incidents.to_string(),
        shown(average),
        shown(letters.map(|letters| letters[0])),
        shown(letters.map(|letters| letters[1])),
        shown(outcome.courses_failed),
        if ela.is_some() { grade } else { String::new() },
        shown(ela.map(|score| score.scale)),
        shown(math.map(|score| score.scale)),
        shown(ela.map(|score| score.level)),
        shown(math.map(|score| score.level)),
        if ela.is_some() { "summative" } else { "" }.to_owned(),
        flag(until == Some(lived.grade)),
        shown(years_as_learner),
        shown(outcome.cohort.map(|_| year.ending_year())),
        shown(outcome.cohort),
    ];
    if district.matches_college {
        let enrolled = outcome.college.map(|_| format!("{}-08-25", year.ending_year()));
        cells.extend([shown(enrolled), shown(outcome.college)]);
    }
    cells
}

impl Public {
    fn count(&mut self, student: &Student, grade: usize) {
        let one = usize::from;
        self.students += 1;
        self.disadvantaged += one(student.disadvantaged);
        self.english_learners += one(student.is_english_learner(grade));
        self.disabilities += one(student.disability);
        self.homeless += one(student.homeless);
        self.foster += one(student.foster);
        self.race[student.race.index()] += 1;
    }

    /// Percentages in the order of the directory's columns.
    fn percentages(&self) -> impl Iterator<Item = String> {
        let groups = [
            self.disadvantaged,
            self.english_learners,
            self.disabilities,
            self.homeless,
            self.foster,
        ];
        let known = Race::ALL.iter().position(|race| *race == Race::Unknown);
        let races = self.race[..known.unwrap_or(Race::ALL.len())].to_vec();
        let all = self.students.max(1) as f64;
        let percent = move |count| format!("{:.1}", 100.0 * count as f64 / all);
        groups.into_iter().chain(races).map(percent)
    }
}

/// Writes `schools.csv` and `districts.csv`.
pub struct Directory {
    schools: csv::Writer<File>,
    districts: csv::Writer<File>,
}

impl Directory {
    /// Begins both files.
    pub fn create(folder: &Path) -> anyhow::Result<Self> {
        let open = |name: &str| {
            let path = folder.join(name);
            csv::Writer::from_path(&path)
                .with_context(|| format!("cannot write {}", path.display()))
        };
        let mut schools = open("schools.csv")?;
        let mut districts = open("districts.csv")?;
        let columns = "school_id lea_id name school_type level grade_low grade_high county charter \
                       enrollment pct_socioeconomically_disadvantaged pct_english_learner \
                       pct_students_with_disabilities pct_homeless pct_foster pct_AA pct_AI pct_AS \
                       pct_FI pct_HI pct_PI pct_WH pct_MR";
        schools.write_record(columns.split_whitespace())?;
        districts.write_record(["lea_id", "name"])?;
        Ok(Self { schools, districts })
    }

    /// Adds a district and its schools.
    pub fn add(&mut self, district: &District, public: &[Public]) -> anyhow::Result<()> {
        self.districts.write_record([&district.id, &district.name])?;
        for (school, public) in district.schools.iter().zip(public) {
            let grade = |at| Grade::from_index(at).map(|grade| grade.to_string());
            let cells = [
                school.id.clone(),
                district.id.clone(),
                school.name.clone(),
                school.kind.to_owned(),
                school.level.as_str().to_owned(),
                grade(school.grades.0).unwrap_or_default(),
                grade(school.grades.1).unwrap_or_default(),
                district.county.clone(),
                "0".to_owned(),
                public.students.to_string(),
            ];
            self.schools.write_record(cells.into_iter().chain(public.percentages()))?;
        }
        Ok(())
    }

    /// Ends both files.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.schools.flush()?;
        self.districts.flush()?;
        Ok(())
    }
}
