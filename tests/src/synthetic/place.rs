//! Districts, schools and neighbourhoods: who lives where, and what each
//! school truly adds.

use peerlight_proto::{directory::Level, group::Race};

use super::draw::{Draw, logistic, logit};

/// What a school truly adds, beyond whom it serves. In standard deviations of
/// a student's year for growth, in log odds for the rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effect {
    /// Growth in English language arts.
    pub ela: f64,
    /// Growth in mathematics.
    pub math: f64,
    /// Absence.
    pub absence: f64,
    /// Suspension.
    pub suspension: f64,
    /// Graduation.
    pub graduation: f64,
}

/// A school.
#[derive(Clone, Debug)]
pub struct School {
    /// Its id: twelve digits, the first seven its district's.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// `regular` or `continuation`.
    pub kind: &'static str,
    /// Its grades, by position (0 is TK, 13 is 12), both included.
    pub grades: (usize, usize),
    /// What it adds.
    pub effect: Effect,
}

/// Where an elementary school's children live.
#[derive(Clone, Debug)]
pub struct Neighborhood {
    /// How many of the district's children live there, relative to the others.
    pub weight: f64,
    /// Share of children who are socioeconomically disadvantaged.
    pub disadvantaged: f64,
    /// Weights of the races, in canonical order.
    pub race: [f64; Race::ALL.len()],
    /// Positions of its elementary, middle and high school.
    pub schools: [usize; 3],
}

/// A district before its students.
#[derive(Clone, Debug)]
pub struct District {
    /// Its id: seven digits that no real district has.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its county.
    pub county: String,
    /// Students enrolled in a year, about.
    pub students: f64,
    /// Odds of starting school as an English learner, against the network's.
    pub english_learner_odds: f64,
    /// Whether it has its graduates matched to college enrolments.
    pub matches_college: bool,
    /// Its schools.
    pub schools: Vec<School>,
    /// Its neighbourhoods.
    pub neighborhoods: Vec<Neighborhood>,
    /// The continuation school's position, where there is one.
    pub continuation: Option<usize>,
}

/// A kind of district: share disadvantaged, log odds of English learners
/// against the network, and weights of the races in canonical order.
struct Kind(f64, f64, [f64; Race::ALL.len()]);

const KINDS: &[Kind] = &[
    Kind(0.70, 0.4, [0.05, 0.01, 0.06, 0.02, 0.68, 0.005, 0.14, 0.03, 0.005]),
    Kind(0.36, -0.3, [0.04, 0.004, 0.22, 0.05, 0.27, 0.005, 0.35, 0.06, 0.005]),
    Kind(0.66, 0.2, [0.15, 0.004, 0.13, 0.04, 0.51, 0.01, 0.11, 0.045, 0.005]),
    Kind(0.43, -0.1, [0.03, 0.004, 0.09, 0.02, 0.36, 0.004, 0.43, 0.06, 0.005]),
    Kind(0.58, 0.0, [0.03, 0.015, 0.03, 0.01, 0.47, 0.003, 0.39, 0.05, 0.005]),
    Kind(0.52, 0.1, [0.08, 0.004, 0.15, 0.06, 0.43, 0.008, 0.21, 0.055, 0.005]),
];

const TREES: &[&str] = &[
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hazel", "Juniper", "Laurel", "Madrone",
    "Oak", "Pine", "Redwood", "Sycamore", "Toyon", "Walnut", "Willow", "Yarrow",
];
const PLACES: &[&str] =
    &["Creek", "Valley", "Hills", "Ridge", "Bay", "Meadow", "Canyon", "Springs", "Grove", "Park"];
const COUNTIES: &[&str] = &["North Example", "Middle Example", "South Example"];

const ELEMENTARY_SIZE: f64 = 430.0;
const MIDDLE_SIZE: f64 = 640.0;
const HIGH_SIZE: f64 = 1400.0;

/// Shares of a district's students in grades TK to 5, 6 to 8 and 9 to 12.
const SPANS: [f64; 3] = [0.485, 0.22, 0.295];

