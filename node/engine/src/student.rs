//! The vocabulary of a student year: every column of `student_years.csv`, and
//! the columnar batch that the kernel counts.
//!
//! Ids of students are columns of the file and never of a [`Chunk`]: nothing
//! that counts can see who a row is about. Neither type shows values in debug
//! output.

use std::fmt;

use peerlight_proto::group::{Gender, Race};

/// Marks a missing flag, code, grade or whole number.
pub const MISSING: u8 = u8::MAX;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Names the row: its year, its school, its student. Never counted.
    Key,
    /// Yes or no; stored as 1 or 0.
    Flag,
    /// A decimal within bounds, both included.
    Number(f64, f64),
    /// A whole number within bounds, both included; at most 250.
    Whole(u8, u8),
    /// A grade level; stored as its position from `TK`.
    Grade,
    /// One of a list; stored as its position there.
    Code(&'static [&'static str]),
    /// An ending year.
    Year,
    /// A civil date; stored as days since 1970-01-01.
    Date,
    /// A name for people, such as a test's; not in any expression.
    Name,
}

impl Kind {
    /// Whether values are stored as one byte, [`MISSING`] where there is none.
    pub const fn is_byte(self) -> bool {
        matches!(self, Self::Flag | Self::Whole(..) | Self::Grade | Self::Code(_) | Self::Name)
    }
}

const RACES: &[&str] = &["AA", "AI", "AS", "FI", "HI", "PI", "WH", "MR"];
const GENDERS: &[&str] = &["F", "M", "X"];
/// Letters of a final course grade.
pub(crate) const LETTERS: &[&str] = &[
    "A+", "A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D+", "D", "D-", "F", "P", "NP", "CR", "NC",
    "I", "W",
];
const OUTCOMES: &[&str] = &[
    "graduated_4yr",
    "graduated_5yr",
    "completer",
    "dropout",
    "still_enrolled",
    "transferred_out",
    "deceased",
    "other_transfer",
];

// Codes are stored by position, and cells are found by the group's position.
const _: () = assert!(RACES.len() == Race::Unknown.index());
const _: () = assert!(GENDERS.len() == Gender::Unknown.index());

const DAYS: Kind = Kind::Number(0.0, 366.0);
const SCORE: Kind = Kind::Number(0.0, 9999.0);
const LEVEL: Kind = Kind::Whole(1, 4);
const SHARE: Kind = Kind::Number(0.0, 1.0);
const COUNT: Kind = Kind::Whole(0, 250);

