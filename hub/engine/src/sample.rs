//! Simulated consortia for the tests of this crate: schools with true effects,
//! students drawn from them, and noise as the layouts prescribe.

use std::collections::{BTreeMap, BTreeSet};

use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Continual, Period, Policy},
    directory::{Directory, Level, School},
    group::{Flag, Margin, StudentGroup},
    layout::{Block, FIXED_POINT, GROWTH_COUNT_WEIGHT, Quantity, ReleaseLayout, year_layouts},
    names::{ConsortiumId, MemberId, ProgramId, SchoolId},
    units::{GradeSet, SchoolYear},
};

use crate::{
    analysis::{Analysis, Input, analyse},
    anchor::Anchors,
    estimate::Release,
    normal::Normals,
    pooling::EarlierYear,
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
    pub earlier: Vec<EarlierYear>,
    pub anchors: Anchors,
    pub offered: BTreeMap<MemberId, BTreeSet<ProgramId>>,
}

impl World {
    /// `districts` districts of 40 elementary schools each.
    pub fn new(districts: usize, seed: u64) -> Self {
        Self::under(charter(), districts, seed)
    }

    /// The same under a charter of one's own.
    pub fn under(charter: Charter, districts: usize, seed: u64) -> Self {
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
        let mut world = Self {
            charter,
            directory,
            truth,
            releases: Vec::new(),
            earlier: Vec::new(),
            anchors: Anchors::new(),
            offered: BTreeMap::new(),
        };
        world.release(&mut normals);
        world
    }

    /// Draws every release of the year anew.
    pub fn release(&mut self, normals: &mut Normals) {
        let world = self;
        world.releases.clear();
        let members: Vec<MemberId> = world.directory.leas().into_iter().cloned().collect();
        for member in members {
            let layouts = year_layouts(&world.charter, &world.directory, &member);
            let programs = world.charter.policy.programs.iter();
            world.offered.insert(member.clone(), programs.map(|p| p.id.clone()).collect());
            for layout in layouts.into_iter().flatten() {
                let blocks = layout.blocks.iter().map(|block| world.fill(block, &layout, normals));
                let blocks = blocks.collect();
                let program = world.charter.program(&layout.program).unwrap();
                let due = program.period(&layout.period).unwrap().due.clone();
                world.releases.push(Release { member: member.clone(), layout, due, blocks });
            }
        }
    }

    /// Runs the benchmarks.
    pub fn analyse(&self, threads: usize) -> Analysis {
        analyse(&Input {
            charter: &self.charter,
            directory: &self.directory,
            offered: &self.offered,
            releases: &self.releases,
            earlier: &self.earlier,
            frozen: &BTreeMap::new(),
            anchors: &self.anchors,
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
            _ => 1.0,
        };
        (everybody * share).round()
    }

    /// Students and successes of every group of a block, in order; those of a
    /// margin that splits all students sum to all.
    pub fn exact(&self, school: usize, block: &Block, layout: &ReleaseLayout) -> Vec<(f64, f64)> {
        let share = self.truth[school].share;
        let served = self.directory.schools[school].grades;
        let holds = |group: &StudentGroup| match group {
            StudentGroup::Grade(grade) => served.contains(*grade),
            _ => true,
        };
        let splits = matches!(block.margin, Margin::Grade | Margin::Race | Margin::Gender);
        let everybody = self.students(school, Margin::All, StudentGroup::All, layout);
        let parts = block.groups.iter().filter(|group| holds(group)).count() as f64;
        let (mut part, mut before) = (0.0, (0.0, 0.0));
        let groups = block.groups.iter().map(|group| {
            if !splits {
                let students = self.students(school, block.margin, *group, layout);
                return (students, (students * share).round());
            }
            part += f64::from(u8::from(holds(group)));
            let students = (everybody * part / parts).round();
            let up_to = (students, (students * share).round());
            let own = (up_to.0 - before.0, up_to.1 - before.1);
            before = up_to;
            own
        });
        groups.collect()
    }

    fn fill(&self, block: &Block, layout: &ReleaseLayout, normals: &mut Normals) -> Vec<i64> {
        let unit = FIXED_POINT as f64;
        let mut values = Vec::with_capacity(block.cells());
        for row in 0..block.units() {
            let school = block.schools.get(row).map_or(0, |id| {
                self.directory.schools.binary_search_by(|school| school.id.cmp(id)).unwrap()
            });
            let truth = self.truth[school];
            for (students, successes) in self.exact(school, block, layout) {
                let exact: Vec<f64> = match block.quantity {
                    Quantity::Count => vec![students],
                    Quantity::Rate => vec![2.0 * successes - students],
                    // Half come in at the first step, half of the rest at each
                    // step after it: totals are successes less ever fewer.
                    Quantity::Running { stream, step } => {
                        let column = stream.coefficients();
                        let so_far = |step: usize| successes * (1.0 - 0.5_f64.powi(step as i32));
                        let change = |s: usize| so_far(s + 1) - so_far(s);
                        let step = step as usize;
                        vec![(0..=step).map(|s| column[step - s] as f64 * change(s)).sum()]
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

/// The shipped charter with its in-year program as a stream of ten months.
pub fn charter_with_stream() -> Charter {
    let mut charter = charter();
    let programs = &mut charter.policy.programs;
    let in_year = programs.iter_mut().find(|it| it.id.as_str() == "chronic_absence_in_year");
    let in_year = in_year.unwrap();
    in_year.continual = Some(Continual { changes: 2 });
    let months = ["2025-09", "2025-10", "2025-11", "2025-12", "2026-01"];
    let months = months.into_iter().chain(["2026-02", "2026-03", "2026-04", "2026-05", "2026-06"]);
    in_year.periods = months
        .map(|month| Period { id: month.parse().unwrap(), due: format!("{month}-25") })
        .collect();
    charter.check().unwrap();
    charter
}
