//! One student: who, and how three school years went.

use peerlight_proto::group::{Gender, Race};

use super::{
    draw::{Draw, logistic, logit},
    place::{District, Effect},
};

/// School years that are made, the last being the release year.
pub const YEARS: usize = 3;

/// Share of variance that two earlier scores explain, as in the shipped
/// charter's growth models: own coefficients and residual deviation.
const LAST: f64 = 0.56;
const BEFORE: f64 = 0.33;
const RESIDUAL: f64 = 0.52;

/// Who a student is.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the records")]
#[derive(Clone, Debug)]
pub struct Student {
    /// Race or ethnicity.
    pub race: Race,
    /// Gender.
    pub gender: Gender,
    /// Socioeconomically disadvantaged.
    pub disadvantaged: bool,
    /// With disabilities.
    pub disability: bool,
    /// Homeless.
    pub homeless: bool,
    /// In foster care.
    pub foster: bool,
    /// Of a migrant family.
    pub migrant: bool,
    /// Of a military family.
    pub military: bool,
    /// Grade of reclassification, by position, of one who began school as an
    /// English learner; past 13 for never.
    pub english_learner_until: Option<usize>,
    /// How likely to be absent, beyond everything else, in log odds.
    pub absence: f64,
    /// Grade in each year, by position; `None` when not in the district.
    pub years: [Option<SchoolYearOf>; YEARS],
}

/// One year of one student.
#[derive(Clone, Copy, Debug)]
pub struct SchoolYearOf {
    /// Grade, by position.
    pub grade: usize,
    /// Position of the school in the district.
    pub school: usize,
    /// Achievement in English language arts, in state standard deviations.
    pub ela: f64,
    /// Achievement in mathematics, in state standard deviations.
    pub math: f64,
}

impl Student {
    /// A student of a neighbourhood whose grade in the last year is, or would
    /// be, at this position; past 13 for one who has left school.
    pub fn new(district: &District, neighborhood: usize, grade: usize, draw: &mut Draw) -> Self {
        let home = &district.neighborhoods[neighborhood];
        let race = Race::ALL[draw.weighted(&home.race)];
        let gender = Gender::ALL[draw.weighted(&[0.488, 0.508, 0.004, 0.0])];
        let poorer = match race {
            Race::Hispanic => 0.3,
            Race::Black => 0.35,
            Race::Asian => -0.25,
            Race::White => -0.45,
            _ => 0.0,
        };
        let disadvantaged = draw.chance(logistic(logit(home.disadvantaged) + poorer));
        let poor = f64::from(u8::from(disadvantaged));
        let male = f64::from(u8::from(gender == Gender::Male));
        let disability = draw.chance(0.095 + 0.03 * poor + 0.04 * male);
        let talent = draw.normal();
        let mut student = Self {
            race,
            gender,
            disadvantaged,
            disability,
            homeless: draw.chance(0.045 * poor),
            foster: draw.chance(0.008),
            migrant: race == Race::Hispanic && draw.chance(0.03 * poor),
            military: draw.chance(0.012),
            english_learner_until: None,
            absence: draw.around(0.0, 0.55),
            years: [None; YEARS],
        };
        student.english_learner_until = student.learns_english(district, talent, draw);
        student.live(district, neighborhood, grade, talent, draw);
        student
    }

    /// Whether a student who began as an English learner still is in a grade.
    pub fn is_english_learner(&self, grade: usize) -> bool {
        self.english_learner_until.is_some_and(|until| grade < until)
    }

    fn learns_english(&self, district: &District, talent: f64, draw: &mut Draw) -> Option<usize> {
        let odds = match self.race {
            Race::Hispanic => -0.55,
            Race::Asian => -0.7,
            Race::PacificIslander => -1.8,
            _ => -3.6,
        };
        let poor = if self.disadvantaged { 0.35 } else { -0.5 };
        draw.chance(logistic(odds + poor + district.english_learner_odds)).then(|| {
            (4..=13)
                .find(|_| {
                    let disability = if self.disability { -1.2 } else { 0.0 };
                    draw.chance(logistic(-1.9 + 0.7 * talent + disability))
                })
                .unwrap_or(14)
        })
    }

    /// What a student's circumstances go with, in state standard deviations.
    fn circumstances(&self, grade: usize) -> f64 {
        let race = match self.race {
            Race::Asian => 0.35,
            Race::Filipino => 0.2,
            Race::White => 0.12,
            Race::Black => -0.22,
            Race::Hispanic => -0.1,
            _ => 0.0,
        };
        let poor = if self.disadvantaged { -0.4 } else { 0.3 };
        let disability = if self.disability { -0.8 } else { 0.1 };
        let learner = if self.is_english_learner(grade) { -0.5 } else { 0.05 };
        race + poor + disability + learner
    }

    fn live(
        &mut self,
        district: &District,
        neighborhood: usize,
        last_grade: usize,
        talent: f64,
        draw: &mut Draw,
    ) {
        let level = 0.88 * self.circumstances(last_grade.min(13)) + 0.78 * talent;
        let subject = |draw: &mut Draw| {
            let level = level + 0.25 * draw.normal();
            [draw.around(level, 0.36), draw.around(level, 0.36), level]
        };
        let (mut ela, mut math) = (subject(draw), subject(draw));
        let arrives = if draw.chance(0.04) { draw.whole(1, 2) as usize } else { 0 };
        let leaves = if draw.chance(0.04) { draw.whole(0, 1) as usize } else { YEARS };
        let mut home = neighborhood;
        for year in 0..YEARS {
            if draw.chance(0.04) {
                home = draw.whole(0, district.neighborhoods.len() as u32 - 1) as usize;
            }
            let back = YEARS - 1 - year;
            let Some(grade) = last_grade.checked_sub(back).filter(|grade| *grade <= 13) else {
                continue;
            };
            let school = school_for(district, home, grade, ela[1], draw);
            let effect = district.schools[school].effect;
            step(&mut ela, &mut math, effect, draw);
            if (arrives..=leaves).contains(&year) {
                self.years[year] = Some(SchoolYearOf { grade, school, ela: ela[1], math: math[1] });
            }
        }
    }
}

/// Moves both subjects on by a year: `[before, last, level]`.
fn step(ela: &mut [f64; 3], math: &mut [f64; 3], effect: Effect, draw: &mut Draw) {
    let shared = draw.normal();
    for (scores, effect) in [(ela, effect.ela), (math, effect.math)] {
        let luck = 0.55 * shared + 0.835 * draw.normal();
        let steady = (1.0 - LAST - BEFORE) * scores[2];
        let next = LAST * scores[1] + BEFORE * scores[0] + steady + RESIDUAL * (luck + effect);
        (scores[0], scores[1]) = (scores[1], next);
    }
}

fn school_for(district: &District, home: usize, grade: usize, ela: f64, draw: &mut Draw) -> usize {
    let schools = district.neighborhoods[home].schools;
    match grade {
        0..=6 => schools[0],
        7..=9 => schools[1],
        _ => match district.continuation {
            Some(school) if grade >= 11 && draw.chance(logistic(-4.1 - 1.1 * ela)) => school,
            _ => schools[2],
        },
    }
}