macro_rules! columns {
    ($($variant:ident = $name:literal, $kind:expr;)*) => {
        /// A column of `student_years.csv`.
        #[expect(missing_docs, reason = "the formats document explains every column")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column { $($variant,)* }

        impl Column {
            /// Every column, in the order of the formats document.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// Its name in the file's header.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it holds.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => $kind,)* }
            }

            /// The column with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

columns! {
    SchoolYear = "school_year", Kind::Key;
    SchoolId = "school_id", Kind::Key;
    StudentId = "student_id", Kind::Key;
    StatewideId = "statewide_id", Kind::Key;
    EnrolledOnOctoberCensus = "enrolled_on_october_census", Kind::Flag;
    EnrolledOnMarchCensus = "enrolled_on_march_census", Kind::Flag;
    ContinuouslyEnrolled = "continuously_enrolled", Kind::Flag;
    DaysExpectedAtSchool = "days_expected_at_school", DAYS;
    DaysAbsentAtSchool = "days_absent_at_school", DAYS;
    GradeLevel = "grade_level", Kind::Grade;
    Gender = "gender", Kind::Code(GENDERS);
    RaceEthnicity = "race_ethnicity", Kind::Code(RACES);
    EnglishLearner = "english_learner", Kind::Flag;
    LongTermEnglishLearner = "long_term_english_learner", Kind::Flag;
    Reclassified = "reclassified", Kind::Flag;
    SocioeconomicallyDisadvantaged = "socioeconomically_disadvantaged", Kind::Flag;
    StudentsWithDisabilities = "students_with_disabilities", Kind::Flag;
    Homeless = "homeless", Kind::Flag;
    Foster = "foster", Kind::Flag;
    Migrant = "migrant", Kind::Flag;
    Military = "military", Kind::Flag;
    DaysExpected = "days_expected", DAYS;
    DaysAbsent = "days_absent", DAYS;
    DaysSuspended = "days_suspended", DAYS;
    IncidentsSuspended = "incidents_suspended", COUNT;
    Expelled = "expelled", Kind::Flag;
    Gpa = "gpa", Kind::Number(0.0, 4.0);
    ElaFinalGrade = "ela_final_grade", Kind::Code(LETTERS);
    MathFinalGrade = "math_final_grade", Kind::Code(LETTERS);
    CoursesFailed = "courses_failed", COUNT;
    GradeAssessed = "grade_assessed", Kind::Grade;
    ElaScaleScore = "ela_scale_score", SCORE;
    MathScaleScore = "math_scale_score", SCORE;
    ScienceScaleScore = "science_scale_score", SCORE;
    ElaLevel = "ela_level", LEVEL;
    MathLevel = "math_level", LEVEL;
    ScienceLevel = "science_level", LEVEL;
    ElaSem = "ela_sem", SCORE;
    MathSem = "math_sem", SCORE;
    ScienceSem = "science_sem", SCORE;
    TestName = "test_name", Kind::Name;
    InterimElaFallLevel = "interim_ela_fall_level", LEVEL;
    InterimElaWinterLevel = "interim_ela_winter_level", LEVEL;
    InterimElaSpringLevel = "interim_ela_spring_level", LEVEL;
    InterimMathFallLevel = "interim_math_fall_level", LEVEL;
    InterimMathWinterLevel = "interim_math_winter_level", LEVEL;
    InterimMathSpringLevel = "interim_math_spring_level", LEVEL;
    InterimTest = "interim_test", Kind::Name;
    Referrals = "referrals", COUNT;
    ElaPriorScaleScore = "ela_prior_scale_score", SCORE;
    MathPriorScaleScore = "math_prior_scale_score", SCORE;
    ElaPriorLevel = "ela_prior_level", LEVEL;
    MathPriorLevel = "math_prior_level", LEVEL;
    PriorGradeLevel = "prior_grade_level", Kind::Grade;
    ElaPrior2ScaleScore = "ela_prior2_scale_score", SCORE;
    MathPrior2ScaleScore = "math_prior2_scale_score", SCORE;
    ElaPrior2Level = "ela_prior2_level", LEVEL;
    MathPrior2Level = "math_prior2_level", LEVEL;
    Prior2GradeLevel = "prior2_grade_level", Kind::Grade;
    ElaPrior3ScaleScore = "ela_prior3_scale_score", SCORE;
    MathPrior3ScaleScore = "math_prior3_scale_score", SCORE;
    ElaPrior3Level = "ela_prior3_level", LEVEL;
    MathPrior3Level = "math_prior3_level", LEVEL;
    Prior3GradeLevel = "prior3_grade_level", Kind::Grade;
    ReclassifiedThisYear = "reclassified_this_year", Kind::Flag;
    YearsAsEnglishLearner = "years_as_english_learner", Kind::Number(0.0, 25.0);
    ElpiProgress = "elpi_progress", Kind::Flag;
    ElpacScaleScore = "elpac_scale_score", SCORE;
    ElpacPriorScaleScore = "elpac_prior_scale_score", SCORE;
    CohortYear = "cohort_year", Kind::Year;
    CohortOutcome = "cohort_outcome", Kind::Code(OUTCOMES);
    ApExamsPassed = "ap_exams_passed", COUNT;
    IbExamsPassed = "ib_exams_passed", COUNT;
    CteCompleter = "cte_completer", Kind::Flag;
    AGComplete = "a_g_complete", Kind::Flag;
    CollegeCreditSemesters = "college_credit_semesters", Kind::Number(0.0, 250.0);
    CollegeEnrolledDate = "college_enrolled_date", Kind::Date;
    CollegeLevel = "college_level", Kind::Whole(2, 4);
    CteConcentrator = "cte_concentrator", Kind::Flag;
    CciPrepared = "cci_prepared", Kind::Flag;
    SelGrowthMindset = "sel_growth_mindset", SHARE;
    SelSelfEfficacy = "sel_self_efficacy", SHARE;
    SelSelfManagement = "sel_self_management", SHARE;
    SelSocialAwareness = "sel_social_awareness", SHARE;
    ClimateSupport = "climate_support", SHARE;
    ClimateBelonging = "climate_belonging", SHARE;
    ClimateDiscipline = "climate_discipline", SHARE;
    ClimateSafety = "climate_safety", SHARE;
}

impl Column {
    /// Its position in [`Column::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether its values are ids of a student, which no message may show.
    pub const fn identifies_student(self) -> bool {
        matches!(self, Self::StudentId | Self::StatewideId)
    }

    /// Whether expressions may name it.
    pub const fn is_countable(self) -> bool {
        !matches!(self.kind(), Kind::Key | Kind::Name)
    }
}

/// A set of columns, such as those a district's records have.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ColumnSet(u128);

const _: () = assert!(Column::ALL.len() <= 128);

impl ColumnSet {
    /// Adds a column.
    pub const fn insert(&mut self, column: Column) {
        self.0 |= 1 << column.index();
    }

    /// Whether it has the column.
    pub const fn contains(self, column: Column) -> bool {
        self.0 & (1 << column.index()) != 0
    }

    /// The columns of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The columns of this one that `other` lacks.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its columns, in the order of the formats document.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::ALL.into_iter().filter(move |column| self.contains(*column))
    }
}

impl FromIterator<Column> for ColumnSet {
    fn from_iter<T: IntoIterator<Item = Column>>(columns: T) -> Self {
        let mut set = Self::default();
        columns.into_iter().for_each(|column| set.insert(column));
        set
    }
}

impl fmt::Debug for ColumnSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Column::name)).finish()
    }
}

