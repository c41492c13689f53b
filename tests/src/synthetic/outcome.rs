//! What a school year leaves behind in a district's records.

use peerlight_proto::{
    charter::Policy,
    group::{Gender, Race},
    units::{Grade, SchoolYear},
};

use super::{
    draw::{Draw, logistic},
    place::{District, School},
    student::{SchoolYearOf, Student},
};

/// Lowest scores of levels 2, 3 and 4 by grade from 03 to 08, then 11.
const ELA_LEVELS: [[i32; 3]; 7] = [
    [2367, 2432, 2490],
    [2416, 2473, 2533],
    [2442, 2502, 2582],
    [2457, 2531, 2618],
    [2479, 2552, 2649],
    [2487, 2567, 2668],
    [2493, 2583, 2682],
];
const MATH_LEVELS: [[i32; 3]; 7] = [
    [2381, 2436, 2501],
    [2411, 2485, 2549],
    [2455, 2528, 2579],
    [2473, 2552, 2610],
    [2484, 2567, 2635],
    [2504, 2586, 2653],
    [2543, 2628, 2718],
];

/// Mean and deviation in grade 11, for which no growth model has them.
const ELEVENTH: [[f64; 2]; 2] = [[2583.0, 112.0], [2562.0, 122.0]];

/// A test result.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// Scale score.
    pub scale: i32,
    /// Level, 1 to 4.
    pub level: u8,
}

