//! Records of a year, and the student years that they make.

use peerlight_proto::units::SchoolYear;

use super::*;
use crate::{
    intake::{
        Imported, Refused,
        table::Day,
        tests::{byte, number, schools},
    },
    student::{Column, MISSING},
};

/// A record from lines such as `schoolReference/schoolId=10`.
fn record(name: &str, lines: &[&str]) -> Element {
    let mut record = Element::new(name);
    for line in lines {
        let (path, text) = line.split_once('=').unwrap();
        let mut names: Vec<&str> = path.split('/').collect();
        let mut part = Element::new(names.pop().unwrap());
        part.push_text(text);
        for name in names.into_iter().rev() {
            let mut outer = Element::new(name);
            outer.push(part);
            part = outer;
        }
        record.push(part);
    }
    record
}

/// The same of a student.
pub(super) fn of(student: &str, name: &str, lines: &[&str]) -> Element {
    let id = format!("studentReference/studentUniqueId={student}");
    let mut all = vec![id.as_str()];
    all.extend(lines);
    record(name, &all)
}

fn enrolment(student: &str, school: &str, more: &[&str]) -> Element {
    let school = format!("schoolReference/schoolId={school}");
    let mut lines = vec![school.as_str(), "entryGradeLevel=uri://ed-fi.org/x#Seventh grade"];
    lines.extend(more);
    of(student, "StudentSchoolAssociation", &lines)
}

fn leaf(name: &str, text: &str) -> Element {
    let mut leaf = Element::new(name);
    leaf.push_text(text);
    leaf
}

/// A part with texts of its own.
fn part(name: &str, texts: &[(&str, &str)]) -> Element {
    let mut part = Element::new(name);
    for (name, text) in texts {
        part.push(leaf(name, text));
    }
    part
}

fn date(day: &str) -> Element {
    let mut date = record("CalendarDate", &["calendarEvent=Instructional day"]);
    date.push(leaf("date", day));
    date.push(part("calendarReference", &[("schoolId", "10"), ("calendarCode", "A")]));
    date
}

fn event(student: &str, day: &str, category: &str) -> Element {
    let (day, category) =
        (format!("eventDate={day}"), format!("attendanceEventCategory=uri://x/y#{category}"));
    let lines = ["schoolReference/schoolId=10", day.as_str(), category.as_str()];
    of(student, "StudentSchoolAttendanceEvent", &lines)
}

fn year() -> SchoolYear {
    SchoolYear::ending(2026).unwrap()
}

pub(super) fn read(records: &[Element]) -> Result<Imported, Refused> {
    read_as(records, |edfi| edfi)
}

pub(super) fn read_as(
    records: &[Element],
    how: impl Fn(EdFi) -> EdFi,
) -> Result<Imported, Refused> {
    let until = Day::last_of(year());
    let mut edfi = how(EdFi::new(schools(), year(), Descriptors::default(), until));
    edfi.begin("records");
    for (line, record) in (1..).zip(records) {
        edfi.record(record, line);
    }
    edfi.finish()
}

fn numbers(years: &crate::intake::StudentYears, column: Column) -> Vec<f64> {
    (0..years.rows()).map(|row| number(years, column, row)).collect()
}

pub(super) fn problems(report: &crate::intake::Report) -> Vec<String> {
    report.problems.groups().map(|group| group.to_string()).collect()
}