impl District {
    /// The district at a position, with about this many students.
    pub fn new(position: usize, students: f64, draw: &mut Draw) -> Self {
        let kind = &KINDS[position % KINDS.len()];
        let tree = TREES[(position * 5) % TREES.len()];
        let id = format!("99{:05}", position + 1);
        let mut district = Self {
            name: format!("{tree} {} Unified", PLACES[(position * 3) % PLACES.len()]),
            county: COUNTIES[position % COUNTIES.len()].to_owned(),
            students,
            english_learner_odds: kind.1 + draw.around(0.0, 0.1),
            // One kind of district in six has no college matches to report.
            matches_college: position % KINDS.len() != 4,
            schools: Vec::new(),
            neighborhoods: Vec::new(),
            continuation: None,
            id,
        };
        district.build_schools(position, draw);
        district.settle(kind, draw);
        district
    }

    fn build_schools(&mut self, position: usize, draw: &mut Draw) {
        let count =
            |share: f64, size: f64| ((self.students * share / size).round() as usize).max(1);
        let counts = [
            count(SPANS[0], ELEMENTARY_SIZE),
            count(SPANS[1], MIDDLE_SIZE),
            count(SPANS[2], HIGH_SIZE),
        ];
        let kinds = [
            (Level::Elementary, "Elementary", (0, 6)),
            (Level::Middle, "Middle", (7, 9)),
            (Level::High, "High", (10, 13)),
        ];
        for ((level, title, grades), count) in kinds.into_iter().zip(counts) {
            for number in 0..count {
                let tree = TREES[(position * 7 + number * 5 + grades.0) % TREES.len()];
                let place = PLACES[(position + number * 3) % PLACES.len()];
                self.add_school(format!("{tree} {place} {title}"), level, "regular", grades, draw);
            }
        }
        if self.students * SPANS[2] >= 600.0 {
            self.continuation = Some(self.schools.len());
            let name = format!("{} Continuation High", TREES[(position * 11 + 3) % TREES.len()]);
            self.add_school(name, Level::High, "continuation", (11, 13), draw);
        }
    }

    fn add_school(
        &mut self,
        name: String,
        level: Level,
        kind: &'static str,
        grades: (usize, usize),
        draw: &mut Draw,
    ) {
        // Subjects share part of a school's effect, as they do in the studies.
        let shared = draw.normal();
        let spread = if level == Level::Elementary { 0.27 } else { 0.22 };
        let subject = |draw: &mut Draw| spread * (0.75 * shared + 0.66 * draw.normal());
        let effect = Effect {
            ela: subject(draw),
            math: subject(draw),
            absence: draw.around(0.0, 0.2),
            suspension: draw.around(0.0, 0.4),
            graduation: draw.around(0.0, 0.3),
        };
        let id = format!("{}{:05}", self.id, self.schools.len() + 1);
        self.schools.push(School { id, name, level, kind, grades, effect });
    }

    fn settle(&mut self, kind: &Kind, draw: &mut Draw) {
        let of_level = |level: Level| -> Vec<usize> {
            let regular = |school: &School| school.level == level && school.kind == "regular";
            (0..self.schools.len()).filter(|&at| regular(&self.schools[at])).collect()
        };
        let (elementary, middle, high) =
            (of_level(Level::Elementary), of_level(Level::Middle), of_level(Level::High));
        let district = draw.around(logit(kind.0), 0.15);
        self.neighborhoods = elementary
            .iter()
            .enumerate()
            .map(|(position, &school)| {
                let disadvantaged = logistic(draw.around(district, 0.65));
                let feeds =
                    |schools: &[usize]| schools[position * schools.len() / elementary.len()];
                Neighborhood {
                    weight: draw.between(0.65, 1.35),
                    disadvantaged,
                    race: tilted(&kind.2, disadvantaged - kind.0, draw),
                    schools: [school, feeds(&middle), feeds(&high)],
                }
            })
            .collect();
    }
}

/// Races of a neighbourhood poorer or richer than its district.
fn tilted(
    district: &[f64; Race::ALL.len()],
    poorer: f64,
    draw: &mut Draw,
) -> [f64; Race::ALL.len()] {
    std::array::from_fn(|position| {
        let lean = match Race::ALL[position] {
            Race::Hispanic | Race::Black => 1.8,
            Race::White | Race::Asian => -1.8,
            _ => 0.0,
        };
        district[position] * (lean * poorer + draw.around(0.0, 0.2)).exp()
    })
}
