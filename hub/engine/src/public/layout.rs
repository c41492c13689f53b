//! The columns, codes and group ids of official files, as data: what changes
//! from year to year is an entry here and never a branch elsewhere.
//!
//! Names are compared by their letters and digits only (see
//! [`super::header::plain`]), so that `Test Id`, `Test ID` and `test_id` are
//! one name. Sources: the record layouts that the California Department of
//! Education prints beside its files, and the files themselves.

use peerlight_proto::group::{Flag, Gender, Race, StudentGroup};

use super::{
    format::Format,
    measure::{CAASPP_ELA, CAASPP_MATH, CMAS_ELA, CMAS_MATH, PublicMeasure},
};

/// What a column is about, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// County, district and school code in one.
    Cds,
    /// County code, 2 digits.
    County,
    /// District code.
    District,
    /// School code.
    School,
    /// Whether the row is about a school.
    Entity,
    /// School year.
    Year,
    /// Indicator of the Dashboard.
    Indicator,
    /// Test or subject.
    Test,
    /// Student group.
    Group,
    /// Grade.
    Grade,
    /// The result.
    Value,
    /// Students it is divided by.
    Students,
    /// Name of the school.
    SchoolName,
    /// Name of the district.
    DistrictName,
    /// Name of the county.
    CountyName,
    /// Students enrolled.
    Total,
    /// Students enrolled of the row's group.
    Part,
    /// Students enrolled with the figure of this feature.
    Feature(&'static str),
}

/// One column: what it is about, its names over the years, whether a file
/// without it is refused.
pub struct Column {
    /// What it is about.
    pub field: Field,
    /// Its official names; the newest first, which messages use.
    pub names: &'static [&'static str],
    /// Whether it has to be there.
    pub needed: bool,
}

const fn needed(field: Field, names: &'static [&'static str]) -> Column {
    Column { field, names, needed: true }
}

const fn may(field: Field, names: &'static [&'static str]) -> Column {
    Column { field, names, needed: false }
}

const COUNTY: Column = may(Field::County, &["County Code"]);
const DISTRICT: Column = may(Field::District, &["District Code"]);
const SCHOOL: Column = may(Field::School, &["School Code"]);
const CDS: Column = may(Field::Cds, &["cds", "CDS Code"]);
const SCHOOL_NAME: Column = may(Field::SchoolName, &["School Name"]);
const DISTRICT_NAME: Column = may(Field::DistrictName, &["District Name"]);
const COUNTY_NAME: Column = may(Field::CountyName, &["County Name"]);

/// The columns of a format.
pub const fn columns(format: Format) -> &'static [Column] {
    match format {
        Format::Caaspp => CAASPP,
        Format::CaasppEntities => CAASPP_ENTITIES,
        Format::Dashboard => DASHBOARD,
        Format::Cmas => CMAS,
        Format::Cupc => CUPC,
        Format::Frpm => FRPM,
        Format::DashboardEnrollment => DASHBOARD_ENROLLMENT,
        Format::CensusEnrollment => CENSUS_ENROLLMENT,
    }
}

/// Research files of 2015 to 2025: quoted and comma-delimited to 2019,
/// caret-delimited since, with other columns from 2024.
const CAASPP: &[Column] = &[
    COUNTY,
    DISTRICT,
    SCHOOL,
    CDS,
    COUNTY_NAME,
    DISTRICT_NAME,
    SCHOOL_NAME,
    may(Field::Entity, &["Type ID", "Agg Level"]),
    needed(Field::Year, &["Test Year", "End Year"]),
    may(Field::Group, &["Student Group ID", "Subgroup ID", "Demographic ID"]),
    needed(Field::Grade, &["Grade"]),
    needed(Field::Test, &["Test ID", "Subject"]),
    needed(
        Field::Students,
        &["Total Students Tested with Scores", "Students with Scores", "n_tested"],
    ),
    needed(Field::Value, &["Percentage Standard Met and Above", "pct_met_and_above"]),
];

const CAASPP_ENTITIES: &[Column] = &[
    needed(Field::County, &["County Code"]),
    needed(Field::District, &["District Code"]),
    needed(Field::School, &["School Code"]),
    may(Field::Entity, &["Type ID"]),
    needed(Field::Year, &["Test Year"]),
    needed(Field::CountyName, &["County Name"]),
    needed(Field::DistrictName, &["District Name"]),
    needed(Field::SchoolName, &["School Name"]),
];