#[test]
fn a_year_is_told_by_enrolment_calendar_and_absences() {
    let days = ["2025-09-01", "2025-09-02", "2025-09-03", "2025-09-04"];
    let mut records: Vec<Element> = days.iter().map(|day| date(day)).collect();
    records.push(enrolment("a1", "10", &["entryDate=2025-08-11"]));
    records.push(enrolment("b2", "10", &["entryDate=2025-09-02", "exitWithdrawDate=2025-09-03"]));
    records.push(event("a1", "2025-09-02", "Unexcused Absence"));
    records.push(event("a1", "2025-09-03", "Tardy"));
    // Not a day of the calendar, and not enrolled: told, not counted.
    records.push(event("a1", "2025-09-06", "Excused Absence"));
    records.push(event("b2", "2025-09-04", "Excused Absence"));
    let imported = read(&records).unwrap();
    let years = &imported.years[0];
    let of = |column| numbers(years, column);
    assert_eq!(of(Column::DaysExpected), [4.0, 2.0]);
    assert_eq!(of(Column::DaysAbsent), [1.0, 0.0]);
    assert_eq!(of(Column::DaysExpectedAtSchool), [4.0, 2.0]);
    assert_eq!(byte(years, Column::GradeLevel, 0), byte(years, Column::GradeLevel, 1));
    let problems = problems(&imported.report);
    assert!(problems.iter().any(|it| it.contains("calendar does not have")), "{problems:?}");
    assert!(problems.iter().any(|it| it.contains("without an enrolment")), "{problems:?}");
}

#[test]
fn without_a_calendar_or_without_any_event_no_days_are_claimed() {
    let enrolment = enrolment("a1", "10", &["entryDate=2025-08-11"]);
    let lacking = [enrolment.clone(), event("a1", "2025-09-02", "Excused Absence")];
    let silent = [date("2025-09-01"), enrolment];
    for (records, told) in [(&lacking, true), (&silent, false)] {
        let imported = read(records).unwrap();
        assert!(number(&imported.years[0], Column::DaysExpected, 0).is_nan());
        let problems = problems(&imported.report);
        let is_told = problems.iter().any(|it| it.contains("school 10 has no calendar"));
        assert_eq!(is_told, told, "{problems:?}");
    }
}

#[test]
fn who_somebody_is_comes_from_demographics_and_programs() {
    let person = |student: &str, lines: &[&str]| {
        of(student, "StudentEducationOrganizationAssociation", lines)
    };
    let program = |student: &str, name: &str, kind: &str| {
        let kind = format!("programReference/programIdentity/programType=uri://x/y#{kind}");
        of(student, name, &[kind.as_str(), "beginDate=2024-08-11"])
    };
    let records = [
        enrolment("a1", "10", &["entryDate=2025-08-11"]),
        enrolment("b2", "10", &["entryDate=2025-08-11"]),
        person(
            "a1",
            &[
                "sex=uri://ed-fi.org/SexDescriptor#Female",
                "race=uri://ed-fi.org/RaceDescriptor#White",
                "race=Black - African American",
                "hispanicLatinoEthnicity=false",
                "limitedEnglishProficiency=Limited",
                "studentCharacteristic=Homeless",
            ],
        ),
        person("b2", &["sex=Male", "race=Asian", "hispanicLatinoEthnicity=true"]),
        program("b2", "StudentSpecialEducationProgramAssociation", "Special Education"),
        program("b2", "StudentProgramAssociation", "Chess"),
    ];
    let imported = read(&records).unwrap();
    let years = &imported.years[0];
    let of = |column| [0, 1].map(|row| byte(years, column, row));
    assert_eq!(of(Column::Gender), [0, 1]);
    assert_eq!(of(Column::RaceEthnicity), [7, 4]);
    assert_eq!(of(Column::EnglishLearner), [1, MISSING]);
    assert_eq!(of(Column::Homeless), [1, 0]);
    assert_eq!(of(Column::SocioeconomicallyDisadvantaged), [1, 0]);
    assert_eq!(of(Column::StudentsWithDisabilities), [0, 1]);
    // Nobody was named in foster care: the source may not track it.
    assert_eq!(of(Column::Foster), [MISSING, MISSING]);
    let unmapped = imported.report.unmapped.values();
    assert_eq!((unmapped.len(), unmapped[0].value.as_str()), (1, "uri://x/y#Chess"));
    assert_eq!(unmapped[0].column, "program");
}

