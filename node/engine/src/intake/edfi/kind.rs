//! The records of Ed-Fi that Peerlight reads, under their names in XML and in
//! the API, and the order in which they must be read.

/// A kind of record that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A calendar of a school.
    Calendar,
    /// A day of a calendar, and what it is.
    CalendarDate,
    /// A test, its subject and category.
    Assessment,
    /// A course and its subject.
    Course,
    /// A student's record of a term, and the diplomas in it.
    AcademicRecord,
    /// Who was enrolled where, and when.
    Enrolment,
    /// Who somebody is: race, sex, groups.
    Person,
    /// What Ed-Fi 2 has of who somebody is; names alone since.
    Student,
    /// Who takes part in a program.
    Program,
    /// An absence, or its opposite.
    Attendance,
    /// What an incident led to.
    Discipline,
    /// A test result.
    Score,
    /// A final course grade.
    Transcript,
}

/// Kinds by their name in XML, with a small first letter. Those of the API are
/// the same with an `s`.
const NAMES: &[(&str, Kind)] = &[
    ("calendar", Kind::Calendar),
    ("calendarDate", Kind::CalendarDate),
    ("assessment", Kind::Assessment),
    ("course", Kind::Course),
    ("studentAcademicRecord", Kind::AcademicRecord),
    ("studentSchoolAssociation", Kind::Enrolment),
    ("studentEducationOrganizationAssociation", Kind::Person),
    ("student", Kind::Student),
    ("studentProgramAssociation", Kind::Program),
    ("studentSpecialEducationProgramAssociation", Kind::Program),
    ("studentHomelessProgramAssociation", Kind::Program),
    ("studentMigrantEducationProgramAssociation", Kind::Program),
    ("studentSchoolFoodServiceProgramAssociation", Kind::Program),
    ("studentTitleIPartAProgramAssociation", Kind::Program),
    ("studentLanguageInstructionProgramAssociation", Kind::Program),
    ("studentCTEProgramAssociation", Kind::Program),
    ("studentNeglectedOrDelinquentProgramAssociation", Kind::Program),
    ("studentSection504ProgramAssociation", Kind::Program),
    ("studentSchoolAttendanceEvent", Kind::Attendance),
    ("disciplineAction", Kind::Discipline),
    ("studentAssessment", Kind::Score),
    ("courseTranscript", Kind::Transcript),
];

/// Asked for only where the graduation cohort is: it is long.
const DIPLOMAS: &str = "studentAcademicRecords";

/// Resources that the API is asked for, in the order in which they must be
/// read. Students themselves are not among them: the resource has their names
/// and birth dates and nothing that is used.
const RESOURCES: &[&str] = &[
    "calendars",
    "calendarDates",
    "assessments",
    "courses",
    DIPLOMAS,
    "studentSchoolAssociations",
    "studentEducationOrganizationAssociations",
    "studentProgramAssociations",
    "studentSpecialEducationProgramAssociations",
    "studentHomelessProgramAssociations",
    "studentMigrantEducationProgramAssociations",
    "studentSchoolFoodServiceProgramAssociations",
    "studentSchoolAttendanceEvents",
    "disciplineActions",
    "studentAssessments",
    "courseTranscripts",
];

/// Interchanges that must be read before others, in this order: days before
/// enrolments, tests and courses before results, diplomas before enrolments,
/// enrolments before absences.
const FIRST: &[&str] = &[
    "InterchangeEducationOrgCalendar",
    "InterchangeAssessmentMetadata",
    "InterchangeEducationOrganization",
    "InterchangeStudentTranscript",
    "InterchangeStudentEnrollment",
    "InterchangeStudent",
];

impl Kind {
    /// The kind of a record by its name, with a small first letter; none for
    /// one that is not read.
    pub fn of(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// Resources of the API that are read, in the order in which they must be,
    /// with the name of one record; those of diplomas only for a cohort.
    pub fn resources(with_cohort: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
        let asked = RESOURCES.iter().filter(move |resource| with_cohort || **resource != DIPLOMAS);
        asked.map(|resource| (*resource, &resource[..resource.len() - 1]))
    }
}

/// When a file is to be read, by the name of its outermost element: files of a
/// lower rank first; `None` where it is not of Ed-Fi.
pub fn interchange_rank(root: &str) -> Option<usize> {
    let rank = FIRST.iter().position(|first| *first == root).unwrap_or(FIRST.len());
    root.starts_with("Interchange").then_some(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_has_a_kind_and_each_follows_what_it_needs() {
        let kinds: Vec<Kind> =
            Kind::resources(true).map(|(_, record)| Kind::of(record).unwrap()).collect();
        assert!(kinds.is_sorted(), "{kinds:?}");
        assert_eq!(Kind::resources(false).count() + 1, kinds.len());
        assert_eq!(Kind::of("staff"), None);
    }

    #[test]
    fn calendars_come_first_and_other_files_are_not_of_ed_fi() {
        let rank = interchange_rank;
        assert!(rank("InterchangeEducationOrgCalendar") < rank("InterchangeStudentEnrollment"));
        assert!(rank("InterchangeStudentEnrollment") < rank("InterchangeStudentAttendance"));
        assert_eq!(rank("html"), None);
    }
}
