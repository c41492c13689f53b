//! How precise a school's figures would be under a charter, from charter and
//! directory alone: before a district joins, and before a student is counted.
//!
//! ```text
//! value = middle + half range x S / N      S and N as released, with noise
//! sd    = half range / N x sqrt(sigma_S^2 + c^2 sigma_N^2)
//! ```
//!
//! the delta method for a ratio with independent noise above and below (Casella
//! and Berger 2002, Example 5.5.27), `c` the value's distance from the middle
//! as a part of half its range; the half-width of a 95 % interval is 1.96 sd.
//! Sigmas are those of the real layouts. It holds where N is well above its own
//! noise; below four of its sigmas nothing is stated. Natural variation between
//! students comes on top, with or without Peerlight.

use peerlight_proto::{
    catalogue::Value,
    charter::{Charter, Continual, Program, ProgramKind},
    directory::{Directory, School},
    group::{Flag, Gender, StudentGroup},
    layout::{
        Block, FIXED_POINT, GROWTH_COUNT_WEIGHT, GROWTH_HALF_RANGE, LayoutError, Quantity,
        ReleaseLayout, release_layout,
    },
    names::{MeasureId, MemberId, PeriodId, ProgramId, SchoolId},
    units::GradeSet,
};

/// Half-width of a 95 % interval, in standard deviations.
const Z95: f64 = 1.959_963_984_540_054;

/// Where a rate is taken to be: 20 or 80 %, as a distance from the middle of
/// its range in halves of it.
const RATE_OFFSET: f64 = 0.6;
/// Where a running rate is taken to be, as a part of the population.
const RUNNING_RATE: f64 = 0.2;
/// Where a school's mean is taken to be: three tenths of half its range away
/// from the middle (60 points of 200, a growth percentile of 35 or 65).
const MEAN_OFFSET: f64 = 0.3;

/// Sigmas of its noise that a count must be worth for a ratio to be stated.
const LEAST_SIGMAS: f64 = 4.0;

/// How often the programs of a running school year are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// Once, after the year.
    Annual,
    /// Ten monthly steps of a stream.
    Monthly,
    /// 36 weekly steps of a stream.
    Weekly,
}

impl Calendar {
    /// Every calendar, rarest first.
    pub const ALL: [Self; 3] = [Self::Annual, Self::Monthly, Self::Weekly];

    /// Its name in rows printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Annual => "annual",
            Self::Monthly => "monthly",
            Self::Weekly => "weekly",
        }
    }

    /// How often a year.
    pub const fn releases(self) -> u32 {
        match self {
            Self::Annual => 1,
            Self::Monthly => 10,
            Self::Weekly => 36,
        }
    }
}

/// The precision of one measure for one group of one school.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// The school.
    pub school: SchoolId,
    /// The program.
    pub program: ProgramId,
    /// What it measures.
    pub measure: MeasureId,
    /// The group.
    pub group: StudentGroup,
    /// Releases a year.
    pub releases: u32,
    /// Students it is about, by public numbers.
    pub students: f64,
    /// Half-width of the 95 % interval from privacy noise alone, at its widest
    /// release: percentage points of a rate, else the measure's unit. Absent
    /// where there are too few students to state one.
    pub half_width: Option<f64>,
}

/// Whether a program follows a running school year, so that it may be released
/// once, monthly or weekly: a rate that is a stream or shares the margins of
/// the in-year programs.
pub fn is_in_year(charter: &Charter, program: &Program) -> bool {
    let ProgramKind::Measure { measure } = &program.kind else { return false };
    let is_rate = charter.measure(measure).is_some_and(|it| matches!(it.value, Value::Rate { .. }));
    is_rate && (program.continual.is_some() || program.margins == "in_year")
}

/// The charter with its in-year programs on another calendar. Steps keep the
/// number of changes the charter allows; two where it names none.
#[must_use]
pub fn with_calendar(charter: &Charter, calendar: Calendar) -> Charter {
    let mut changed = charter.clone();
    for program in changed.policy.programs.iter_mut().filter(|it| is_in_year(charter, it)) {
        let Some(first) = program.periods.first().cloned() else { continue };
        let steps = 1..=calendar.releases();
        program.periods = steps
            .map(|step| {
                let mut period = first.clone();
                period.id = PeriodId::new(format!("step-{step}")).expect("a number is a name");
                period
            })
            .collect();
        let stream = program.continual.unwrap_or(Continual { changes: 2 });
        program.continual = (calendar != Calendar::Annual).then_some(stream);
    }
    changed
}

/// The precision of every measure of a charter, for every school and group of a
/// member whose size the directory tells. Groups that are released as district
/// totals only, and distributions, are left out.
pub fn of_charter(
    charter: &Charter,
    directory: &Directory,
    member: &MemberId,
) -> Result<Vec<Precision>, LayoutError> {
    let mut rows = Vec::new();
    for program in &charter.policy.programs {
        let Some((measure, counted_by)) = ratio(charter, program) else { continue };
        let sums = layout(charter, directory, member, program)?;
        let counts = match counted_by {
            Some(count) => layout(charter, directory, member, count)?,
            None => sums.clone(),
        };
        let (Some(sums), Some(counts)) = (sums, counts) else { continue };
        for block in sums.blocks.iter().filter(|block| block.margin.is_by_school()) {
            let below = counts.blocks.iter().find(|other| other.margin == block.margin);
            let Some(noise) = below.and_then(|below| Noise::of(block, below)) else { continue };
            for id in &block.schools {
                let Some(school) = directory.school(id) else { continue };
                let students = block
                    .groups
                    .iter()
                    .map(|group| (group, students(school, program, counted_by, *group)));
                rows.extend(students.filter_map(|(group, students)| {
                    Some(Precision {
                        school: id.clone(),
                        program: program.id.clone(),
                        measure: measure.clone(),
                        group: *group,
                        releases: program.periods.len() as u32,
                        students: students?,
                        half_width: noise.half_width(students?),
                    })
                }));
            }
        }
    }
    Ok(rows)
}