/// Every indicator's file has these; files before 2019 do not say which
/// indicator they are of, and those of English learner progress have no
/// student group before 2024.
const DASHBOARD: &[Column] = &[
    needed(Field::Cds, &["cds"]),
    needed(Field::Entity, &["rtype"]),
    SCHOOL_NAME,
    DISTRICT_NAME,
    COUNTY_NAME,
    may(Field::Group, &["studentgroup"]),
    may(Field::Students, &["currdenom"]),
    needed(Field::Value, &["currstatus"]),
    may(Field::Indicator, &["indicator"]),
    needed(Field::Year, &["reportingyear"]),
];

const CMAS: &[Column] = &[
    needed(Field::Year, &["year", "School Year"]),
    needed(Field::Entity, &["level"]),
    needed(Field::District, &["District Code"]),
    DISTRICT_NAME,
    needed(Field::School, &["School Code"]),
    SCHOOL_NAME,
    needed(Field::Test, &["subject", "Content"]),
    needed(Field::Grade, &["grade"]),
    needed(Field::Students, &["n_valid", "# of Valid Scores", "Number of Valid Scores"]),
    needed(Field::Value, &["pct_met", "% Met or Exceeded", "Percent Met or Exceeded Expectations"]),
];

/// Low income; in files that only count meals, who is eligible for them.
const LOW_INCOME: &str = "pct_socioeconomically_disadvantaged";
/// Eligible for free and reduced-price meals.
const MEALS: &str = "pct_free_reduced_meals";

const CUPC: &[Column] = &[
    needed(Field::Year, &["Academic Year"]),
    needed(Field::County, &["County Code"]),
    needed(Field::District, &["District Code"]),
    needed(Field::School, &["School Code"]),
    SCHOOL_NAME,
    DISTRICT_NAME,
    COUNTY_NAME,
    needed(Field::Total, &["Total Enrollment"]),
    may(Field::Feature(MEALS), &["Free & Reduced Meal Program"]),
    needed(Field::Feature(LOW_INCOME), &["Unduplicated FRPM Eligible Count"]),
    needed(Field::Feature("pct_english_learner"), &["English Learner (EL)"]),
    may(Field::Feature("pct_foster"), &["Foster"]),
    may(Field::Feature("pct_homeless"), &["Homeless"]),
    may(Field::Feature("pct_migrant"), &["Migrant Program"]),
    may(Field::Feature("pct_direct_certification"), &["Direct Certification"]),
];

const FRPM: &[Column] = &[
    needed(Field::Year, &["Academic Year"]),
    CDS,
    COUNTY,
    DISTRICT,
    SCHOOL,
    SCHOOL_NAME,
    DISTRICT_NAME,
    COUNTY_NAME,
    needed(Field::Total, &["Enrollment (K-12)"]),
    may(Field::Feature("pct_free_meals"), &["Free Meal Count (K-12)"]),
    needed(Field::Feature(MEALS), &["FRPM Count (K-12)"]),
    needed(Field::Feature(LOW_INCOME), &["FRPM Count (K-12)"]),
];

const DASHBOARD_ENROLLMENT: &[Column] = &[
    needed(Field::Cds, &["cds"]),
    needed(Field::Entity, &["rtype"]),
    SCHOOL_NAME,
    DISTRICT_NAME,
    COUNTY_NAME,
    needed(Field::Group, &["studentgroup"]),
    needed(Field::Total, &["totalenrollment"]),
    needed(Field::Part, &["subgrouptotal", "studentgrouptotal"]),
    needed(Field::Year, &["reportingyear"]),
];

const CENSUS_ENROLLMENT: &[Column] = &[
    needed(Field::Year, &["Academic Year"]),
    needed(Field::Entity, &["Aggregate Level"]),
    needed(Field::County, &["County Code"]),
    needed(Field::District, &["District Code"]),
    needed(Field::School, &["School Code"]),
    SCHOOL_NAME,
    DISTRICT_NAME,
    COUNTY_NAME,
    needed(Field::Group, &["Reporting Category"]),
    needed(Field::Part, &["TOTAL_ENR"]),
];

/// What [`Field::Entity`] says of a school: type ids 7, 9 and 10 (a school,
/// and the two kinds of charter schools) in research files, S in the others.
pub const SCHOOL_TYPES: &[&str] = &["7", "07", "9", "09", "10", "s", "school"];

/// Types of everything else.
pub const OTHER_TYPES: &[&str] =
    &["4", "04", "5", "05", "6", "06", "t", "c", "d", "l", "x", "state", "district", "county"];

/// School codes that stand for no school: a whole district, and its students
/// in nonpublic schools.
pub const NO_SCHOOL: &[&str] = &["0000000", "0000001", "0000"];

