//! Every file of the public data sets, how it is imported, and what becomes of
//! it.

/// What becomes of an import.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// Ending year, the source's rows, and students with a school, by year.
    Imported(&'static [(u64, u64, u64)]),
    /// Parts of the reasons.
    Refused(&'static [&'static str]),
}

/// A file, and one way to import it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The set.
    pub set: &'static str,
    /// The file's name.
    pub file: &'static str,
    /// The words after `import`; `FILE` is the file, and a map is one of
    /// `tests/maps`.
    pub how: &'static str,
    /// What becomes of it.
    pub expected: Expected,
}

const fn case(
    set: &'static str,
    file: &'static str,
    how: &'static str,
    expected: Expected,
) -> Case {
    Case { set, file, how, expected }
}

use Expected::{Imported, Refused};

/// A file that tells nobody's year by itself.
const NOBODY: Expected = Refused(&["nothing is told of any student in 2021-22", "look at --year"]);

/// A table of something else than students.
const NO_STUDENTS: Expected =
    Refused(&["student_id is missing from the file's header", "line 1", "--suggest-map"]);

const EDFI: &str = "edfi_sample";
const IN_2022: &str = "edfi FILE --year 2021-22";
const IN_2017: &str = "edfi FILE --year 2016-17";
const ONEROSTER: &str = "oneroster_samples";
const VENDORS: &str = "assessment_vendor_samples";
const SGP: &str = "sgpdata_demo_state";
const OPENSDP: &str = "opensdp_texas_montucky";
const EEPTOOLS: &str = "eeptools";

/// The file whose last row is a cell short.
pub const MAP_GROWTH: &str = "MAP_Growth__sample_anonymized_file.shared.csv";
const CMAS: &str = "CMAS__sample_anonymized_file.shared.csv";
const ILEARN: &str = "IN_ILEARN__ilearn_sample_data.shared.csv";
const CHECKPOINT: &str = "IN_ILEARN__ilearn_checkpoint_sample_data.shared.csv";
const STAR: &str = "STAR__SR_sample_anonymized_file.shared.csv";
const STAR_STANDARDS: &str = "STAR__SR_Dashboard_Standards_v2_sample_anonymized_file.shared.csv";
const STAR_SKILLS: &str = "STAR__SR_SkillArea_v1_sample_anonymized_file.shared.csv";
const IREADY_ELA: &str = "i-Ready__sample_anonymized_file_ela.shared.csv";
const IREADY_MATH: &str = "i-Ready__sample_anonymized_file_math.shared.csv";
const LONG: &str = "sgpData_LONG_reading.shared.csv.gz";
const WIDE: &str = "sgpData_WIDE.shared.csv.gz";
const TEXAS: &str = "synth_texas.shared.csv.gz";