#[test]
fn suspensions_are_days_and_incidents_and_silence_is_none() {
    let action = |student: &str, id: &str, kind: &str, more: &[&str]| {
        let (id, kind) =
            (format!("disciplineActionIdentifier={id}"), format!("discipline=uri://x/y#{kind}"));
        let mut lines = vec![id.as_str(), kind.as_str(), "disciplineDate=2025-10-01"];
        lines.extend(more);
        of(student, "DisciplineAction", &lines)
    };
    let incident = "studentDisciplineIncidentBehaviorAssociationReference/incidentIdentifier=";
    let first = format!("{incident}1");
    let records = [
        enrolment("a1", "10", &["entryDate=2025-08-11"]),
        enrolment("b2", "10", &["entryDate=2025-08-11"]),
        action("a1", "7", "In School Suspension", &["disciplineActionLength=1.5", &first]),
        action(
            "a1",
            "8",
            "Out of School Suspension",
            &["disciplineActionLength=9", "actualDisciplineActionLength=2", &first],
        ),
        action("a1", "9", "Expulsion", &[]),
    ];
    let imported = read(&records).unwrap();
    let years = &imported.years[0];
    assert_eq!(numbers(years, Column::DaysSuspended), [3.5, 0.0]);
    assert_eq!([0, 1].map(|row| byte(years, Column::IncidentsSuspended, row)), [1, 0]);
    assert_eq!([0, 1].map(|row| byte(years, Column::Expelled, row)), [1, 0]);
}