/// Tests of the research files, by id or name.
pub static TESTS: &[(Format, &str, &PublicMeasure)] = &[
    (Format::Caaspp, "1", &CAASPP_ELA),
    (Format::Caaspp, "2", &CAASPP_MATH),
    (Format::Caaspp, "ELA", &CAASPP_ELA),
    (Format::Caaspp, "Math", &CAASPP_MATH),
    (Format::Cmas, "ELA", &CMAS_ELA),
    (Format::Cmas, "English Language Arts", &CMAS_ELA),
    (Format::Cmas, "Math", &CMAS_MATH),
    (Format::Cmas, "Mathematics", &CMAS_MATH),
];

const fn race(code: &'static str, race: Race) -> (&'static str, StudentGroup) {
    (code, StudentGroup::Race(race))
}

const fn flag(code: &'static str, flag: Flag) -> (&'static str, StudentGroup) {
    (code, StudentGroup::Flag(flag))
}

const fn gender(code: &'static str, gender: Gender) -> (&'static str, StudentGroup) {
    (code, StudentGroup::Gender(gender))
}

/// Student groups of the research files, by id without leading zeros.
const CAASPP_GROUPS: &[(&str, StudentGroup)] = &[
    ("1", StudentGroup::All),
    gender("3", Gender::Male),
    gender("4", Gender::Female),
    flag("28", Flag::Migrant),
    flag("31", Flag::Disadvantaged),
    flag("50", Flag::Military),
    flag("52", Flag::Homeless),
    race("74", Race::Black),
    race("75", Race::AmericanIndian),
    race("76", Race::Asian),
    race("77", Race::Filipino),
    race("78", Race::Hispanic),
    race("79", Race::PacificIslander),
    race("80", Race::White),
    flag("128", Flag::Disabilities),
    race("144", Race::TwoOrMore),
    flag("160", Flag::EnglishLearner),
    flag("240", Flag::Foster),
];

/// Reporting categories of the census-day files.
const CENSUS_GROUPS: &[(&str, StudentGroup)] = &[
    ("TA", StudentGroup::All),
    race("RE_A", Race::Asian),
    race("RE_B", Race::Black),
    race("RE_F", Race::Filipino),
    race("RE_H", Race::Hispanic),
    race("RE_I", Race::AmericanIndian),
    race("RE_P", Race::PacificIslander),
    race("RE_T", Race::TwoOrMore),
    race("RE_W", Race::White),
    flag("ELAS_EL", Flag::EnglishLearner),
    flag("SG_EL", Flag::EnglishLearner),
    flag("SG_DS", Flag::Disabilities),
    flag("SG_FS", Flag::Foster),
    flag("SG_HM", Flag::Homeless),
    flag("SG_MG", Flag::Migrant),
    flag("SG_SD", Flag::Disadvantaged),
];

/// The student group of a code; `None` for groups that are not kept, such as
/// parent education or crossed groups.
pub fn group(format: Format, code: &str) -> Option<StudentGroup> {
    let code = code.trim();
    let of = |groups: &[(&str, StudentGroup)], code: &str| {
        let found = groups.iter().find(|(known, _)| known.eq_ignore_ascii_case(code));
        found.map(|(_, group)| *group)
    };
    match format {
        Format::Caaspp => of(CAASPP_GROUPS, code.trim_start_matches('0')),
        Format::CensusEnrollment => of(CENSUS_GROUPS, code),
        _ if code.eq_ignore_ascii_case("ALL") => Some(StudentGroup::All),
        // The Dashboard's codes are ours.
        _ => Race::from_code(code)
            .filter(|race| *race != Race::Unknown)
            .map(StudentGroup::Race)
            .or_else(|| Flag::from_code(code).map(StudentGroup::Flag)),
    }
}

/// The directory's column for the share of a group; `None` for groups that
/// like schools are not found by.
pub const fn feature(group: StudentGroup) -> Option<&'static str> {
    Some(match group {
        StudentGroup::Flag(Flag::Disadvantaged) => LOW_INCOME,
        StudentGroup::Flag(Flag::EnglishLearner) => "pct_english_learner",
        StudentGroup::Flag(Flag::Disabilities) => "pct_students_with_disabilities",
        StudentGroup::Flag(Flag::Homeless) => "pct_homeless",
        StudentGroup::Flag(Flag::Foster) => "pct_foster",
        StudentGroup::Flag(Flag::Migrant) => "pct_migrant",
        StudentGroup::Race(Race::Black) => "pct_AA",
        StudentGroup::Race(Race::AmericanIndian) => "pct_AI",
        StudentGroup::Race(Race::Asian) => "pct_AS",
        StudentGroup::Race(Race::Filipino) => "pct_FI",
        StudentGroup::Race(Race::Hispanic) => "pct_HI",
        StudentGroup::Race(Race::PacificIslander) => "pct_PI",
        StudentGroup::Race(Race::White) => "pct_WH",
        StudentGroup::Race(Race::TwoOrMore) => "pct_MR",
        _ => return None,
    })
}
