//! One very large district for the counting benchmark: every column that a
//! measure of the shipped charter reads, some values missing, by a fixed
//! seed. Nobody in it exists.

use std::{collections::BTreeMap, fmt::Write};

use anyhow::Context;
use peerlight_node_engine::intake::{Intake, Mapping, Schools, StudentYears};
use peerlight_proto::{
    catalogue::{Catalogue, Measure},
    charter::{Charter, Policy, ProgramKind},
    directory::{Directory, Level, School},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{GradeSet, SchoolYear},
};

const HEADER: &[&str] = &[
    "school_year",
    "school_id",
    "student_id",
    "grade_level",
    "gender",
    "race_ethnicity",
    "english_learner",
    "socioeconomically_disadvantaged",
    "students_with_disabilities",
    "homeless",
    "foster",
    "migrant",
    "military",
    "continuously_enrolled",
    "days_expected",
    "days_absent",
    "days_suspended",
    "courses_failed",
    "gpa",
    "ela_final_grade",
    "math_final_grade",
    "grade_assessed",
    "ela_scale_score",
    "math_scale_score",
    "ela_level",
    "math_level",
    "ela_prior_level",
    "math_prior_level",
    "reclassified_this_year",
    "years_as_english_learner",
    "cohort_year",
    "cohort_outcome",
    "college_enrolled_date",
];

const GRADES: &[&str] =
    &["TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"];
const RACES: &[&str] = &["AA", "AI", "AS", "FI", "HI", "HI", "HI", "PI", "WH", "WH", "MR", ""];
const LETTERS: &[&str] = &["A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D+", "D", "F"];
const OUTCOMES: &[&str] = &[
    "graduated_4yr",
    "graduated_4yr",
    "graduated_4yr",
    "dropout",
    "still_enrolled",
    "transferred_out",
];

fn is_released(policy: &Policy, measure: &Measure) -> bool {
    let asks = |kind: &ProgramKind| matches!(kind, ProgramKind::Measure { measure: id } if *id == measure.id);
    policy.programs.iter().any(|program| asks(&program.kind))
}

/// The district, before its students are made.
pub struct Crowd {
    students: usize,
    charter: Charter,
    directory: Directory,
}

impl Crowd {
    /// A district of about this many students, 520 a school.
    pub fn new(students: usize) -> Self {
        let year = SchoolYear::ending(2026).expect("2026 is a school year");
        let consortium = ConsortiumId::new("bench").expect("a plain word is a name");
        let lea = MemberId::new("1").expect("one digit is a name");
        let school = |number: usize| School {
            id: SchoolId::new(format!("{number:06}")).expect("digits are a name"),
            lea: lea.clone(),
            name: String::new(),
            level: Level::K12,
            school_type: "regular".to_owned(),
            grades: GradeSet::ALL,
            county: None,
            enrollment: Some(520),
            features: BTreeMap::new(),
        };
        let policy = Policy::shipped(year, "standard").expect("standard is a preset");
        // The measures that the script beside this one counts too.
        let mut catalogue = Catalogue::shipped().hashed();
        catalogue.measures.retain(|measure| measure.never_match || is_released(&policy, measure));
        let charter = Charter {
            consortium: consortium.clone(),
            number: 1,
            school_year: year,
            previous: None,
            policy,
            catalogue,
        };
        let directory = Directory {
            consortium,
            number: 1,
            school_year: year,
            features_source: String::new(),
            schools: (0..students.div_ceil(520)).map(school).collect(),
        };
        Self { students, charter, directory }
    }

    /// The charter that ships.
    pub const fn charter(&self) -> &Charter {
        &self.charter
    }

    /// The district's schools.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// How many schools.
    pub const fn schools(&self) -> usize {
        self.directory.schools.len()
    }

    /// Reads the students in, as an import would.
    pub fn student_years(&self) -> anyhow::Result<StudentYears> {
        let member = MemberId::new("1")?;
        let schools = Schools::new(&self.directory, &member);
        let mut intake = Intake::new(schools, Mapping::default());
        let header: Vec<String> = HEADER.iter().map(|name| (*name).to_owned()).collect();
        let layout = intake.begin("bench.csv", &header).context("the header is right")?;
        let mut draw = Draw(0x5EED);
        let mut row = String::new();
        for student in 0..self.students {
            row.clear();
            self.row(student, &mut draw, &mut row);
            intake.row(&layout, student as u64 + 2, row.split(',').map(str::as_bytes));
        }
        Ok(intake.finish()?.years.remove(0))
    }

    fn row(&self, student: usize, draw: &mut Draw, row: &mut String) {
        let school = student / 520;
        // An elementary, a middle or a high school.
        let (low, grades) = [(0, 7), (7, 3), (10, 4)][school % 3];
        let at = low + draw.below(grades);
        let tested = (4..=9).contains(&at) || at == 12;
        let learner = draw.chance(18);
        let mut cell = |text: &dyn std::fmt::Display| {
            write!(row, "{text},").expect("writing to a String cannot fail");
        };
        cell(&2026);
        cell(&self.directory.schools[school].id);
        cell(&(1_000_000 + student));
        cell(&GRADES[at]);
        cell(&["F", "M", "F", "M", "F", "M", "X"][draw.below(7)]);
        cell(&RACES[draw.below(RACES.len())]);
        cell(&u8::from(learner));
        for percent in [55, 13, 4, 1, 2, 2, 92] {
            cell(&u8::from(draw.chance(percent)));
        }
        cell(&(170 + draw.below(11)));
        let absent = draw.below(18) * draw.below(5);
        cell(&(absent as f64 / 2.0));
        cell(&if draw.chance(4) { draw.below(5) } else { 0 });
        cell(&if at >= 10 { draw.below(4).to_string() } else { String::new() });
        let has_grades = at >= 7;
        cell(&if has_grades {
            format!("{:.2}", draw.below(401) as f64 / 100.0)
        } else {
            String::new()
        });
        for _ in 0..2 {
            cell(&if has_grades { LETTERS[draw.below(LETTERS.len())] } else { "" });
        }
        cell(&if tested { GRADES[at] } else { "" });
        for _ in 0..2 {
            let score = 2250 + draw.below(250) + draw.below(250);
            cell(&if tested && draw.chance(96) { score.to_string() } else { String::new() });
        }
        for _ in 0..4 {
            let level = 1 + draw.below(4);
            cell(&if tested && draw.chance(94) { level.to_string() } else { String::new() });
        }
        cell(&u8::from(learner && draw.chance(9)));
        cell(&if learner { draw.below(10).to_string() } else { String::new() });
        let is_senior = at == 13;
        cell(&if is_senior { "2026" } else { "" });
        cell(&if is_senior { OUTCOMES[draw.below(OUTCOMES.len())] } else { "" });
        if is_senior && draw.chance(60) {
            row.push_str("2026-08-20");
        }
    }
}

/// Splitmix64: small, fast, and the same everywhere.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((u128::from(mixed ^ (mixed >> 31)) * bound as u128) >> 64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