/// What a program measures, and the program that counts whom it divides by;
/// `None` there where it brings its own count, and altogether for programs
/// that are no ratio.
fn ratio<'a>(charter: &'a Charter, program: &Program) -> Option<(MeasureId, Option<&'a Program>)> {
    match &program.kind {
        ProgramKind::Measure { measure } => {
            let population = &charter.measure(measure)?.population;
            let count = charter.policy.programs.iter().find(|other| {
                matches!(&other.kind, ProgramKind::Count { population: of } if of == population)
            });
            Some((measure.clone(), Some(count?)))
        }
        ProgramKind::GrowthMean { subject } => {
            Some((charter.policy.growth.get(subject)?.measure.clone(), None))
        }
        ProgramKind::Count { .. } | ProgramKind::GrowthHistogram { .. } => None,
    }
}

/// The layout of a program's last period: the widest of a stream's follows from
/// it. `None` where the member has no such school.
fn layout(
    charter: &Charter,
    directory: &Directory,
    member: &MemberId,
    program: &Program,
) -> Result<Option<ReleaseLayout>, LayoutError> {
    let Some(period) = program.periods.last() else { return Ok(None) };
    match release_layout(charter, directory, member, &program.id, &period.id) {
        Ok(layout) => Ok(Some(layout)),
        Err(LayoutError::NoSchools(..)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The noise of a ratio, in students.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Noise {
    /// Measure's units in half its range.
    half_range: f64,
    /// Distance from the middle, as a part of half the range.
    offset: f64,
    /// Standard deviation above.
    sum: f64,
    /// Standard deviation below.
    count: f64,
}

impl Noise {
    fn of(above: &Block, below: &Block) -> Option<Self> {
        let (sum, count) = (above.sigma.units(), below.sigma.units());
        let fixed = FIXED_POINT as f64;
        Some(match above.quantity {
            Quantity::Rate => Self { half_range: 50.0, offset: RATE_OFFSET, sum, count },
            Quantity::Mean { half_range, .. } => {
                Self { half_range, offset: MEAN_OFFSET, sum: sum / (half_range * fixed), count }
            }
            Quantity::Running { stream, .. } => {
                let squares = |step| -> f64 {
                    stream.weights(step).iter().map(|weight| weight * weight).sum()
                };
                let worst = (0..stream.steps as usize).map(squares).fold(0.0, f64::max);
                // A running count is of students, not of successes less failures.
                Self { half_range: 100.0, offset: RUNNING_RATE, sum: sum * worst.sqrt(), count }
            }
            Quantity::GrowthMean => {
                let half_range = GROWTH_HALF_RANGE as f64;
                Self {
                    half_range,
                    offset: MEAN_OFFSET,
                    sum: sum / (half_range * fixed),
                    count: sum / (GROWTH_COUNT_WEIGHT as f64 * fixed),
                }
            }
            Quantity::Count | Quantity::Histogram { .. } => return None,
        })
    }

    fn half_width(self, students: f64) -> Option<f64> {
        let deviation = self.sum.hypot(self.offset * self.count) * self.half_range / students;
        (students >= LEAST_SIGMAS * self.count).then_some(Z95 * deviation)
    }
}

/// How many students of a school a ratio is about, by public numbers: its
/// enrolment spread evenly over its grades, and the directory's shares.
fn students(
    school: &School,
    program: &Program,
    counted_by: Option<&Program>,
    group: StudentGroup,
) -> Option<f64> {
    let grades = program.grades.iter().filter(|grade| school.grades.contains(*grade));
    let grades: GradeSet = grades.collect();
    let (counted, all) = (grades.iter().count() as f64, school.grades.iter().count() as f64);
    let enrolled = f64::from(school.enrollment?) * counted / all;
    let of_english_learners = counted_by.is_some_and(|count| {
        // The one population of the catalogue that is a student group.
        matches!(&count.kind, ProgramKind::Count { population } if population.as_str() == "english_learners")
    });
    let population =
        if of_english_learners { feature(school, "pct_english_learner")? } else { 1.0 };
    let share = match group {
        StudentGroup::All => 1.0,
        StudentGroup::Grade(grade) if grades.contains(grade) => 1.0 / counted,
        StudentGroup::Gender(Gender::Female | Gender::Male) => 0.5,
        StudentGroup::Race(race) => feature(school, &format!("pct_{}", race.code()))?,
        StudentGroup::Flag(Flag::EnglishLearner) if of_english_learners => 1.0,
        StudentGroup::Flag(Flag::EnglishLearner) => feature(school, "pct_english_learner")?,
        StudentGroup::Flag(Flag::Disadvantaged) => {
            feature(school, "pct_socioeconomically_disadvantaged")?
        }
        StudentGroup::Flag(Flag::Disabilities) => {
            feature(school, "pct_students_with_disabilities")?
        }
        StudentGroup::Grade(_) | StudentGroup::Gender(_) | StudentGroup::Flag(_) => return None,
    };
    Some(enrolled * population * share)
}

/// A public share of the directory, 0 to 1.
fn feature(school: &School, name: &str) -> Option<f64> {
    school.features.get(name).map(|percent| percent / 100.0)
}

#[cfg(test)]
mod tests;
