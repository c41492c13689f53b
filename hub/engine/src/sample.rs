//! Simulated consortia for the tests of this crate: schools with true effects,
//! students drawn from them, and noise as the layouts prescribe.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    group::{Flag, Margin, StudentGroup},
    layout::{Block, FIXED_POINT, GROWTH_COUNT_WEIGHT, Quantity, ReleaseLayout, year_layouts},
    names::{ConsortiumId, MemberId, ProgramId, SchoolId},
    units::{GradeSet, SchoolYear},
};

use crate::{
    analysis::{Analysis, Input, analyse},
    estimate::Release,
    normal::Normals,
};

/// The shipped charter.
pub fn charter() -> Charter {
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

/// An elementary school without features.
pub fn school(id: &str, lea: &str, enrollment: u32) -> School {
    School {
        id: SchoolId::new(id).unwrap(),
        lea: MemberId::new(lea).unwrap(),
        name: format!("School {id}"),
        level: Level::Elementary,
        school_type: "regular".to_owned(),
        grades: GradeSet::span("TK".parse().unwrap(), "05".parse().unwrap()),
        county: None,
        enrollment: Some(enrollment),
        features: BTreeMap::new(),
    }
}

/// What one school is like, really.
#[derive(Clone, Copy)]
pub struct Truth {
    /// Growth, 0 to 100.
    pub growth: f64,
    /// Share of any rate's successes, 0 to 1.
    pub share: f64,
    /// Mean of any bounded value less its center.
    pub mean: f64,
}

/// A consortium with its releases.
pub struct World {
    pub charter: Charter,
    pub directory: Directory,
    pub truth: Vec<Truth>,
    pub releases: Vec<Release>,
    pub offered: BTreeMap<MemberId, BTreeSet<ProgramId>>,
}

impl World {
    /// `districts` districts of 40 elementary schools each.
    pub fn new(districts: usize, seed: u64) -> Self {
        let charter = charter();
        let mut normals = Normals::new(seed, 1);
        let mut schools = Vec::new();
        let mut truth = Vec::new();
        for district in 0..districts {
            for number in 0..40 {
                let size = 80 + 37 * (number % 24) as u32;
                let mut school =
                    school(&format!("{district:02}-{number:02}"), &format!("d{district:02}"), size);
                let need = (50.0 + 18.0 * normals.draw()).clamp(3.0, 97.0);
                for (name, value) in [
                    ("pct_socioeconomically_disadvantaged", need),
                    ("pct_english_learner", (0.3 * need + 5.0 * normals.draw()).clamp(0.5, 80.0)),
                    ("pct_students_with_disabilities", 12.0 + 2.0 * normals.draw()),
                    ("pct_HI", (need + 8.0 * normals.draw()).clamp(0.0, 100.0)),
                ] {
                    school.features.insert(name.to_owned(), value);
                }
                schools.push(school);
                truth.push(Truth {
                    growth: 50.0 + 8.0 * normals.draw(),
                    share: (0.1 + 0.004 * need + 0.05 * normals.draw()).clamp(0.02, 0.95),
                    mean: 30.0 - need + 20.0 * normals.draw(),
                });
            }
        }
        let directory = Directory {
            consortium: charter.consortium.clone(),
            number: 1,
            school_year: charter.school_year,
            features_source: "simulated".to_owned(),
            schools,
        };
        let mut world =
            Self { charter, directory, truth, releases: Vec::new(), offered: BTreeMap::new() };
        let members: Vec<MemberId> = world.directory.leas().into_iter().cloned().collect();
        for member in members {
            let layouts = year_layouts(&world.charter, &world.directory, &member);
            let programs = world.charter.policy.programs.iter();
            world.offered.insert(member.clone(), programs.map(|p| p.id.clone()).collect());
            for layout in layouts.into_iter().flatten() {
                let blocks =
                    layout.blocks.iter().map(|block| world.fill(block, &layout, &mut normals));
                let blocks = blocks.collect();
                let program = world.charter.program(&layout.program).unwrap();
                let due = program.period(&layout.period).unwrap().due.clone();
                world.releases.push(Release { member: member.clone(), layout, due, blocks });
            }
        }
        world
    }

    /// Runs the benchmarks.
    pub fn analyse(&self, threads: usize) -> Analysis {
        analyse(&Input {
            charter: &self.charter,
            directory: &self.directory,
            offered: &self.offered,
            releases: &self.releases,
            frozen: &BTreeMap::new(),
            seed: 1,
            threads,
        })
    }

    /// Students of a group that a program's population holds.
    pub fn students(
        &self,
        school: usize,
        margin: Margin,
        group: StudentGroup,
        layout: &ReleaseLayout,
    ) -> f64 {
        let school = &self.directory.schools[school];
        let grades = school.grades.iter().filter(|grade| layout.grades.contains(*grade)).count();
        let everybody = f64::from(school.enrollment.unwrap()) * grades as f64
            / school.grades.iter().count() as f64;
        let share = match (margin, group) {
            (_, StudentGroup::Flag(Flag::EnglishLearner)) => {
                school.features["pct_english_learner"] / 100.0
            }
            (_, StudentGroup::Flag(Flag::Disadvantaged)) => {
                school.features["pct_socioeconomically_disadvantaged"] / 100.0
            }
            (_, StudentGroup::Flag(_)) => 0.1,
            (Margin::Grade, _) if grades > 0 => 1.0 / grades as f64,
            (Margin::Race, _) => 1.0 / 9.0,
            (Margin::Gender, _) => 0.25,
            _ => 1.0,
        };
        (everybody * share).round()
    }

    fn fill(&self, block: &Block, layout: &ReleaseLayout, normals: &mut Normals) -> Vec<i64> {
        let unit = FIXED_POINT as f64;
        let mut values = Vec::with_capacity(block.cells());
        for row in 0..block.units() {
            let school = block.schools.get(row).map_or(0, |id| {
                self.directory.schools.binary_search_by(|school| school.id.cmp(id)).unwrap()
            });
            let truth = self.truth[school];
            for group in &block.groups {
                let students = self.students(school, block.margin, *group, layout);
                let exact: Vec<f64> = match block.quantity {
                    Quantity::Count => vec![students],
                    Quantity::Rate => {
                        let successes = (students * truth.share).round();
                        vec![2.0 * successes - students]
                    }
                    Quantity::Running { stream, step } => {
                        let row = stream.coefficients()[step as usize] as f64;
                        vec![(students * truth.share).round() * row]
                    }
                    Quantity::Mean { .. } => vec![students * truth.mean * unit],
                    Quantity::GrowthMean => vec![
                        students * (truth.growth - 50.0) * unit,
                        students * GROWTH_COUNT_WEIGHT as f64 * unit,
                    ],
                    Quantity::Histogram { bands, bins } => bell(bins)
                        .iter()
                        .map(|share| share * 400.0)
                        .cycle()
                        .take(bands * bins)
                        .collect(),
                };
                let noisy = exact.iter().map(|v| v + block.sigma.units() * normals.draw());
                values.extend(noisy.map(|value| value.round() as i64));
            }
        }
        values
    }
}

/// Shares of a standard normal in bins that divide ± 3 evenly.
pub fn bell(bins: usize) -> Vec<f64> {
    let edge = |bin: usize| 6.0 * bin as f64 / bins as f64 - 3.0;
    (0..bins)
        .map(|bin| {
            let low = if bin == 0 { 0.0 } else { crate::normal::cumulative(edge(bin)) };
            let high = if bin + 1 == bins { 1.0 } else { crate::normal::cumulative(edge(bin + 1)) };
            high - low
        })
        .collect()
}