#[test]
fn only_results_of_the_years_summative_tests_count() {
    let test = |id: &str, subject: &str, category: &str| {
        let lines = [
            format!("assessmentIdentifier={id}"),
            "namespace=n".to_owned(),
            "assessmentTitle=State test".to_owned(),
            format!("academicSubject={subject}"),
            format!("assessmentCategory=uri://x/y#{category}"),
        ];
        record("Assessment", &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let result = |id: &str, day: &str, score: &str| {
        let mut result = of("a1", "StudentAssessment", &[]);
        let test = [("assessmentIdentifier", id), ("namespace", "n")];
        result.push(part("assessmentReference", &test));
        let score = [("result", score), ("assessmentReportingMethod", "Scale score")];
        result.push(part("scoreResult", &score));
        result.push(part("performanceLevel", &[("performanceLevel", "Met Standard")]));
        result.push(leaf("administrationDate", day));
        result
    };
    let records = [
        test("m", "Mathematics", "State summative assessment 3-8 general"),
        test("i", "Mathematics", "Benchmark test"),
        enrolment("a1", "10", &["entryDate=2025-08-11"]),
        result("m", "2026-04-01T16:00:00", "2500"),
        result("m", "2025-04-01T16:00:00", "2400"),
        result("i", "2026-04-01T16:00:00", "900"),
        result("z", "2026-04-01T16:00:00", "900"),
    ];
    let imported = read(&records).unwrap();
    let years = &imported.years[0];
    let told = (number(years, Column::MathScaleScore, 0), byte(years, Column::MathLevel, 0));
    assert_eq!(told, (2500.0, 3));
    let problems = problems(&imported.report);
    assert!(problems.iter().any(|it| it.contains("not described")), "{problems:?}");
    assert_eq!(imported.report.filtered, 4);
}

#[test]
fn enrolments_of_other_years_are_left_out_and_grades_of_them_not_taken() {
    let records = [
        enrolment("a1", "10", &["entryDate=2023-08-11"]),
        enrolment("b2", "10", &["entryDate=2024-08-11", "schoolYear=2024-2025"]),
        enrolment("c3", "10", &["entryDate=2024-08-11", "exitWithdrawDate=2025-06-05"]),
        enrolment("d4", "10", &["entryDate=2023-08-11", "schoolYear=2026"]),
    ];
    let imported = read(&records).unwrap();
    let years = &imported.years[0];
    assert_eq!((years.rows(), imported.report.filtered), (2, 2));
    assert_eq!(byte(years, Column::GradeLevel, 0), MISSING);
    assert_ne!(byte(years, Column::GradeLevel, 1), MISSING);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_reason() {
    let good = || enrolment("a1", "10", &["entryDate=2025-08-11"]);
    for (records, what) in [
        (vec![record("Student", &["studentUniqueId=1"])], "nothing is told of any student"),
        (vec![record("Staff", &["staffUniqueId=1"])], "nothing is told of any student"),
        (vec![good(), enrolment("", "10", &["entryDate=2025-08-11"])], "studentUniqueId"),
        (vec![good(), enrolment("b2", "30", &["entryDate=2025-08-11"])], "reports for"),
        (vec![good(), enrolment("b2", "99", &["entryDate=2025-08-11"])], "not in the directory"),
        (vec![good(), enrolment("b2", "10", &["entryDate=11/08/2025"])], "is not a date"),
        (vec![good(), enrolment("b2", "10", &[])], "no entryDate"),
    ] {
        let refused = read(&records).unwrap_err();
        let problems = problems(&refused.report);
        assert!(problems.iter().any(|it| it.contains(what)), "{what}: {problems:?}");
    }
}

fn transcript(student: &str, year: &str, course: &str, more: &[&str]) -> Element {
    let mut transcript = record("CourseTranscript", more);
    let term = [("studentUniqueId", student), ("schoolYear", year)];
    transcript.push(part("studentAcademicRecordReference", &term));
    let course = [("courseCode", course), ("educationOrganizationId", "10")];
    transcript.push(part("courseReference", &course));
    transcript
}

#[test]
fn final_grades_are_averaged_by_credits_and_kept_by_subject() {
    let course = |code: &str, subject: &str| {
        let code = format!("courseCode={code}");
        let subject = format!("academicSubject/academicSubject=x#{subject}");
        let organization = "educationOrganizationReference/educationOrganizationId=10";
        record("Course", &[code.as_str(), subject.as_str(), organization])
    };
    let imported = read(&[
        course("ELA1", "English Language Arts"),
        course("ALG1", "Mathematics"),
        course("ART1", "Fine and Performing Arts"),
        enrolment("a1", "10", &["entryDate=2025-08-11"]),
        transcript("a1", "2026", "ELA1", &["finalLetterGradeEarned=b-", "attemptedCredits=10"]),
        transcript(
            "a1",
            "2026",
            "ALG1",
            &["finalLetterGradeEarned=F", "attemptedCredits/credits=5", "earnedCredits/credits=0"],
        ),
        transcript("a1", "2026", "ART1", &["finalLetterGradeEarned=A", "attemptedCredits=5"]),
        // Not described, and of no letter that is known; of another year; in numbers.
        transcript("a1", "2026", "GYM1", &["finalLetterGradeEarned=P"]),
        transcript("a1", "2026", "ART1", &["finalLetterGradeEarned=E"]),
        transcript("a1", "2025", "ELA1", &["finalLetterGradeEarned=A"]),
        transcript("a1", "2026", "ELA1", &["finalNumericGradeEarned=93"]),
    ])
    .unwrap();
    let years = &imported.years[0];
    assert_eq!(numbers(years, Column::Gpa), [(3.0 * 10.0 + 4.0 * 5.0) / 20.0]);
    assert_eq!(byte(years, Column::CoursesFailed, 0), 1);
    let letter = |column| {
        let Some(values) = years.values(column) else { return String::new() };
        crate::intake::cell_text(column, values, 0, &[])
    };
    assert_eq!(letter(Column::ElaFinalGrade), "B-");
    assert_eq!(letter(Column::MathFinalGrade), "F");
    let unmapped = imported.report.unmapped.values();
    let listed = (unmapped[0].column.as_str(), unmapped[0].value.as_str());
    assert_eq!((unmapped.len(), listed), (1, ("letter_grade", "E")));
    let problems = problems(&imported.report).join("\n");
    assert!(problems.contains("a course that is not described"), "{problems}");
    assert!(problems.contains("grades in numbers are not read"), "{problems}");
}