/// In the order of the sets; what a set's node holds grows with each row.
pub const CASES: &[Case] = &[
    // Ed-Fi: a file by itself tells of students, or goes with those that do.
    case(EDFI, "AssessmentMetadata-ACT.shared.xml", IN_2022, NOBODY),
    case(EDFI, "AssessmentMetadata-StateAssessment.shared.xml", IN_2022, NOBODY),
    case(EDFI, "EducationOrgCalendar.shared.xml", IN_2022, NOBODY),
    case(EDFI, "EducationOrganization.shared.xml.gz", IN_2022, NOBODY),
    case(EDFI, "PostSecondaryEvent.shared.xml", IN_2022, NOBODY),
    case(EDFI, "Student.shared.xml.gz", IN_2022, NOBODY),
    case(EDFI, "StudentAssessment-ACT.shared.xml.gz", IN_2022, NOBODY),
    case(EDFI, "StudentAssessment-StateAssessment.shared.xml.gz", IN_2022, NOBODY),
    case(EDFI, "StudentDiscipline.shared.xml", IN_2022, Imported(&[(2022, 21, 0)])),
    case(EDFI, "StudentProgram.shared.xml.gz", IN_2022, Imported(&[(2022, 404, 0)])),
    case(EDFI, "StudentSchoolAttendance.shared.xml.gz", IN_2022, NOBODY),
    case(EDFI, "StudentSectionAttendance-Tardy.shared.xml", IN_2022, NOBODY),
    case(
        EDFI,
        "generated_Student-Grand_Bend_High_School.shared.xml.gz",
        IN_2017,
        Imported(&[(2017, 1400, 0)]),
    ),
    case(
        EDFI,
        "generated_StudentEnrollment-Grand_Bend_High_School.shared.xml.gz",
        IN_2017,
        Imported(&[(2017, 1400, 1400)]),
    ),
    // All of them together: the generated enrolments of 2016 have no end.
    case(EDFI, "", IN_2022, Imported(&[(2022, 1825, 1400)])),
    // Two of the full bundles' four students left before the year.
    case(
        ONEROSTER,
        "catalyst_Test_full_data_set.shared.zip",
        "oneroster FILE",
        Imported(&[(2023, 2, 2)]),
    ),
    case(
        ONEROSTER,
        "catalyst_Test_minimal_data_set.shared.zip",
        "oneroster FILE",
        Imported(&[(2023, 4, 4)]),
    ),
    case(
        ONEROSTER,
        "catalyst_v1p2_full_dataset.shared.zip",
        "oneroster FILE",
        Imported(&[(2023, 2, 2)]),
    ),
    // A workbook of codes is no CALPADS file.
    case(
        "calpads_codes",
        "validcodes_v12_20200701.shared.xlsx",
        "calpads FILE",
        Refused(&["the file is a workbook or a zip, not text", "line 1", "save the sheet as CSV"]),
    ),
    // One row a student and subject: a source each.
    case(VENDORS, CMAS, "csv FILE", NO_STUDENTS),
    case(
        VENDORS,
        CMAS,
        "csv FILE --map cmas_math.toml --source cmas-math",
        Imported(&[(2023, 3, 3)]),
    ),
    case(
        VENDORS,
        CMAS,
        "csv FILE --map cmas_ela.toml --source cmas-ela",
        Imported(&[(2023, 1, 4)]),
    ),
    case(
        VENDORS,
        ILEARN,
        "csv FILE --map ilearn_math.toml --source math",
        Imported(&[(2025, 2, 2)]),
    ),
    case(VENDORS, ILEARN, "csv FILE --map ilearn_ela.toml --source ela", Imported(&[(2025, 2, 2)])),
    case(
        VENDORS,
        CHECKPOINT,
        "csv FILE --map ilearn_checkpoint.toml --source checkpoint",
        Imported(&[(2024, 2, 2)]),
    ),
    case(
        VENDORS,
        MAP_GROWTH,
        "csv FILE --map map_growth.toml",
        Refused(&[
            "a row has another number of cells than the header",
            "line 8 (142 instead of 143)",
            "whether the file is cut short",
        ]),
    ),
    case(
        VENDORS,
        STAR,
        "csv FILE --map star_reading.toml --source star",
        Imported(&[(2024, 5, 7)]),
    ),
    // Mastery of single standards is nothing that a measure asks for.
    case(
        VENDORS,
        STAR_STANDARDS,
        "csv FILE --map star_standards.toml",
        Refused(&["no column of the file tells anything about its students", "line 1"]),
    ),
    case(
        VENDORS,
        STAR_SKILLS,
        "csv FILE --map star_standards.toml",
        Refused(&["no column of the file tells anything about its students", "line 1"]),
    ),
    // Whole-year files are of several windows: one is taken.
    case(
        VENDORS,
        IREADY_ELA,
        "csv FILE --map iready_ela.toml --source ela",
        Imported(&[(2026, 2, 2)]),
    ),
    case(
        VENDORS,
        IREADY_MATH,
        "csv FILE --map iready_math.toml --source math",
        Imported(&[(2026, 2, 2)]),
    ),
    // Nobody's school is told, and the students are not those of the long file.
    case(SGP, WIDE, "csv FILE --map sgp_wide.toml --dry-run", Imported(&[(2025, 44609, 0)])),
    // All districts of a state: one's own is filtered.
    case(SGP, LONG, "csv FILE", NO_STUDENTS),
    case(
        SGP,
        LONG,
        "csv FILE --map sgp_long.toml",
        Imported(&[
            (2021, 12956, 12956),
            (2022, 13369, 13369),
            (2023, 13671, 13671),
            (2024, 13982, 13982),
            (2025, 14450, 14450),
        ]),
    ),
    case(SGP, WIDE, "csv FILE", NO_STUDENTS),
    case(SGP, "checksums_vs_published.shared.txt", "csv FILE", NO_STUDENTS),
    case(SGP, "expected_sgp_long_all_reading.shared.csv.gz", "csv FILE", NO_STUDENTS),
    case(SGP, "expected_sgp_wide_reading_2025.shared.csv.gz", "csv FILE", NO_STUDENTS),
    case(
        SGP,
        "expected_summary_school_district_state_reading.shared.csv.gz",
        "csv FILE",
        NO_STUDENTS,
    ),
    case(OPENSDP, "synth_texas_definitions.shared.md", "csv FILE", NO_STUDENTS),
    case(OPENSDP, TEXAS, "csv FILE", NO_STUDENTS),
    case(
        OPENSDP,
        TEXAS,
        "csv FILE --map opensdp_texas.toml",
        Imported(&[
            (2002, 4, 4),
            (2003, 260, 260),
            (2004, 1404, 1404),
            (2005, 2790, 2790),
            (2006, 4021, 4021),
            (2007, 4970, 4970),
            (2008, 4988, 4988),
            (2009, 4742, 4742),
            (2010, 3625, 3625),
            (2011, 2247, 2247),
            (2012, 1012, 1012),
            (2013, 59, 59),
            (2014, 12, 12),
        ]),
    ),
    // Schools and grades, no students.
    case(EEPTOOLS, "midsch_2007_2008.shared.csv.gz", "csv FILE", NO_STUDENTS),
    case(
        EEPTOOLS,
        "stuatt.shared.csv.gz",
        "csv FILE --map eeptools_stuatt.toml",
        Refused(&["student_id is there twice in 2005-06", "keep one row a student and year"]),
    ),
    case(
        EEPTOOLS,
        "stulevel.shared.csv.gz",
        "csv FILE --map eeptools_stulevel.toml",
        Imported(&[(2000, 900, 900), (2001, 900, 900), (2002, 900, 900)]),
    ),
];