/// How a year turned out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Days the student was expected.
    pub days_expected: f64,
    /// Days the student was absent, to the half day.
    pub days_absent: f64,
    /// Days suspended, to the half day.
    pub days_suspended: f64,
    /// Incidents that led to a suspension.
    pub incidents: u32,
    /// Enrolled from the autumn census to the test.
    pub continuous: bool,
    /// English language arts and mathematics, where tested.
    pub scores: Option<[Score; 2]>,
    /// Grade point average, and letters in English and mathematics.
    pub grades: Option<(f64, [&'static str; 2])>,
    /// Courses failed, in high school.
    pub courses_failed: Option<u32>,
    /// How the four-year cohort ended for a twelfth grader.
    pub cohort: Option<&'static str>,
    /// Four-year or two-year college, for a graduate who went.
    pub college: Option<u8>,
}

/// State means and deviations of both subjects by grade, from the shipped
/// charter's growth models.
pub struct Scale([[Option<[f64; 2]>; 2]; Grade::COUNT]);

impl Scale {
    /// The scale of the shipped charter.
    pub fn shipped(year: SchoolYear) -> Option<Self> {
        let policy = Policy::shipped(year, "standard")?;
        let mut scale = [[None; 2]; Grade::COUNT];
        for (subject, name) in ["ela", "math"].into_iter().enumerate() {
            let (_, model) = policy.growth.iter().find(|(id, _)| id.as_str() == name)?;
            for (grade, constants) in &model.grade {
                scale[grade.index()][subject] = Some(constants.score);
                scale[grade.index() - 1][subject].get_or_insert(constants.prior);
            }
            scale[12][subject] = Some(ELEVENTH[subject]);
        }
        Some(Self(scale))
    }

    fn score(&self, subject: usize, grade: usize, achievement: f64) -> Option<Score> {
        let [mean, deviation] = self.0[grade][subject]?;
        let levels = if subject == 0 { &ELA_LEVELS } else { &MATH_LEVELS };
        let levels = &levels[if grade == 12 { 6 } else { grade.checked_sub(4)? }];
        let scale = (mean + deviation * achievement).round().clamp(2190.0, 2790.0) as i32;
        let level = 1 + levels.iter().filter(|lowest| scale >= **lowest).count() as u8;
        Some(Score { scale, level })
    }
}

impl Outcome {
    /// How one year of one student turned out.
    pub fn new(
        student: &Student,
        year: SchoolYearOf,
        district: &District,
        scale: &Scale,
        draw: &mut Draw,
    ) -> Self {
        let school = &district.schools[year.school];
        let late = draw.chance(0.03);
        let days_expected = if late { f64::from(draw.whole(15, 150)) } else { 180.0 };
        let absent = absent_share(student, year.grade, school, draw);
        let days_absent = (absent * days_expected * 2.0).round() / 2.0;
        let (incidents, days_suspended) = suspension(student, year.grade, school, draw);
        let tested = !late && draw.chance(0.97);
        let scores = [0, 1].map(|subject| {
            let achievement = if subject == 0 { year.ela } else { year.math };
            scale.score(subject, year.grade, achievement)
        });
        let scores = match scores {
            [Some(ela), Some(math)] if tested => Some([ela, math]),
            _ => None,
        };
        let missed = 6.0 * (absent - 0.06).max(0.0);
        let grades = (year.grade >= 7).then(|| report_card(year, missed, draw));
        let courses_failed = (year.grade >= 10)
            .then(|| draw.poisson((-1.5 - 0.8 * year.ela + missed).exp().min(4.0)));
        let cohort = (year.grade == 13).then(|| ending(year, school, missed, draw));
        let college =
            (cohort == Some("graduated_4yr")).then(|| college(student, year, draw)).flatten();
        Self {
            days_expected,
            days_absent,
            days_suspended,
            incidents,
            continuous: !late,
            scores,
            grades,
            courses_failed,
            cohort,
            college,
        }
    }
}

fn flag(value: bool) -> f64 {
    f64::from(u8::from(value))
}

fn absent_share(student: &Student, grade: usize, school: &School, draw: &mut Draw) -> f64 {
    let by_grade = match grade {
        10..=12 => 0.2,
        0 | 1 | 13 => 0.35,
        _ => 0.0,
    };
    let continuation = if school.kind == "continuation" { 1.1 } else { 0.0 };
    let log_odds = -3.0
        + 0.35 * flag(student.disadvantaged)
        + 0.15 * flag(student.disability)
        + 0.5 * flag(student.homeless)
        + by_grade
        + continuation
        + school.effect.absence
        + student.absence;
    logistic(draw.around(log_odds, 0.35))
}

fn suspension(student: &Student, grade: usize, school: &School, draw: &mut Draw) -> (u32, f64) {
    let by_grade = match grade {
        0..=6 => -5.4,
        7..=9 => -3.3,
        _ => -3.5,
    };
    let log_odds = by_grade
        + 0.5 * flag(student.disadvantaged)
        + 0.6 * flag(student.disability)
        + 0.5 * flag(student.gender == Gender::Male)
        + 0.4 * flag(student.race == Race::Black)
        + 0.5 * flag(student.foster)
        + school.effect.suspension;
    if !draw.chance(logistic(log_odds)) {
        return (0, 0.0);
    }
    let incidents = 1 + draw.poisson(0.3);
    let days = if draw.chance(0.08) { 0.5 } else { f64::from(incidents + draw.poisson(0.9)) };
    (incidents, days)
}

fn report_card(year: SchoolYearOf, missed: f64, draw: &mut Draw) -> (f64, [&'static str; 2]) {
    let points = |achievement: f64, draw: &mut Draw| {
        (2.95 + 0.6 * achievement - 0.5 * missed + 0.45 * draw.normal()).clamp(0.0, 4.0)
    };
    let (ela, math) = (points(year.ela, draw), points(year.math, draw));
    let others = points(f64::midpoint(year.ela, year.math), draw);
    let average = (ela + math + 3.0 * others) / 5.0;
    ((average * 100.0).round() / 100.0, [letter(ela), letter(math)])
}

fn letter(points: f64) -> &'static str {
    const LETTERS: [(f64, &str); 12] = [
        (3.85, "A"),
        (3.5, "A-"),
        (3.15, "B+"),
        (2.85, "B"),
        (2.5, "B-"),
        (2.15, "C+"),
        (1.85, "C"),
        (1.5, "C-"),
        (1.15, "D+"),
        (0.85, "D"),
        (0.5, "D-"),
        (0.0, "F"),
    ];
    LETTERS.iter().find(|(least, _)| points >= *least).map_or("F", |(_, letter)| letter)
}

fn ending(year: SchoolYearOf, school: &School, missed: f64, draw: &mut Draw) -> &'static str {
    let continuation = if school.kind == "continuation" { -1.1 } else { 0.0 };
    let log_odds = 2.7 + 0.8 * year.ela - missed + continuation + school.effect.graduation;
    if draw.chance(logistic(log_odds)) {
        return "graduated_4yr";
    }
    let endings = ["dropout", "still_enrolled", "completer", "transferred_out"];
    endings[draw.weighted(&[0.5, 0.3, 0.08, 0.12])]
}

fn college(student: &Student, year: SchoolYearOf, draw: &mut Draw) -> Option<u8> {
    let log_odds = 0.7 + 0.9 * year.ela - 0.5 * flag(student.disadvantaged);
    draw.chance(logistic(log_odds)).then(|| if draw.around(year.ela, 0.6) > 0.35 { 4 } else { 2 })
}