/// The values of one column.
#[derive(Clone, PartialEq)]
pub enum Values {
    /// Numbers, years and dates; NaN where missing.
    Numbers(Vec<f64>),
    /// Flags, codes, grades and whole numbers; [`MISSING`] where missing.
    Bytes(Vec<u8>),
}

impl Values {
    /// No values yet, stored as `kind` is.
    pub const fn empty(kind: Kind) -> Self {
        if kind.is_byte() { Self::Bytes(Vec::new()) } else { Self::Numbers(Vec::new()) }
    }

    /// How many bytes they take.
    pub const fn bytes(&self) -> usize {
        match self {
            Self::Numbers(numbers) => size_of::<f64>() * numbers.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// How many are not missing.
    pub fn filled(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.iter().filter(|number| !number.is_nan()).count(),
            Self::Bytes(bytes) => bytes.iter().filter(|byte| **byte != MISSING).count(),
        }
    }
}

/// Some student years, column by column, without ids.
///
/// A column that is not there counts as missing in every row.
#[derive(Clone, Default)]
pub struct Chunk {
    /// Position of each row's school among those that are counted;
    /// [`Chunk::NO_SCHOOL`] for one that is not.
    pub school: Vec<u32>,
    columns: Vec<Option<Values>>,
}

impl Chunk {
    /// The school of a row that no release counts.
    pub const NO_SCHOOL: u32 = u32::MAX;

    /// How many student years it has.
    pub const fn rows(&self) -> usize {
        self.school.len()
    }

    /// A column's values; `None` where the chunk has no such column.
    pub fn values(&self, column: Column) -> Option<&Values> {
        self.columns.get(column.index())?.as_ref()
    }

    /// Where a column's values are written; as many as there are schools.
    pub fn values_mut(&mut self, column: Column) -> &mut Values {
        self.columns.resize(Column::ALL.len(), None);
        self.columns[column.index()].get_or_insert_with(|| Values::empty(column.kind()))
    }

    /// The numbers of a column stored as such.
    pub fn numbers(&self, column: Column) -> Option<&[f64]> {
        match self.values(column)? {
            Values::Numbers(numbers) => Some(numbers),
            Values::Bytes(_) => None,
        }
    }

    /// The bytes of a column stored as such.
    pub fn bytes(&self, column: Column) -> Option<&[u8]> {
        match self.values(column)? {
            Values::Bytes(bytes) => Some(bytes),
            Values::Numbers(_) => None,
        }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk").field("rows", &self.rows()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_round_trip_through_their_names() {
        for column in Column::ALL {
            assert_eq!(Column::from_name(column.name()), Some(column));
        }
        assert_eq!(Column::from_name("Grade_Level"), None);
    }

    #[test]
    fn stored_codes_are_the_positions_of_their_groups() {
        for (position, code) in RACES.iter().enumerate() {
            assert_eq!(Race::from_code(code).map(Race::index), Some(position));
        }
        for (position, code) in GENDERS.iter().enumerate() {
            assert_eq!(Gender::from_code(code).map(Gender::index), Some(position));
        }
    }

    #[test]
    fn debug_output_shows_no_values() {
        let mut chunk = Chunk { school: vec![0], ..Chunk::default() };
        *chunk.values_mut(Column::Gpa) = Values::Numbers(vec![3.25]);
        assert!(!format!("{chunk:?}").contains("3.25"));
    }
}
